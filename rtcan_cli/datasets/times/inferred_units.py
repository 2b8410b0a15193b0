"""Units of times that no name tells: their size does, or the sampling rate that they give."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.times.rates import FASTEST, SLOWEST, is_same_rate
from rtcan_cli.datasets.times.units import UNITS, UNIX_FIRST, UNIX_LAST
from rtcan_cli.errors import RtcanError

_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_WORDS |= {"min": "minutes", "h": "hours", "days": "days"}

# Rates that sensors have, from which one is told that a column without a unit is in seconds. No
# rate of 1 Hz or more, times 60, is within 1 % of one: minutes are not taken for seconds.
_USUAL_RATES = (64, 100, 102.4, 128, 200, 204.8, 250, 256, 400, 500, 512, 1000, 1024, 2000, 2048)
_NEAR = 0.01
_SURE = 60.0

# The number of 1970-01-01, where days are counted as Excel and as MATLAB (datenum) do.
_FIRST_DAYS = (25_569.0, 719_529.0)


def unit_of_unix(time: NDArray[np.float64]) -> str | None:
    """The unit of Unix times, which their size tells."""
    median = float(np.median(time))
    for unit in ("s", "ms", "us", "ns"):
        if UNIX_FIRST <= median * UNITS[unit] <= UNIX_LAST:
            return unit
    return None


def first_day(time: NDArray[np.float64], step: float) -> float | None:
    """The number of 1970-01-01 in Excel or MATLAB, where times are days that these count.

    Their size tells, and their small steps: at 2 Hz these are 6e-6, which fits no other unit.
    """
    if math.isnan(step) or not SLOWEST <= 1 / (step * UNITS["days"]) <= FASTEST:
        return None
    days = float(np.median(time))
    fits = (each for each in _FIRST_DAYS if UNIX_FIRST <= (days - each) * 86_400 <= UNIX_LAST)
    return next(fits, None)


def unit_at(step: float, rate: float) -> str | None:
    """The unit in which times that lie `step` apart have a sampling rate in Hz, if there is one."""
    fitting = (unit for unit, length in UNITS.items() if is_same_rate(1 / (step * length), rate))
    return next(fitting, None)


def unit_by_rate(step: float, stated: float, name: str, place: str) -> str:
    """The unit of times that lie `step` apart, by a stated rate, or seconds where these are sure.

    Parameters
    ----------
    step : float
        From one sample to the next.
    stated : float
        The sampling rate in Hz; NaN where none is stated.
    name : str
        Of their column; may be empty.
    place : str
        How the message begins.

    Raises
    ------
    RtcanError
        If no rate is stated, and they may be seconds or something else.
    """
    if not math.isnan(stated):
        # A contradiction is told where both rates are known.
        return unit_at(step, stated) or "s"
    rate = 1 / step
    usual = any(abs(rate - each) <= _NEAR * each for each in _USUAL_RATES)
    if SLOWEST <= rate <= FASTEST and (rate < _SURE or usual):
        return "s"
    raise _unsure(step, name or "time", place)


def _unsure(step: float, name: str, place: str) -> RtcanError:
    rates = {unit: 1 / (step * seconds) for unit, seconds in UNITS.items()}
    possible = [u for u, rate in rates.items() if 1 <= rate <= FASTEST and u != "s"]
    readings = "".join(f", or {rates[u]:.4g} Hz if they are {_WORDS[u]}" for u in possible)
    advice = " or ".join(f"{name}_{u}" for u in (["s"] if rates["s"] >= 1 else []) + possible)
    hint = f"give the column's unit in its name ({advice}), or a sampling_rate with the file"
    return RtcanError(
        f"{place} lie {step:.4g} apart, which would be {rates['s']:.4g} Hz if they are "
        f"seconds{readings}",
        hint=f"{hint}; if they number the samples, rename the column" if step == 1 else hint,
    )


def refuse_implausible(step: float, unit: str, place: str) -> None:
    """Refuse times that lie `step` seconds apart, read in a unit, where no sensor samples so."""
    if not SLOWEST * 0.99 <= 1 / step <= FASTEST * 1.01:
        raise RtcanError(
            f"{place} would be {1 / step:.3g} Hz, read as {_WORDS[unit]}",
            hint=f"rates from {SLOWEST:g} to {FASTEST:g} Hz are read: correct the unit in the "
            "name of the column; if these are not times, rename it and give a sampling_rate",
        )
