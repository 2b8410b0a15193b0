"""When the samples of a BIDS recording were taken: its description, and a column of times if any.

The standard asks for even sampling from ``StartTime`` on. Many recordings have a column of times
beside it, which shows lost samples, another rate than the one that is stated, or a ``StartTime``
with the wrong sign. Then the description alone would move the EDA against the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.names import is_time_name
from rtcan_cli.datasets.times.clocks import Clock, read_clock, read_counter
from rtcan_cli.datasets.times.rates import is_same_rate
from rtcan_cli.datasets.times.units import time_unit
from rtcan_cli.errors import RtcanError

_SMALL = 0.05
"""Seconds that do not matter for EDA: times are rounded, and clocks jitter."""

_ABSOLUTE = 1e6
"""Clocks that begin beyond this count from a moment of their own, not from the run."""

_MOST = 0.9
"""Of the rows, at least this share must have a time where times show lost samples."""

_ONSET = "onset"  # Some name the column of times as that of events is named.


def place_samples(
    file: RawFile,
    columns: Sequence[tuple[str, str, NDArray[np.float64]]],
    rate: float,
    start: float,
) -> tuple[NDArray[np.intp] | None, NDArray[np.float64] | None, tuple[str, ...]]:
    """Say where the samples of a recording lie in time.

    Parameters
    ----------
    file : RawFile
        The recording, for messages.
    columns : sequence of tuple of str, str and ndarray of float64, shape (n_samples,)
        Names, units and values of all columns.
    rate, start : float
        ``SamplingFrequency`` in Hz and ``StartTime`` in seconds.

    Returns
    -------
    kept : ndarray of int, or None
        The rows that have a time; None for all of them.
    time : ndarray of float64, or None
        Their times in seconds, from the beginning of the run; None where they are even and begin
        with it.
    notes : tuple of str
        What a column of times shows.

    Raises
    ------
    RtcanError
        If a column of times counts at another rate than the description says, excludes its
        ``StartTime``, or shows lost samples and lacks the times of many others.
    """
    notes: list[str] = []
    found: list[_Found] = []
    for name, unit, values in columns:
        of_events = name.casefold() == _ONSET
        named = of_events or is_time_name(name)
        label = f"the column {printable(name)}"
        clock = _clock(unit, values, rate, file) if named else None
        if clock is None:
            clock = _counter(name, unit, values, rate, file)
            if clock is None and named:
                notes.append(f"{label} is not used: its values do not rise as times of samples do")
            if clock is not None:
                found.append(_Found(label, clock, rate))
            continue
        if not _agrees(file, label, unit, clock, rate):
            notes.append(f"{label} is not used: in no unit of time would its steps be {rate:g} Hz")
            continue
        _check_start(file, label, clock, rate, start, of_events)
        found.append(_Found(label, clock, rate))
        first = found[-1].first
        if _SMALL < abs(first) < _ABSOLUTE and abs(first - start) > _SMALL:
            notes.append(
                f"{label} begins at {first:.6g} s, and StartTime is {start:g} s: events are "
                "counted as StartTime is"
            )
    n_rows = len(columns[0][2])
    # Programs write even times from the rate; what shows lost samples was measured.
    best = max(found, key=lambda each: each.off, default=None)
    if best is None or best.off <= max(_SMALL, 1 / rate):
        even = start + np.arange(n_rows) / rate if start else None
        return None, even, tuple(notes)
    placed = best.placed(n_rows, file)
    others = [f", and not by {each.label}" for each in found if each is not best]
    notes.append(
        f"samples are placed by {best.label}{''.join(others)}: by SamplingFrequency alone, "
        f"{rate:g} Hz, some would be {best.off:.3g} s off"
    )
    if n_rows > len(placed):
        notes.append(f"{n_rows - len(placed)} samples have no sure time there, and are left out")
    return best.clock.kept[placed], start + best.clock.time[placed] - best.first, tuple(notes)


@dataclass(frozen=True)
class _Found:
    """A column of times, compared with a rate in Hz."""

    label: str
    clock: Clock
    rate: float

    @property
    def first(self) -> float:
        """What it shows at the first row, or would show there."""
        return float(self.clock.time[0]) - int(self.clock.kept[0]) / self.rate

    @property
    def off(self) -> float:
        """Seconds that a sample is away from where the rate alone places it, at most."""
        return float(np.abs(self.clock.time - self.first - self.clock.kept / self.rate).max())

    def placed(self, n_rows: int, file: RawFile) -> NDArray[np.intp]:
        """Which of its times are sure; an error where these are too few of all rows."""
        sure = np.flatnonzero(~self.clock.doubtful)
        if len(sure) < _MOST * n_rows:
            raise RtcanError(
                f"{file}: {self.label} shows that samples are not {self.rate:g} Hz apart, but "
                f"{n_rows - len(sure)} of {n_rows} rows have no time in it",
                "where these samples lie cannot be known: fill in the times, or leave the "
                "recording out",
            )
        return sure


def _clock(unit: str, values: NDArray[np.float64], rate: float, file: RawFile) -> Clock | None:
    """A column of times; None where its values do not rise as times do."""
    stated = time_unit(unit)
    name = f"time_{stated}" if stated else "time"
    known = np.flatnonzero(~missing) if (missing := np.isnan(values)).any() else None
    try:
        if known is None:
            clock = read_clock(name, values, rate, file)
        elif len(known) < 2:
            return None
        else:
            known_rate = rate / float(np.median(np.diff(known)))
            clock = read_clock(name, values[known], known_rate, file)
    except RtcanError:
        return None
    if clock is None or len(clock.time) < 2:
        return None
    return clock if known is None else replace(clock, kept=known[clock.kept])


def _counter(
    name: str, unit: str, values: NDArray[np.float64], rate: float, file: RawFile
) -> Clock | None:
    """A column that counts samples or time without saying so, and shows that some were lost."""
    try:
        return read_counter(name, unit, values, rate, file)
    except RtcanError:  # no unit of time fits the rate: it counts something else
        return None


def _agrees(file: RawFile, label: str, unit: str, clock: Clock, rate: float) -> bool:
    """Whether a clock has the stated rate; an error where it states its unit and has another."""
    own = float(np.median(np.diff(clock.kept) / np.diff(clock.time)))
    if is_same_rate(own, rate):
        return True
    if time_unit(unit) is None:
        return False
    raise RtcanError(
        f"{file}: its description (.json) says {rate:g} Hz as SamplingFrequency, but {label} "
        f"counts {own:.4g} Hz",
        "correct what is wrong in the description: SamplingFrequency, or Units of the column",
    )


def _check_start(
    file: RawFile, label: str, clock: Clock, rate: float, start: float, of_events: bool
) -> None:
    """Refuse a StartTime that a clock excludes.

    A clock that is named as that of events, or begins below zero, counts from the beginning of the
    run, so it begins at StartTime.
    """
    first = float(clock.time[0])
    small = max(_SMALL, 1 / rate)
    turned = abs(start) > small and abs(first + start) <= small
    if turned or ((of_events or first < -small) and abs(first - start) > small):
        # phys2bids (up to 2.10 at least) negates it where the column counts from the trigger.
        raise RtcanError(
            f"{file}: its description (.json) says {start:g} s as StartTime, but {label} begins "
            f"at {first:.6g} s",
            f"if events count as the column does, write {first:.6g} as StartTime into the "
            "description; phys2bids writes it with the other sign",
        )
