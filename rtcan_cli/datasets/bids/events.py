"""Events of a run in BIDS -> trials: ``*_events.tsv`` with its description ``*_events.json``.

Source: Brain Imaging Data Structure 1.10, "Task events". Ratings are not part of the standard,
which allows further columns: they are read from the columns ``valence`` and ``arousal``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rtcan_cli.datasets.bids.fields import BEFORE
from rtcan_cli.datasets.files.csvfile import number
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.files.tsv import read_rows
from rtcan_cli.datasets.formats.bids import MISSING, described
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.trial_key import MOST_REPETITIONS, is_repetition

STIMULUS_COLUMNS = ("stimulus", "stimulus_name", "stim_id", "stim_file", "trial_type")
"""Columns that may name what was played; the first that has a value in a table is used."""


@dataclass(frozen=True)
class Event:
    """A row that is a trial, or one of a trial's two hearings.

    Attributes
    ----------
    line : int
        In its table, from 1.
    stimulus : str
        What was played.
    onset, duration : float
        Seconds from the beginning of the run; the duration is NaN where it is not known.
    valence, arousal : float
        NaN where there is no rating.
    target : str
        ``both``, or the rating that this hearing was for.
    repetition : int or None
        As the table says it.
    audio : str
        ``stim_file``, relative to the folder ``stimuli``; may be empty.
    song, title, artist : str
        May be empty.
    before : float
        Seconds before the onset that belong to the recording of the trial.
    """

    line: int
    stimulus: str
    onset: float
    duration: float
    valence: float
    arousal: float
    target: str
    repetition: int | None
    audio: str
    song: str
    title: str
    artist: str
    before: float = 0.0


@dataclass
class Events:
    """What a table of events says.

    Attributes
    ----------
    events : list of Event
        Its trials, in the order of their onsets.
    problems : list of RtcanError
        Rows that cannot be understood.
    n_others : int
        Rows that are not trials.
    has_ratings : bool
        Whether it has a column of ratings.
    scale : tuple of float, optional
        Lowest and highest possible rating, where the description says both.
    columns : tuple of str
        Names of all columns, in lower case.
    """

    events: list[Event] = field(default_factory=list)
    problems: list[RtcanError] = field(default_factory=list)
    n_others: int = 0
    has_ratings: bool = False
    scale: tuple[float, float] | None = None
    columns: tuple[str, ...] = ()


def read_events(file: RawFile) -> Events:
    """Read a table of events.

    Raises
    ------
    RtcanError
        If it is not a table with the column ``onset``, or its description is damaged.
    """
    rows = read_rows(file)
    names = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if "onset" not in names:
        raise RtcanError(
            f"{file} has no column onset", "its first line names the columns, separated by tabs"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise RtcanError(f"{file} has the column {printable(twice)} more than once")
    found = Events(
        has_ratings=bool({*TARGETS} & {*names}),
        scale=_scale(described(file, "events"), file),
        columns=tuple(names),
    )
    cells = [
        (line, dict(zip(names, (cell.strip() for cell in row), strict=False)), len(row))
        for line, row in enumerate(rows[1:], start=2)
        if any(cell.strip() for cell in row)
    ]
    column = next(
        (
            name
            for name in STIMULUS_COLUMNS
            if any(row.get(name, "") not in MISSING for _, row, _ in cells)
        ),
        None,
    )
    lines: dict[tuple[str, float, str], int] = {}
    for line, row, width in cells:
        try:
            if width != len(names):
                raise ValueError(f"{width} cells for {len(names)} columns")
            event = _event(line, row, column, found.has_ratings)
            if event is not None:
                # Else the same samples would be two trials, of which one may test the other.
                same = lines.setdefault((event.stimulus, event.onset, event.target), line)
                if same != line:
                    raise ValueError(f"it has stimulus and onset of line {same}")
        except ValueError as error:
            found.problems.append(RtcanError(f"{file}, line {line}: {error}"))
            continue
        if event is None:
            found.n_others += 1
        else:
            found.events.append(event)
    found.events.sort(key=lambda event: event.onset)
    return found


def _event(line: int, row: Mapping[str, str], column: str | None, rated: bool) -> Event | None:
    """A trial; None for another event: without a stimulus, or known by its type and not rated."""

    def text(name: str) -> str:
        cell = row.get(name, "")
        return "" if cell in MISSING else printable(cell)

    stimulus = text(column) if column else ""
    ratings = [_number(row, name) for name in TARGETS]
    unrated = all(math.isnan(each) for each in ratings)
    if not stimulus or (column == "trial_type" and rated and unrated):
        return None
    if column == "stim_file":
        stimulus = stimulus.replace("\\", "/").rpartition(".")[0].replace("/", "-") or stimulus
    if "/" in stimulus or "\\" in stimulus:
        raise ValueError(f"the stimulus {stimulus!r} contains / or \\")
    onset, duration = _number(row, "onset"), _number(row, "duration")
    if math.isnan(onset):
        raise ValueError("there is no onset")
    if duration < 0:
        raise ValueError(f"the duration is {duration:g} s")
    before = _number(row, BEFORE)
    if before < 0:
        raise ValueError(f"{BEFORE} is {before:g} s")
    target = text("target") or "both"
    if target not in (*TARGETS, "both"):
        raise ValueError(f"the target is {target!r}, not {' or '.join(TARGETS)} or both")
    repetition = _number(row, "repetition")
    if not math.isnan(repetition) and not is_repetition(repetition):
        raise ValueError(
            f"the repetition is {repetition:g}, not 1, 2, ... up to {MOST_REPETITIONS}"
        )
    return Event(
        line,
        stimulus,
        onset,
        # An event of a moment does not say how long its stimulus was on.
        duration or math.nan,
        ratings[0],
        ratings[1],
        target,
        None if math.isnan(repetition) else int(repetition),
        text("stim_file"),
        text("song"),
        text("title"),
        text("artist"),
        0.0 if math.isnan(before) else before,
    )


def _number(row: Mapping[str, str], name: str) -> float:
    cell = row.get(name, "")
    if cell in MISSING:
        return math.nan
    try:
        value = number(cell)
    except ValueError:
        raise ValueError(f"{name} is {printable(cell)[:40]!r}, not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{name} is {printable(cell)[:40]}; what is missing is n/a")
    return value


def _scale(about: Mapping[str, Any], file: RawFile) -> tuple[float, float] | None:
    """The rating scale of a description; both columns must have the same."""
    scales: set[tuple[float, float]] = set()
    for name in TARGETS:
        column = about.get(name)
        if not isinstance(column, dict):
            continue
        low, high = column.get("Minimum"), column.get("Maximum")
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            try:
                scales.add((float(low), float(high)))
            except OverflowError:
                raise RtcanError(
                    f"{file}: its description has a Minimum or Maximum of {name} that is too large "
                    "to be a rating"
                ) from None
    if len(scales) > 1:
        raise RtcanError(f"{file}: its description has another scale for valence than for arousal")
    return next(iter(scales), None)
