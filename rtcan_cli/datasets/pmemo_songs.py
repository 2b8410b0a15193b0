"""PMEmo's songs: their metadata, mean ratings and audio files, alike in both editions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping

from rtcan_cli.datasets.csvfile import number, read_rows
from rtcan_cli.datasets.files import RawFile
from rtcan_cli.datasets.trials import Stimulus
from rtcan_cli.errors import RtcanError

_AUDIO_FILE = re.compile(r"chorus/(\d+)\.(?:mp3|wav|flac|ogg)")


def read_songs(
    files: Mapping[str, RawFile],
    others: Iterable[str],
    valence_means: Mapping[str, float],
    arousal_means: Mapping[str, float],
) -> tuple[Stimulus, ...]:
    """Songs that the metadata, the audio files or the recordings name.

    Parameters
    ----------
    files : mapping of str to RawFile
        All files, by their lower-case names.
    others : iterable of str
        Songs with recordings or ratings.
    valence_means, arousal_means : mapping of str to float
        Mean ratings by song.

    Returns
    -------
    tuple of Stimulus
        Sorted by number.

    Raises
    ------
    RtcanError
        If the metadata are damaged.
    """
    audio = {
        match[1]: file for name, file in files.items() if (match := _AUDIO_FILE.fullmatch(name))
    }
    metadata = files.get("metadata.csv")
    described = {row["musicid"]: row for row in read_records(metadata)} if metadata else {}
    return tuple(
        Stimulus(
            song,
            title=described.get(song, {}).get("title", ""),
            artist=described.get(song, {}).get("artist", ""),
            audio=str(audio[song].path.resolve()) if song in audio else "",
            valence_mean=valence_means.get(song, math.nan),
            arousal_mean=arousal_means.get(song, math.nan),
        )
        for song in sorted({*others, *described, *audio}, key=by_number)
    )


def read_means(file: RawFile | None, target: str) -> dict[str, float]:
    """Songs' mean ratings of one dimension.

    Parameters
    ----------
    file : RawFile or None
        Table with a header; the song is in the first column. The column whose name says ``mean``
        and the target is read, else the first one that says ``mean``.
    target : str
        ``"valence"`` or ``"arousal"``.

    Returns
    -------
    dict of str to float
        Empty without a file.

    Raises
    ------
    RtcanError
        If there is no such column, or it holds something else than numbers.
    """
    means: dict[str, float] = {}
    for row in read_records(file) if file else ():
        columns = [name for name in row if "mean" in name]
        columns = [name for name in columns if target in name] or columns
        try:
            means[row["musicid"]] = number(row[columns[0]])
        except (ValueError, IndexError):
            raise RtcanError(f"{file} holds no mean {target} of song {row['musicid']}") from None
    return means


def read_records(file: RawFile) -> Iterator[dict[str, str]]:
    """Rows of a table with a header, by lower-case column name.

    The first column is called ``musicid``, whatever the file calls it.

    Raises
    ------
    RtcanError
        If the file is empty or no CSV.
    """
    rows = read_rows(file)
    if not rows:
        raise RtcanError(f"{file} is empty", hint="download it again")
    names = ["musicid", *(name.lower() for name in rows[0][1:])]
    for row in rows[1:]:
        yield dict(zip(names, row, strict=False))


def by_number(name: str) -> tuple[int, str]:
    """Sorting key that puts ``"9"`` before ``"10"``."""
    return (int(name) if name.isdecimal() else -1, name)
