"""The first line of a lab's own table of trials: which columns it has, and in which units."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rtcan_cli.datasets.files.csvfile import refuse_repeated
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.times.units import UNITS, time_unit
from rtcan_cli.errors import RtcanError

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

_DELIMITERS = ("\t", ";", ",")
_SHOWN = 200  # characters of the line in a message

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

_PER_SECOND = {"hz": 1.0, "khz": 1000.0, "1/s": 1.0, "sps": 1.0, "samples/s": 1.0}
_CLOCKS = {"h:m:s", "hh:mm:ss", "hh:mm", "m:s", "mm:ss", "utc", "unix", "unix time", "iso"}
_CLOCKS |= {"iso 8601"}
_ENDS = {"end", "stop", "offset", "finish"}


@dataclass(frozen=True)
class Header:
    """Columns of a table of trials.

    Attributes
    ----------
    cells : tuple of str
        As they are written.
    names : tuple of str
        Their plain names, see `column_name`.
    factors : mapping of str to float
        What the numbers of a column are multiplied with, where its cell names a unit.
    """

    cells: tuple[str, ...]
    names: tuple[str, ...]
    factors: Mapping[str, float]

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that mean nothing to rtcan, as they are written."""
        pairs = zip(self.names, self.cells, strict=True)
        return tuple(cell for name, cell in pairs if cell and name not in REQUIRED + OPTIONAL)


def read_header(cells: Sequence[str], file: RawFile) -> Header:
    """Read the first line of a table of trials.

    Raises
    ------
    RtcanError
        If a column is missing or there twice, a unit is not known, or a column seems to tell where
        trials are, but has another name.
    """
    names = tuple(map(column_name, cells))
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        found = printable(", ".join(filter(None, cells)))[:_SHOWN] or "nothing"
        advice = _advice(missing, cells)
        raise RtcanError(
            f"{file} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; its first "
            f"line has {found}",
            hint=f"{advice}the first line names the columns; unknown values may stay empty below",
        )
    refuse_repeated(names, [name for name in names if name in REQUIRED + OPTIONAL], file)
    factors = _factors(cells, file)
    _refuse_unread(names, cells, file)
    return Header(tuple(cells), names, factors)


def column_name(cell: str) -> str:
    """A column's plain name, without unit: ``Sampling rate [Hz]`` gives ``sampling_rate``."""
    return re.sub(r"[\s_-]+", "_", re.sub(r"[\[(].*", "", cell).strip().casefold())


def find_delimiter(text: str) -> str:
    """The separator that finds most of the known columns in the first line."""
    first = text.lstrip().partition("\n")[0]

    def found(delimiter: str) -> int:
        names = {column_name(cell.strip(' "\r')) for cell in first.split(delimiter)}
        return len(names.intersection(REQUIRED + OPTIONAL))

    return max(_DELIMITERS, key=found)


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
