"""PMEmo's songs: their metadata, mean ratings and audio files, alike in both editions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rtcan_cli.datasets.files.csvfile import (
    finite,
    is_number,
    numbered_rows,
    refuse_repeated,
)
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.identifiers import by_number, check_distinct, plain
from rtcan_cli.datasets.named_audio import audio_by_song, whole_path
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.datasets.trials import Stimulus
from rtcan_cli.errors import RtcanError

_AUDIO_FILE = re.compile(r"chorus/\d+\.\w+")
_NO_HEADER = ("mean", "std")
_FEW = 5


def read_songs(
    files: Mapping[str, RawFile],
    others: Mapping[str, RawFile],
    means: Mapping[str, RawFile | None],
    damaged: list[RtcanError],
) -> tuple[Stimulus, ...]:
    """Songs that the metadata, the audio files or the recordings name.

    Parameters
    ----------
    files : mapping of str to RawFile
        All files, by their lower-case names.
    others : mapping of str to RawFile
        Songs with recordings or ratings, and one of these files.
    means : mapping of str to RawFile
        Tables of mean ratings, by target; None where there is none.
    damaged : list of RtcanError
        Gets what is wrong with a table that cannot be read. The songs go without what it says.

    Returns
    -------
    tuple of Stimulus
        Sorted by number. Mean ratings are on the scale from 0 to 1.

    Raises
    ------
    RtcanError
        If two songs' names differ in case, spaces or leading zeros only.
    """
    audio = _audio_files(files)
    metadata = files.get("metadata.csv")
    described: dict[str, dict[str, str]] = {}
    mean: dict[str, dict[str, float]] = {target: {} for target in TARGETS}
    try:
        described = {row["musicid"]: row for row in read_records(metadata)} if metadata else {}
    except RtcanError as error:
        damaged.append(error)
    for target in TARGETS:
        try:
            mean[target] = read_means(means[target], target)
        except RtcanError as error:
            if str(error) not in map(str, damaged):  # one table may serve both
                damaged.append(error)
    places = {**dict.fromkeys(described, metadata), **audio, **others}
    check_distinct(places, "the songs")
    return tuple(
        Stimulus(
            song,
            title=described.get(song, {}).get("title", ""),
            artist=described.get(song, {}).get("artist", ""),
            audio=whole_path(audio[song]) if song in audio else "",
            valence_mean=mean["valence"].get(song, math.nan),
            arousal_mean=mean["arousal"].get(song, math.nan),
        )
        for song in sorted(places, key=by_number)
    )


def _audio_files(files: Mapping[str, RawFile]) -> dict[str, RawFile]:
    """The audio file of each song."""
    return audio_by_song(file for name, file in files.items() if _AUDIO_FILE.fullmatch(name))


def read_means(file: RawFile | None, target: str) -> dict[str, float]:
    """Songs' mean ratings of one dimension, on the scale from 0 to 1.

    Parameters
    ----------
    file : RawFile or None
        The song is in the first column. The column whose name says ``mean`` and the target is
        read, else the first one that says ``mean``; without a header, the second one.
    target : str
        ``"valence"`` or ``"arousal"``.

    Returns
    -------
    dict of str to float
        Empty without a file.

    Raises
    ------
    RtcanError
        If there is no such column, it holds something else than finite numbers or numbers that are
        on neither scale, or a song has two means.
    """
    means: dict[str, float] = {}
    (other,) = (each for each in TARGETS if each != target)
    for row in read_records(file) if file else ():
        song = row["musicid"]
        columns = [name for name in row if "mean" in name and other not in name]
        columns = [name for name in columns if target in name] or columns
        try:
            mean = finite(row[columns[0]])
        except (ValueError, IndexError):
            raise RtcanError(f"{file} holds no mean {target} of song {song}") from None
        if means.setdefault(song, mean) != mean and not math.isnan(mean):
            raise RtcanError(f"{file} holds two means of {target} for song {song}")
    if file and not means:
        raise RtcanError(
            f"{file} holds no mean ratings, only its first line",
            hint="the file is incomplete or damaged: copy or download it again",
        )
    nine_points = is_nine_point(means.values())
    low, high = (1, 9) if nine_points else (0, 1)
    outside = {song: mean for song, mean in means.items() if mean < low or mean > high}
    if outside:
        song, mean = next(iter(outside.items()))
        known = [each for each in means.values() if not math.isnan(each)]
        raise RtcanError(
            f"{file}: the mean {target} of song {song} is {mean:g}, which is not on the scale from "
            f"{low} to {high} ({len(outside)} of {len(known)} means are not; they go from "
            f"{min(known):g} to {max(known):g})",
            hint="the file is damaged, or no table of means: copy or download it again",
        )
    if nine_points:
        return {song: to_unit_scale(mean) for song, mean in means.items()}
    return means


def note_means(stimuli: Sequence[Stimulus], means: Mapping[str, RawFile | None]) -> tuple[str, ...]:
    """Say which songs have no mean rating, so that `relabel --method stimulus-mean` has no label.

    Parameters
    ----------
    stimuli : sequence of Stimulus
        All songs.
    means : mapping of str to RawFile
        Tables of mean ratings, by target; None where there is none.
    """
    said = []
    for target in TARGETS:
        lacking = [each.stimulus for each in stimuli if math.isnan(getattr(each, f"{target}_mean"))]
        if lacking and len(lacking) == len(stimuli):
            why = "" if means[target] else ": the table of means is not there"
            said.append(f"No song has a mean {target} rating{why}.")
        elif lacking:
            some = ", ".join(lacking[:_FEW]) + ", ..." * (len(lacking) > _FEW)
            said.append(f"{len(lacking)} of {len(stimuli)} songs have no mean {target}: {some}.")
    return tuple(said)


def is_nine_point(ratings: Iterable[float]) -> bool:
    """Whether ratings are on the scale from 1 to 9 rather than on the one from 0 to 1.

    Only ratings of exactly 1 are on both. Most decide, so that a slip of one changes nothing.
    """
    sides = [rating > 1 for rating in ratings if rating != 1 and not math.isnan(rating)]
    return 2 * sum(sides) > len(sides)


def to_unit_scale(rating: float) -> float:
    """A rating from 1 to 9, on the scale from 0 to 1."""
    return (rating - 1) / 8


def read_records(file: RawFile) -> Iterator[dict[str, str]]:
    """Rows of a table, by lower-case column name.

    The first column is called ``musicid``, whatever the file calls it. Without a header the next
    ones are ``mean`` and ``std``.

    Raises
    ------
    RtcanError
        If the file is empty or no CSV, or two columns have a name that is used.
    """
    rows = [cells for _, cells in numbered_rows(file)]
    if not rows:
        raise RtcanError(f"{file} is empty", hint="download it again")
    has_header = not all(map(is_number, rows[0]))
    names = ["musicid", *(map(str.lower, rows[0][1:]) if has_header else _NO_HEADER)]
    used = [name for name in names if name in ("musicid", "title", "artist") or "mean" in name]
    refuse_repeated(names, used, file)
    for row in rows[has_header:]:
        yield dict(zip(names, (plain(row[0]), *row[1:]), strict=False))
