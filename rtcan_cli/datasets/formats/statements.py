"""What a plain table says about itself in words: lines above it, and a column that holds the unit.

Understood are lines such as ``# Units: kOhm`` and ``Sampling rate: 32 Hz``, the header of text from
LabChart, and a column ``Unit`` whose cells are all the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from rtcan_cli.datasets import names
from rtcan_cli.datasets.times.columns import Column
from rtcan_cli.datasets.times.units import UNITS, time_unit
from rtcan_cli.datasets.units import is_unit, parse_unit
from rtcan_cli.errors import RtcanError

_LINE = re.compile(r"[\s#%;/*\"]*(?P<key>[^:=\t,;]{1,40}?)\s*(?::=|[:=\t,;])\s*(?P<value>.+)")
_UNIT_WORDS = {"unit", "units", "einheit", "einheiten", "unité", "unités"}
_OF_EDA = {"eda", "gsr", "sc", "signal", "data", "channel", "of", "measurement", "the", "y"}
_RATES = {"fs", "rate", "samplingrate", "samplerate", "samplingfrequency", "samplefrequency"}
_RATES |= {"samplesrate", "abtastrate", "samplingfreq", "hz", "samplingratehz", "frequency"}
_INTERVALS = {"interval", "samplinginterval", "sampleinterval", "samplingperiod", "sampleperiod"}
_NUMBER = re.compile(r"(?P<number>\d*\.?\d+(?:e[+-]?\d+)?)\s*(?P<unit>[^\d\s].*)?", re.I | re.A)
_PER_SECOND = {"": 1.0, "hz": 1.0, "khz": 1000.0, "sps": 1.0, "1/s": 1.0, "hertz": 1.0}
_PER_SECOND |= {"samples/s": 1.0, "samples/sec": 1.0, "samples/second": 1.0, "s/s": 1.0}
_PER_SECOND |= {"samples per second": 1.0}
_VOLTAGE = {"v", "mv", "uv", "µv", "volt", "volts"}
_SAME = 0.01


def pairs_of(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Key and value of each line that has both."""
    found = []
    for line in lines:
        if match := _LINE.fullmatch(line.rstrip()):
            found.append((match["key"].strip(' "'), match["value"].strip(' "\t')))
    return found


def stated_rate(lines: Sequence[str], source: object) -> float:
    """The sampling rate in Hz that lines above a table state; NaN where they do not.

    Raises
    ------
    RtcanError
        If they state two.
    """
    rates: dict[float, str] = {}
    for key, value in pairs_of(lines):
        words = [word for word in names.words_of(key) if word not in _OF_EDA]
        name = "".join(words)
        match = _NUMBER.fullmatch(value)
        if match is None or not float(match["number"]) > 0:
            continue
        number, unit = float(match["number"]), (match["unit"] or "").strip(" ,;").casefold()
        length = time_unit(unit)
        if name in _RATES and unit in _PER_SECOND:
            rates[number * _PER_SECOND[unit]] = f"{key}: {value}"
        elif name in _INTERVALS and length:
            rates[1 / (number * UNITS[length])] = f"{key}: {value}"
    if rates and max(rates) > (1 + _SAME) * min(rates):
        raise RtcanError(
            f"{source}: lines above the table state two sampling rates: "
            f"{' and '.join(repr(text[:40]) for text in list(rates.values())[:2])}",
            hint="delete the line that is not about this table",
        )
    return next(iter(rates), math.nan)


def stated_unit(lines: Sequence[str], columns: Sequence[Column], source: object) -> tuple[str, str]:
    """The unit of EDA that lines above a table or a column of units state, and where it stands.

    Both are empty where there is none.

    Raises
    ------
    RtcanError
        If there are several.
    """
    found: dict[str, str] = {}
    for key, value in pairs_of(lines):
        words = set(names.words_of(key))
        if words & _UNIT_WORDS and not words - _UNIT_WORDS - _OF_EDA:
            found |= dict.fromkeys(_units_in(value), f"the line {f'{key}: {value}'[:40]!r}")
    for column in columns:
        words = set(names.words_of(column.name))
        if words & _UNIT_WORDS and is_unit(column.unit):
            found[column.unit] = f"the name of the {column.label} ({column.unit})"
        elif column.cells is not None and words <= _UNIT_WORDS:
            cells = {cell.strip() for cell in column.cells} - {""}
            found |= {cell: f"the {column.label} ({cell})" for cell in sorted(cells) if column.name}
    plain = {str(parse_unit(unit) or unit): unit for unit in found}
    if len(plain) > 1:
        shown = " and ".join(found[unit] for unit in list(plain.values())[:2])
        raise RtcanError(
            f"{source} states several units for its EDA: {shown}",
            hint="write a file for each unit, with the unit behind the name of the column: "
            "EDA [uS]",
        )
    unit = next(iter(plain.values()), "")
    return unit, found.get(unit, "")


def _units_in(value: str) -> list[str]:
    """Texts of a line that are units of EDA, or of voltage; ``0.1 uS`` is one, and not known."""
    units = []
    for cell in re.split(r"[,;\t]", value):
        cell = cell.strip(' "')
        words = cell.split()
        if is_unit(cell) or cell.casefold() in _VOLTAGE:
            units.append(cell)
        elif len(words) > 1 and words[0].isalpha() and is_unit(words[-1]):
            units.append(words[-1])
        elif any(is_unit(word) for word in re.split(r"[\s*×x]", cell)):
            units.append(cell)
    return [unit for unit in units if unit != "ns"]  # nanoseconds


def with_unit(
    columns: Sequence[Column], unit: str, where: str, source: object
) -> tuple[Column, ...]:
    """Columns, of which those that may be EDA have a unit that is stated elsewhere.

    Raises
    ------
    RtcanError
        If a column's own unit is another one.
    """
    signals = [c for c in columns if c.numbers is not None and not names.is_time_name(c.name)]
    eda = [c for c in signals if names.is_eda(c.name) or names.is_resistance(c.name)] or signals
    for column in eda:
        if len(eda) == 1 and column.unit and parse_unit(column.unit) != parse_unit(unit):
            raise RtcanError(
                f"{source}: the unit of its {column.label} is {column.unit!r}, but {where} says "
                "another one",
                hint="correct one of them",
            )
    numbers = {column.number for column in eda if not column.unit}
    return tuple(replace(c, unit=unit) if c.number in numbers else c for c in columns)


def other_unit(columns: Sequence[Column]) -> str:
    """What to say where EDA has no unit, but a column beside the signals of the skin has one."""

    def of_skin(column: Column) -> bool:
        return names.is_eda(column.name) or names.is_resistance(column.name)

    without = [c for c in columns if of_skin(c) and c.numbers is not None and not c.unit]
    for column in columns if without else ():
        unit = parse_unit(column.unit)
        if not of_skin(column) and unit and unit.quantity != "relative":
            return (
                f"the {without[0].label} has no unit, but the {column.label} has {column.unit}: "
                f"--unit {unit.name} if that is the unit of the first"
            )
    return ""


def is_labchart(lines: Sequence[str]) -> bool:
    """Whether lines above a table are those of text that LabChart exports."""
    keys = {key.casefold() for key, _ in pairs_of(lines[:12])}
    return {"interval", "channeltitle"} <= keys


def labchart_columns(lines: Sequence[str], columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns of text from LabChart, with the names and units that its header gives.

    Source: LabChart help, "Exporting as text": the header has a line for each property, with one
    cell for each channel; times are seconds in a column before the channels.
    """
    cells = {}
    for line in lines:
        key, *values = line.split("\t")
        cells[key.strip("# =").casefold()] = [value.strip() for value in values]
    titles = cells.get("channeltitle", [])
    units = cells.get("unitname") or [
        text.split()[-1] if text else "" for text in cells.get("range", [])
    ]
    before = len(columns) - len(titles)
    if before not in (0, 1):
        return tuple(replace(column, name="", unit="") for column in columns)
    named = [replace(column, name="time", unit="s") for column in columns[:before]]
    for i, column in enumerate(columns[before:]):
        unit = units[i] if i < len(units) else ""
        named.append(replace(column, name=titles[i], unit=unit.strip("*")))
    return tuple(named)
