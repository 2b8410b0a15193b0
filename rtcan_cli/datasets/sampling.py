"""Signals sampled at uneven times, put on an even grid."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.times.rates import FASTEST, SLOWEST
from rtcan_cli.errors import RtcanError

_USUAL = 1.5
"""Longer steps, in medians, do not tell the sampling rate: samples are missing there."""

_HOLE = 3.0
"""Nothing is drawn over longer steps, in medians."""

_EVEN = 0.1
"""Times off the grid by less than this share of a step are on it but for rounding."""

_LARGEST = 10
"""A grid with more samples than this for each one of the file comes from times that jump."""


def even_samples(
    time: NDArray[np.float64],
    values: NDArray[np.float64],
    published_rate: float,
    source: object,
) -> tuple[NDArray[np.float64], float, float]:
    """Samples on an even grid that starts at the first time.

    Times that lie on the grid but for rounding keep their values as they are; grid points without
    a sample are missing. Otherwise values are interpolated linearly, but never over a hole: a step
    of more than three times the median. So what a sensor did not record stays missing.

    Parameters
    ----------
    time : ndarray, shape (n_samples,)
        In seconds, or the numbers of the samples.
    values : ndarray, shape (n_samples,) or (n_samples, n_signals)
        NaN where missing.
    published_rate : float
        In Hz, for files that only number their samples, or hold a single one.
    source : object
        What to call the file in messages.

    Returns
    -------
    values : ndarray, shape (n_grid,) or (n_grid, n_signals)
        NaN where missing.
    sampling_rate : float
        In Hz: from the mean of the usual steps, those of at most one and a half medians, so that
        neither holes nor lost samples change it.
    jitter : float
        Standard deviation of the steps, holes aside, as a share of their median; NaN where there
        are no times.

    Raises
    ------
    RtcanError
        If a time is missing, the times do not increase, they cannot be seconds, or they jump.
    """
    if len(time) < 2:
        return values, published_rate, math.nan
    _check_order(time, source)
    steps = np.diff(time)
    median = float(np.median(steps))
    if median == 1 and (time == np.rint(time)).all():
        samples = _on_grid(time - time[0], values, steps, source)
        assert samples is not None, "whole numbers lie on a grid of whole numbers"
        return samples, published_rate, math.nan
    if not SLOWEST <= 1 / median <= FASTEST:
        raise RtcanError(
            f"{source}: the times are {median:g} apart, which as seconds would be "
            f"{1 / median:.3g} samples a second",
            hint=f"rates from {SLOWEST:g} to {FASTEST:g} Hz are read: correct the times, or the "
            "unit that the file states for them",
        )
    step = float(steps[steps <= _USUAL * median].mean())
    jitter = float(steps[steps <= _HOLE * median].std() / median)
    place = (time - time[0]) / step
    samples = _on_grid(place, values, steps, source)
    if samples is None:
        samples = _interpolate(place, values, steps > _HOLE * median)
    return samples, round(1 / step, 6), jitter


def _check_order(time: NDArray[np.float64], source: object) -> None:
    missing = np.isnan(time)
    if missing.any():
        raise RtcanError(
            f"{source}: sample {missing.argmax() + 1} has no time",
            hint="the file is incomplete or damaged: copy or download it again",
        )
    wrong = ~(np.diff(time) > 0)
    if wrong.any():
        before = int(wrong.argmax())
        one, other = time[before], time[before + 1]
        raise RtcanError(
            f"{source}: the times do not increase: {other:g} follows {one:g} "
            f"(samples {before + 1} and {before + 2})",
            hint="each sample needs a time of its own, in their order",
        )


def _on_grid(
    place: NDArray[np.float64],
    values: NDArray[np.float64],
    steps: NDArray[np.float64],
    source: object,
) -> NDArray[np.float64] | None:
    """Samples whose places are whole numbers but for rounding; None where they are not."""
    if place[-1] > _LARGEST * len(place):
        longest = int(steps.argmax())
        raise RtcanError(
            f"{source}: the times jump by {steps[longest]:g} after sample {longest + 1}",
            hint="split the file there, or mend the times",
        )
    index = np.rint(place).astype(np.int64)
    if np.abs(place - index).max() > _EVEN or (np.diff(index) == 0).any():
        return None
    if index[-1] == len(index) - 1:
        return values
    samples = np.full((index[-1] + 1, *values.shape[1:]), np.nan)
    samples[index] = values
    return samples


def _interpolate(
    place: NDArray[np.float64], values: NDArray[np.float64], is_hole: NDArray[np.bool_]
) -> NDArray[np.float64]:
    grid = np.arange(round(float(place[-1])) + 1, dtype=np.float64)
    columns = values.reshape(len(values), -1).T
    samples = np.stack([np.interp(grid, place, column) for column in columns], axis=-1)
    before = np.clip(np.searchsorted(place, grid, side="right") - 1, 0, len(place) - 2)
    # A grid point within half a step of a sample is that sample, moved a little.
    far = (grid - place[before] > 0.5) & (place[before + 1] - grid > 0.5)
    samples[is_hole[before] & far] = np.nan
    return samples.reshape(len(grid), *values.shape[1:])
