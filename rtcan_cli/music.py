"""What a song sounds like: one vector of openSMILE functionals per song.

The features are the 6373 of the INTERSPEECH 2013 ComParE challenge (Schuller et al. 2013), which
openSMILE (Eyben et al. 2013) offers as ``ComParE_2016``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    from opensmile import Smile

FEATURE_SET = "ComParE_2016"
N_FEATURES = 6373

# Statistics over fewer than some dozens of 60 ms frames mean nothing.
MIN_SECONDS = 1.0

# Half a step of 16-bit audio.
_SILENCE = 0.5**16

# The length an MP3 without a length header declares is a guess, and may be this much off.
_LENGTH_TOLERANCE = 0.01


def feature_names() -> list[str]:
    """Names of the features, in the order of `extract`.

    Returns
    -------
    list of str
        6373 names.
    """
    return list(_smile().feature_names)


def extract(path: str | Path, mixdown: bool = False) -> NDArray[np.float32]:
    """Compute the functionals of one audio file.

    The sampling rate is kept.

    Parameters
    ----------
    path : str or Path
        MP3, WAV, FLAC or whatever else libsndfile reads.
    mixdown : bool
        Average the channels, as the SMILExtract command does. Otherwise the first channel is
        described, as the `opensmile` package does; a song in mono is the same either way.

    Returns
    -------
    ndarray of float32, shape (6373,)

    Raises
    ------
    RtcanError
        If the file is missing, unreadable, incomplete, damaged, shorter than 1 s or silent, or if a
        feature comes out as NaN or infinite.
    """
    path = Path(path)
    channels, rate = _read(path)
    samples = channels.mean(axis=1) if mixdown else np.ascontiguousarray(channels[:, 0])
    if not np.isfinite(samples).all():
        raise RtcanError(f"{path} is damaged: it has samples that are no numbers")
    seconds = samples.size / rate
    if seconds < MIN_SECONDS:
        raise RtcanError(f"{path} is {seconds:.2f} s long, too short for music features")
    if np.ptp(samples) < _SILENCE:
        raise RtcanError(f"{path} is silent")
    features: NDArray[np.float32] = _smile().process_signal(samples, rate).to_numpy()[0]
    bad = int((~np.isfinite(features)).sum())
    if bad:
        raise RtcanError(f"{path} has no finite value for {bad} of its {N_FEATURES} features")
    return features


def read_static_features(path: str | Path) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """Read features that were published with a dataset.

    Parameters
    ----------
    path : str or Path
        CSV with a header, one row per song: the song's identifier, then 6373 numbers.

    Returns
    -------
    stimuli : list of str
        Identifiers, in the order of the file.
    names : list of str
        Names of the features, as the header gives them.
    features : ndarray of float32, shape (n_songs, 6373)

    Raises
    ------
    RtcanError
        If the file is not such a table, or if a song occurs twice.
    """
    try:
        table = pd.read_csv(path, dtype={0: str}, low_memory=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise RtcanError(f"{path} cannot be read as a table of music features: {reason}") from error
    n_features = table.shape[1] - 1
    if n_features != N_FEATURES or not isinstance(table.index, pd.RangeIndex) or table.empty:
        raise RtcanError(
            f"{path} is no table of a song's identifier and {N_FEATURES} features: "
            f"it has {len(table)} rows with {n_features} features"
        )
    stimuli = table.iloc[:, 0]
    if stimuli.isna().any():
        raise RtcanError(f"{path} has a row without a song's identifier")
    if stimuli.duplicated().any():
        raise RtcanError(f"{path} has song {stimuli[stimuli.duplicated()].iloc[0]} more than once")
    text = table.iloc[:, 1:].select_dtypes(exclude="number")
    if text.shape[1]:
        raise RtcanError(f"{path} has something else than numbers in column {text.columns[0]}")
    features = table.iloc[:, 1:].to_numpy(dtype=np.float32)
    if not np.isfinite(features).all():
        song, column = np.argwhere(~np.isfinite(features))[0]
        raise RtcanError(
            f"{path} has no finite number for song {stimuli[song]} in column "
            f"{table.columns[column + 1]}"
        )
    return stimuli.tolist(), table.columns[1:].tolist(), features


@lru_cache(maxsize=1)
def _smile() -> Smile:
    import opensmile

    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[FEATURE_SET],
        feature_level=opensmile.FeatureLevel.Functionals,
    )


def _read(path: Path) -> tuple[NDArray[np.float32], int]:
    if not path.is_file():
        raise RtcanError(f"{path} does not exist")
    try:
        declared = _declared_length(path)
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise RtcanError(f"{path} is no audio file that can be read", hint=str(error)) from error
    if len(samples) < (1 - _LENGTH_TOLERANCE) * declared:
        raise RtcanError(
            f"{path} is incomplete: {len(samples) / rate:.1f} s of {declared / rate:.1f} s",
            hint="fetch or unpack the file again",
        )
    return samples, rate


def _declared_length(path: Path) -> int:
    """Samples the header promises, which libsndfile does not tell for a WAV that was cut off."""
    frames = int(soundfile.info(path).frames)
    with path.open("rb") as file:
        start = file.read(8)
    size = int.from_bytes(start[4:], "little") + 8
    streamed = size >= 2**32  # length unknown when the header was written
    if start[:4] != b"RIFF" or streamed:
        return frames
    return round(frames * max(1.0, size / path.stat().st_size))
