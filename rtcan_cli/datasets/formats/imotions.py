"""Tables that iMotions exports: rows of all sensors in the order of time.

A row is written whenever any sensor has a sample, and the cells of the other sensors are empty or
keep their last value. The times of the rows are those at which the computer got the samples, so
that several share one. A Shimmer has a clock of its own, ``Timestamp CAL`` in milliseconds: it says
which rows hold a new sample of EDA, and when that was taken.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.formats.layout import Layout
from rtcan_cli.datasets.names import is_time_name, words_of
from rtcan_cli.datasets.times.columns import Column
from rtcan_cli.datasets.times.text import read_times
from rtcan_cli.datasets.times.units import UNIX_FIRST, UNIX_LAST

_SAME_SPAN = 0.01
_FEWEST = 8
# From version 8, names have no units; these are those of the Shimmer.
_UNITS = {"GSR Conductance CAL": "uS", "GSR Resistance CAL": "kOhm", "GSR RAW": "counts"}
_STEPS = (1 / 2500, 1 / 2)  # in seconds; others show that the clock is not in milliseconds


def is_export(columns: tuple[Column, ...]) -> bool:
    """Whether columns are those of iMotions, with EDA of a Shimmer and the clock of only one."""
    names = {column.name for column in columns}
    of_shimmer = any(words_of(column.name)[:1] == ["gsr"] for column in columns)
    of_export = of_shimmer and {"EventSource", "Timestamp"} <= names
    return of_export and _own_clock(columns) is not None


def samples_of(layout: Layout) -> tuple[Layout, tuple[str, ...]]:
    """The rows with a new sample, at the times of the sensor's clock.

    The clock is set by the computer's: both are compared in all rows. Where it was set back, or
    runs at another rate than that of the computer, the times of the rows stay as they are.

    Parameters
    ----------
    layout : Layout
        For which `is_export` is true.

    Returns
    -------
    layout : Layout
    notes : tuple of str
        What was not read.
    """
    clock = _own_clock(layout.columns)
    assert clock is not None
    assert clock.numbers is not None
    there = np.flatnonzero(~np.isnan(clock.numbers))
    rows = there[np.r_[True, np.diff(clock.numbers[there]) != 0]] if len(there) else there
    notes: tuple[str, ...] = ()
    if (left_out := len(clock.numbers) - len(rows)) and len(rows):
        notes = (f"rows without a new sample of the sensor, not read: {left_out}",)
    kept = _rows(layout, rows)
    if len(rows) < _FEWEST:
        return kept, notes
    own = clock.numbers[rows] / 1000
    host = _of_computer(kept.columns)
    placed = _placed(host, own)
    if placed is None:
        return kept, notes
    others = (c for c in kept.columns if c is not host and not is_time_name(c.name))
    return replace(kept, columns=(placed, *others)), notes


def _own_clock(columns: tuple[Column, ...]) -> Column | None:
    """The clock of the only sensor that has one; its name may say the unit, and the sensor."""
    found = [
        column
        for column in columns
        if column.numbers is not None and words_of(column.name)[:2] == ["timestamp", "cal"]
    ]
    return found[0] if len(found) == 1 else None


def _of_computer(columns: tuple[Column, ...]) -> Column:
    """The computer's clock: of those that are there, one with the date, if possible in UTC."""
    named = {column.name: column for column in columns}
    if "UTCTimestamp" in named or named["Timestamp"].cells is not None:
        return named.get("UTCTimestamp", named["Timestamp"])
    dated = (
        column
        for column in columns
        if words_of(column.name)[:3] == ["system", "timestamp", "cal"]
        and column.numbers is not None
        and UNIX_FIRST <= np.median(column.numbers) / 1000 <= UNIX_LAST
    )
    return next(dated, named["Timestamp"])


def _rows(layout: Layout, rows: NDArray[np.intp]) -> Layout:
    def of(column: Column) -> Column:
        unit = column.unit or _UNITS.get(column.name, "")
        numbers = None if column.numbers is None else column.numbers[rows]
        cells = None if column.cells is None else [column.cells[i] for i in rows.tolist()]
        return replace(column, unit=unit, numbers=numbers, cells=cells)

    return replace(
        layout,
        columns=tuple(map(of, layout.columns)),
        lines=layout.lines[rows],
        same=np.zeros(len(rows), np.bool_),
    )


def _placed(host: Column, own: NDArray[np.float64]) -> Column | None:
    """The computer's clock at the samples, from the sensor's in seconds; None if they disagree."""
    utc = host.name == "UTCTimestamp"
    if host.cells is not None:
        parsed = read_times(host.cells)
        if parsed is None:
            return None
        time, local = parsed[0], parsed[1] and not utc
    else:
        assert host.numbers is not None
        time, local = host.numbers / 1000, False
    if np.isnan(time).any() or (np.diff(own) <= 0).any():
        return None
    length = own[-1] - own[0]
    if not _STEPS[0] <= np.median(np.diff(own)) <= _STEPS[1]:
        return None
    if abs(time[-1] - time[0] - length) > _SAME_SPAN * length + 1:
        return None
    time = own + np.median(time - own)
    if host.cells is None:
        return replace(host, name="Timestamp_s", unit="s", numbers=time)
    stamps = np.datetime_as_string(np.round(time * 1e6).astype("datetime64[us]"))
    cells = [f"{stamp}{'' if local else 'Z'}" for stamp in stamps.tolist()]
    return replace(host, cells=cells)
