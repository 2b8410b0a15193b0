"""Whether a predicted probability is the share that comes true.

Trials are sorted by their probability and cut into bins of about equally many trials. Bins of
equal width would leave some nearly empty, since networks crowd their answers, and the error of
such bins is mostly noise; equal-mass bins are less biased (Roelofs et al. 2022, Mitigating bias in
calibration error estimation, AISTATS).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.choices import CONFIDENCE

N_BINS = 10
COLUMNS = ["n", "probability", "high", "calibrated_low", "calibrated_high"]
TRIALS_A_BIN = 20  # fewer say nothing about a share: its standard error is then above 0.11


def reliability(
    label: ArrayLike, probability: ArrayLike, n_draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Cut tested trials into bins of probability, and compare each with its share of high.

    There are 10 bins, or fewer where they would hold fewer than 20 trials each. Equal
    probabilities are never parted, so bins may differ in size and be fewer.

    Parameters
    ----------
    label : array of int, shape (n,)
        0 low, 1 high.
    probability : array of float, shape (n,)
        Predicted probability of high; NaN is left out.
    n_draws, seed : int
        Draws of the labels that a calibrated network would have met, and their seed.

    Returns
    -------
    DataFrame
        One row a bin, by rising probability: ``n``, ``probability`` (mean), ``high`` (share of
        high), and ``calibrated_low`` to ``calibrated_high``: where that share would lie in 95 % of
        the cases if the probabilities were right and trials independent (Broecker & Smith 2007,
        Increasing the reliability of reliability diagrams).
    """
    truth, predicted = _tested(label, probability)
    if not len(truth):
        return pd.DataFrame(columns=COLUMNS, dtype=float)
    n_bins, bins = _bins(predicted)
    n, mean, high = _means(bins, n_bins, predicted, truth)
    draws = _calibrated_labels(predicted, n_draws, seed)
    shares = np.stack([_means(bins, n_bins, predicted, drawn)[2] for drawn in draws])
    low, up = np.quantile(shares, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2), axis=0)
    return pd.DataFrame(dict(zip(COLUMNS, (n, mean, high, low, up), strict=True)))


def expected_calibration_error(label: ArrayLike, probability: ArrayLike) -> float:
    """Mean distance of predicted probability and share of high, over the bins of `reliability`.

    Bins weigh by their trials (Naeini et al. 2015, Obtaining well calibrated probabilities using
    Bayesian binning). Chance alone keeps it above 0, the more so the fewer trials: see
    `calibrated_error` for what to hold it against.

    Parameters
    ----------
    label : array of int, shape (n,)
    probability : array of float, shape (n,)
        Of high; NaN is left out.

    Returns
    -------
    float
        0 to 1; NaN without trials.
    """
    truth, predicted = _tested(label, probability)
    if not len(truth):
        return np.nan
    n_bins, bins = _bins(predicted)
    return _error(bins, n_bins, predicted, truth)


def calibrated_error(probability: ArrayLike, n_draws: int = 1000, seed: int = 0) -> float:
    """Return the `expected_calibration_error` that a perfectly calibrated network would show.

    It is the mean over draws of labels with just these probabilities. Trials are drawn
    independently; if those of a subject go together, a calibrated network would show more.

    Parameters
    ----------
    probability : array of float, shape (n,)
        Of high; NaN is left out.
    n_draws, seed : int
        Draws of labels, and their seed.

    Returns
    -------
    float
        0 to 1; NaN without trials.
    """
    _, predicted = _tested(np.zeros(np.shape(probability), dtype=int), probability)
    if not len(predicted):
        return np.nan
    n_bins, bins = _bins(predicted)
    draws = _calibrated_labels(predicted, n_draws, seed)
    return float(np.mean([_error(bins, n_bins, predicted, drawn) for drawn in draws]))


def _tested(
    label: ArrayLike, probability: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    label, predicted = np.asarray(label), np.asarray(probability, dtype=float)
    tested = ~np.isnan(predicted)
    return label[tested], predicted[tested]


def _bins(probability: NDArray[np.float64]) -> tuple[int, NDArray[np.int64]]:
    """Number of bins, and the bin of each trial, from 0; none is empty."""
    n_bins = min(N_BINS, max(1, len(probability) // TRIALS_A_BIN))
    inner = np.quantile(probability, np.arange(1, n_bins) / n_bins)
    kept, bins = np.unique(np.searchsorted(inner, probability), return_inverse=True)
    return len(kept), bins


def _means(
    bins: NDArray[np.int64], n_bins: int, *values: NDArray[np.generic]
) -> tuple[NDArray[np.number], ...]:
    """Trials of each bin, and the mean of each value in it."""
    n = np.bincount(bins, minlength=n_bins)
    return n, *(np.bincount(bins, value, n_bins) / n for value in values)


def _error(
    bins: NDArray[np.int64],
    n_bins: int,
    probability: NDArray[np.float64],
    label: NDArray[np.generic],
) -> float:
    n, mean, high = _means(bins, n_bins, probability, label)
    return float(np.average(np.abs(np.subtract(mean, high)), weights=n))


def _calibrated_labels(
    probability: NDArray[np.float64], n_draws: int, seed: int
) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random((n_draws, len(probability))) < probability
