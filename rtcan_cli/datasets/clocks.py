"""Columns of a table that are clocks: in which unit they count, and where each sample lies in time.

A clock is used only if its unit is sure. Times of one sample that cannot be right are left out, so
that they make no other sample move.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.time_text import (
    CLOCK,
    DATE,
    is_day,
    is_of_time,
    padded,
    read_times,
    unreadable,
    years_first,
)
from rtcan_cli.datasets.units import is_unit
from rtcan_cli.errors import RtcanError

UNIX_FIRST, UNIX_LAST = 1e9, 4.1e9
"""Times between these (2001 to 2099) are seconds of Unix time: no recording lasts that long."""

SAME_RATE = 0.05
"""Two sampling rates that differ by less than this share are the same, but for rounding."""

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "days": 86400.0}
"""Seconds in each unit of time."""

_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_WORDS |= {"min": "minutes", "h": "hours", "days": "days"}
_SPELLED = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunden"), "s"),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "usecs", "micros", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    "days": "days",  # a column `day` is rather that of a study
}
_TIME_WORDS = {"time", "timestamp", "timestamps", "datetime", "date", "elapsed", "clock", "ts"}
_TIME_WORDS |= {"zeit", "datenum"}
_OTHER_WORDS = {"response", "reaction", "peak", "rise", "recovery", "half", "duration", "delay"}
EDA_WORDS = frozenset(
    {"eda", "gsr", "sc", "ea", "electrodermal", "conductance", "galvanic"}
    | {"skinconductance", "electrodermalactivity", "gsc"}  # GSC: MindWare
)
"""Words in the names of columns that are electrodermal activity."""

_SLOWEST, _FASTEST = 2.0, 2500.0
# Rates that sensors have, from which one is told that a column without a unit is in seconds. No
# rate of 1 Hz or more, times 60, is within 1 % of one: minutes are not taken for seconds.
_USUAL_RATES = (64, 100, 102.4, 128, 200, 204.8, 250, 256, 400, 500, 512, 1000, 1024, 2000, 2048)
_NEAR = 0.01
_SURE = 60.0

_PACKETS = 0.2
"""If more of the steps than this are none, samples are sent in packets that share a time."""

_WRONG = 0.01
"""If more of the times than this cannot be right, the column is not a clock."""

_USUAL_STEP = 1.5
_ROWS_TO_TELL = 8
_ENOUGH_TO_FALL = 1000
_EVEN = 0.1
_MOSTLY = 0.5
"""Of the steps of a clock with lost samples, more than this share are one sample long."""

_STAMPED = 2.0
"""Unix times that change at least this often, in seconds, are of samples or packets."""

# The number of 1970-01-01, where days are counted as Excel and as MATLAB (datenum) do.
_FIRST_DAYS = (25_569.0, 719_529.0)


@dataclass(frozen=True)
class Column:
    """One column of a table of text.

    Attributes
    ----------
    name : str
        Without its unit; empty where there is none.
    unit : str
        As it is written; empty where it is not.
    numbers : ndarray of float64, shape (n_rows,), or None
        None where the column holds text.
    cells : sequence of str, or None
        The text, where it is not numbers.
    number : int
        Its place in the table, from 1.
    """

    name: str
    unit: str
    numbers: NDArray[np.float64] | None
    cells: Sequence[str] | None
    number: int

    @property
    def label(self) -> str:
        """How to call it in messages."""
        return f"column {self.name!r}" if self.name else f"column {self.number}"


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


def time_unit(text: str) -> str | None:
    """The key of `UNITS` that a text spells; None where it is not a unit of time."""
    plain = text.strip().casefold().replace("µ", "u").replace("μ", "u").rstrip(".")
    return _SPELLED.get(plain)


def words_of(name: str) -> list[str]:
    """The words of a column's name: ``LocalTimestamp`` and ``local_timestamp`` have two."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\W_]+", spaced.casefold()) if word]


def is_time_name(name: str) -> bool:
    """Whether a column's name says that it holds times."""
    words = words_of(name)
    if len(words) == 1 and (words[0] == "t" or time_unit(words[0])):
        return True
    return bool(_TIME_WORDS.intersection(words)) and not _OTHER_WORDS.intersection(words)


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
    columns = _with_dates(columns)
    found: list[tuple[int, Clock]] = []
    refused: list[tuple[int, RtcanError]] = []
    aside: list[int] = []
    for index, column in enumerate(columns):
        wanted = _is_wanted(column)
        if len(columns) == 1 and column.cells is None:
            continue
        try:
            clock = _as_clock(column, index == 0, wanted, same, stated, lines, source)
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
            clock = _of_lost_samples(column, same, stated, lines, source)
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
    rates = {
        index: _ROWS_TO_TELL
        / float(np.median(clock.time[_ROWS_TO_TELL:] - clock.time[:-_ROWS_TO_TELL]))
        for index, clock in found
        if len(clock.time) > _ROWS_TO_TELL
    }
    if fitting := [each for each in found if is_same_rate(rates.get(each[0], math.nan), stated)]:
        return fitting
    slow, fast = (pick(rates, key=rates.__getitem__, default=None) for pick in (min, max))
    if slow is not None and fast is not None and not is_same_rate(rates[slow], rates[fast]):
        labels = {index: clock.column.label for index, clock in found}
        raise RtcanError(
            f"{source}: the times in its {labels[slow]} are {rates[slow]:.4g} Hz, and those in its "
            f"{labels[fast]} {rates[fast]:.4g} Hz",
            hint="give the sampling_rate that is right; or delete the columns that are about other "
            "samples",
        )
    return found


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
    lines = np.arange(1, len(time) + 1)
    return _as_clock(column, True, True, np.zeros(len(time), bool), stated, lines, source)


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
    if not _rises_with_holes(numbers):
        return None
    column = Column(name, unit, numbers, None, 1)
    lines = np.arange(1, len(numbers) + 1)
    return _of_lost_samples(column, np.zeros(len(numbers), bool), stated, lines, source)


def _is_wanted(column: Column) -> bool:
    """Whether a column has to be a clock: by its name, its unit or its values."""
    named = is_time_name(column.name)
    if column.cells is not None:
        known = [cell.strip() for cell in column.cells if cell.strip()]
        if all(map(is_day, known)):
            return False  # Dates alone belong to the hours of another column.
        of_time = sum(map(is_of_time, known))
        return named or (len(set(known)) > 1 and 2 * of_time > len(column.cells))
    assert column.numbers is not None
    if named and "date" in words_of(column.name) and len(np.unique(column.numbers)) < 2:
        return False
    if column.name.casefold() == "hr" and not _rises_evenly(column.numbers):
        return False  # Heart rate, and not hours.
    # uS is written us as well: microseconds need a name that says time, or values that rise so.
    if named and not is_unit(column.name):
        return True
    of_time = named or (time_unit(column.unit) is not None and not is_unit(column.unit))
    if of_time and _rises_evenly(column.numbers):
        return True
    return _are_unix_times(column.numbers) or _are_days(column.numbers)


def _is_eda(column: Column) -> bool:
    """Whether name or unit say that a column is electrodermal activity, however it rises."""
    return is_unit(column.unit) or bool(EDA_WORDS.intersection(words_of(column.name)))


def _are_unix_times(values: NDArray[np.float64]) -> bool:
    """Whether numbers are Unix times of samples: of that size, and they hardly go back."""
    known = values[~np.isnan(values)]
    unit = _unit_of_unix(known) if len(known) >= _ROWS_TO_TELL else None
    if unit is None:
        return False
    steps = np.diff(known)
    up = steps[steps > 0]
    return (
        len(up) > 0
        and (steps < 0).mean() <= _WRONG
        and float(np.median(up)) * UNITS[unit] <= _STAMPED
    )


def _are_days(values: NDArray[np.float64]) -> bool:
    """Whether numbers are times in days as Excel or MATLAB count them, and hardly go back."""
    known = values[~np.isnan(values)]
    if len(known) < _ROWS_TO_TELL or (np.diff(known) < 0).mean() > _WRONG:
        return False
    return _first_day(known, _typical_step(known)) is not None


def _first_day(time: NDArray[np.float64], step: float) -> float | None:
    """The number of 1970-01-01 in Excel or MATLAB, where times are days that these count.

    Their size tells, and their small steps: at 2 Hz these are 6e-6, which fits no other unit.
    """
    if math.isnan(step) or not _SLOWEST <= 1 / (step * UNITS["days"]) <= _FASTEST:
        return None
    days = float(np.median(time))
    fits = (each for each in _FIRST_DAYS if UNIX_FIRST <= (days - each) * 86_400 <= UNIX_LAST)
    return next(fits, None)


def _with_dates(columns: Sequence[Column]) -> list[Column]:
    """Columns, of which one with hours has the dates of another one before these."""
    found = list(columns)
    texts = [(i, replace(c, cells=years_first(c.cells))) for i, c in enumerate(columns) if c.cells]

    def of_form(form: re.Pattern[str]) -> list[tuple[int, Column]]:
        return [(i, c) for i, c in texts if form.fullmatch(next(filter(None, c.cells or ()), ""))]

    dates, clocks = of_form(DATE), of_form(CLOCK)
    if len(dates) == len(clocks) == 1:
        (index, clock), (_, date) = clocks[0], dates[0]
        assert clock.cells is not None
        assert date.cells is not None
        both = zip(date.cells, clock.cells, strict=True)
        cells = [f"{day} {padded(hour)}" if hour.strip() else "" for day, hour in both]
        found[index] = replace(clock, cells=cells)
    return found


def _as_clock(
    column: Column,
    first: bool,
    wanted: bool,
    same: NDArray[np.bool_],
    stated: float,
    lines: NDArray[np.intp],
    source: object,
) -> Clock | None:
    """A column as a clock; None where it is not one."""
    zone_unknown = False
    place = f"{source}: the times in the {column.label}"
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
        if not wanted and (_is_eda(column) or not _rises_evenly(raw)):
            return None
        if not wanted and not (first and not column.name):
            return _by_stated_rate(column, raw, same, stated, lines, source)
    known = ~np.isnan(raw)
    if not known.any():
        return None
    kept, time, doubtful, notes = _in_order(raw, same, column, lines, source)
    if len(raw) > 1 and len(np.unique(time)) < 2:
        if not wanted:
            return None
        raise RtcanError(
            f"{place} do not advance", hint="rename the column, and give a sampling_rate"
        )
    if len(time) < 2:
        return Clock(column, time * UNITS[unit or "s"], kept, doubtful, zone_unknown)
    step = _typical_step(raw[kept] if len(kept) else raw)
    if column.cells is None and not wanted and step == 1 and unit is None:
        return _by_stated_rate(column, raw, same, stated, lines, source)
    zero = _first_day(time, step) if unit in (None, "days") and column.cells is None else None
    if zero is not None:
        # Microseconds are all that such numbers can tell.
        time, unit, zone_unknown = np.round((time - zero) * 86_400, 6) / 86_400, "days", True
    if unit is None:
        unit = _unit_of_unix(time) or _unit_by_rate(step, stated, column, source)
    if column.cells is None:
        _refuse_rounded(raw[known] * UNITS[unit], place)
    _check_plausible(step * UNITS[unit], column, unit, source)
    return Clock(column, time * UNITS[unit], kept, doubtful, zone_unknown, notes)


def _of_lost_samples(
    column: Column,
    same: NDArray[np.bool_],
    stated: float,
    lines: NDArray[np.intp],
    source: object,
) -> Clock | None:
    """A column that no name calls a clock, though it rises as one with lost samples does."""
    if column.numbers is None or _is_eda(column) or not _rises_with_holes(column.numbers):
        return None
    if math.isnan(stated):
        raise RtcanError(
            f"{source}: the {column.label} rises as times do, with holes, but nothing says that it "
            "holds times",
            hint="name it time_s, time_ms or as its unit is; if these are not times, delete the "
            "column",
        )
    return _by_stated_rate(column, column.numbers, same, stated, lines, source)


def _by_stated_rate(
    column: Column,
    raw: NDArray[np.float64],
    same: NDArray[np.bool_],
    stated: float,
    lines: NDArray[np.intp],
    source: object,
) -> Clock | None:
    """Numbers that rise evenly, though no name calls them times: the stated rate tells."""
    if math.isnan(stated) or column.numbers is None:
        return None
    step = _typical_step(raw[~np.isnan(raw)])
    if step == 1:
        # Numbers of samples: where some are left out, samples are missing.
        if bool((np.diff(raw) == 1).all()):
            return None
        scale = 1 / stated
    else:
        fitting = [unit for unit in UNITS if is_same_rate(1 / (step * UNITS[unit]), stated)]
        if not fitting and _rises_with_holes(raw):
            raise RtcanError(
                f"{source}: the {column.label} rises in steps of {step:.4g} with holes, as times "
                f"do, but in no unit of time are these {stated:g} Hz",
                hint="correct the sampling_rate; if these are not times, delete the column",
            )
        if not fitting:
            return None
        scale = UNITS[fitting[0]]
    kept, time, doubtful, notes = _in_order(raw, same, column, lines, source)
    note = f"the {column.label} was read as times: its steps fit {stated:g} Hz"
    return Clock(column, time * scale, kept, doubtful, notes=(*notes, note))


def is_same_rate(one: float, other: float) -> bool:
    """Whether two sampling rates are the same, but for rounding."""
    return abs(one - other) <= SAME_RATE * other


def _unit_in_name(name: str) -> str | None:
    """``time_ms`` and ``timestamp us`` say their unit as their last word."""
    words = words_of(name)
    return time_unit(words[-1]) if words else None


def _rises_evenly(values: NDArray[np.float64]) -> bool:
    """Whether numbers are like those of a clock: nearly all steps are the same, and upwards."""
    if len(values) < _ROWS_TO_TELL or np.isnan(values).any():
        return False
    steps = np.diff(values)
    median = float(np.median(steps))
    if median <= 0 or (steps <= 0).mean() > _WRONG:
        return False
    # Rounded times (0.06, 0.13, 0.19, ...) have steps of several lengths, but not over some rows.
    longer = np.diff(values[::_ROWS_TO_TELL])
    return any(
        (np.abs(each - np.median(each)) <= _EVEN * np.median(each)).mean() > 1 - _EVEN
        for each in (steps, longer)
        if len(each) >= _ROWS_TO_TELL - 1
    )


def _rises_with_holes(values: NDArray[np.float64]) -> bool:
    """Whether numbers rise as a clock of which samples were lost: by whole numbers of steps."""
    if len(values) < _ROWS_TO_TELL or not (np.diff(values[:_ENOUGH_TO_FALL]) > 0).all():
        return False  # as nearly all signals, for which the rest would take time and memory
    if np.isnan(values).any():
        return False
    steps = np.diff(values)
    if (steps <= 0).any():
        return False
    ratio = steps / np.median(steps)
    once = np.abs(ratio - 1) <= _EVEN
    if once.all() or once.mean() <= _MOSTLY:
        return False
    ratio /= ratio[once].mean()
    return bool((np.abs(ratio - np.rint(ratio)) <= _EVEN).mean() > 1 - _WRONG) and bool(
        (ratio > 1 - _EVEN).all()
    )


def _typical_step(time: NDArray[np.float64]) -> float:
    """Of one sample, whether each has a time of its own or packets share one."""
    steps = np.diff(time)
    up = steps[steps > 0]
    if len(up) == 0:
        return math.nan
    if (steps == 0).mean() > _PACKETS:
        return _Packets(time).step
    # The mean, since rounded times have steps of two lengths.
    usual = up <= _USUAL_STEP * np.median(up)
    step = float(up[usual].mean())
    return round(step) if abs(step - round(step)) < 1e-9 * step else step


class _Packets:
    """Samples that are sent together and share one time.

    That is the time of the last sample where longer waits bring more samples, else that of the
    first, as of clocks that count whole seconds.
    """

    def __init__(self, time: NDArray[np.float64]) -> None:
        self.starts = np.flatnonzero(np.r_[True, np.diff(time) != 0])
        self.counts = np.diff(np.r_[self.starts, len(time)])
        self.stamps = time[self.starts]
        self.between = np.diff(self.stamps)
        ends, begins = self.counts[1:], self.counts[:-1]
        self.at_end = _follows(ends, self.between) > _follows(begins, self.between)
        self.step = (
            float(np.median(self.between / (ends if self.at_end else begins)))
            if len(self.between)
            else math.nan
        )

    def spread(self) -> NDArray[np.float64]:
        """Times of all samples, evenly from one packet to the next, but not over holes."""
        own = self.counts[1:] if self.at_end else self.counts[:-1]
        usual = self.step * own
        room = np.where(self.between > _USUAL_STEP * usual, usual, self.between)
        edge = self.counts[0 if self.at_end else -1] * self.step
        room = np.r_[edge, room] if self.at_end else np.r_[room, edge]
        share = np.repeat(room / self.counts, self.counts)
        place = np.arange(self.counts.sum()) - np.repeat(self.starts, self.counts)
        if self.at_end:
            place = place - np.repeat(self.counts, self.counts) + 1
        time = np.repeat(self.stamps, self.counts) + place * share
        if not self.at_end and self.counts[0] < np.median(self.counts):
            # The recording began within the first period.
            n = self.counts[0]
            time[:n] = self.stamps[1] - self.step * np.arange(n, 0, -1)
        return time


def _unit_of_unix(time: NDArray[np.float64]) -> str | None:
    """The unit of Unix times, which their size tells."""
    median = float(np.median(time))
    for unit in ("s", "ms", "us", "ns"):
        if UNIX_FIRST <= median * UNITS[unit] <= UNIX_LAST:
            return unit
    return None


def _unit_by_rate(step: float, stated: float, column: Column, source: object) -> str:
    """The unit of times that no name tells: by a stated rate, or seconds where these are sure."""
    rates = {unit: 1 / (step * seconds) for unit, seconds in UNITS.items()}
    if not math.isnan(stated):
        for unit, rate in rates.items():
            if is_same_rate(rate, stated):
                return unit
        return "s"  # The contradiction is told where both rates are known.
    rate = rates["s"]
    usual = any(abs(rate - each) <= _NEAR * each for each in _USUAL_RATES)
    if _SLOWEST <= rate <= _FASTEST and (rate < _SURE or usual):
        return "s"
    raise _unsure(step, column, rates, source)


def _unsure(step: float, column: Column, rates: dict[str, float], source: object) -> RtcanError:
    possible = [u for u, rate in rates.items() if 1 <= rate <= _FASTEST and u != "s"]
    readings = "".join(f", or {rates[u]:.4g} Hz if they are {_WORDS[u]}" for u in possible)
    name = column.name or "time"
    advice = " or ".join(f"{name}_{u}" for u in (["s"] if rates["s"] >= 1 else []) + possible)
    hint = f"give the column's unit in its name ({advice}), or a sampling_rate with the file"
    return RtcanError(
        f"{source}: the times in the {column.label} lie {step:.4g} apart, which would be "
        f"{rates['s']:.4g} Hz if they are seconds{readings}",
        hint=f"{hint}; if they number the samples, rename the column" if step == 1 else hint,
    )


def _check_plausible(step: float, column: Column, unit: str, source: object) -> None:
    if not _SLOWEST * 0.99 <= 1 / step <= _FASTEST * 1.01:
        raise RtcanError(
            f"{source}: the times in the {column.label} would be {1 / step:.3g} Hz, read as "
            f"{_WORDS[unit]}",
            hint=f"rates from {_SLOWEST:g} to {_FASTEST:g} Hz are read: correct the unit in the "
            "name of the column; if these are not times, rename it and give a sampling_rate",
        )


def _refuse_rounded(time: NDArray[np.float64], place: str) -> None:
    """Refuse times that many samples share for long: a spreadsheet has rounded them."""
    steps = np.diff(time)
    if (steps == 0).mean() > _PACKETS and np.median(steps[steps > 0]) > _STAMPED:
        longest = float(np.median(steps[steps > 0]))
        raise RtcanError(
            f"{place} stay the same for {longest:.4g} s: they seem to be rounded",
            hint="export them with all digits; or rename the column, give a sampling_rate, and "
            "count starts from the first sample",
        )


def _in_order(
    raw: NDArray[np.float64],
    same: NDArray[np.bool_],
    column: Column,
    lines: NDArray[np.intp],
    source: object,
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_], tuple[str, ...]]:
    """Rows with a time that can be right, these times, and which samples are in doubt."""
    rows = np.flatnonzero(~np.isnan(raw))
    notes: list[str] = []
    n_missing = len(raw) - len(rows)
    # A row of numbers of samples or rates below the names has no time (BioPac, BioGraph).
    if n_missing and len(rows) and rows[0] == 1:
        n_missing -= 1
    time = raw[rows]
    steps = np.diff(time)
    if len(steps) and (steps == 0).mean() > _PACKETS:
        if n_missing > _WRONG * len(raw) or (steps < 0).any():
            raise _not_later(raw, column, lines, source)
        return rows, _Packets(time).spread(), np.zeros(len(rows), bool), ()
    # The same packet twice.
    twice = np.r_[False, (steps == 0) & same[rows[1:]] & (np.diff(rows) == 1)]
    if twice.any():
        notes.append(f"rows that repeat the one before, dropped: {int(twice.sum())}")
        rows, time = rows[~twice], time[~twice]
    kept, doubtful = _increasing(time)
    n_wrong = n_missing + len(time) - len(kept) + int(doubtful.sum())
    if n_wrong > _WRONG * len(raw):
        raise _not_later(raw, column, lines, source)
    if len(kept) < len(time) or doubtful.any():
        first = int(np.flatnonzero(~(np.diff(time) > 0))[0]) + 1
        notes.append(
            f"samples whose time is not later than that of the one before, read as missing: "
            f"{len(time) - len(kept) + int(doubtful.sum())} (the first in line {lines[rows[first]]})"  # noqa: E501
        )
    if n_missing:
        notes.append(f"rows without a time, left out: {n_missing}")
    return rows[kept], time[kept], doubtful, tuple(notes)


def _not_later(
    raw: NDArray[np.float64],
    column: Column,
    lines: NDArray[np.intp],
    source: object,
) -> RtcanError:
    # A missing time counts as one that is not later; a leading one may be a row of rates.
    start = 1 if len(raw) and math.isnan(raw[0]) else 0
    wrong = np.flatnonzero(~(np.diff(raw[start:]) > 0))
    line = lines[start + int(wrong[0]) + 1] if len(wrong) else lines[0]
    return RtcanError(
        f"{source}: line {line} of the {column.label} is not later than the line above it",
        hint="times must increase; if these are not times, rename the column and give a "
        "sampling_rate",
    )


def _increasing(time: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Rows whose times increase, and those of them that share their time with rows left out."""
    keep = np.ones(len(time), bool)
    spans: list[tuple[float, float]] = []
    for i in np.flatnonzero(~(np.diff(time) > 0)).tolist():
        before, after = time[i], time[i + 1]
        if after < before and (i == 0 or after > time[i - 1]):
            # One time too late, the others go on as before.
            keep[i] = False
            continue
        later = np.flatnonzero(time[i + 1 :] > before)
        end = i + 1 + int(later[0]) if len(later) else len(time)
        keep[i + 1 : end] = False
        if end - i > 2 or after == before:
            # The clock was put back, and goes over the same times again.
            spans.append((float(time[i + 1 : end].min()), float(before)))
    kept = np.flatnonzero(keep)
    # What is still out of order after this is left out, too.
    good = time[kept] >= np.maximum.accumulate(time[kept])
    good[1:] &= np.diff(time[kept]) > 0
    kept = kept[good]
    doubtful = np.zeros(len(kept), bool)
    for low, high in spans:
        doubtful |= (time[kept] >= low) & (time[kept] <= high)
    return kept, doubtful


def _follows(counts: NDArray[np.intp], between: NDArray[np.float64]) -> float:
    """How well numbers of samples go with the times between packets."""
    if len(counts) < 3 or counts.std() == 0 or between.std() == 0:
        return 0.0
    return float(np.corrcoef(counts, between)[0, 1])
