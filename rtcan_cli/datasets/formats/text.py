"""Recordings in text: tables of many makers, told apart by what is in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from rtcan_cli.datasets import names
from rtcan_cli.datasets.files.csvfile import has_thousands
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import empatica, imotions, labchart, preambles, qsensor
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.encoding import decode
from rtcan_cli.datasets.formats.layout import Layout, read_layout
from rtcan_cli.datasets.times.clocks import Clock, find_clock
from rtcan_cli.datasets.times.columns import Column
from rtcan_cli.datasets.times.units import UNIX_FIRST
from rtcan_cli.datasets.units import is_unit
from rtcan_cli.errors import RtcanError

SUFFIXES = (".csv", ".tsv", ".txt")


def read(file: RawFile, decimal: str, sampling_rate: float = math.nan) -> Contents:
    """Read a table of text.

    Parameters
    ----------
    file : RawFile
        The file.
    decimal : {".", ","}
        The decimal mark. With a comma, a point is understood too.
    sampling_rate : float
        In Hz, as it is stated elsewhere; NaN where it is not.

    Raises
    ------
    RtcanError
        If it is too large, not text, not a table, or its times cannot be read.
    """
    text, notes = decode(file)
    session = empatica.read_session(text[:200], file)
    if session:
        return empatica.of_text(text, session, file)
    if qsensor.is_log(text):
        log = qsensor.of_text(text, file)
        return replace(log, notes=(*notes, *log.notes))
    comments: dict[int, str] = {}
    if labchart.is_export(text):
        text, comments = labchart.rows_alone(text, decimal, file)
    layout = read_layout(text, decimal, file)
    facts = preambles.facts_of(layout, file)
    layout = replace(layout, columns=facts.columns)
    if imotions.is_export(layout.columns):
        facts = replace(facts, format="iMotions export")
        layout, not_read = imotions.samples_of(layout)
        notes += not_read
    _refuse_text(layout, file)
    layout, n_rows = _rows_of_eda(layout)
    clock, aside, found = find_clock(
        layout.columns, layout.same, _either(sampling_rate, facts.sampling_rate), layout.lines, file
    )
    if n_rows > 1 and clock is None:
        raise RtcanError(
            f"{file}: its EDA has a value in one of {n_rows} rows only, as in a table of several "
            "sensors, and no column says when",
            hint="add a column of times; or delete the rows without EDA, and give their own "
            "sampling_rate",
        )
    if n_rows > 1:
        found += (f"its EDA has a value in one of {n_rows} rows: the others were not read",)
    channels = _channels(layout, clock, aside, facts)
    notes += (*layout.notes, *facts.notes, *found)
    markers = _markers(comments, layout, clock, facts)
    return Contents(facts.format, channels, markers, notes, _labels(layout, clock, aside))


def _refuse_text(layout: Layout, file: RawFile) -> None:
    """Refuse EDA that is text: another column would be taken for it."""
    eda = [column for column in layout.columns if names.is_eda(column.name)]
    numbers = [column for column in layout.columns if column.numbers is not None]
    if not eda or any(names.is_eda(c.name) or is_unit(c.unit) for c in numbers):
        return
    shown = next((cell.strip() for cell in eda[0].cells or () if cell.strip()), "")
    raise RtcanError(
        f"{file}: its {eda[0].label} holds text instead of numbers: {shown[:40]!r}",
        hint="write the numbers without separators between thousands"
        if has_thousands(shown)
        else "check its decimal mark (--decimal ,)",
    )


def _rows_of_eda(layout: Layout) -> tuple[Layout, int]:
    """A table without the rows of other sensors, and how many rows each value of EDA has.

    Programs that merge sensors write a row for each sample of any, with empty cells for all others.
    Lost samples are different: they leave runs of rows that follow each other.
    """
    signals = [
        c for c in layout.columns if c.numbers is not None and not names.is_time_name(c.name)
    ]
    eda = [c for c in signals if names.is_eda(c.name) or names.is_resistance(c.name)]
    eda = eda or (signals if len(signals) == 1 else [])
    there = [~np.isnan(c.numbers) for c in eda if c.numbers is not None]
    if not there or not all((each == there[0]).all() for each in there):
        return layout, 1
    rows = np.flatnonzero(there[0])
    every = round(float(np.median(np.diff(rows)))) if len(rows) > 1 else 1
    if every == 1:
        return layout, 1

    def kept(column: Column) -> Column:
        numbers = None if column.numbers is None else column.numbers[rows]
        cells = None if column.cells is None else [column.cells[i] for i in rows.tolist()]
        return replace(column, numbers=numbers, cells=cells)

    columns = tuple(kept(column) for column in layout.columns)
    same = np.zeros(len(rows), bool)
    return replace(layout, columns=columns, lines=layout.lines[rows], same=same), every


def _either(stated: float, of_file: float) -> float:
    return of_file if math.isnan(stated) else stated


def _channels(
    layout: Layout, clock: Clock | None, aside: Sequence[int], facts: preambles.Facts
) -> tuple[Channel, ...]:
    channels = []
    for index, column in enumerate(layout.columns):
        if column.numbers is None or index in aside:
            continue
        values = _values(column, clock)
        start = facts.start
        zone_unknown = facts.zone_unknown
        if clock is not None:
            zone_unknown = clock.zone_unknown
        channels.append(
            Channel(
                column.name,
                column.unit,
                values,
                facts.sampling_rate,
                start,
                None if clock is None else clock.time,
                column.number,
                zone_unknown,
                clock is not None and clock.column.cells is not None and _is_of_day(clock.time),
            )
        )
    return tuple(channels)


def _markers(
    comments: Mapping[int, str], layout: Layout, clock: Clock | None, facts: preambles.Facts
) -> tuple[Marker, ...]:
    """Comments at rows, by the numbers of their lines."""
    if not comments or (clock is None and math.isnan(facts.sampling_rate)):
        return ()
    if clock is not None:
        lines, time = layout.lines[clock.kept], clock.time
    else:
        lines, time = layout.lines, np.arange(len(layout.lines)) / facts.sampling_rate
    where = dict(zip(lines.tolist(), time.tolist(), strict=True))
    return tuple(Marker(where[i], text) for i, text in comments.items() if i in where)


def _labels(layout: Layout, clock: Clock | None, aside: Sequence[int]) -> dict[str, Sequence[str]]:
    return {
        column.name: column.cells
        if clock is None
        else [column.cells[i] for i in clock.kept.tolist()]
        for index, column in enumerate(layout.columns)
        if column.cells is not None and column.name and index not in aside
    }


def _is_of_day(time: np.ndarray) -> bool:
    return len(time) > 0 and bool(time[0] < UNIX_FIRST)


def _values(column: Column, clock: Clock | None) -> np.ndarray:
    assert column.numbers is not None
    if clock is None:
        return column.numbers
    values = column.numbers[clock.kept]
    values[clock.doubtful] = np.nan
    return values
