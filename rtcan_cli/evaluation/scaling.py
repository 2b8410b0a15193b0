"""How a score changes with the number of subjects, and what twice as many would give.

Learning curves follow power laws, ``score = a - b n^-c`` with ``c > 0``, over wide ranges of the
number of examples n (Hestness et al. 2017, Deep learning scaling is predictable, empirically,
arXiv 1712.00409; Figueroa et al. 2012, Predicting sample size required for classification
performance, BMC Med. Inform. Decis. Mak. 12:8). ``a`` is where the curve ends. ``b`` may have
either sign: in Yin et al. (2022, Fig. 4) accuracy falls with more subjects.

A law of three parameters needs four points at least. Through three, a straight line in log n is
laid; two or one show no law at all.

The intervals come from drawing subjects again, as in `rtcan_cli.evaluation.bootstrap`. Smaller
sets of subjects lie in larger ones, so a drawn subject counts in every set that it is in, and each
set keeps its size. Networks are not trained again, and whether the law holds beyond the largest
set cannot be seen from the points: the true uncertainty is larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from rtcan_cli.evaluation.bootstrap import percentile_interval, tested

#: Points that each form needs at least, the form that says more first.
FORMS = {"power law": 4, "straight line in log n": 3}
#: Exponents that are tried. Below the first, the law is a straight line in log n; above the last,
#: the curve has ended before the second point.
EXPONENTS = (0.05, 3.0)
#: Places along the curve, up to the largest set and beyond it.
SEEN, BEYOND = 40, 20
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """Scores by number of subjects, with the law through them.

    Parameters
    ----------
    points : DataFrame
        One row a set of subjects, the smallest first: ``n`` (subjects), ``score``, its interval
        ``low`` to ``high``.
    form : str or None
        A name of `FORMS`, or None if there are too few points.
    curve : DataFrame
        ``n`` from the smallest number to twice the largest, ``score``, ``low`` and ``high`` of the
        law; empty if there is none.
    gain : tuple of float
        What twice the largest number would add by the law, and its interval; NaN if there is none.
    """

    points: pd.DataFrame
    form: str | None
    curve: pd.DataFrame
    gain: tuple[float, float, float]


def scaling(
    sets: Sequence[pd.DataFrame],
    *,
    n_resamples: int = 500,
    seed: int = 0,
) -> Scaling:
    """Follow accuracy over sets of subjects, each as large as was trained on.

    Parameters
    ----------
    sets : sequence of DataFrame
        Trials of one target for each set, with columns as in `rtcan_cli.evaluation.bootstrap`; sets
        may share subjects.
    n_resamples : int
        Samples of subjects.
    seed : int
        Of the samples.
    """
    right, total = _by_subject(sets)
    inside = total > 0
    size = inside.sum(axis=1)
    order = np.argsort(size, kind="stable")
    right, total, inside, size = right[order], total[order], inside[order], size[order]
    weights = np.vstack([np.ones(total.shape[1]), _draw(inside, n_resamples, seed)])
    scores = (weights @ right.T) / (weights @ total.T)  # the first row: as it is
    points = _with_intervals(scores, size, size)
    form = next((name for name, least in FORMS.items() if len(np.unique(size)) >= least), None)
    if form is None:
        empty = pd.DataFrame(columns=["n", "score", "low", "high"], dtype=float)
        return Scaling(points, None, empty, (np.nan, np.nan, np.nan))
    largest = int(size[-1])
    seen = np.geomspace(size[0], largest, SEEN)
    grid = np.append(seen, np.geomspace(largest, 2 * largest, BEYOND + 1)[1:])
    fitted = np.stack([fit(size, row, form, at=grid) for row in scores])
    gains = fitted[:, -1] - fitted[:, SEEN - 1]
    gain = (float(gains[0]), *percentile_interval(gains[1:], largest))
    curve = _with_intervals(fitted, grid, np.full(len(grid), largest))
    return Scaling(points, form, curve, gain)


def fit(n: Values | NDArray[np.integer], score: Values, form: str, at: Values) -> Values:
    """Lay a law through points by least squares, and say what it gives.

    Parameters
    ----------
    n, score : array (points,)
        Numbers of subjects and scores; a point counts as much as it has subjects.
    form : str
        A name of `FORMS`.
    at : array (m,)
        Numbers of subjects to give the score for.

    Returns
    -------
    NDArray (m,)
        Scores, kept between 0 and 1.
    """
    number = np.asarray(n, float)
    root = np.sqrt(number)

    def line(x: Values) -> tuple[Values, float]:
        # For a given exponent the law is a straight line in x.
        design = np.stack([np.ones_like(x), x], axis=1) * root[:, None]
        found, *_ = np.linalg.lstsq(design, score * root, rcond=None)
        return found, float(np.sum((design @ found - score * root) ** 2))

    def power(exponent: float, of: Values) -> Values:
        return (of / number.max()) ** -exponent

    if form == "power law":
        best = minimize_scalar(
            lambda log_c: line(power(np.exp(log_c), number))[1],
            bounds=tuple(np.log(EXPONENTS)),
            method="bounded",
        )
        exponent = float(np.exp(best.x))
        (a, b), _ = line(power(exponent, number))
        return np.clip(a + b * power(exponent, at), 0, 1)
    (a, b), _ = line(np.log2(number))
    return np.clip(a + b * np.log2(at), 0, 1)


def _by_subject(sets: Sequence[pd.DataFrame]) -> tuple[Values, Values]:
    """Right answers and tested trials, shape (sets, subjects)."""
    counts = []
    for trials in map(tested, sets):
        right = (trials["probability"] > 0.5) == (trials["label"] == 1)
        counts.append(right.groupby(trials["subject"]).agg(["sum", "size"]))
    names = sorted(set().union(*(each.index for each in counts)))
    whole = np.stack([each.reindex(names, fill_value=0).to_numpy(float) for each in counts])
    return whole[..., 0], whole[..., 1]


def _draw(inside: NDArray[np.bool_], n: int, seed: int) -> Values:
    """How often each subject is drawn, shape (n, subjects); every set keeps its size."""
    rng = np.random.default_rng(seed)
    weights = np.empty((n, inside.shape[1]))
    _, kind = np.unique(inside, axis=1, return_inverse=True)
    kind = kind.ravel()
    for each in np.unique(kind):  # subjects that are in the same sets
        members = np.flatnonzero(kind == each)
        share = np.full(len(members), 1 / len(members))
        weights[:, members] = rng.multinomial(len(members), share, n)
    return weights


def _with_intervals(
    scores: Values, at: Values | NDArray[np.integer], size: NDArray[np.integer]
) -> pd.DataFrame:
    """Columns of `Scaling.curve` from scores as they are (first row) and as drawn (the others)."""
    bounds = [
        percentile_interval(drawn, int(subjects))
        for drawn, subjects in zip(scores[1:].T, size, strict=True)
    ]
    low, high = np.array(bounds).T
    return pd.DataFrame({"n": at, "score": scores[0], "low": low, "high": high})
