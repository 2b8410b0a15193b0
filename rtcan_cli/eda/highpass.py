"""Plain splits of a recording into fast and slow: no model of the sweat glands.

They are what BIOPAC's AcqKnowledge offers, and NeuroKit2 as the methods ``highpass`` and
``smoothmedian``.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.eda.components import Components
from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.errors import RtcanError

CUTOFF = 0.05  # Hz
MEDIAN_SECONDS = 4.0
_ORDER = 2


def split_by_frequency(eda: ArrayLike, sampling_rate: float, cutoff: float = CUTOFF) -> Components:
    """Phasic part above, tonic part below a frequency.

    Two Butterworth filters of second order run over the recording forwards and backwards, so that
    nothing is shifted in time. Both parts lack something around the cutoff: the residual.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The recording, in any unit.
    sampling_rate : float
        In Hz.
    cutoff : float, optional
        In Hz.

    Returns
    -------
    Components
        The driver is zero.

    Raises
    ------
    RtcanError
        If the recording cannot be decomposed, or its sampling rate cannot show the cutoff.
    """
    y = _checked(eda, sampling_rate)
    if not 0 < cutoff < sampling_rate / 2:
        raise RtcanError(
            f"no filter cuts a recording sampled at {sampling_rate:g} Hz at {cutoff:g} Hz",
            hint=f"give a cutoff between 0 and {sampling_rate / 2:g} Hz",
        )
    phasic, tonic = (
        scipy.signal.sosfiltfilt(
            scipy.signal.butter(_ORDER, cutoff, kind, fs=sampling_rate, output="sos"), y
        )
        for kind in ("highpass", "lowpass")
    )
    return Components(phasic, tonic, np.zeros(y.size), y - phasic - tonic)


def split_by_median(
    eda: ArrayLike, sampling_rate: float, seconds: float = MEDIAN_SECONDS
) -> Components:
    """Tonic part: the median of the samples around each; phasic part: the rest.

    At the edges the recording is continued by its mirror image.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The recording, in any unit.
    sampling_rate : float
        In Hz.
    seconds : float, optional
        Length of the window.

    Returns
    -------
    Components
        Driver and residual are zero.

    Raises
    ------
    RtcanError
        If the recording cannot be decomposed, or is shorter than the window.
    """
    y = _checked(eda, sampling_rate)
    size = round(seconds * sampling_rate)
    size += 1 - size % 2
    if not 0 < size <= y.size:
        raise RtcanError(
            f"a median over {seconds:g} s does not fit into a recording of "
            f"{y.size / sampling_rate:.1f} s",
            hint="give a window shorter than the recording",
        )
    tonic = scipy.ndimage.median_filter(y, size=size, mode="reflect")
    return Components(y - tonic, tonic, np.zeros(y.size), np.zeros(y.size))


def _checked(eda: ArrayLike, sampling_rate: float) -> NDArray[np.float64]:
    y = np.asarray(eda, dtype=np.float64)
    problem = find_problem(y, sampling_rate)
    if problem is not None:
        raise RtcanError(f"cannot decompose a recording: {problem}")
    return y
