"""When the samples of a BIDS recording were taken: its description, and a column of times if any.

The standard asks for even sampling from ``StartTime`` on. Many recordings have a column of times
beside it, which shows lost samples, another rate than the one that is stated, or a ``StartTime``
with the wrong sign. Then the description alone would move the EDA against the events.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.clocks import Clock, is_same_rate, is_time_name, read_clock, time_unit
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.errors import RtcanError

_SMALL = 0.05
"""Seconds that do not matter for EDA: times are rounded, and clocks jitter."""

_ABSOLUTE = 1e6
"""Clocks that begin beyond this count from a moment of their own, not from the run."""

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
        If a column of times counts at another rate than the description says, or excludes its
        ``StartTime``.
    """
    notes: list[str] = []
    even = start + np.arange(len(columns[0][2])) / rate if start else None
    for name, unit, values in columns:
        if not is_time_name(name) and name.casefold() != _ONSET:
            continue
        label = f"the column {printable(name)}"
        clock = _clock(unit, values, rate, file)
        if clock is None:
            notes.append(f"{label} is not used: its values do not rise as times do")
            continue
        if not _agrees(file, label, unit, clock, rate):
            notes.append(f"{label} is not used: in no unit of time would its steps be {rate:g} Hz")
            continue
        _check_start(file, label, clock, rate, start, name.casefold() == _ONSET)
        first = float(clock.time[0]) - int(clock.kept[0]) / rate
        if _SMALL < abs(first) < _ABSOLUTE and abs(first - start) > _SMALL:
            notes.append(
                f"{label} begins at {first:.6g} s, and StartTime is {start:g} s: events are "
                "counted as StartTime is"
            )
        elapsed = clock.time - first
        off = float(np.abs(elapsed - clock.kept / rate).max())
        if off <= max(_SMALL, 1 / rate):
            return None, even, tuple(notes)
        notes.append(
            f"samples are placed by {label}: by SamplingFrequency alone, {rate:g} Hz, some would "
            f"be {off:.3g} s off"
        )
        return clock.kept, start + elapsed, tuple(notes)
    return None, even, tuple(notes)


def _clock(unit: str, values: NDArray[np.float64], rate: float, file: RawFile) -> Clock | None:
    """A column of times; None where its values do not rise as times do."""
    stated = time_unit(unit)
    try:
        clock = read_clock(f"time_{stated}" if stated else "time", values, rate, file)
    except RtcanError:
        return None
    return clock if clock is not None and len(clock.time) > 1 else None


def _agrees(file: RawFile, label: str, unit: str, clock: Clock, rate: float) -> bool:
    """Whether a clock has the stated rate; an error where it states its unit and has another."""
    own = 1 / float(np.median(np.diff(clock.time)))
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
