"""Stretches in which a recording does not follow the skin: gaps, flat and clipped samples.

Coarse sensors repeat values honestly. A wristband with steps of 0.00128 uS, read four times a
second, stays on one value for a second or more whenever the skin is calm; a slow turn of the signal
stays longest on its highest or lowest value. So a repeated value alone is not a fault here: it has
to last longer than living skin allows, and an end of the range has to hold more samples than a
signal leaves there that turns round by itself. See `FLAT_RUN`, `CLIP_RUN` and `TURN`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FLAT_RUN = 20.0
"""Seconds without any change that a sensor on skin hardly reaches; half a recording, if shorter.

Even at rest one to three responses come a minute, and between them the level drifts by some 0.01 uS
a minute or more: eight steps of a wristband (0.00128 uS), one every 8 s. Coarser steps make longer
stays, sensor noise makes them far shorter. A sensor that came off holds one value until somebody
sees to it.
"""

CLIP_RUN = 2.0
"""Seconds on the highest or lowest value from which on responses may have been cut off.

The round top of a small response (0.01 uS) stays within one step of a wristband for about 1.4 s. A
response that leaves the sensor's range stays away for longer: it needs seconds to recover.
"""

TURN = 4.0
"""How many times as many samples an end of the range holds as the next value, if it is a limit.

A noise-free turning point is a parabola: it is within one step of its top for at most
1 / (sqrt(2) - 1) = 2.4 times as long as it is within the next step, however coarse the steps are.
A signal that was cut off crosses the next value on a slope. One sample more is granted for each
stay at the end, since so many may be lost to chance where the samples fall.
"""

# Values that differ by less than this share of the largest are the same value with rounding errors.
SAME = 1e-12

# Durations that differ by less than this share are equal. A rate that comes from time stamps is off
# by as much: 50 samples at 49.99999 Hz are a second too.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Stuck:
    """Where a recording does not follow the skin; masks of shape (n_samples,).

    Attributes
    ----------
    flat, clipped : ndarray of bool
        The samples that `Quality.flat` and `Quality.clipped` count.
    """

    flat: NDArray[np.bool_]
    clipped: NDArray[np.bool_]


def repair(
    eda: ArrayLike, sampling_rate: float, max_gap: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Fill short gaps: a straight line inside, the nearest value at the beginning and end.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        NaN or infinite where samples are missing.
    sampling_rate : float
        In Hz.
    max_gap : float
        Longest gap that is filled, in seconds. k missing samples in a row are a gap of
        k / sampling_rate.

    Returns
    -------
    eda : ndarray of float64, shape (n_samples,)
        A copy. Known samples are as they were; longer gaps are NaN.
    repaired : ndarray of bool, shape (n_samples,)
        The samples that were filled.
    """
    signal = np.array(eda, dtype=np.float64)
    known = np.isfinite(signal)
    signal[~known] = np.nan
    repaired = np.zeros(signal.shape, dtype=np.bool_)
    if known.all() or not known.any():
        return signal, repaired
    starts, lengths = runs(known)
    short = ~known[starts] & (seconds(lengths, sampling_rate) <= max_gap * (1 + ROUNDING))
    repaired = np.repeat(short, lengths)
    signal[repaired] = np.interp(np.flatnonzero(repaired), np.flatnonzero(known), signal[known])
    return signal, repaired


def find_stuck(
    eda: ArrayLike, sampling_rate: float, repaired: NDArray[np.bool_] | None = None
) -> Stuck:
    """Find the samples that are flat or clipped.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The raw or the repaired signal.
    sampling_rate : float
        In Hz.
    repaired : ndarray of bool, shape (n_samples,), optional
        Samples that `repair` filled; they are neither.

    Returns
    -------
    Stuck
    """
    signal = np.asarray(eda, dtype=np.float64)
    known = np.isfinite(signal)
    if repaired is not None:
        known &= ~repaired
    flat, clipped = (np.zeros(signal.shape, np.bool_) for _ in range(2))
    values = signal[known]
    if values.size:
        same = SAME * np.abs(values).max()
        starts, lengths = runs(values, same)
        lasting = seconds(lengths, sampling_rate) * (1 + ROUNDING)
        if np.ptp(values) <= same:
            flat[known] = True
        else:
            half = seconds(values.size, sampling_rate) / 2
            flat[known] = np.repeat(lasting >= min(FLAT_RUN, half), lengths)
            long = lasting >= CLIP_RUN
            for side in (values, -values):
                stays = long & (side[starts] >= side.max() - same)
                if lengths[stays].sum() > TURN * (_count_next(side, same) + stays.sum()):
                    clipped[known] |= np.repeat(stays, lengths)
    return Stuck(flat, clipped)


def seconds(n_samples: Any, sampling_rate: float) -> Any:
    """Length of some samples, a number or an array, in seconds; NaN at an impossible rate."""
    possible = math.isfinite(sampling_rate) and sampling_rate > 0
    return n_samples / sampling_rate if possible else n_samples * math.nan


def runs(
    values: NDArray[np.bool_] | NDArray[np.float64], same: float = 0.0
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where runs of one value begin, and how many samples they have; not for an empty array."""
    if values.dtype == np.bool_:
        changes = values[1:] != values[:-1]
    else:
        changes = np.abs(np.diff(values)) > same
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    return starts, np.diff(starts, append=values.size)


def _count_next(values: NDArray[np.float64], same: float) -> int:
    """How many samples have the second highest value; there must be one."""
    below = values[values < values.max() - same]
    return int(np.count_nonzero(below >= below.max() - same))
