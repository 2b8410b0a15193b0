"""Whether skin conductance responses get more weight than other moments.

Weights are cut out around every response and averaged. Two nulls say what would be found if a map
knew nothing of the responses of its trial:

- **random times**: the weights of each trial are shifted in a circle, by another amount each time;
- **other trials**: each trial gets the map of another trial of the same network.

The second keeps what all maps have in common, such as high weights at the ends of a trial, so it is
the stricter one. Trials are averaged by subject, and then over subjects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.choices import CONFIDENCE
from rtcan_cli.explain.average import Curve, over_subjects

STEP = 0.25  # s
BEFORE, AFTER = 5.0, 10.0  # s
N_PERMUTATIONS = 499
NULLS = ("random times", "other trials")
#: Seconds around an event over which the weight is tested: the rise of a response takes 1 to 3 s.
WINDOWS = {"onset": (0.0, 3.0), "peak": (-1.0, 1.0)}

LAGS = np.arange(-round(BEFORE / STEP), round(AFTER / STEP) + 1)
"""Steps around an event."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Null:
    """What maps that know nothing of the responses give.

    Parameters
    ----------
    mean, low, high : array (n_lags,)
        Mean, and the range of 95 % of the permutations.
    expected : float
        Mean weight in the window.
    p_value : float
        Two-sided, of the weight in the window; NaN if no trial reaches it.
    """

    mean: Values
    low: Values
    high: Values
    expected: float
    p_value: float


@dataclass(frozen=True)
class Locked:
    """Weights around events.

    Parameters
    ----------
    seconds : array (n_lags,)
        Time from the event.
    curve : Curve
        Mean weight, in times the even share, with its interval over subjects.
    window : tuple of float
        Seconds around the event that are tested.
    weight, low, high : float
        Mean weight in the window, with its interval over subjects.
    nulls : dict of str to Null
        By the names in `NULLS`.
    n_events : int
    """

    seconds: Values
    curve: Curve
    window: tuple[float, float]
    weight: float
    low: float
    high: float
    nulls: dict[str, Null]
    n_events: int


def lock(
    total: Values,
    duration: ArrayLike,
    events: Sequence[ArrayLike],
    subject: ArrayLike,
    network: ArrayLike,
    window: tuple[float, float],
    *,
    row: ArrayLike | None = None,
    n_permutations: int = N_PERMUTATIONS,
    seed: int = 0,
) -> Locked | None:
    """Average the weights around events, and compare them with both nulls.

    Parameters
    ----------
    total : array (n_rows, L + 1)
        Weight up to each sample, see `cumulative`; some rows are read at a time, so it may be a map
        of a file.
    duration : array (n,)
        Length of each trial in seconds.
    events : sequence of n arrays
        Seconds of the events in each trial, from its beginning.
    subject : array of str (n,)
    network : array of int (n,)
        Which network each map is of: maps are exchanged within a network.
    window : tuple of float
        Seconds around an event to test.
    row : array of int (n,), optional
        Row of each trial in `total`; by default, trial by trial.
    n_permutations, seed : int

    Returns
    -------
    Locked or None
        None if no trial has an event. Without another trial of its network, a trial keeps its own
        map in the second null.
    """
    subject, network = np.asarray(subject, dtype=str), np.asarray(network)
    duration = np.asarray(duration, dtype=float)
    used = [i for i, times in enumerate(events) if np.size(times)]
    if not used:
        return None
    row = np.arange(len(total)) if row is None else np.asarray(row)
    rng = np.random.default_rng(seed)
    observed = np.full((len(events), len(LAGS)), np.nan)
    means, n_subjects = np.zeros((len(NULLS), n_permutations, len(LAGS))), np.zeros(len(LAGS))
    for name in np.unique(subject[used]):
        sums, counts = np.zeros_like(means), np.zeros_like(n_subjects)
        for i in (i for i in used if subject[i] == name):
            n_bins = max(2, round(duration[i] / STEP))
            where, valid = _positions(np.asarray(events[i]) / duration[i] * n_bins, n_bins)
            there = valid.any(axis=0)
            counts += there
            own = _binned(total[row[[i]]], n_bins)
            observed[i] = np.where(there, _around(own, where, valid)[0], np.nan)
            shifts = rng.integers(0, n_bins, (n_permutations, 1))
            sums[0] += _around(own[0][(np.arange(n_bins) - shifts) % n_bins], where, valid)
            others = np.flatnonzero((network == network[i]) & (np.arange(len(network)) != i))
            partners = rng.choice(others if len(others) else [i], n_permutations)
            sums[1] += _around(_binned(total[row[partners]], n_bins), where, valid)
        means += sums / np.maximum(counts, 1)
        n_subjects += counts > 0
    means /= np.maximum(n_subjects, 1)
    curve = over_subjects(observed, subject)
    seconds = STEP * LAGS.astype(float)
    inside = (seconds >= window[0]) & (seconds <= window[1])
    nulls = {
        name: _null(drawn, curve.mean, inside) for name, drawn in zip(NULLS, means, strict=True)
    }
    n_events = sum(np.size(events[i]) for i in used)
    weight = mean_of_known(curve.mean[inside])
    # Not the mean of the intervals at each time, which would be too wide.
    of_trial = np.array([mean_of_known(row[inside]) for row in observed])
    whole = over_subjects(of_trial[:, None], subject)
    low, high = (weight + float(end[0] - whole.mean[0]) for end in (whole.low, whole.high))
    return Locked(seconds, curve, window, weight, low, high, nulls, n_events)


def mean_of_known(values: Values) -> float:
    """Mean of the values that are not NaN; NaN where there are none, as for one subject."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def _null(drawn: Values, found: Values, inside: NDArray[np.bool_]) -> Null:
    low, high = np.quantile(drawn, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2), axis=0)
    tested = drawn[:, inside].mean(axis=1)
    expected = float(tested.mean())
    weight = mean_of_known(found[inside])
    apart = np.abs(tested - expected) >= abs(weight - expected)
    p_value = np.nan if np.isnan(weight) else float((1 + apart.sum()) / (1 + len(tested)))
    return Null(drawn.mean(axis=0), low, high, expected, p_value)


def _positions(events: Values, n_bins: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Bins around each event, and whether they are in the trial: both (n_events, n_lags)."""
    where = np.floor(events).astype(int)[:, None] + LAGS
    return where, (where >= 0) & (where < n_bins)


def _around(maps: Values, where: NDArray[np.int64], valid: NDArray[np.bool_]) -> Values:
    """Mean over the events of a trial, 0 where none reaches: (n_maps, n_lags)."""
    values = maps[:, where % maps.shape[1]] * valid
    return values.sum(axis=1) / np.maximum(valid.sum(axis=0), 1)


def cumulative(weight: ArrayLike) -> Values:
    """Weight of each trial from its beginning up to each sample.

    Parameters
    ----------
    weight : array (n, L)
        In times the even share; L samples spread over each trial.

    Returns
    -------
    array (n, L + 1)
        From 0 to the mean weight.
    """
    weight = np.asarray(weight, dtype=float)
    return np.pad(np.cumsum(weight, axis=1), ((0, 0), (1, 0))) / weight.shape[1]


def _binned(total: Values, n_bins: int) -> Values:
    """Mean weight in each of `n_bins` equal parts of a trial, from cumulative ones."""
    place = np.linspace(0, total.shape[1] - 1, n_bins + 1)
    left = np.minimum(place.astype(int), total.shape[1] - 2)
    share = place - left
    at = total[:, left] * (1 - share) + total[:, left + 1] * share
    return np.diff(at, axis=1) * n_bins
