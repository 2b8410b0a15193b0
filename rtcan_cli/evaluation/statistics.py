"""Is one run better than another? Tests on the same folds, subjects and seeds.

Each function says what it assumes, and what its p value is about. Simulations of equally good runs
found a difference at the 5 % level this often. Over ten folds whose networks shared their training
subjects: `corrected_t` in 2.5 %, Wilcoxon's test in 9 %, the plain paired t-test in 10 % (1500
pairs of naive Bayes runs). Over subjects: `swap_test` in 4.8 %, intervals of the difference without
0 in 5.7 % (1000 pairs of runs, 40 subjects). McNemar's test is left out on purpose: it takes the
trials of a subject as independent, and found a difference in 24 %.

Training is a draw as well: with another seed a network of the same fold is a little better or
worse for all that it tests. With 2 points of that in each fold (standard deviation) `swap_test`
found a difference in 7 to 18 % (40 to 400 subjects, 5 and 10 folds, 600 pairs of runs each), since
it speaks of these networks alone. `corrected_t` did in 0.3 to 1.7 %, and `seed_test`, of 2 to 5
seeds, in 2 to 4 %.

Differences are one less other. NaN in either drops the pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from rtcan_cli.choices import CONFIDENCE
from rtcan_cli.evaluation.bootstrap import paired_seeds

#: Differences that vary by less than this are the same, up to rounding.
_EQUAL = 1e-12


@dataclass(frozen=True)
class FoldTest:
    """A test of the mean difference over folds.

    Parameters
    ----------
    difference : float
        Mean of one less other.
    low, high : float
        Its confidence interval.
    statistic : float
        Of the t distribution with ``n - 1`` degrees of freedom.
    p_value : float
        Two-sided.
    n : int
        Pairs of folds.
    """

    difference: float
    low: float
    high: float
    statistic: float
    p_value: float
    n: int


def corrected_t(
    one: ArrayLike,
    other: ArrayLike,
    n_train: ArrayLike,
    n_test: ArrayLike,
) -> FoldTest:
    """Corrected resampled t-test on the scores of the same folds.

    The variance of the mean is taken as (1/k + n_test/n_train) times that over folds, since folds
    share training trials (Nadeau & Bengio 2003, Inference for the generalization error, Machine
    Learning 52; for cross-validation see Bouckaert & Frank 2004). Assumes about normal differences
    and that the correlation of two folds is n_test / (n_test + n_train): a rule of thumb, rather
    too careful than not. It speaks of networks trained again on other data, not only of these.

    Parameters
    ----------
    one, other : array, shape (k,)
        A score of both runs in each fold.
    n_train, n_test : array, shape (k,), or int
        Trials of each fold. Validation trials count as neither.

    Returns
    -------
    FoldTest
        With NaN for what two folds are needed for. If all folds differ by the same amount, there
        is no variance to compare it with: p is 1 if that amount is 0, and NaN otherwise, since
        scores of a few trials are often equally far apart by chance.
    """
    apart, (train, test) = _apart(one, other, n_train, n_test)
    k = len(apart)
    mean = float(np.mean(apart)) if k else np.nan
    if k < 2:
        return FoldTest(mean, np.nan, np.nan, np.nan, np.nan, k)
    factor = 1 / k + test.sum() / train.sum()
    error = float(np.sqrt(factor * np.var(apart, ddof=1)))
    reach = error * float(stdtrit(k - 1, (1 + CONFIDENCE) / 2))
    with np.errstate(divide="ignore"):
        statistic = float(np.divide(mean, error)) if mean else 0.0
    p_value = float(2 * stdtr(k - 1, -abs(statistic)))
    if mean and np.ptp(apart) < _EQUAL:
        p_value = np.nan
    return FoldTest(mean, mean - reach, mean + reach, statistic, p_value, k)


def wilcoxon(one: ArrayLike, other: ArrayLike) -> float:
    """P value of Wilcoxon's signed-rank test on the scores of the same folds, two-sided.

    Assumes symmetric, independent differences. Folds are not independent, and nothing corrects for
    that here, so it finds too much: see `corrected_t`. With five folds or fewer it cannot fall
    below 0.05: the least possible value is 2 / 2**k.

    Parameters
    ----------
    one, other : array, shape (k,)

    Returns
    -------
    float
        1 if no fold differs; NaN without folds.
    """
    apart, _ = _apart(one, other)
    if not len(apart):
        return np.nan
    return float(scipy.stats.wilcoxon(apart).pvalue) if apart.any() else 1.0


@dataclass(frozen=True)
class SeedTest:
    """A test of the difference in accuracy over subjects and seeds.

    Parameters
    ----------
    difference : float
        Accuracy of one less other, each a mean over its seeds.
    low, high : float
        Its confidence interval.
    p_value : float
        Two-sided.
    freedom : float
        Degrees of freedom of its t distribution.
    """

    difference: float
    low: float
    high: float
    p_value: float
    freedom: float


def seed_test(one: Sequence[pd.DataFrame], other: Sequence[pd.DataFrame]) -> SeedTest:
    """Test the difference in accuracy of two runs that were trained with several seeds each.

    Its variance has two parts that add up. One is that over subjects, each with all trials: what
    other listeners would change. The other is that over seeds, for each run: what training again
    would change. Where all seeds of a run have the same folds, each fold is a network of its own,
    so this part is the sum over folds of the variance between the seeds of the fold; else it is the
    variance between the accuracies of whole runs. The degrees of freedom are those of a sum of
    variances (Satterthwaite 1946, An approximate distribution of estimates of variance components,
    Biometrics Bull. 2). Subjects are paired, seeds are not: those of two models have nothing in
    common. It speaks of networks that are trained again on the same listeners, tested on others.

    Parameters
    ----------
    one, other : sequence of DataFrame
        For each seed the trials of the same target: ``subject``, ``stimulus``, ``label``, ``fold``,
        ``probability``; those that all have tested count. At least two seeds of each.

    Returns
    -------
    SeedTest
        If neither subjects nor seeds differ, there is no variance to compare the difference with:
        p is 1 if it is 0, and NaN otherwise, as in `corrected_t`.

    Raises
    ------
    RtcanError
        See `rtcan_cli.evaluation.bootstrap.common_trials`.
    ValueError
        If a run has a single seed: nothing says how much its training varies.
    """
    if min(len(one), len(other)) < 2:
        raise ValueError("each run needs two seeds or more")
    pair = paired_seeds(one, other)
    right = [np.stack([_right(trials) for trials in side]).astype(float) for side in pair]
    apart = right[0].mean(axis=0) - right[1].mean(axis=0)
    difference = float(apart.mean())
    _, code = np.unique(pair[0][0]["subject"].to_numpy(str), return_inverse=True)
    beside = np.bincount(code, apart - difference)
    n = len(beside)
    # Each part with its degrees of freedom.
    parts = [(n / (n - 1) * float(np.sum(beside**2)) / len(apart) ** 2 if n > 1 else 0.0, n - 1)]
    for side, answers in zip(pair, right, strict=True):
        parts += _training_parts(answers, np.stack([trials["fold"] for trials in side]))
    varied = [(variance, df) for variance, df in parts if variance > 0]
    total = sum(variance for variance, _ in varied)
    if n < 2:
        return SeedTest(difference, np.nan, np.nan, np.nan, np.nan)
    if not varied:
        p_value = 1.0 if difference == 0 else np.nan
        return SeedTest(difference, difference, difference, p_value, np.inf)
    freedom = total**2 / sum(variance**2 / df for variance, df in varied)
    error = float(np.sqrt(total))
    reach = error * float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
    p_value = float(2 * stdtr(freedom, -abs(difference) / error))
    return SeedTest(difference, difference - reach, difference + reach, p_value, freedom)


def _training_parts(right: NDArray[np.float64], fold: NDArray[np.int64]) -> list[tuple[float, int]]:
    """What the seeds of a run add to the variance of its mean accuracy; both (seeds, trials)."""
    n_seeds = len(right)
    if (fold != fold[0]).any():
        return [(float(right.mean(axis=1).var(ddof=1)) / n_seeds, n_seeds - 1)]
    parts = []
    for k in np.unique(fold[0]):
        here = fold[0] == k
        variance = float(right[:, here].mean(axis=1).var(ddof=1))
        parts.append((float(here.mean()) ** 2 * variance / n_seeds, n_seeds - 1))
    return parts


def _right(trials: pd.DataFrame) -> NDArray[np.bool_]:
    return ((trials["probability"] > 0.5) == (trials["label"] == 1)).to_numpy()


def swap_test(
    one: pd.DataFrame | Sequence[pd.DataFrame],
    other: pd.DataFrame | Sequence[pd.DataFrame],
    n_resamples: int = 9999,
    seed: int = 0,
) -> float:
    """P value of equal accuracy of two runs, from swapping their answers subject by subject.

    If the runs were equally good for every subject, whose answers are whose would not matter. So
    the two runs are swapped for a random half of the subjects, time and again, and the difference
    in accuracy is compared with what that gives (a paired permutation test, two-sided). All trials
    of a subject are swapped together, so they need not be independent. Like the intervals of
    `rtcan_cli.evaluation.bootstrap` it speaks of these networks, with other subjects: that training
    again would give others is not in its p value.

    Parameters
    ----------
    one, other : DataFrame, or sequence of DataFrame
        Trials of the same target in two runs: ``subject``, ``stimulus``, ``label``,
        ``probability``; those that both tested count. Of several seeds of a run, the mean of right
        answers counts.
    n_resamples, seed : int
        Swaps, and their seed. With few subjects all of them are tried.

    Returns
    -------
    float
        1 if no subject differs, or only one: swapped or not, the difference is as large.

    Raises
    ------
    RtcanError
        See `rtcan_cli.evaluation.bootstrap.common_trials`.
    """
    right = []
    for side in paired_seeds(one, other):
        each = np.mean([_right(trials) for trials in side], axis=0)
        right.append(pd.Series(each).groupby(side[0]["subject"]).sum().to_numpy(dtype=float))
    differ = right[0] != right[1]  # a swap of equals changes nothing
    if np.count_nonzero(differ) < 2:
        return 1.0
    found = scipy.stats.permutation_test(
        (right[0][differ] - right[1][differ],),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=n_resamples,
        random_state=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p values so that all comparisons together find a false difference in 5 % of cases.

    Assumes nothing about how the tests depend on each other (Holm 1979, A simple sequentially
    rejective multiple test procedure, Scand. J. Stat. 6). SciPy has only the milder control of the
    false discovery rate.

    Parameters
    ----------
    p_values : array, shape (m,)
        NaN is not counted as a comparison.

    Returns
    -------
    array, shape (m,)
        To be held against 0.05 each; at most 1, NaN stays NaN.
    """
    p_values = np.asarray(p_values, dtype=float)
    adjusted = np.full(len(p_values), np.nan)
    order = np.argsort(p_values)[: np.count_nonzero(~np.isnan(p_values))]  # NaN sorts last
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def cohens_d(one: ArrayLike, other: ArrayLike) -> float:
    """Mean difference over its standard deviation over pairs (Cohen 1988: d_z).

    Over folds it is large soon, since folds vary little: report the difference itself beside it.
    NaN with fewer than two pairs, or if all pairs differ by the same amount.
    """
    apart, _ = _apart(one, other)
    sd = np.std(apart, ddof=1) if len(apart) > 1 else 0.0
    return float(np.mean(apart) / sd) if sd > 0 else np.nan


def rank_biserial(one: ArrayLike, other: ArrayLike) -> float:
    """Matched-pairs rank-biserial correlation, the effect size beside Wilcoxon's test.

    The share of ranks for one less that for other: 1 if one is better in every pair, -1 if other
    is (Kerby 2014, The simple difference formula). Pairs without a difference are left out; 0 if
    none is left.
    """
    apart, _ = _apart(one, other)
    apart = apart[apart != 0]
    if not len(apart):
        return 0.0
    rank = scipy.stats.rankdata(np.abs(apart))
    return float(np.sum(rank * np.sign(apart)) / rank.sum())


def _apart(
    one: ArrayLike, other: ArrayLike, *sizes: ArrayLike
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Differences of whole pairs, and the sizes of their folds."""
    apart = np.asarray(one, dtype=float) - np.asarray(other, dtype=float)
    whole = ~np.isnan(apart)
    beside = [np.broadcast_to(np.asarray(size, dtype=float), apart.shape)[whole] for size in sizes]
    return apart[whole], beside
