"""Trials cut out of long signals, and put on even sampling grids."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.sampling import even_samples
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.datasets.table.signals import Track
from rtcan_cli.datasets.times.rates import SAME_RATE
from rtcan_cli.datasets.times.units import UNITS, UNIX_FIRST
from rtcan_cli.errors import RtcanError

SLACK = 1.0
"""A trial may last this many seconds longer than its signal: two clocks, rounded to seconds."""

_LARGEST = 10
"""Nothing is made of a trial with more missing samples at its ends than this for each one there."""

_DAY = 86_400.0

_MANY_DAYS = 2
"""From here on, a time is given in days as well: a trial so far off is on another clock."""


@dataclass(frozen=True)
class Cut:
    """The part of a signal that is a trial.

    Attributes
    ----------
    eda : ndarray of float64, shape (n_samples,)
        NaN where samples are missing.
    sampling_rate : float
        In Hz.
    position : str
        Which signal and which samples of the file, as Python counts them; empty for all of it.
    jitter : float
        Standard deviation of the steps between sampling times, gaps aside, as a share of their
        median; NaN where the file has no times.
    span : tuple of (str, int, int)
        As of `rtcan_cli.datasets.trials.Recording`.
    """

    eda: NDArray[np.float64]
    sampling_rate: float
    position: str
    jitter: float
    span: tuple[str, int, int]


def cut(track: Track, row: Row) -> Cut | str:
    """Cut a trial out of a signal.

    Parameters
    ----------
    track : Track
        The whole signal.
    row : Row
        Says where the trial begins and how long it lasts.

    Returns
    -------
    Cut or str
        A reason, in words, where the signal does not hold the trial.

    Raises
    ------
    RtcanError
        If the sampling rate is not known, or table and file contradict each other.
    """
    if len(track.eda) == 0:
        return "the signal file holds no samples"
    if row.start >= UNIX_FIRST:
        _check_zone(track, row)
    return _cut_even(track, row) if track.time is None else _cut_timed(track, track.time, row)


def _cut_even(track: Track, row: Row) -> Cut | str:
    rate = track.sampling_rate
    if math.isnan(rate):
        rate = row.sampling_rate
        if math.isnan(rate):
            raise RtcanError(
                f"{track.source} does not say its sampling rate",
                hint="add a column sampling_rate to the table, or a column time to the file",
            )
    _check_rate(track, row, rate)
    n_samples = len(track.eda)
    start = 0.0 if math.isnan(row.start) else row.start
    if start >= UNIX_FIRST:
        if math.isnan(track.start):
            raise _no_clock(track)
        start -= track.start
    first = round(start * rate)
    last = n_samples if math.isnan(row.duration) else round((start + row.duration) * rate)
    problem = _outside(start, last / rate, n_samples / rate, 0.5 / rate)
    if problem:
        return problem
    last = min(last, n_samples)
    if first == last:
        return f"{row.duration:g} s hold no sample at {rate:g} Hz"
    # A copy: the file need not stay mapped into memory.
    eda = np.array(track.eda[first:last], np.float64)
    return Cut(eda, rate, _position(track, first, last), math.nan, (track.name, first, last))


def _cut_timed(track: Track, time: NDArray[np.float64], row: Row) -> Cut | str:
    if len(time) < 2:
        return "the signal file holds a single sample"
    step = float(np.median(np.diff(time)))
    begin = float(time[0]) if math.isnan(row.start) else row.start
    if begin >= UNIX_FIRST > time[0]:
        raise _no_clock(track)
    if begin < UNIX_FIRST <= time[0]:
        begin += float(time[0])
    until = float(time[-1]) + step
    if row.start_of_day and begin < time[0] - step / 2 and begin + _DAY <= until:
        begin += _DAY  # The clock of the file went on after midnight.
    end = until if math.isnan(row.duration) else begin + row.duration
    problem = _outside(begin - time[0], end - time[0], until - time[0], step / 2)
    if problem and track.of_day and begin < time[0] and not row.start_of_day:
        asked = _of_day(float(time[0]) + begin)
        return (
            f"the start is {begin:.6g} s, but the clock of the file runs from "
            f"{_of_day(float(time[0]))} to {_of_day(float(time[-1]))}: write the start as it shows "
            f"it ({asked} is {begin:.6g} s after its first sample)"
        )
    if problem:
        return problem
    # Times are rounded, so that a sample may seem to lie just before the trial.
    first, last = (int(i) for i in np.searchsorted(time, (begin - step / 2, end - step / 2)))
    if last - first < 2:
        return "fewer than two samples fall into the trial"
    eda = np.array(track.eda[first:last], np.float64)
    eda, rate, jitter = even_samples(time[first:last], eda, math.nan, track.source)
    _check_rate(track, row, rate)
    # Samples may be missing at the ends of the trial too: without them, what follows would move.
    before = max(0, round((float(time[first]) - begin) * rate))
    behind = max(0, round((min(end, until) - float(time[last - 1])) * rate) - 1)
    if before + behind > _LARGEST * len(eda):
        return f"only {len(eda)} of {before + len(eda) + behind} samples of the trial are there"
    eda = np.pad(eda, (before, behind), constant_values=np.nan)
    return Cut(eda, rate, _position(track, first, last), jitter, (track.name, first, last))


def _of_day(seconds: float) -> str:
    whole = round(seconds % _DAY)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _check_rate(track: Track, row: Row, rate: float) -> None:
    """Refuse a rate that is stated, in the table or in the file, and is not that of the samples."""
    hint = "correct the sampling rate that is given with it, or leave it out"
    for stated in (row.sampling_rate, track.sampling_rate):
        if abs(stated - rate) <= SAME_RATE * rate or math.isnan(stated):
            continue
        # In a unit that is so many seconds long, the times would fit.
        ratio = rate / stated
        fits = [each for each, length in UNITS.items() if abs(ratio / length - 1) <= SAME_RATE]
        if track.time is not None and fits:
            hint = f"the times of the file may be in another unit ({fits[0]}); {hint}"
        raise RtcanError(
            f"{track.source} is sampled at {rate:g} Hz, not at {stated:g} Hz", hint=hint
        )


def _check_zone(track: Track, row: Row) -> None:
    """Refuse to compare a clock on a wall with one whose time zone is known."""
    has_clock = (track.time[0] if track.time is not None else track.start) >= UNIX_FIRST
    if has_clock and row.start_local and not track.zone_unknown:
        raise RtcanError(
            f"the start of the trial is a date without a time zone, but {track.source} has Unix "
            "times",
            hint="write the zone behind the start, such as 2024-05-01T10:00:00+02:00 (Z for UTC)",
        )
    if has_clock and track.zone_unknown and not row.start_local:
        raise RtcanError(
            f"{track.source} has dates without a time zone, but the start of the trial has one",
            hint="write the start as the clock of the file shows it: 2024-05-01T10:00:00",
        )


def _no_clock(track: Track) -> RtcanError:
    return RtcanError(
        f"{track.source} does not say at what Unix time it begins, but the start is a Unix time",
        hint="give the start in seconds within the file",
    )


def _outside(begin: float, end: float, length: float, tolerance: float) -> str | None:
    """Why a trial is not in a signal; seconds are counted from the signal's first sample."""
    if begin < -tolerance:
        return f"the trial starts {_time(-begin)} before its signal"
    if begin >= length - tolerance:
        return f"the trial starts at {_time(begin)}, but its signal ends at {_time(length)}"
    if end > length + SLACK:
        return f"the trial ends at {_time(end)}, but its signal at {_time(length)}"
    return None


def _time(seconds: float) -> str:
    """Seconds with all of their digits, and days as well where there are many."""
    if seconds < _MANY_DAYS * _DAY:
        return f"{seconds:.6g} s"
    return f"{seconds:,.0f} s ({seconds / _DAY:,.0f} days)"


def _position(track: Track, first: int, last: int) -> str:
    whole = first == 0 and last == len(track.eda)
    samples = "" if whole else f"samples {first}:{last}"
    return ", ".join(filter(None, (track.name, samples)))
