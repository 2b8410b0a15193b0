"""The maps of many trials together: means over subjects, each with its interval.

Maps are put on one scale first: weights are divided by their mean over time, so that 1 is what a
map has everywhere if it is spread evenly, and 2 twice that. Trials of one subject are alike, so the
trials of each subject are averaged, and the mean over subjects gets the t interval of these
averages. Intervals are pointwise: of a hundred times, some five lie outside by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit  # scipy.stats takes a second to load

from rtcan_cli.choices import CONFIDENCE


@dataclass(frozen=True)
class Curve:
    """A mean over subjects at each of some times, with its 95 % interval.

    Parameters
    ----------
    mean, low, high : array (T,)
        The interval is NaN with fewer than two subjects.
    n_subjects, n_trials : int
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_subjects: int
    n_trials: int


def density(channels: ArrayLike) -> NDArray[np.float32]:
    """Absolute maps in times the even share.

    Parameters
    ----------
    channels : array (n, C, L)
        As of `rtcan_cli.explain.maps.Maps`.

    Returns
    -------
    array of float32 (n, C, L)
        Summed over channels, each trial has the mean 1 over time; an empty map is all NaN.
    """
    size = np.abs(np.asarray(channels, dtype=np.float32))
    mean = size.sum(axis=1, dtype=np.float64).mean(axis=1)[:, None, None]
    return (size / np.where(mean > 0, mean, np.nan)).astype(np.float32)


def over_subjects(values: ArrayLike, subject: ArrayLike) -> Curve:
    """Mean over subjects at each time, each subject weighing the same.

    Parameters
    ----------
    values : array (n, T)
        One row a trial; NaN is left out.
    subject : array of str (n,)

    Returns
    -------
    Curve
        NaN where no subject has a value.
    """
    averages = subject_means(values, subject)
    there = ~np.isnan(averages)
    n = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, averages, 0).sum(axis=0) / n
        squares = np.where(there, (averages - mean) ** 2, 0).sum(axis=0)
        error = np.sqrt(squares / (n - 1) / n)
    error = np.where(n > 1, error, np.nan)
    reach = stdtrit(np.maximum(n - 1, 1), (1 + CONFIDENCE) / 2) * error
    trials = ~np.isnan(np.asarray(values)).all(axis=1)
    n_subjects = int(there.any(axis=1).sum())
    return Curve(mean, mean - reach, mean + reach, n_subjects, int(trials.sum()))


def subject_means(values: ArrayLike, subject: ArrayLike) -> NDArray[np.float64]:
    """Mean over the trials of each subject, leaving NaN out: (n_subjects, T)."""
    values = np.asarray(values, dtype=float)
    names, code = np.unique(np.asarray(subject, dtype=str), return_inverse=True)
    there = ~np.isnan(values)
    total, count = np.zeros((2, len(names), values.shape[1]))
    np.add.at(total, code, np.where(there, values, 0))
    np.add.at(count, code, there)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
