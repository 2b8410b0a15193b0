"""Steps from one time to the next: how long they are, and whether numbers rise as times do."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.times.packets import Packets, in_packets

WRONG = 0.01
"""If more of the times than this cannot be right, the column is not a clock."""

ROWS_TO_TELL = 8
"""Fewer numbers do not tell whether they are times."""

_USUAL = 1.5
"""Longer steps, in medians, do not tell the step of one sample: samples are missing there."""

_ENOUGH_TO_FALL = 1000
_EVEN = 0.1
_MOSTLY = 0.5
"""Of the steps of a clock with lost samples, more than this share are one sample long."""


def rises_evenly(values: NDArray[np.float64]) -> bool:
    """Whether numbers are like those of a clock: nearly all steps are the same, and upwards."""
    if len(values) < ROWS_TO_TELL or np.isnan(values).any():
        return False
    steps = np.diff(values)
    median = float(np.median(steps))
    if median <= 0 or (steps <= 0).mean() > WRONG:
        return False
    # Rounded times (0.06, 0.13, 0.19, ...) have steps of several lengths, but not over some rows.
    longer = np.diff(values[::ROWS_TO_TELL])
    return any(
        (np.abs(each - np.median(each)) <= _EVEN * np.median(each)).mean() > 1 - _EVEN
        for each in (steps, longer)
        if len(each) >= ROWS_TO_TELL - 1
    )


def rises_with_holes(values: NDArray[np.float64]) -> bool:
    """Whether numbers rise as a clock of which samples were lost: by whole numbers of steps."""
    if len(values) < ROWS_TO_TELL or not (np.diff(values[:_ENOUGH_TO_FALL]) > 0).all():
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
    return bool((np.abs(ratio - np.rint(ratio)) <= _EVEN).mean() > 1 - WRONG) and bool(
        (ratio > 1 - _EVEN).all()
    )


def typical_step(time: NDArray[np.float64]) -> float:
    """Of one sample, whether each has a time of its own or packets share one."""
    steps = np.diff(time)
    up = steps[steps > 0]
    if len(up) == 0:
        return math.nan
    if in_packets(time):
        return Packets(time).step
    # The mean, since rounded times have steps of two lengths.
    usual = up <= _USUAL * np.median(up)
    step = float(up[usual].mean())
    return round(step) if abs(step - round(step)) < 1e-9 * step else step
