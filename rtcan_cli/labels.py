"""High or low: each subject's ratings turned into classes by that subject's own threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from rtcan_cli.choices import LabelMethod
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError

BY_STIMULUS = "stimulus-mean"
"""The method that needs no ratings of single subjects; see `label_by_stimulus`."""

METHODS = tuple(each for each in get_args(LabelMethod) if each != BY_STIMULUS)
"""The methods of `relabel`, which turn each subject's own ratings into labels."""

NO_LABEL = -1

_RATINGS = list(TARGETS)  # pandas takes a tuple for one name
#: Columns of the thresholds table that hold the two cluster centres.
CENTRES = [f"centre{k}_{target}" for k in (0, 1) for target in TARGETS]
#: Random pairs of points that k-means starts from.
STARTS = 100
_MOST_STEPS = 300  # most take fewer than ten
_LARGEST_SEED = 2**32 - 1
_MARGIN = 1e-9
_ROUNDING = 1e-12  # of a correlation


@dataclass(frozen=True)
class Relabelling:
    """Labels, and the thresholds they come from.

    Attributes
    ----------
    labels : DataFrame
        `subject`, `stimulus`, `repetition`, `song`, `valence`, `arousal`, in the order of the
        ratings: 1 high, 0 low, -1 where there is no rating.
    thresholds : DataFrame
        One row per subject, sorted: `subject`, `valence`, `arousal` (the thresholds, on the scale
        of the ratings), `n_trials` (complete ratings they rest on), `fallback` (whether these were
        too few, so that the centre of the scale was taken) and the cluster centres
        `centre0_valence`, `centre0_arousal`, `centre1_valence`, `centre1_arousal`, lower valence
        first (NaN unless clustered).
    """

    labels: pd.DataFrame
    thresholds: pd.DataFrame


def relabel(
    ratings: pd.DataFrame,
    method: str,
    scale: tuple[float, float],
    seed: int,
    counts: NDArray[np.bool_] | None = None,
) -> Relabelling:
    """Split every subject's ratings into high and low.

    ``"kmeans"`` is the annotation re-creation of Yin et al. 2022, sec. 4.2: the subject's points
    (valence, arousal) are clustered into two, and the midpoint between the centres gives both
    thresholds. ``"median"`` and ``"mean"`` take the subject's median or mean rating, and
    ``"fixed"`` the centre of the scale for everybody.

    A rating is high if it lies strictly above the threshold, by more than a billionth of the scale:
    a rating that equals the threshold but for rounding is low. Only trials with both ratings take
    part in finding it. Where these are fewer than two distinct points, every method falls back to
    the centre of the scale. The result does not depend on the order of the trials.

    Parameters
    ----------
    ratings : DataFrame
        `subject`, `stimulus`, `valence`, `arousal`; NaN for no rating. `repetition` and `song`,
        where they are there, are handed on.
    method : str
        One of `METHODS`.
    scale : tuple of float
        Lowest and highest possible rating.
    seed : int
        For the starts of k-means; 0 to 2**32 - 1.
    counts : NDArray of bool (n,), optional
        Which of the ratings the thresholds are made from, such as those of training trials; all by
        default. All are labelled.

    Returns
    -------
    Relabelling

    Raises
    ------
    RtcanError
        For an unknown method, a seed out of range, or a rating outside the scale.
    """
    if method not in METHODS:
        raise RtcanError(
            f"unknown labelling method {method!r}", hint=f"choose one of {', '.join(METHODS)}"
        )
    if not 0 <= seed <= _LARGEST_SEED:
        raise RtcanError(
            f"the seed of k-means must lie between 0 and {_LARGEST_SEED}, not be {seed}",
            hint="choose another --seed",
        )
    _check_scale(ratings, scale)
    rows = []
    # On one thread: a few points each are not worth two, which wait for each other all the time
    # where the machine has other work.
    with threadpool_limits(1):
        known = ratings[_RATINGS]
        if counts is not None:
            known = known.where(np.column_stack([counts] * len(TARGETS)))
        for subject, trials in known.groupby(ratings["subject"], sort=True):
            points = trials.dropna().to_numpy(dtype=np.float64)
            rows.append({"subject": subject, **_threshold(points, method, scale, seed)})
    columns = ["subject", *TARGETS, "n_trials", "fallback", *CENTRES]
    thresholds = pd.DataFrame(rows, columns=columns)
    return Relabelling(label_by_thresholds(ratings, thresholds, scale), thresholds)


def label_by_thresholds(
    ratings: pd.DataFrame, thresholds: pd.DataFrame, scale: tuple[float, float]
) -> pd.DataFrame:
    """Label ratings by thresholds that are there already.

    Parameters
    ----------
    ratings : DataFrame
        As of `relabel`.
    thresholds : DataFrame
        `subject`, each once, `valence`, `arousal`; all subjects of the ratings.
    scale : tuple of float
        Lowest and highest possible rating.

    Returns
    -------
    DataFrame
        Labels as in `Relabelling`.
    """
    of_subject = thresholds.set_index("subject")[_RATINGS].loc[ratings["subject"]].to_numpy()
    points = ratings[_RATINGS].to_numpy(dtype=np.float64)
    # Without a margin, rounding of the threshold would decide about ratings that equal it.
    is_high = points > of_subject + _MARGIN * (scale[1] - scale[0])
    return _labels(ratings, points, is_high)


def label_by_stimulus(
    trials: pd.DataFrame, stimuli: pd.DataFrame, scale: tuple[float, float]
) -> pd.DataFrame:
    """Give every listener of a stimulus the same label: that of its published mean rating.

    A mean is high if it lies strictly above the centre of the scale, as in `relabel`.

    Parameters
    ----------
    trials : DataFrame
        `subject`, `stimulus`.
    stimuli : DataFrame
        `stimulus` (each once), `valence_mean`, `arousal_mean`; NaN for no mean.
    scale : tuple of float
        Lowest and highest possible rating.

    Returns
    -------
    DataFrame
        Labels as in `Relabelling`; -1 where the stimulus has no mean.

    Raises
    ------
    RtcanError
        If a mean lies outside the scale.
    """
    columns = {f"{target}_mean": target for target in TARGETS}
    means = stimuli.set_index("stimulus")[list(columns)].rename(columns=columns)
    points = means.reindex(trials["stimulus"])[_RATINGS].to_numpy(dtype=np.float64)
    outside = (points < scale[0]) | (points > scale[1])
    if outside.any():
        trial, column = np.argwhere(outside)[0]
        raise RtcanError(
            f"the mean {TARGETS[column]} of {trials['stimulus'].iloc[trial]} is "
            f"{points[trial, column]:g}, outside the scale {scale[0]:g} to {scale[1]:g}",
            hint="give the scale that was used",
        )
    is_high = points > sum(scale) / 2 + _MARGIN * (scale[1] - scale[0])
    return _labels(trials, points, is_high)


def _labels(
    trials: pd.DataFrame, points: NDArray[np.float64], is_high: NDArray[np.bool_]
) -> pd.DataFrame:
    classes = np.where(np.isnan(points), NO_LABEL, is_high).astype(np.int64)
    labels = trial_names(trials)
    return labels.assign(valence=classes[:, 0], arousal=classes[:, 1])


def trial_names(trials: pd.DataFrame) -> pd.DataFrame:
    """What trials are called: `subject`, `stimulus`, `repetition`, `song`, with a new index.

    Parameters
    ----------
    trials : DataFrame
        `subject`, `stimulus`; without `repetition` each is the first, without `song` each stimulus
        is a song of its own.
    """
    names = trials[["subject", "stimulus"]].reset_index(drop=True)
    usual = {"repetition": 1, "song": names["stimulus"]}
    return names.assign(
        **{
            name: trials[name].to_numpy() if name in trials else value
            for name, value in usual.items()
        }
    )


def class_counts(labels: pd.DataFrame) -> pd.DataFrame:
    """Count high and low labels per target.

    Parameters
    ----------
    labels : DataFrame
        `valence` and `arousal`, as in `Relabelling.labels`.

    Returns
    -------
    DataFrame
        `target`, `n_high`, `n_low`.
    """
    return pd.DataFrame(
        {
            "target": TARGETS,
            "n_high": [int((labels[target] == 1).sum()) for target in TARGETS],
            "n_low": [int((labels[target] == 0).sum()) for target in TARGETS],
        }
    )


def rating_correlation(ratings: pd.DataFrame) -> tuple[float, float]:
    """Spearman correlation between valence and arousal over all trials (Yin et al. 2022, table 2).

    Parameters
    ----------
    ratings : DataFrame
        `valence` and `arousal`; trials that lack one are left out.

    Returns
    -------
    r, p : float
        Correlation and its two-sided p-value; NaN with fewer than three trials or if one of the
        ratings never changes. For a correlation of 1 or -1, whose t statistic is infinite, p is
        that of the exact permutation test: the share of the orders that are as extreme.
    """
    points = ratings[_RATINGS].dropna()
    if len(points) < 3 or (points.nunique() < 2).any():
        return float("nan"), float("nan")
    result = scipy.stats.spearmanr(points["valence"], points["arousal"])
    r, p = float(result.statistic), float(result.pvalue)
    if 1 - abs(r) < _ROUNDING:
        # Equal ratings may change places: n! orders in all, of which so many are the same.
        ties = [math.factorial(n) for n in points["valence"].value_counts()]
        p = min(1.0, 2 * math.prod(ties) / math.factorial(len(points)))
    return r, p


def _check_scale(ratings: pd.DataFrame, scale: tuple[float, float]) -> None:
    low, high = scale
    for target in TARGETS:
        outside = ratings[(ratings[target] < low) | (ratings[target] > high)]
        if len(outside):
            first = outside.iloc[0]
            raise RtcanError(
                f"subject {first['subject']} rated the {target} of {first['stimulus']} "
                f"{first[target]:g}, outside the scale {low:g} to {high:g} "
                f"({len(outside)} such ratings)",
                hint="give the scale that was used",
            )


def _threshold(
    points: NDArray[np.float64], method: str, scale: tuple[float, float], seed: int
) -> dict[str, object]:
    # Sorted, so that neither the random starts nor rounding depend on the order of the trials.
    points = points[np.lexsort(points.T)]
    # Ratings that differ by rounding alone are the same: they must not make clusters of their own.
    known = np.round(points / (_MARGIN * (scale[1] - scale[0])))
    distinct = len(np.unique(known, axis=0))
    centres = np.full((2, 2), np.nan)
    if method == "fixed" or distinct < 2:
        threshold = np.full(2, sum(scale) / 2)
    elif method == "kmeans":
        member = _two_means(known, seed)
        centres = np.stack([points[member == k].mean(axis=0) for k in (False, True)])
        # Cluster numbers are arbitrary: put the one with the lower valence first.
        centres = centres[np.lexsort((centres[:, 1], centres[:, 0]))]
        threshold = centres.mean(axis=0)
    else:
        threshold = np.median(points, axis=0) if method == "median" else points.mean(axis=0)
    return {
        **dict(zip(TARGETS, threshold, strict=True)),
        "n_trials": len(points),
        "fallback": method != "fixed" and distinct < 2,
        **dict(zip(CENTRES, centres.ravel(), strict=True)),
    }


def _two_means(points: NDArray[np.float64], seed: int) -> NDArray[np.bool_]:
    """Which points are in the second of the best two clusters of many starts (k-means).

    Lloyd's algorithm from pairs of distinct points. Of a pair of clusters, none is ever empty: if
    all points of one were nearer to the other centre, so would be their mean. Should rounding make
    it empty all the same, this start is not taken.
    """
    different = np.unique(points, axis=0)
    rng = np.random.default_rng(seed)
    first = rng.integers(len(different), size=STARTS)
    second = (first + rng.integers(1, len(different), size=STARTS)) % len(different)
    centres = different[np.stack([first, second], axis=1)]  # (starts, 2, 2)
    member = np.zeros((STARTS, len(points)), bool)
    for _ in range(_MOST_STEPS):
        distance = ((points[:, None] - centres[:, None]) ** 2).sum(axis=-1)  # (starts, n, 2)
        before, member = member, distance[..., 1] < distance[..., 0]
        if (member == before).all():
            break
        centres = np.stack([_means(points, ~member), _means(points, member)], axis=1)
    spread = distance.min(axis=-1).sum(axis=-1)
    spread[~(member.any(axis=1) & ~member.all(axis=1))] = np.inf
    best: NDArray[np.bool_] = member[spread.argmin()]
    return best


def _means(points: NDArray[np.float64], member: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean of the points that are members, for each of several choices of them."""
    count = np.maximum(1, member.sum(axis=1, keepdims=True))
    means: NDArray[np.float64] = (points * member[..., None]).sum(axis=1) / count
    return means
