"""What a song sounds like: one vector of openSMILE functionals per song.

The features are the 6373 of the INTERSPEECH 2013 ComParE challenge (Schuller et al. 2013), which
openSMILE (Eyben et al. 2013) offers as ``ComParE_2016``.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.signals import held_back

if TYPE_CHECKING:
    from opensmile import Smile

# What tables of features call the song's identifier, without spaces and signs.
_SONG_COLUMNS = ("musicid", "songid", "song", "music", "id", "stimulus", "stimulusid")

FEATURE_SET = "ComParE_2016"
N_FEATURES = 6373

# Statistics over fewer than some dozens of 60 ms frames mean nothing.
MIN_SECONDS = 1.0

# Half a step of 16-bit audio.
_SILENCE = 0.5**16

# The length an MP3 without a length header declares is a guess, and may be this much off.
_MOST_SAMPLES = 1 << 28  # of all channels together: 46 minutes of stereo at 48 kHz
_LENGTH_TOLERANCE = 0.01


def feature_names() -> list[str]:
    """Names of the features, in the order of `extract`.

    Returns
    -------
    list of str
        6373 names.
    """
    return list(_smile().feature_names)


def extract(
    audio: str | Path | bytes, mixdown: bool = False, name: str = ""
) -> NDArray[np.float32]:
    """Compute the functionals of one audio file.

    The sampling rate is kept.

    Parameters
    ----------
    audio : str, Path or bytes
        MP3, WAV, FLAC or whatever else libsndfile reads: the file's path, or all that is in it.
    mixdown : bool
        Average the channels, as the SMILExtract command does. Otherwise the first channel is
        described, as the `opensmile` package does; a song in mono is the same either way.
    name : str
        What to call it in messages, if not by its path.

    Returns
    -------
    ndarray of float32, shape (6373,)

    Raises
    ------
    RtcanError
        If the file is missing, unreadable, incomplete, damaged, shorter than 1 s or silent, or if a
        feature comes out as NaN or infinite.
    """
    if not isinstance(audio, bytes):
        path = Path(audio)
        name = name or str(path)
        if not path.is_file():
            raise RtcanError(f"{name} does not exist")
        audio = path.read_bytes()
    with held_back():
        return _describe(audio, mixdown, name)


def _describe(audio: bytes, mixdown: bool, name: str) -> NDArray[np.float32]:
    channels, rate = _read(audio, name)
    samples = channels.mean(axis=1) if mixdown else np.ascontiguousarray(channels[:, 0])
    if not np.isfinite(samples).all():
        raise RtcanError(f"{name} is damaged: it has samples that are no numbers")
    seconds = samples.size / rate
    if seconds < MIN_SECONDS:
        raise RtcanError(f"{name} is {seconds:.2f} s long, too short for music features")
    if np.ptp(samples) < _SILENCE:
        raise RtcanError(f"{name} is silent")
    features: NDArray[np.float32] = _smile().process_signal(samples, rate).to_numpy()[0]
    bad = int((~np.isfinite(features)).sum())
    if bad:
        raise RtcanError(f"{name} has no finite value for {bad} of its {N_FEATURES} features")
    return features


def read_static_features(
    source: str | Path | bytes, name: str = ""
) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """Read features that were published with a dataset.

    Parameters
    ----------
    source : str, Path or bytes
        CSV, one row per song: the song's identifier and 6373 numbers; the file's path, or all that
        is in it. The identifier is in the column called ``musicId`` or alike, else in the first
        one. Without a header the features are numbered. A first column without a name, as pandas
        writes its index, is left out.
    name : str
        What to call it in messages, if not by its path.

    Returns
    -------
    stimuli : list of str
        Identifiers, in the order of the file, as they are written there.
    names : list of str
        Names of the features, in the order of the file.
    features : ndarray of float32, shape (n_songs, 6373)

    Raises
    ------
    RtcanError
        If the file is not such a table, or if a song occurs twice.
    """
    name = name if isinstance(source, bytes) else name or str(source)
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        first = pd.read_csv(io.BytesIO(content), header=None, nrows=1, dtype=str).iloc[0].fillna("")
        has_header = not first[first != ""].map(_is_number).all()
        table = pd.read_csv(
            io.BytesIO(content),
            header=0 if has_header else None,
            dtype={_song_column(first): str},
            low_memory=False,
        )
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise RtcanError(f"{name} cannot be read as a table of music features: {reason}") from error
    # Rows longer than the header would become an index.
    shifted = not isinstance(table.index, pd.RangeIndex)
    stimuli = table.iloc[:, _song_column(first)]
    table = table.drop(columns=[stimuli.name, *table.columns[: _has_index(first)]])
    if table.shape[1] != N_FEATURES or shifted or table.empty:
        raise RtcanError(
            f"{name} is no table of a song's identifier and {N_FEATURES} features: "
            f"it has {len(table)} rows with {table.shape[1]} features"
        )
    if stimuli.isna().any():
        raise RtcanError(f"{name} has a row without a song's identifier")
    if stimuli.duplicated().any():
        raise RtcanError(f"{name} has song {stimuli[stimuli.duplicated()].iloc[0]} more than once")
    text = table.select_dtypes(exclude="number")
    if text.shape[1]:
        raise RtcanError(f"{name} has something else than numbers in column {text.columns[0]}")
    features = table.to_numpy(dtype=np.float32)
    if not np.isfinite(features).all():
        song, column = np.argwhere(~np.isfinite(features))[0]
        raise RtcanError(
            f"{name} has no finite number for song {stimuli[song]} in column "
            f"{table.columns[column]}"
        )
    return stimuli.tolist(), table.columns.astype(str).tolist(), features


def _song_column(first: pd.Series) -> int:
    """Place of the column with the song's identifier, from the cells of the first row."""
    words = [re.sub("[^a-z]", "", str(cell).lower()) for cell in first]
    named = [place for place, word in enumerate(words) if word in _SONG_COLUMNS]
    return named[0] if named else int(_has_index(first))


def _has_index(first: pd.Series) -> bool:
    """Whether there is an index before the song: one column too many, without a name."""
    return first[0] == "" and len(first) > 1 + N_FEATURES


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _smile() -> Smile:
    import opensmile

    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[FEATURE_SET],
        feature_level=opensmile.FeatureLevel.Functionals,
    )


def _read(content: bytes, name: str) -> tuple[NDArray[np.float32], int]:
    try:
        info = soundfile.info(io.BytesIO(content))
        if info.frames * info.channels > _MOST_SAMPLES:
            # Silence packs a thousandfold, and a header may claim anything.
            hours = info.frames / max(1, info.samplerate) / 3600
            raise RtcanError(
                f"{name} claims to hold {hours:.1f} hours of sound, more than a song has",
                "cut out the part that was played",
            )
        declared = _declared_length(content, int(info.frames))
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise RtcanError(
            f"{name} is no audio file that can be read (damaged or cut short?)",
            hint="fetch or unpack the file again",
        ) from error
    if len(samples) < (1 - _LENGTH_TOLERANCE) * declared:
        raise RtcanError(
            f"{name} is incomplete: {len(samples) / rate:.1f} s of {declared / rate:.1f} s",
            hint="fetch or unpack the file again",
        )
    return samples, rate


def _declared_length(content: bytes, frames: int) -> int:
    """Samples the header promises, which libsndfile does not tell for a WAV that was cut off."""
    size = int.from_bytes(content[4:8], "little") + 8
    streamed = size >= 2**32  # length unknown when the header was written
    if content[:4] != b"RIFF" or streamed:
        return frames
    return round(frames * max(1.0, size / len(content)))
