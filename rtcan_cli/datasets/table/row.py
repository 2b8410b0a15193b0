"""One row of a lab's own table of trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from rtcan_cli.datasets.files.csvfile import finite, is_number, read_number
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.datasets.times.text import read_times
from rtcan_cli.datasets.times.units import UNIX_FIRST, UNIX_LAST
from rtcan_cli.trial_key import is_repetition

_FASTEST = 1e6


@dataclass(frozen=True)
class Row:
    """One row: a trial, or one of a trial's two hearings.

    Attributes
    ----------
    line : int
        Where it begins in the table, from 1.
    subject, stimulus : str
        As they are written.
    valence, arousal : float
        NaN where the cell is empty.
    signal : str
        The signal file below the table's folder; empty where there is none.
    sampling_rate, start, duration : float
        In Hz and seconds; NaN where the cell is empty. The start is in seconds of the file or Unix
        time.
    column : str
        Name or number of the column of the signal file; empty where the file has to tell.
    target : str
        ``"both"``, ``"valence"`` or ``"arousal"``.
    audio : str
        The audio file below the table's folder; may be empty.
    title, artist : str
        May be empty.
    repetition : int
        1 unless the cell says that the subject heard the stimulus before.
    song : str
        What stimuli that are one song under several names have in common; may be empty.
    start_local : bool
        Whether the start is a date without a time zone, taken as if it were UTC.
    unit : str
        Of the signal, as it is written; empty where the cell is.
    start_of_day : bool
        Whether the start is a time of the day, as h:m:s.
    samples : str
        ``column=value`` of the samples in the signal file that are the trial; empty where start
        and duration tell.
    """

    line: int
    subject: str
    stimulus: str
    valence: float = math.nan
    arousal: float = math.nan
    signal: str = ""
    sampling_rate: float = math.nan
    start: float = math.nan
    duration: float = math.nan
    column: str = ""
    target: str = "both"
    audio: str = ""
    title: str = ""
    artist: str = ""
    repetition: int = 1
    song: str = ""
    start_local: bool = False
    unit: str = ""
    start_of_day: bool = False
    samples: str = ""


class WrongRow(ValueError):
    """What is wrong with a row."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def read_row(
    line: int, cells: Mapping[str, str], decimal: str, factors: Mapping[str, float]
) -> Row:
    """Read the cells of a row.

    Parameters
    ----------
    line : int
        Where it begins in the table, from 1.
    cells : mapping of str to str
        By the names of the columns, see `header.column_name`.
    decimal : {".", ","}
        The decimal mark. With a comma, a point is understood too.
    factors : mapping of str to float
        See `header.Header`.

    Raises
    ------
    WrongRow
        If a cell cannot be understood.
    """

    def number(name: str) -> float:
        return _number(cells, name, decimal)

    _check_names(cells)
    rate = number("sampling_rate") * factors.get("sampling_rate", 1.0)
    duration = number("duration") * factors.get("duration", 1.0)
    start, start_local, start_of_day = read_start(cells.get("start", "")) or (
        *(number("start") * factors.get("start", 1.0), False, False),
    )
    _check_times(cells, rate, start, duration)
    repetition = number("repetition") if cells.get("repetition") else 1.0
    if not is_repetition(repetition):
        raise WrongRow(
            f"the repetition {cells['repetition']!r} is not a whole number from 1",
            "1 the first time that the subject heard the stimulus, 2 the second time",
        )
    target = cells.get("target", "").casefold() or "both"
    if target not in ("both", *TARGETS):
        raise WrongRow(f"the target {target!r} is neither valence nor arousal nor both")
    return Row(
        line,
        subject=cells["subject"],
        stimulus=cells["stimulus"],
        valence=_rating(cells, "valence", decimal),
        arousal=_rating(cells, "arousal", decimal),
        signal=_path(cells["signal"]),
        sampling_rate=rate,
        start=start,
        duration=duration,
        column=cells.get("column", ""),
        target=target,
        audio=_path(cells.get("audio", "")),
        title=cells.get("title", ""),
        artist=cells.get("artist", ""),
        repetition=int(repetition),
        song=cells.get("song", ""),
        start_local=start_local,
        unit=cells.get("unit", ""),
        start_of_day=start_of_day,
        samples=_samples(cells),
    )


def read_start(cell: str) -> tuple[float, bool, bool] | None:
    """The start of a trial that is written as a date or a time of the day.

    Returns
    -------
    start : float
        In seconds: Unix time, or of the day.
    local : bool
        Whether it is a date without a time zone, taken as if it were UTC.
    of_day : bool
        Whether it is a time of the day.
    None
        If it is something else, such as a number.
    """
    parsed = read_times([cell])
    if parsed is None:
        return None
    start = float(parsed[0][0])
    return start, parsed[1], start < UNIX_FIRST


def _number(cells: Mapping[str, str], name: str, decimal: str) -> float:
    cell = cells.get(name, "")
    try:
        return read_number(cell, decimal)
    except ValueError:
        comma = decimal != "," and is_number(cell.replace(",", ".", 1))
        raise WrongRow(
            f"the {name.replace('_', ' ')} {cell!r} is not a number",
            "--decimal , if that is a decimal comma" if comma else None,
        ) from None


def _rating(cells: Mapping[str, str], name: str, decimal: str) -> float:
    value = _number(cells, name, decimal)
    if math.isnan(value):
        try:
            finite(cells[name])
        except ValueError:
            raise WrongRow(f"the {name} {cells[name]!r} is not a finite number") from None
    return value


def _check_names(cells: Mapping[str, str]) -> None:
    for name in ("subject", "stimulus"):
        if not cells[name]:
            raise WrongRow(f"the {name} is empty")
        # Identifiers become parts of file names, and are shown on terminals.
        if not cells[name].isprintable() or set(cells[name]) & {"/", "\\"}:
            raise WrongRow(
                f"the {name} {cells[name]!r} has a character that a name cannot have",
                "no / or \\, and nothing that cannot be seen",
            )
    if not cells.get("song", "").isprintable():
        raise WrongRow(f"the song {cells['song']!r} has a character that cannot be seen")


def _check_times(cells: Mapping[str, str], rate: float, start: float, duration: float) -> None:
    for name, value in (("sampling rate", rate), ("start", start), ("duration", duration)):
        written = cells.get(name.replace(" ", "_"), "")
        if math.isnan(value) and written:
            # Taken for an empty cell, it would mean the whole file.
            raise WrongRow(f"the {name} {written!r} is not known", "leave out what is not known")
    if rate <= 0 or rate > _FASTEST:
        raise WrongRow(f"the sampling rate {rate:g} Hz is not possible")
    if start < 0 or start > UNIX_LAST:
        raise WrongRow(f"the start {start:.15g} is neither seconds in the file nor Unix seconds")
    if duration <= 0:
        raise WrongRow(f"the duration {duration:g} s is not possible")


def _samples(cells: Mapping[str, str]) -> str:
    """The cell that says which samples of the file are the trial, checked."""
    samples = cells.get("samples", "")
    name, equals, value = samples.partition("=")
    if samples and not (name.strip() and equals and value.strip()):
        raise WrongRow(
            f"the samples {samples!r} are not a column and its value",
            "write them as trial=3: those samples of the signal file whose column trial has 3",
        )
    if samples and (cells.get("start") or cells.get("duration")):
        raise WrongRow(
            "samples say where the trial is, and so do start or duration", "leave one of them empty"
        )
    return samples


def _path(cell: str) -> str:
    """A path as this system writes it; tables are often made on Windows."""
    return str(PurePosixPath(cell.replace("\\", "/"))) if cell else ""
