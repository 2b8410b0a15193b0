"""The rows of a lab's own table of trials, ``trials.csv``."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rtcan_cli.datasets.files.csvfile import (
    check_ending,
    finite,
    is_number,
    read_number,
    refuse_repeated,
)
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.identifiers import canonical
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.datasets.table import excel
from rtcan_cli.datasets.times.text import read_times
from rtcan_cli.datasets.times.units import UNITS, UNIX_FIRST, UNIX_LAST, time_unit
from rtcan_cli.errors import RtcanError
from rtcan_cli.trial_key import COUNT_REPETITIONS, hearing, is_repetition

REQUIRED = ("subject", "stimulus", "valence", "arousal", "signal")
OPTIONAL = (
    "sampling_rate",
    "column",
    "start",
    "duration",
    "target",
    "repetition",
    "audio",
    "song",
    "title",
    "artist",
    "unit",
    "samples",
)
DELIMITERS = ("\t", ";", ",")
_FASTEST = 1e6
_SHOWN = 200  # characters of the first line in a message


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


def read_table(
    file: RawFile, decimal: str
) -> tuple[tuple[Row, ...], tuple[RtcanError, ...], tuple[str, ...]]:
    """Read a table of trials.

    Parameters
    ----------
    file : RawFile
        CSV or TSV with a header; comma, semicolon or tab separate the columns. Or an Excel
        workbook, whose first sheet counts.
    decimal : {".", ","}
        The decimal mark. With a comma, a point is understood too.

    Returns
    -------
    rows : tuple of Row
        In their order.
    damaged : tuple of RtcanError
        One for each row that cannot be understood, naming its line.
    unused : tuple of str
        Columns that mean nothing to rtcan.

    Raises
    ------
    RtcanError
        If the file is not such a table, a path leads out of its folder, or rows contradict each
        other, so that no row can be trusted.
    """
    if file.name.suffix.casefold() == excel.SUFFIX:
        records = excel.read_cells(file)
    else:
        text = _text(file)
        records = _records(text, _find_delimiter(text), file)
    _, header = next(records, (1, []))
    names = [column_name(cell) for cell in header]
    known = [name for name in names if name in REQUIRED + OPTIONAL]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        found = printable(", ".join(filter(None, header)))[:_SHOWN] or "nothing"
        advice = _advice(missing, header)
        raise RtcanError(
            f"{file} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; its first "
            f"line has {found}",
            hint=f"{advice}the first line names the columns; unknown values may stay empty below",
        )
    refuse_repeated(names, known, file)
    factors = _factors(header, file)
    _refuse_unread(names, header, file)
    rows, damaged = [], []
    for line, cells in records:
        try:
            extra = [cell for cell in cells[len(names) :] if cell]
            if extra:
                raise _Wrong(
                    f"{len(cells)} cells for {len(names)} columns",
                    "put text with a separator in it into quotes; if numbers have decimal commas, "
                    "separate columns by ; or tabs and use --decimal ,",
                )
            # Spreadsheets drop empty cells at the end of a row.
            padded = [*cells, *[""] * len(names)]
            rows.append(_row(line, dict(zip(names, padded, strict=False)), decimal, factors))
        except _Wrong as error:
            damaged.append(RtcanError(f"{file}, line {line}: {error}", hint=error.hint))
    if not rows and not damaged:
        raise RtcanError(f"{file} has no rows below its first line", hint="write one row a trial")
    _check_paths(rows, file)
    _check_ids(rows, file)
    _check_twice(rows, file)
    unused = tuple(
        cell for name, cell in zip(names, header, strict=True) if name not in known and cell
    )
    return tuple(rows), tuple(damaged), unused


def _text(file: RawFile) -> str:
    text = file.text()
    if "\0" in text:
        raise RtcanError(
            f"{file} is not UTF-8 text: it holds NUL characters",
            hint="iconv -f UTF-16LE -t UTF-8 FILE > NEW, if it is text at all",
        )
    return text


_ALIASES = {
    "subject": "participant participant_id participant_no subject_id subj subj_id sub id person",
    "stimulus": "song_id track track_id stimulus_id stim stim_id clip clip_id video video_id item",
    "valence": "valence_rating val pleasure rating_valence",
    "arousal": "arousal_rating aro activation rating_arousal",
    "signal": "file filename file_name path eda eda_file signal_file recording",
    "sampling_rate": "fs sr rate sampling_frequency sample_rate samplerate hz",
    "start": "onset begin start_time",
    "duration": "length dur play_duration",
}


def _meant(cell: str) -> str | None:
    """The column that one of another name may stand for."""
    name = column_name(cell)
    return next((column for column, other in _ALIASES.items() if name in other.split()), None)


def _advice(missing: Sequence[str], header: Sequence[str]) -> str:
    """Which columns may have to be renamed: they are suggested, and not taken."""
    renamed = [
        f"{printable(cell)} to {column}" for cell in header if (column := _meant(cell)) in missing
    ]
    return f"rename {', '.join(renamed)}, if that is what they hold; " if renamed else ""


class _Wrong(ValueError):
    """What is wrong with a row."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def _find_delimiter(text: str) -> str:
    """The separator that finds most of the known columns in the first line."""
    first = text.lstrip().partition("\n")[0]

    def found(delimiter: str) -> int:
        names = {column_name(cell.strip(' "\r')) for cell in first.split(delimiter)}
        return len(names.intersection(REQUIRED + OPTIONAL))

    return max(DELIMITERS, key=found)


def _records(text: str, delimiter: str, file: RawFile) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty."""
    check_ending(text, delimiter, file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise RtcanError(f"{file} is not a CSV file: line {line}: {error}") from error


def column_name(cell: str) -> str:
    """A column's plain name, without unit: ``Sampling rate [Hz]`` gives ``sampling_rate``."""
    return re.sub(r"[\s_-]+", "_", re.sub(r"[\[(].*", "", cell).strip().casefold())


_PER_SECOND = {"hz": 1.0, "khz": 1000.0, "1/s": 1.0, "sps": 1.0, "samples/s": 1.0}
_CLOCKS = {
    "h:m:s",
    "hh:mm:ss",
    "hh:mm",
    "m:s",
    "mm:ss",
    "utc",
    "unix",
    "unix time",
    "iso",
    "iso 8601",
}
_ENDS = {"end", "stop", "offset", "finish"}


def _factors(header: Sequence[str], file: RawFile) -> dict[str, float]:
    """What the numbers of a column are multiplied with, where the first line names a unit.

    Raises
    ------
    RtcanError
        If it is not known: seconds and minutes would be mixed up.
    """
    factors = {}
    for cell in header:
        name = column_name(cell)
        match = re.search(r"[\[(]([^\])]*)", cell)
        unit = match[1].strip() if match else ""
        if name not in ("start", "duration", "sampling_rate") or not unit:
            continue
        if name == "sampling_rate":
            factor = _PER_SECOND.get(unit.casefold().replace(" ", ""))
        else:
            known = time_unit(unit)
            factor = UNITS[known] if known else 1.0 if unit.casefold() in _CLOCKS else None
        if factor is None:
            usual = "Hz" if name == "sampling_rate" else "s"
            raise RtcanError(
                f"{file}: the unit of the column {printable(cell)!r} is not known",
                hint=f"write its values in {usual}, and {name} [{usual}] as its name",
            )
        factors[name] = factor
    return factors


def _refuse_unread(names: Sequence[str], header: Sequence[str], file: RawFile) -> None:
    """Refuse columns that seem to tell where trials are, but have another name.

    Without them, the whole file would be taken, or all from the start of the trial to the end.
    """
    for name, cell in zip(names, header, strict=True):
        words = name.split("_")
        unit = time_unit(words[-1]) if len(words) > 1 else None
        plain = "_".join(words[:-1]) if unit else name
        shown = printable(cell)
        for column in ("start", "duration"):
            if column in names or name in names[: names.index(name)]:
                continue
            beside = column == "start" or "start" in names
            if plain == column or (beside and plain in _ALIASES[column].split()):
                of_unit = f" [{unit}]" if unit else ""
                raise RtcanError(
                    f"{file}: the column {shown!r} seems to be the {column} of the trials, but has "
                    "another name",
                    hint=f"rename it to {column}{of_unit} if that is what it holds, or else to "
                    "something else",
                )
        rest = words[1:-1] if unit else words[1:]
        is_end = words[0] in _ENDS and set(rest) <= {"time"}
        if is_end and "start" in names and "duration" not in names:
            raise RtcanError(
                f"{file}: the column {shown!r} seems to be the end of the trials, which is given "
                "as a duration",
                hint="add a column duration: the end minus the start, in seconds",
            )


def _row(line: int, cells: dict[str, str], decimal: str, factors: Mapping[str, float]) -> Row:
    def numeric(name: str) -> float:
        cell = cells.get(name, "")
        try:
            return read_number(cell, decimal)
        except ValueError:
            comma = decimal != "," and is_number(cell.replace(",", ".", 1))
            raise _Wrong(
                f"the {name.replace('_', ' ')} {cell!r} is not a number",
                "--decimal , if that is a decimal comma" if comma else None,
            ) from None

    def rating(name: str) -> float:
        value = numeric(name)
        if math.isnan(value):
            try:
                finite(cells[name])
            except ValueError:
                raise _Wrong(f"the {name} {cells[name]!r} is not a finite number") from None
        return value

    for name in ("subject", "stimulus"):
        if not cells[name]:
            raise _Wrong(f"the {name} is empty")
        # Identifiers become parts of file names, and are shown on terminals.
        if not cells[name].isprintable() or set(cells[name]) & {"/", "\\"}:
            raise _Wrong(
                f"the {name} {cells[name]!r} has a character that a name cannot have",
                "no / or \\, and nothing that cannot be seen",
            )
    if not cells.get("song", "").isprintable():
        raise _Wrong(f"the song {cells['song']!r} has a character that cannot be seen")
    rate = numeric("sampling_rate") * factors.get("sampling_rate", 1.0)
    duration = numeric("duration") * factors.get("duration", 1.0)
    start, start_local, start_of_day = read_start(cells.get("start", "")) or (
        *(numeric("start") * factors.get("start", 1.0), False, False),
    )
    for name, value in (("sampling rate", rate), ("start", start), ("duration", duration)):
        written = cells.get(name.replace(" ", "_"), "")
        if math.isnan(value) and written:
            # Taken for an empty cell, it would mean the whole file.
            raise _Wrong(f"the {name} {written!r} is not known", "leave out what is not known")
    if rate <= 0 or rate > _FASTEST:
        raise _Wrong(f"the sampling rate {rate:g} Hz is not possible")
    if start < 0 or start > UNIX_LAST:
        raise _Wrong(f"the start {start:.15g} is neither seconds in the file nor Unix seconds")
    if duration <= 0:
        raise _Wrong(f"the duration {duration:g} s is not possible")
    repetition = numeric("repetition") if cells.get("repetition") else 1.0
    if not is_repetition(repetition):
        raise _Wrong(
            f"the repetition {cells['repetition']!r} is not a whole number from 1",
            "1 the first time that the subject heard the stimulus, 2 the second time",
        )
    target = cells.get("target", "").casefold() or "both"
    if target not in ("both", *TARGETS):
        raise _Wrong(f"the target {target!r} is neither valence nor arousal nor both")
    return Row(
        line,
        cells["subject"],
        cells["stimulus"],
        rating("valence"),
        rating("arousal"),
        _path(cells["signal"]),
        rate,
        start,
        duration,
        cells.get("column", ""),
        target,
        _path(cells.get("audio", "")),
        cells.get("title", ""),
        cells.get("artist", ""),
        int(repetition),
        cells.get("song", ""),
        start_local,
        cells.get("unit", ""),
        start_of_day,
        _samples(cells),
    )


def _samples(cells: Mapping[str, str]) -> str:
    """The cell that says which samples of the file are the trial, checked."""
    samples = cells.get("samples", "")
    name, equals, value = samples.partition("=")
    if samples and not (name.strip() and equals and value.strip()):
        raise _Wrong(
            f"the samples {samples!r} are not a column and its value",
            "write them as trial=3: those samples of the signal file whose column trial has 3",
        )
    if samples and (cells.get("start") or cells.get("duration")):
        raise _Wrong(
            "samples say where the trial is, and so do start or duration", "leave one of them empty"
        )
    return samples


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


def _path(cell: str) -> str:
    """A path as this system writes it; tables are often made on Windows."""
    return str(PurePosixPath(cell.replace("\\", "/"))) if cell else ""


def _check_paths(rows: Iterable[Row], file: RawFile) -> None:
    """Refuse a table that names files outside its folder: it may be somebody else's."""
    for row in rows:
        for name, path in (("signal", row.signal), ("audio", row.audio)):
            if (
                path.startswith("/")
                or ".." in PurePosixPath(path).parts
                or re.match("[A-Za-z]:", path)
                or not path.isprintable()
            ):
                raise RtcanError(
                    f"{file}, line {row.line}: the {name} {path!r} does not lie below the folder "
                    f"of {file.name.name}",
                    hint="write paths relative to that folder; copy the files into it",
                )


def _check_ids(rows: Iterable[Row], file: RawFile) -> None:
    """Refuse two ways of writing what may be one subject: it could train and test a network."""
    of: dict[str, Callable[[Row], str]] = {
        "subject": lambda row: row.subject,
        "stimulus": lambda row: row.stimulus,
        # Without one, the stimulus is its own song.
        "song": lambda row: row.song or row.stimulus,
    }
    for name, identifier_of in of.items():
        found: dict[str, Row] = {}
        for row in rows:
            identifier = identifier_of(row)
            first = found.setdefault(canonical(identifier), row)
            if identifier_of(first) != identifier:
                raise RtcanError(
                    f"{file}: {name} {identifier_of(first)!r} (line {first.line}) and "
                    f"{identifier!r} (line {row.line}) may be the same",
                    hint=f"write each {name} in one way, or rename one of them",
                )


def _check_twice(rows: Sequence[Row], file: RawFile) -> None:
    """Refuse rows that cannot both be true."""

    def clash(first: Row, second: Row, what: str, hint: str) -> RtcanError:
        lines = f"lines {first.line} and {second.line}"
        return RtcanError(f"{file}: {lines} {what}", hint=hint)

    trials: defaultdict[tuple[str, str, int], list[Row]] = defaultdict(list)
    parts: dict[object, Row] = {}
    for row in rows:
        key = (row.subject, row.stimulus, row.repetition)
        trial = f"subject {row.subject}, stimulus {row.stimulus}{hearing(row.repetition)}"
        for other in trials[key]:
            if row.target == other.target or "both" in (row.target, other.target):
                raise clash(
                    other,
                    row,
                    f"are the same trial ({trial}, target {row.target})",
                    COUNT_REPETITIONS,
                )
            for target in TARGETS:
                own, theirs = getattr(row, target), getattr(other, target)
                if own != theirs and not (math.isnan(own) or math.isnan(theirs)):
                    raise clash(other, row, f"give {trial} two {target} ratings", "keep one")
        trials[key].append(row)
        part = (row.signal, row.column, repr(row.start), repr(row.duration), row.samples)
        if row.signal and part in parts:
            raise clash(
                parts[part],
                row,
                f"take the same samples of {row.signal}",
                "tell where each begins in the columns start and duration; leave target empty "
                "where one hearing serves both ratings",
            )
        parts[part] = row
    _check_same(rows, "audio", "two audio files", clash)
    _check_same(rows, "song", "two songs", clash)


def _check_same(
    rows: Iterable[Row], name: str, two: str, clash: Callable[[Row, Row, str, str], RtcanError]
) -> None:
    """A stimulus sounds the same for everybody."""
    known: dict[str, Row] = {}
    for row in rows:
        if getattr(row, name):
            first = known.setdefault(row.stimulus, row)
            if getattr(first, name) != getattr(row, name):
                what = f"give stimulus {row.stimulus} {two}"
                raise clash(first, row, what, "give each its own stimulus")
