"""Recordings of a run in BIDS -> those that have EDA, as their descriptions say.

Source: Brain Imaging Data Structure 1.10, "Physiological recordings"; and the proposal BEP045,
whose ``MeasureType`` says what a column is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rtcan_cli.choices import Polarity
from rtcan_cli.datasets import names
from rtcan_cli.datasets.bids.fields import NO_OFFSET, POLARITY, REPAIRED
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.formats.bids import described
from rtcan_cli.errors import RtcanError

#: Types of recordings that can be EDA; ``specified`` is that of BEP045.
_TYPES = ("generic", "specified")
_MEASURES = ("eda", "gsr", "eda-total")


@dataclass(frozen=True)
class EdaFile:
    """A recording that may be EDA.

    Attributes
    ----------
    file : RawFile
        Where it is.
    column : str
        The column that is EDA; empty where the file has to show it.
    has_repaired : bool
        Whether it says which samples were interpolated.
    polarity : {"conductance", "resistance"}, optional
        What it says that its EDA is, beside its unit.
    no_offset : bool
        Whether it says that the offset of its EDA was removed.
    """

    file: RawFile
    column: str
    has_repaired: bool
    polarity: Polarity | None = None
    no_offset: bool = False


def find_eda(files: Sequence[RawFile], damaged: list[RtcanError]) -> Iterator[EdaFile]:
    """Recordings of a run whose description says, or does not deny, that they have EDA.

    Parameters
    ----------
    files : sequence of RawFile
        All recordings of the run.
    damaged : list of RtcanError
        Those with a damaged description, or one that leaves open whether they are EDA, are added.
    """
    for file in files:
        try:
            about = described(file, "physio")
        except RtcanError as error:
            damaged.append(error)
            continue
        columns = about.get("Columns")
        kind = about.get("PhysioType", "generic")
        if kind not in _TYPES or not isinstance(columns, list):
            continue
        measured = [str(name) for name in columns if _measure(about, str(name)) in _MEASURES]
        if len(measured) > 1:
            damaged.append(
                RtcanError(
                    f"{file}: several columns are EDA ({', '.join(map(printable, measured))})",
                    "ingest table, with a trials.csv that names the column",
                )
            )
            continue
        by_name = [
            str(name)
            for name in columns
            if not _measure(about, str(name)) and names.is_eda(str(name))
        ]
        found = measured or by_name
        doubtful = [
            str(name)
            for name in columns
            if (measure := _measure(about, str(name))) == "scr"
            or (not measure and names.is_response(str(name)))
        ]
        if doubtful and not found:
            damaged.append(
                RtcanError(
                    f"{file}: the column {printable(doubtful[0])} is SCR, which may be the whole "
                    "EDA or its phasic part alone",
                    "MeasureType EDA in its description, if it is the EDA as it was measured",
                )
            )
        if found:
            column = found[0] if len(found) == 1 else ""
            try:
                own = _polarity(about, column, file)
            except RtcanError as error:
                damaged.append(error)
                continue
            yield EdaFile(file, column, REPAIRED in columns, *own)


def _polarity(about: Mapping[str, Any], name: str, file: RawFile) -> tuple[Polarity | None, bool]:
    """What a description says of polarity and offset, beside the unit."""
    column = about.get(name)
    if not isinstance(column, dict):
        return None, False
    polarity, no_offset = column.get(POLARITY), column.get(NO_OFFSET, False)
    if polarity not in (None, "conductance", "resistance") or not isinstance(no_offset, bool):
        raise RtcanError(
            f"{file}: its description says {POLARITY} {polarity!r} and {NO_OFFSET} {no_offset!r} "
            f"of {name}",
            f"{POLARITY} is conductance or resistance, {NO_OFFSET} is true or false",
        )
    return polarity, no_offset


def _measure(about: Mapping[str, Any], name: str) -> str:
    """What BEP045's ``MeasureType`` says that a column is, in lower case; may be empty."""
    column = about.get(name)
    found = column.get("MeasureType", "") if isinstance(column, dict) else ""
    return found.casefold() if isinstance(found, str) else ""
