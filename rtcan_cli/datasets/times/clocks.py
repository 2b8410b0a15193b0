"""Columns of a table that are clocks: in which unit they count, and where each sample lies in time.

A clock is used only if its unit is sure.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.names import words_of
from rtcan_cli.datasets.times.columns import Column, has_to_be_times, is_eda, with_dates
from rtcan_cli.datasets.times.inferred_units import (
    first_day,
    refuse_implausible,
    unit_at,
    unit_by_rate,
    unit_of_unix,
)
from rtcan_cli.datasets.times.order import Rows, in_order
from rtcan_cli.datasets.times.packets import refuse_rounded
from rtcan_cli.datasets.times.rates import is_same_rate
from rtcan_cli.datasets.times.steps import (
    ROWS_TO_TELL,
    rises_evenly,
    rises_with_holes,
    typical_step,
)
from rtcan_cli.datasets.times.text import read_times, unreadable
from rtcan_cli.datasets.times.units import UNITS, UNIX_FIRST, time_unit
from rtcan_cli.errors import RtcanError


@dataclass(frozen=True)
class Clock:
    """Sampling times of the rows of a table.

    Attributes
    ----------
    column : Column
        Where they are from.
    time : ndarray of float64, shape (n_kept,)
        In seconds, increasing.
    kept : ndarray of int, shape (n_kept,)
        The rows that have one, in the order of the table.
    doubtful : ndarray of bool, shape (n_kept,)
        Where several samples claim one time, so that none of them counts.
    zone_unknown : bool
        Whether the times are those of a clock on a wall, taken as if its zone were UTC.
    notes : tuple of str
        What was left out.
    """

    column: Column
    time: NDArray[np.float64]
    kept: NDArray[np.intp]
    doubtful: NDArray[np.bool_]
    zone_unknown: bool = False
    notes: tuple[str, ...] = ()


def find_clock(
    columns: Sequence[Column],
    same: NDArray[np.bool_],
    stated: float,
    lines: NDArray[np.intp],
    source: object,
) -> tuple[Clock | None, tuple[int, ...], tuple[str, ...]]:
    """Find the clock of a table.

    Parameters
    ----------
    columns : sequence of Column
        All of them.
    same : ndarray of bool, shape (n_rows,)
        Rows that repeat the one before in all of their cells.
    stated : float
        The sampling rate in Hz, as it is stated elsewhere; NaN where it is not.
    lines : ndarray of int, shape (n_rows,)
        The line of each row in the file.
    source : object
        What to call the file.

    Returns
    -------
    clock : Clock or None
        None where there is none.
    others : tuple of int
        Indices of the columns that are clocks, counters or numbers of rows, and so no signals.
    notes : tuple of str
        Which clocks were not used.

    Raises
    ------
    RtcanError
        If there are clocks, but none can be used.
    """
    columns = with_dates(columns)
    rows = Rows(same, lines, stated, source)
    found: list[tuple[int, Clock]] = []
    refused: list[tuple[int, RtcanError]] = []
    aside: list[int] = []
    for index, column in enumerate(columns):
        if len(columns) == 1 and column.cells is None:
            continue
        wanted = has_to_be_times(column)
        try:
            clock = _as_clock(column, rows, wanted, first=index == 0)
        except RtcanError as error:
            refused.append((index, error))
            continue
        if clock is not None:
            found.append((index, clock))
        elif wanted and column.cells is None:
            aside.append(index)
    if not found and refused:
        raise refused[0][1]
    if not found and len(columns) > 1:
        for index, column in enumerate(columns):
            clock = _of_lost_samples(column, rows)
            if clock is not None:
                found.append((index, clock))
    others = tuple(sorted({*aside, *(i for i, _ in found), *(i for i, _ in refused)}))
    if not found:
        return None, others, ()
    found = _agreeing(found, stated, source)
    # Absolute times first: they tell the start as well.
    clock = sorted(
        found, key=lambda each: not (len(each[1].time) and each[1].time[0] >= UNIX_FIRST)
    )[0][1]
    unused = [columns[i].label for i in others if columns[i] is not clock.column]
    notes = clock.notes
    if unused:
        notes += (f"times are those of the {clock.column.label}, not of the {', '.join(unused)}",)
    return clock, others, notes


def _agreeing(
    found: list[tuple[int, Clock]], stated: float, source: object
) -> list[tuple[int, Clock]]:
    """Clocks that run at the stated rate, if there are any; otherwise all, which must be alike."""
    rates = {index: _rates(clock.time) for index, clock in found if len(clock.time) > ROWS_TO_TELL}

    def are_alike(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
        return any(map(is_same_rate, one, other))

    if fitting := [each for each in found if are_alike(rates.get(each[0], ()), (stated,) * 2)]:
        return fitting
    for (first, one), (second, other) in itertools.combinations(rates.items(), 2):
        if not are_alike(one, other):
            labels = {index: clock.column.label for index, clock in found}
            raise RtcanError(
                f"{source}: the times in its {labels[first]} are {one[0]:.4g} Hz, and those in its "
                f"{labels[second]} {other[0]:.4g} Hz",
                hint="give the sampling_rate that is right; or delete the columns that are about "
                "other samples",
            )
    return found


def _rates(time: NDArray[np.float64]) -> tuple[float, float]:
    """Sampling rate without gaps, which one of two clocks may leave out, and that of the whole.

    The second one does not depend on when within a packet each sample arrived.
    """
    apart = np.median(time[ROWS_TO_TELL:] - time[:-ROWS_TO_TELL])
    return float(ROWS_TO_TELL / apart), float((len(time) - 1) / (time[-1] - time[0]))


def read_clock(name: str, time: NDArray[np.float64], stated: float, source: object) -> Clock | None:
    """Times that a file keeps under a name, in seconds.

    Parameters
    ----------
    name : str
        May tell the unit, as in ``time_ms``.
    time : ndarray of float64, shape (n_samples,)
        Increasing.
    stated : float
        The sampling rate in Hz, as it is stated elsewhere; NaN where it is not.
    source : object
        What to call the file.

    Raises
    ------
    RtcanError
        If their unit is not sure, or they cannot be times.
    """
    column = Column(name, "", time, None, 1)
    return _as_clock(column, Rows.numbered(len(time), stated, source), wanted=True, first=True)


def read_counter(
    name: str, unit: str, numbers: NDArray[np.float64], stated: float, source: object
) -> Clock | None:
    """Times of samples of which some were lost, from a column that no name calls a clock.

    It may count samples or time, in whole steps.

    Parameters
    ----------
    name, unit : str
        Of the column; none that says EDA is taken for a clock.
    numbers : ndarray of float64, shape (n_samples,)
        Its values.
    stated : float
        The sampling rate in Hz, as it is stated elsewhere.
    source : object
        What to call the file.

    Returns
    -------
    Clock or None
        None where the values do not rise so, or rise without a hole.

    Raises
    ------
    RtcanError
        If they rise so, but in no unit of time at the stated rate.
    """
    if not rises_with_holes(numbers):
        return None
    column = Column(name, unit, numbers, None, 1)
    return _of_lost_samples(column, Rows.numbered(len(numbers), stated, source))


def _as_clock(column: Column, rows: Rows, wanted: bool, first: bool) -> Clock | None:
    """A column as a clock; None where it is not one."""
    zone_unknown = False
    place = f"{rows.source}: the times in the {column.label}"
    if column.cells is not None:
        parsed = read_times(column.cells)
        if parsed is None:
            if wanted and any(cell.strip() for cell in column.cells):
                raise unreadable(place, column.cells)
            return None
        raw, zone_unknown = parsed
        unit: str | None = "s"
    else:
        assert column.numbers is not None
        raw = column.numbers
        unit = time_unit(column.unit) or _unit_in_name(column.name)
        if not wanted and (is_eda(column) or not rises_evenly(raw)):
            return None
        if not wanted and not (first and not column.name):
            return _by_stated_rate(column, raw, rows)
    known = ~np.isnan(raw)
    if not known.any():
        return None
    kept, time, doubtful, notes = in_order(raw, rows, column.label)
    if len(raw) > 1 and len(np.unique(time)) < 2:
        if not wanted:
            return None
        raise RtcanError(
            f"{place} do not advance", hint="rename the column, and give a sampling_rate"
        )
    if len(time) < 2:
        return Clock(column, time * UNITS[unit or "s"], kept, doubtful, zone_unknown)
    step = typical_step(raw[kept])
    if column.cells is None and not wanted and step == 1 and unit is None:
        return _by_stated_rate(column, raw, rows)
    zero = first_day(time, step) if unit in (None, "days") and column.cells is None else None
    if zero is not None:
        # Microseconds are all that such numbers can tell.
        time, unit, zone_unknown = np.round((time - zero) * 86_400, 6) / 86_400, "days", True
    if unit is None:
        unit = unit_of_unix(time) or unit_by_rate(step, rows.stated, column.name, place)
    if column.cells is None:
        refuse_rounded(raw[known] * UNITS[unit], place)
    refuse_implausible(step * UNITS[unit], unit, place)
    return Clock(column, time * UNITS[unit], kept, doubtful, zone_unknown, notes)


def _of_lost_samples(column: Column, rows: Rows) -> Clock | None:
    """A column that no name calls a clock, though it rises as one with lost samples does."""
    if column.numbers is None or is_eda(column) or not rises_with_holes(column.numbers):
        return None
    if math.isnan(rows.stated):
        raise RtcanError(
            f"{rows.source}: the {column.label} rises as times do, with holes, but nothing says "
            "that it holds times",
            hint="name it time_s, time_ms or as its unit is; if these are not times, delete the "
            "column",
        )
    return _by_stated_rate(column, column.numbers, rows)


def _by_stated_rate(column: Column, raw: NDArray[np.float64], rows: Rows) -> Clock | None:
    """Numbers that rise evenly, though no name calls them times: the stated rate tells."""
    if math.isnan(rows.stated):
        return None
    step = typical_step(raw[~np.isnan(raw)])
    if step == 1:
        # Numbers of samples: where some are left out, samples are missing.
        if bool((np.diff(raw) == 1).all()):
            return None
        scale = 1 / rows.stated
    else:
        unit = unit_at(step, rows.stated)
        if unit is None:
            if not rises_with_holes(raw):
                return None
            raise RtcanError(
                f"{rows.source}: the {column.label} rises in steps of {step:.4g} with holes, as "
                f"times do, but in no unit of time are these {rows.stated:g} Hz",
                hint="correct the sampling_rate; if these are not times, delete the column",
            )
        scale = UNITS[unit]
    kept, time, doubtful, notes = in_order(raw, rows, column.label)
    note = f"the {column.label} was read as times: its steps fit {rows.stated:g} Hz"
    return Clock(column, time * scale, kept, doubtful, notes=(*notes, note))


def _unit_in_name(name: str) -> str | None:
    """``time_ms`` and ``timestamp us`` say their unit as their last word."""
    words = words_of(name)
    return time_unit(words[-1]) if words else None
