"""Groups of the openSMILE functionals of a song, told by their names.

A name such as ``pcm_fftMag_spectralFlux_sma_de_meanPeakDist`` says which contour of the sound is
described (the low-level descriptor, here the spectral flux; ``de``: its slope) and by which
functional. Groups of contours are those of Schuller et al. (The INTERSPEECH 2013 computational
paralinguistics challenge, 2013, table 2), with the MFCCs apart from the other spectral ones.
Functionals that measure time, whatever the contour, are a group of their own: they are what comes
closest to rhythm here, where the others say how much of something there is.

Names of the smaller sets of openSMILE, such as ``loudness_sma3_percentile20.0`` of eGeMAPS and
``lspFreq_sma[3]_kurtosis`` of emobase, are put into the same groups. Formants and differences of
harmonics are spectral, as in Eyben et al. (The Geneva minimalistic acoustic parameter set, 2016,
sec. 3); jitter, shimmer and the ratio of harmonics to noise are voicing, as in the ComParE set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Groups, in the order of tables and figures; of features in none of the others the last one.
GROUPS = ("energy", "spectral", "mfcc", "voicing", "timing", "other")

_NAME = re.compile(r"(?P<contour>.+?)_sma(?:3|3nz)?(?:_de)?(?:\[\d+\])?_(?P<functional>.+)")
_CONTOURS = {
    "energy": r"audspec(Rasta)?_lengthL1norm|pcm_(RMSenergy|zcr|intensity|loudness)|loudness",
    "spectral": r"audSpec_Rfilt|pcm_fftMag_(fband[\d-]+|spectral\w+(\.\d+)?|psySharpness)|lspFreq"
    r"|(alphaRatio|hammarbergIndex|spectralFlux)(V|UV)?|slope(V|UV)[\d-]+"
    r"|F\d(frequency|bandwidth|amplitudeLogRelF0)|logRelF0-H1-(H2|A3)",
    "mfcc": r"mfcc(\dV?)?",
    "voicing": r"F0final|voicingFinalUnclipped|jitterLocal|jitterDDP|shimmerLocal(dB)?|logHNR"
    r"|F0semitoneFrom27\.5Hz|HNRdBACF|F0|F0env|voiceProb",
}
#: When extremes are, how long segments and rises last, how far apart peaks are, how long a contour
#: is above a level, and where its centre of gravity lies.
_TIMING = (
    r"maxPos|minPos|centroid|(ff0_)?(mean|max|min)SegLen|(ff0_)?segLenStddev|upleveltime\d+"
    r"|risetime|leftctime|meanPeakDist|peakDistStddev"
)
#: Names that do not say contour and functional.
_WHOLE = {
    "timing": r"loudnessPeaksPerSec|VoicedSegmentsPerSec"
    r"|(Mean|Stddev)(V|Unv)oicedSegmentLength(Sec)?",
    "energy": r"equivalentSoundLevel_dBp",
}


def group_of(name: str) -> str:
    """Group of a feature; ``other`` if its name is not one of openSMILE's sets.

    Parameters
    ----------
    name : str
        Name of a feature, as a music store has it.
    """
    for group, names in _WHOLE.items():
        if re.fullmatch(names, name):
            return group
    found = _NAME.fullmatch(name)
    if found is None:
        return "other"
    for group, contours in _CONTOURS.items():
        if re.fullmatch(contours, found["contour"]):
            return "timing" if re.fullmatch(_TIMING, found["functional"]) else group
    return "other"


def columns_of_groups(names: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Columns of each group that has any, in the order of `GROUPS`.

    Parameters
    ----------
    names : sequence of str
        Names of all features.

    Returns
    -------
    dict of str to array of int
        Each column is in exactly one group. Empty if no name is known.
    """
    group = np.array([group_of(name) for name in names])
    if (group == "other").all():
        return {}
    return {name: np.flatnonzero(group == name) for name in GROUPS if (group == name).any()}
