"""What programs write above a table, and what their names of columns tell.

Consensys (Shimmer), OpenSignals (BITalino, biosignalsplux), BioGraph (ProComp), BioTrace (NeXus),
AcqKnowledge (BioPac), EmotiBit and EmbracePlus have layouts of their own. All others are plain
tables.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.csvfile import refuse_repeated
from rtcan_cli.datasets.formats import statements
from rtcan_cli.datasets.formats.layout import Layout
from rtcan_cli.datasets.times.columns import Column
from rtcan_cli.datasets.times.text import read_times
from rtcan_cli.datasets.times.units import UNITS, time_unit
from rtcan_cli.errors import RtcanError

_SHIMMER = re.compile(r"Shimmer_\w{4}_", re.IGNORECASE)
_BIOGRAPH = re.compile(r"Export Channel Data with rate of\s+([\d.]+)\s+samples per second", re.I)
# In the language of the program: "Output rate:", "Ausgabegeschwindigkeit:", ...
_BIOTRACE = re.compile(r"[^\t:]+:\t(\d+(?:[.,]\d+)?)\tSamples/\w+\.?\s*", re.I)
_BIOPAC = re.compile(r"([\d.]+)\s*(\w+)/sample\s*", re.IGNORECASE)
_ONE_DIGIT = re.compile(r"(?<![\d.])(\d)(?!\d)")
_COUNT = re.compile(r"(\d+)\s+channels?\s*", re.IGNORECASE)

# The transfer functions of the makers' data sheets for their EDA sensors: EDA [uS] is the share of
# the converter's range, times its voltage, by a factor. BITalino (r)evolution, EDA sensor data
# sheet: 3.3 V, 0.132; biosignalsplux EDA sensor data sheet: 3 V, 0.12.
_TRANSFER = {"bitalino_rev": (3.3, 0.132), "biosignalsplux": (3.0, 0.12)}

# A counter of frames starts again after one less than one of these; the last is that of the
# RespiBAN, which never starts again.
_CYCLES = (16, 256, 4096, 65536, math.inf)
# A column whose steps are 1 less often does not count frames.
_COUNTS = 0.9


@dataclass(frozen=True)
class Facts:
    """What a layout tells beside its numbers.

    Attributes
    ----------
    format : str
        What it is.
    columns : tuple of Column
        Those of the table, with their names and units.
    sampling_rate : float
        In Hz; NaN where it is not stated.
    start : float
        Unix time of the first sample; NaN where it is not stated.
    zone_unknown : bool
        Whether the start is taken as if its time zone were UTC.
    notes : tuple of str
        What has to be said.
    """

    format: str
    columns: tuple[Column, ...]
    sampling_rate: float = math.nan
    start: float = math.nan
    zone_unknown: bool = False
    notes: tuple[str, ...] = ()


def facts_of(layout: Layout, source: object) -> Facts:
    """Recognise the program that wrote a table.

    Parameters
    ----------
    layout : Layout
        The table.
    source : object
        What to call the file.

    Raises
    ------
    RtcanError
        If the preamble of a known program contradicts its table.
    """
    top = layout.preamble[0] if layout.preamble else ""
    if top.lower().startswith("# opensignals"):
        return _opensignals(layout, source)
    for line in layout.preamble[:3]:
        if match := _BIOGRAPH.search(line):
            return Facts("BioGraph export", layout.columns, float(match[1]))
        if match := _BIOPAC.fullmatch(line.strip()):
            return _biopac(layout, match)
    for line in layout.preamble[:15]:
        if match := _BIOTRACE.fullmatch(line):
            return _biotrace(layout, float(match[1].replace(",", ".")))
    names = [column.name for column in layout.columns]
    if any((column.name, column.unit) == ("eda_scl", "usiemens") for column in layout.columns):
        raise RtcanError(
            f"{source} holds averages of a minute (digital biomarkers of the EmbracePlus), in "
            "which no response can be seen",
            hint="take the raw data: the files below raw_data/v6 of Empatica's download",
        )
    if any(_SHIMMER.match(name) for name in names):
        return Facts("Shimmer export", layout.columns)
    if {"LocalTimestamp", "EmotiBitTimestamp"} <= set(names):
        # Columns of the header of each packet that are numbers, but no signals; EmotiBit writes
        # microsiemens.
        of_packet = {"PacketNumber", "DataLength", "ProtocolVersion", "DataReliability", "TypeTag"}
        columns = tuple(c for c in layout.columns if c.name not in of_packet)
        return Facts("EmotiBit export", tuple(_in_microsiemens(c, "EA") for c in columns))
    if names == ["unix_timestamp", "eda"]:
        columns = tuple(_in_microsiemens(c, "eda") for c in layout.columns)
        return Facts("EmbracePlus export", columns)
    return _plain(layout, source)


def _plain(layout: Layout, source: object) -> Facts:
    """Any other table, with what it says about itself in words."""
    lines, columns = layout.preamble, layout.columns
    format = "text"
    if statements.is_labchart(lines):
        format, columns = "LabChart text", statements.labchart_columns(lines, columns)
    unit, where = statements.stated_unit(lines, columns, source)
    notes: tuple[str, ...] = ()
    if unit:
        columns = statements.with_unit(columns, unit, where, source)
        notes = (f"the unit was read from {where}",)
    elif other := statements.other_unit(columns):
        notes = (other,)
    return Facts(format, columns, statements.stated_rate(lines, source), notes=notes)


def _in_microsiemens(column: Column, name: str) -> Column:
    return replace(column, unit=column.unit or "uS") if column.name == name else column


def _biotrace(layout: Layout, rate: float) -> Facts:
    """BioTrace: the first column numbers the samples, whatever it is called."""
    first, *others = layout.columns
    if first.numbers is not None and len(first.numbers) > 1:
        steps = np.diff(first.numbers)
        if np.isfinite(steps).all() and (steps == np.rint(steps)).all() and np.median(steps) == 1:
            first = replace(first, unit="s", numbers=first.numbers / rate)
    return Facts("BioTrace export", (first, *others), rate)


def _biopac(layout: Layout, rate: re.Match[str]) -> Facts:
    """AcqKnowledge: file, step, number of channels, name and unit of each, then CH1, CH2, ..."""
    unit = time_unit(rate[2])
    step = float(rate[1]) * UNITS[unit] if unit else math.nan
    lines = [line.strip() for line in layout.preamble]
    place = next((i for i, line in enumerate(lines) if _COUNT.fullmatch(line)), None)
    columns = list(layout.columns)
    if place is not None:
        named = lines[place + 1 :]
        signals = [i for i, c in enumerate(columns) if re.fullmatch(r"CH\s?\d+", c.name, re.I)]
        pairs = list(zip(named[::2], named[1::2], strict=False))
        if len(signals) == len(pairs):
            for i, (name, unit_of) in zip(signals, pairs, strict=True):
                columns[i] = replace(columns[i], name=name, unit=unit_of)
    return Facts("BioPac text export", tuple(columns), 1 / step if step else math.nan)


def _opensignals(layout: Layout, source: object) -> Facts:
    """OpenSignals: a line of JSON says what the columns are; they hold counts of the converter."""
    devices = _devices(layout, source)
    if len(devices) != 1:
        raise RtcanError(
            f"{source} is an OpenSignals recording of {len(devices)} devices",
            hint="export each device to a file of its own",
        )
    (device,) = devices.values()
    names = [str(name) for name in device.get("column", ())]
    if len(names) != len(layout.columns):
        raise RtcanError(
            f"{source} is an OpenSignals recording whose header names {len(names)} columns, but "
            f"its rows have {len(layout.columns)}",
            hint="export it again from OpenSignals",
        )
    labels = [str(label) for label in device.get("label", ())]
    refuse_repeated(names, labels, source)
    sensors = dict(zip(labels, map(str, device.get("sensor", ())), strict=False))
    bits = _resolutions(device, names, labels, source)
    converted = bool(device.get("convertedValues", 0))
    columns = []
    for column, name in zip(layout.columns, names, strict=True):
        if name.casefold() == "nseq" and column.numbers is not None:
            _refuse_lost_frames(column.numbers, source)
        sensor = sensors.get(name, "")
        column = replace(column, name=name, unit="")
        if name in sensors:
            unit = "" if converted else "counts"
            column = replace(column, name=f"{name} {sensor}".strip(), unit=unit)
        if sensor.upper() in ("EDA", "EDABITREV", "EDAP") and column.numbers is not None:
            if converted:
                column = replace(column, unit="uS")  # as OpenSignals converts EDA
            else:
                column = _of_counts(column, str(device.get("device", "")), bits.get(name))
        columns.append(column)
    rate = device.get("sampling rate", math.nan)
    day, hour = str(device.get("date", "")).strip(), str(device.get("time", "")).strip()
    # Without zeros before single digits: 2017-5-22 and 9:39:1.0.
    parsed = read_times([_ONE_DIGIT.sub(r"0\1", f"{day} {hour}")]) if day and hour else None
    start, local = (math.nan, False) if parsed is None else (float(parsed[0][0]), parsed[1])
    local = local and not math.isnan(start)
    return Facts("OpenSignals recording", tuple(columns), float(rate), start, local)


def _resolutions(
    device: dict[str, Any], columns: list[str], labels: list[str], source: object
) -> dict[str, object]:
    """Bits of each column: the header lists them for all columns, or for the sensors alone."""
    bits = device.get("resolution", ())
    for names in (columns, labels):
        if len(bits) == len(names):
            return dict(zip(names, bits, strict=True))
    if not bits:
        return {}
    raise RtcanError(
        f"{source} is an OpenSignals recording whose header has {len(bits)} resolutions for "
        f"{len(columns)} columns and {len(labels)} sensors",
        hint="export it again from OpenSignals",
    )


def _refuse_lost_frames(counter: NDArray[np.float64], source: object) -> None:
    """Refuse a recording whose counter of frames jumps: how many were lost is not known.

    BITalino counts to 15 and starts again from 0.
    """
    if counter.size < 2:
        return
    cycle = next(c for c in _CYCLES if counter.max() < c)
    follows = np.diff(counter) % cycle == 1
    if follows.all() or follows.mean() < _COUNTS:
        return  # nothing is lost, or it does not count frames
    last = int(np.argmin(follows))
    raise RtcanError(
        f"{source}: frames were lost (gaps: {int((~follows).sum())}), first after frame "
        f"{last + 1}: the counter nSeq jumps from {counter[last]:g} to {counter[last + 1]:g}"
        + (", which does not say how long the gap is" if math.isfinite(cycle) else ""),
        hint="split the file there: what follows has another beginning",
    )


def _devices(layout: Layout, source: object) -> dict[str, dict[str, Any]]:
    for line in layout.preamble[:5]:
        if line.lstrip("# ").startswith("{"):
            try:
                found = json.loads(line.lstrip("# "))
            except ValueError:
                break
            if isinstance(found, dict) and all(isinstance(each, dict) for each in found.values()):
                return found
            break
    raise RtcanError(
        f"{source} is an OpenSignals recording whose header cannot be read",
        hint="export it again from OpenSignals",
    )


def _of_counts(column: Column, device: str, bits: object) -> Column:
    """Microsiemens from the counts of a converter, where the device tells how."""
    assert column.numbers is not None
    if device.casefold() not in _TRANSFER or not isinstance(bits, int) or not 1 <= bits <= 32:
        return column
    voltage, factor = _TRANSFER[device.casefold()]
    values = column.numbers / 2**bits * voltage / factor
    return replace(column, numbers=values, unit="uS")
