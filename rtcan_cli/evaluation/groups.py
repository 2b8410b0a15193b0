"""Who a network is bad for: its scores by subject or by stimulus, and whether that is chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from rtcan_cli.choices import CONFIDENCE
from rtcan_cli.evaluation.metrics import ranking_scores


def group_scores(trials: pd.DataFrame, by: str = "subject") -> pd.DataFrame:
    """Score the tested trials of each subject, or of each stimulus.

    Parameters
    ----------
    trials : DataFrame
        Trials of one target: ``subject``, ``stimulus``, ``label`` (0 low, 1 high) and
        ``probability`` (of high; NaN if not tested).
    by : {"subject", "stimulus"}

    Returns
    -------
    DataFrame
        One row a group, the least accurate first: its name; ``n`` (tested trials), ``n_untested``;
        ``n_right``, ``accuracy`` and its 95 % interval ``low`` to ``high`` (Wilson 1927, as if
        trials were independent); ``high_share`` (trials that are truly high); ``majority_share``,
        the accuracy of who knew the group's more frequent class; ``auc``, NaN where the tested
        trials are of one class. Where several folds test a group, ``auc`` ranks probabilities of
        different networks against each other: without skill it tends to be below 0.5, since a
        network leans to the class that its test trials have less of. Groups that were not tested
        come last, with NaN.
    """
    label, tested = trials["label"].to_numpy(), trials["probability"].notna().to_numpy()
    probability = trials["probability"].to_numpy(dtype=float)
    names, code = np.unique(trials[by].to_numpy(str), return_inverse=True)
    n = np.bincount(code[tested], minlength=len(names))
    right = np.bincount(code, tested & ((probability > 0.5) == (label == 1)), len(names))
    n_high = np.bincount(code, tested & (label == 1), len(names))
    auc = np.full(len(names), np.nan)
    for group, rows in pd.Series(np.flatnonzero(tested)).groupby(code[tested]):
        auc[group] = ranking_scores(label[rows], probability[rows])["auc"]
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 of 0 is NaN
        accuracy, high_share = right / n, n_high / n
        low, high = _wilson(accuracy, n)
    table = pd.DataFrame(
        {
            by: names,
            "n": n,
            "n_untested": np.bincount(code, minlength=len(names)) - n,
            "n_right": right.astype(np.int64),
            "accuracy": accuracy,
            "low": low,
            "high": high,
            "high_share": high_share,
            "majority_share": np.maximum(high_share, 1 - high_share),
            "auc": auc,
        }
    )
    return table.sort_values(["accuracy", "n", by], ascending=[True, False, True]).reset_index(
        drop=True
    )


def _wilson(share: NDArray[np.float64], n: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    # SciPy's binomtest does one share at a time, too slowly for hundreds of stimuli.
    z = ndtri((1 + CONFIDENCE) / 2)
    shrunk = 1 + z**2 / np.maximum(n, 1)
    middle = (share + z**2 / (2 * n)) / shrunk
    reach = z / shrunk * np.sqrt(share * (1 - share) / n + z**2 / (4.0 * n**2))
    return [np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1)]


@dataclass(frozen=True)
class Spread:
    """How much accuracy varies over groups, beside what chance alone makes of it.

    Parameters
    ----------
    sd : float
        Standard deviation of the accuracy over groups (n - 1).
    chance_sd : float
        Its mean if every group were recognised equally well.
    p_value : float
        Probability of at least this spread by chance alone.
    chance : array, shape (groups,)
        Mean accuracy by chance alone of the least accurate group, the second, and so on.
    """

    sd: float
    chance_sd: float
    p_value: float
    chance: NDArray[np.float64]


def spread(groups: pd.DataFrame, n_draws: int = 2000, seed: int = 0) -> Spread:
    """Ask whether some groups are recognised worse than others, or only look so.

    A subject has few trials, so a few of many subjects score badly by chance. Here the right
    answers are permuted over all trials: an exact test, given the trials of each
    group and the right answers of all, drawn instead of counted out. It takes the trials of a
    group as independent but for their common chance to be right.

    Parameters
    ----------
    groups : DataFrame
        From `group_scores`.
    n_draws, seed : int
        Deals, and their seed.

    Returns
    -------
    Spread
        With NaN if fewer than two groups were tested.
    """
    found = groups[groups["n"] > 0]
    n, right = found["n"].to_numpy(np.int64), int(found["n_right"].sum())
    if len(n) < 2:
        return Spread(np.nan, np.nan, np.nan, np.full(len(n), np.nan))
    rng = np.random.default_rng(seed)
    dealt = rng.multivariate_hypergeometric(n, right, n_draws, method="marginals") / n
    sds, sd = dealt.std(axis=1, ddof=1), found["accuracy"].std(ddof=1)
    # A deal as extreme as the data counts, up to rounding; the data are one of the deals.
    p_value = (1 + np.count_nonzero(sds >= sd - 1e-12)) / (1 + n_draws)
    return Spread(float(sd), float(sds.mean()), p_value, np.sort(dealt, axis=1).mean(axis=0))
