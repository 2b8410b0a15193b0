"""What a song sounds like: one vector of openSMILE functionals per song.

The features are the 6373 of the INTERSPEECH 2013 ComParE challenge (Schuller et al. 2013), which
openSMILE (Eyben et al. 2013) offers as ``ComParE_2016``. Its smaller sets can be had as well: the
88 of eGeMAPS (Eyben et al. 2016), the 62 of GeMAPS, and the 988 of emobase.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.audio.read import read_audio
from rtcan_cli.choices import FEATURE_SET, FeatureSet
from rtcan_cli.errors import RtcanError, permission_hint
from rtcan_cli.files.kinds import HEAD, another_kind
from rtcan_cli.signals import held_back

if TYPE_CHECKING:
    from opensmile import Smile

# What tables of features call the song's identifier, without spaces and signs.
_SONG_COLUMNS = {"musicid", "songid", "song", "music", "id", "stimulus", "stimulusid"}
_SONG_COLUMNS |= {"trackid", "track", "clipid", "clip", "file", "filename", "name"}
# What tables call their rows where these are not songs, as those of DEAM.
_FRAME_COLUMNS = (
    "frametime",
    "frame",
    "frameindex",
    "time",
    "timestamp",
    "start",
    "end",
    "segment",
)
# What pandas calls an index that was written as a column.
_INDEX_COLUMNS = {"index", "level"}
_RATING_WORDS = {"valence", "arousal", "rating", "ratings", "label", "labels", "target"}

#: Of `FEATURE_SET`, and of the tables that are published with PMEmo.
N_FEATURES = 6373

NPZ_HINT = "numpy.savez('FILE.npz', stimulus=numpy.array(names, str), features=vectors)"
"""How to write vectors of songs, for messages."""

# Statistics over fewer than some dozens of 60 ms frames mean nothing.
MIN_SECONDS = 1.0
#: Sampling rates of audio, in Hz: from telephones to studios.
LOWEST_RATE, HIGHEST_RATE = 4000, 768_000
_HIGHEST_SAMPLE = 32767 / 32768  # the highest 16-bit sample
_LOUDEST = 8.0  # louder than any decoder's overshoot

# Half a step of 16-bit audio.
_SILENCE = 0.5**16


@dataclass(frozen=True)
class DescribedSong:
    """What was found out about one audio file.

    Attributes
    ----------
    features : ndarray of float32, shape (n_features,)
        Functionals, in the order of `feature_names`; 6373 of the ComParE set.
    seconds : float
        How long it is.
    """

    features: NDArray[np.float32]
    seconds: float


def feature_names(feature_set: FeatureSet = FEATURE_SET) -> list[str]:
    """Names of the features of a set, in the order of `extract`."""
    return list(_smile(feature_set).feature_names)


def extract(
    audio: str | Path | bytes,
    mixdown: bool = False,
    name: str = "",
    feature_set: FeatureSet = FEATURE_SET,
) -> NDArray[np.float32]:
    """Compute the functionals of one audio file.

    Parameters, errors and method are those of `describe`.

    Returns
    -------
    ndarray of float32, shape (n_features,)
    """
    return describe(audio, mixdown, name, feature_set).features


def describe(
    audio: str | Path | bytes,
    mixdown: bool = False,
    name: str = "",
    feature_set: FeatureSet = FEATURE_SET,
) -> DescribedSong:
    """Compute the functionals of one audio file, and tell its length.

    The file is read to its end, whatever length it declares. The sampling rate is kept.

    Parameters
    ----------
    audio : str, Path or bytes
        MP3, WAV, FLAC, OGG, AIFF or AU: the file's path, or all that is in it.
    mixdown : bool
        Average the channels, as the SMILExtract command does. Otherwise the first channel is
        described, as the `opensmile` package does; a song in mono is the same either way.
    name : str
        What to call it in messages, if not by its path.
    feature_set : str
        A name of `rtcan_cli.choices.FeatureSet`.

    Returns
    -------
    DescribedSong

    Raises
    ------
    RtcanError
        If the file is missing, unreadable, of another kind, incomplete, damaged, shorter than 1 s
        or silent, or if a feature comes out as NaN or infinite.
    """
    if not isinstance(audio, bytes):
        name = name or str(audio)
        audio = _content(Path(audio), name)
    with held_back():
        return _describe(audio, mixdown, name, feature_set)


def _content(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise RtcanError(f"{name} does not exist") from None
    except IsADirectoryError:
        raise RtcanError(f"{name} is a folder, not a file", "name the file itself") from None
    except OSError as error:
        raise RtcanError(f"{name} cannot be read: {error.strerror}", permission_hint(error)) from (
            error
        )


def _describe(audio: bytes, mixdown: bool, name: str, feature_set: FeatureSet) -> DescribedSong:
    channels, rate = read_audio(audio, name)
    if not np.isfinite(channels).all():
        raise RtcanError(f"{name} is damaged: it has samples that are not numbers")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        # openSMILE crashes with rates of a few hertz.
        raise RtcanError(
            f"{name} states a sampling rate of {rate:,} Hz, which no song has: its header is wrong"
        )
    if (loudest := float(np.abs(channels).max(initial=0))) > _LOUDEST:
        raise RtcanError(
            f"{name} has samples up to {loudest:.3g}, where full scale is 1: it is damaged, or was "
            "written without scaling"
        )
    samples = channels.mean(axis=1) if mixdown else np.ascontiguousarray(channels[:, 0])
    seconds = len(samples) / rate
    if seconds < MIN_SECONDS:
        raise RtcanError(f"{name} is {seconds:.2f} s long, too short for music features")
    if np.ptp(samples) < _SILENCE:
        raise _silent(channels, mixdown, name)
    # The opensmile package turns samples into 16-bit integers without a limit: loud peaks, as
    # decoded MP3s have, would change their sign. They are clipped, as other decoders do it.
    samples = np.clip(samples, -1, _HIGHEST_SAMPLE)
    features: NDArray[np.float32] = _smile(feature_set).process_signal(samples, rate).to_numpy()[0]
    bad = int((~np.isfinite(features)).sum())
    if bad:
        raise RtcanError(f"{name} has no finite value for {bad} of its {len(features)} features")
    return DescribedSong(features, seconds)


def _silent(channels: NDArray[np.float32], mixdown: bool, name: str) -> RtcanError:
    heard = [number for number, span in enumerate(np.ptp(channels, axis=0), 1) if span >= _SILENCE]
    if not heard:
        return RtcanError(f"{name} is silent")
    if mixdown:
        return RtcanError(
            f"{name} is silent when its channels are averaged: they cancel each other out",
            "without --mixdown the first channel is described",
        )
    return RtcanError(
        f"{name} is silent in its first channel, but not in channel {heard[0]}",
        "--mixdown describes the average of all channels",
    )


def read_feature_table(
    source: str | Path | bytes, name: str = "", n_features: int | None = None
) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """Read a table of features of songs.

    Parameters
    ----------
    source : str, Path or bytes
        CSV, one row per song: the song's identifier and its features; the file's path, or all that
        is in it. The identifier is in the column called ``musicId`` or alike, else in the first
        one. Without a header the features are numbered. A first column without a name, as pandas
        writes its index, is left out.
    name : str
        What to call it in messages, if not by its path.
    n_features : int, optional
        How many there have to be; any number, but at least one, if None.

    Returns
    -------
    stimuli : list of str
        Identifiers, in the order of the file, as they are written there.
    names : list of str
        Names of the features, in the order of the file.
    features : ndarray of float32, shape (n_songs, n_features)

    Raises
    ------
    RtcanError
        If the file is not such a table, or if a song occurs twice.
    """
    name = name if isinstance(source, bytes) else name or str(source)
    content = source if isinstance(source, bytes) else _content(Path(source), name)
    number = "its features" if n_features is None else f"{n_features} features"
    wanted = f"a table of a song's identifier and {number} (CSV)"
    other = another_kind(content[:HEAD], name, wanted)
    if other is not None:
        raise RtcanError(str(other), other.hint or NPZ_HINT)
    try:
        separator = _separator(content)
        first = pd.read_csv(io.BytesIO(content), header=None, nrows=1, dtype=str, sep=separator)
        first = first.iloc[0].fillna("")
        has_header = _is_header(first)
        table = pd.read_csv(
            io.BytesIO(content),
            sep=separator,
            header=0 if has_header else None,
            dtype={_song_column(first, n_features): str},
            low_memory=False,
        )
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise RtcanError(f"{name} cannot be read as a table of music features: {reason}") from error
    # Rows longer than the header would become an index.
    shifted = not isinstance(table.index, pd.RangeIndex)
    stimuli = table.iloc[:, _song_column(first, n_features)]
    table = table.drop(columns=[stimuli.name, *table.columns[: _has_index(first, n_features)]])
    enough = table.shape[1] == n_features if n_features else table.shape[1] > 0
    if not enough or shifted or table.empty:
        raise RtcanError(
            f"{name} is not a table of a song's identifier and {number}: "
            f"it has {len(table)} rows with {table.shape[1]} features"
        )
    stimuli = stimuli.map(_song, na_action="ignore")
    table.columns = [str(column).strip() for column in table.columns]
    if has_header:
        _check_names(first, stimuli, table, name, n_features)
    if (stimuli.isna() | (stimuli == "")).any():
        raise RtcanError(f"{name} has a row without a song's identifier")
    if stimuli.duplicated().any():
        raise RtcanError(f"{name} has song {stimuli[stimuli.duplicated()].iloc[0]} more than once")
    text = table.select_dtypes(exclude="number")
    if text.shape[1]:
        raise RtcanError(
            f"{name} has something else than numbers in column {text.columns[0]}",
            "one column for the song, and numbers with a decimal point in all others",
        )
    with np.errstate(over="ignore"):  # what is too large for it becomes infinite
        features = table.to_numpy(dtype=np.float32)
    if not np.isfinite(features).all():
        song, column = np.argwhere(~np.isfinite(features))[0]
        raise RtcanError(
            f"{name} has no finite number for song {stimuli[song]} in column "
            f"{table.columns[column]}"
        )
    return stimuli.tolist(), table.columns.astype(str).tolist(), features


def _separator(content: bytes) -> str:
    """What separates the cells: the one of three that is most frequent in the first line."""
    line = content.split(b"\n", 1)[0]
    return max((",", ";", "\t"), key=lambda each: line.count(each.encode()))


def _song(cell: str) -> str:
    """The name of a song without blanks around it, and without the quotes that openSMILE writes."""
    cell = cell.strip()
    quoted = len(cell) > 2 and cell[0] == cell[-1] == "'"
    return cell[1:-1] if quoted else cell


def _is_header(first: pd.Series) -> bool:
    """Whether a first row has names. pandas numbers columns, with anything above its index.

    A song's name before numbers is a row of a table without a header.
    """
    cells = list(first)
    counted = [str(number) for number in range(len(cells))]
    if cells == counted or cells[1:] == counted[:-1]:
        return True
    if any(_plain(cell) in _SONG_COLUMNS for cell in cells):
        return True
    return not all(_is_number(cell) for cell in cells[1:] if cell != "")


def _check_names(
    first: pd.Series, stimuli: pd.Series, table: pd.DataFrame, name: str, n_features: int | None
) -> None:
    """Refuse tables whose rows are not songs, or whose columns are not features."""
    title = first[_song_column(first, n_features)]
    if _plain(title) in _FRAME_COLUMNS:
        raise RtcanError(
            f"{name}: its first column is {title}, so its rows are parts of a song",
            "one row for each song, with a column song: for example the mean over its parts",
        )
    # Rows may have been sorted since they were counted.
    counted = {str(number) for number in range(len(stimuli))}
    if title == "" and set(stimuli.tolist()) == counted:
        raise RtcanError(
            f"{name}: its first column has no name and counts the rows from 0, as an index of "
            "pandas does, and no other column says which song a row is",
            "a column song with the names of the songs",
        )
    if n_features is not None:
        return
    titles = [cell.strip() for place, cell in enumerate(first) if place < 1 or cell.strip()]
    if twice := [cell for cell in titles if titles.count(cell) > 1]:
        raise RtcanError(
            f"{name} has the column {twice[0]} more than once", "one column for each feature"
        )
    for column in table.columns:
        problem = _no_feature(column)
        if problem:
            raise RtcanError(
                f"{name}: the column {column} {problem}, and would be a feature",
                "leave out all columns that do not describe the sound",
            )


def _no_feature(column: str) -> str:
    """Why the name of a column is not that of a feature; empty where it may be."""
    word = re.sub(r"[\W_]", "", column.lower())
    if word in _SONG_COLUMNS:
        return "is named as songs are, beside the one that names them"
    if word in _FRAME_COLUMNS:
        return "is named as times or parts of a song are"
    if word.startswith("unnamed"):  # pandas makes this name when it reads, and may write it again
        return "has no name of its own"
    if _plain(column) in _INDEX_COLUMNS:
        return "is named as the numbers of rows are that pandas writes"
    if _RATING_WORDS.intersection(re.split("[^a-z]+", column.lower())):
        return "is named as ratings are"
    return ""


def _plain(cell: object) -> str:
    return re.sub("[^a-z]", "", str(cell).lower())


def _song_column(first: pd.Series, n_features: int | None) -> int:
    """Place of the column with the song's identifier, from the cells of the first row."""
    words = [_plain(cell) for cell in first]
    named = [place for place, word in enumerate(words) if word in _SONG_COLUMNS]
    return named[0] if named else int(_has_index(first, n_features))


def _has_index(first: pd.Series, n_features: int | None) -> bool:
    """Whether there is an index before the song: one column too many, without a name."""
    if n_features is None:  # the column without a name is the song's if no other can be
        words = [_plain(cell) for cell in first]
        return first[0] == "" and any(word in _SONG_COLUMNS for word in words)
    return first[0] == "" and len(first) > 1 + n_features


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _smile(feature_set: FeatureSet) -> Smile:
    import opensmile

    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[feature_set],
        feature_level=opensmile.FeatureLevel.Functionals,
    )
