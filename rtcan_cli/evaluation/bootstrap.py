"""Scores of all test folds together, and how far they would move with other subjects.

Trials of a subject are not independent: they share a skin, a sensor and a habit of rating. So
whole subjects are drawn with replacement, each with all its trials (cluster bootstrap: Davison &
Hinkley 1997, sec. 3.8). Networks are not trained again: an interval says how the score of *these*
networks would vary over samples of subjects, not how training varies.

A drawn sample is a weight for each subject, so that all samples are scored at once: class counts
are one matrix product, areas under curves come from weighted ranks.

Counts and squared errors are pooled over folds. Each fold has its own network, and probabilities
of different networks are not on one scale, so areas are computed within each fold and averaged
over folds, weighted by their trials (Forman & Scholz 2010, Apples-to-apples in cross-validation
studies, SIGKDD Explorations 12(1)).

Intervals are percentiles, taken a little further out because few subjects vary too little when
resampled (the expanded percentile interval: Hesterberg 2015, What teachers should know about the
bootstrap, Am. Stat. 69(4), sec. 5.3.2). In simulations of 12, 32 and 40 subjects (600 each) 95 %
intervals held the true score in 93 to 96 % of the cases, whichever the score; BCa intervals with 12
subjects did in 89 to 93 %.

Tables of trials have the columns ``subject``, ``stimulus``, ``label`` (0 low, 1 high), ``fold``
(the fold that tests the trial) and ``probability`` (of high; NaN if not tested: left out). Where
subjects heard a stimulus more than once, ``repetition`` tells these trials apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit  # scipy.stats takes a second to load

from rtcan_cli.choices import CONFIDENCE
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.metrics import COUNTS, class_scores, confusion_counts, majority_class
from rtcan_cli.evaluation.ranking import Ranking
from rtcan_cli.trial_key import TRIAL_KEY

BATCH = 250  # samples scored at once: bounds the memory, about 8 bytes times this times trials
Values = NDArray[np.float64]


def intervals(
    trials: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Score all tested trials, with an interval over samples of subjects.

    Parameters
    ----------
    trials : DataFrame, or sequence of DataFrame
        Trials of one target; see above. Of several seeds of a run, scores are averaged over the
        trials that all have tested; the interval is over subjects, with these seeds.
    n_resamples : int
        Samples of subjects.
    seed : int
        Of the samples.

    Returns
    -------
    DataFrame
        Indexed by score: ``estimate``, ``low``, ``high`` and ``n_resamples``, the samples that have
        the score. The scores are those of `class_scores`, ``auc`` and ``average_precision`` (folds
        with a single class left out; NaN if no fold has both), ``brier``, and ``above_majority``:
        accuracy less that of always saying the class that is more frequent among the tested trials,
        which no answer without skill exceeds. The calibration error is not
        among them: every sample would be further from calibration than the trials themselves. No
        interval (NaN) with fewer than two subjects.

    Raises
    ------
    RtcanError
        If no trial was tested; of several seeds, see also `common_trials`.
    """
    found = [tested(trials)] if isinstance(trials, pd.DataFrame) else common_trials(trials)
    if not len(found[0]):
        raise RtcanError("no trial of the run was tested", "train at least one of its folds")
    majority = majority_class(found[0]["label"])
    seeds = [_Subjects(each, majority) for each in found]
    n_subjects = seeds[0].n
    scores = _mean([each.scores(np.ones((1, n_subjects))) for each in seeds])
    drawn = _mean([each.resampled(n_resamples, seed) for each in seeds])
    rows = {
        name: (
            score[0],
            *percentile_interval(drawn[name], n_subjects),
            np.isfinite(drawn[name]).sum(),
        )
        for name, score in scores.items()
    }
    columns = ["estimate", "low", "high", "n_resamples"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def difference_intervals(
    one: pd.DataFrame | Sequence[pd.DataFrame],
    other: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare two runs on the trials that both tested, drawing the same subjects for both.

    Folds may differ: two protocols can be compared too.

    Parameters
    ----------
    one, other : DataFrame, or sequence of DataFrame
        Trials of the same target in two runs; see above. Of several seeds of a run, scores are
        averaged.
    n_resamples, seed
        As for `intervals`.

    Returns
    -------
    DataFrame
        Indexed by score: ``one``, ``other``, ``difference`` (one less other), its ``low`` and
        ``high``, and ``n_resamples``.

    Raises
    ------
    RtcanError
        See `common_trials`.
    """
    pair = [[_Subjects(trials, None) for trials in side] for side in paired_seeds(one, other)]
    n_subjects = pair[0][0].n
    whole = [_mean([each.scores(np.ones((1, n_subjects))) for each in side]) for side in pair]
    drawn = [_mean([each.resampled(n_resamples, seed) for each in side]) for side in pair]
    rows = {}
    for name in whole[0]:
        a, b = (scores[name][0] for scores in whole)
        apart = drawn[0][name] - drawn[1][name]
        bounds = percentile_interval(apart, n_subjects)
        rows[name] = (a, b, a - b, *bounds, np.isfinite(apart).sum())
    columns = ["one", "other", "difference", "low", "high", "n_resamples"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def ratio_intervals(
    quantities: Mapping[str, tuple[Values, Values]],
    subject: NDArray[np.generic],
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Ratios of sums over trials, such as means, with an interval over samples of subjects.

    Parameters
    ----------
    quantities : mapping of str to pair of array (n,)
        What is above and below the line for each trial. With ones below, a ratio is a mean.
    subject : array (n,)
        Whose trials these are.
    n_resamples, seed
        As for `intervals`.

    Returns
    -------
    DataFrame
        Indexed by the names: ``estimate``, ``low`` and ``high``. No interval (NaN) with fewer than
        two subjects.
    """
    names, code = np.unique(subject, return_inverse=True)
    n = len(names)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n, np.full(n, 1 / n), n_resamples).astype(float)
    rows = {}
    for name, pair in quantities.items():
        above, below = (np.bincount(code, each, n) for each in pair)
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = (weights @ above) / (weights @ below)
            rows[name] = (above.sum() / below.sum(), *percentile_interval(drawn, n))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high"])


def tested(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials that have a probability."""
    return trials[trials["probability"].notna()]


def _mean(scores: Sequence[dict[str, Values]]) -> dict[str, Values]:
    """Mean of each score over seeds."""
    return {name: np.mean([each[name] for each in scores], axis=0) for name in scores[0]}


def paired_trials(one: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the trials that both runs tested, in the same order.

    Raises
    ------
    RtcanError
        See `common_trials`.
    """
    first, second = common_trials([one, other])
    return first, second


def paired_seeds(
    one: pd.DataFrame | Sequence[pd.DataFrame], other: pd.DataFrame | Sequence[pd.DataFrame]
) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Return the trials that all seeds of two runs tested, in the same order.

    Raises
    ------
    RtcanError
        See `common_trials`.
    """
    first, second = (
        [side] if isinstance(side, pd.DataFrame) else list(side) for side in (one, other)
    )
    found = common_trials([*first, *second])
    return found[: len(first)], found[len(first) :]


def common_trials(runs: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return the trials that all runs tested, in the same order.

    Raises
    ------
    RtcanError
        If there is none, a trial is high in one run and low in another, or a run tested a trial
        more than once.
    """
    which = "the two runs" if len(runs) == 2 else "the runs"
    found = [_by_key(tested(trials)) for trials in runs]
    shared = found[0].index
    for each in found[1:]:
        shared = shared.intersection(each.index)
    if not len(shared):
        raise RtcanError(
            f"{which} have no tested trial in common", "compare runs of the same dataset"
        )
    found = [each.loc[shared] for each in found]
    for each in found:
        if len(each) != len(shared):
            subject, stimulus, _ = each.index[each.index.duplicated()][0]
            raise RtcanError(
                f"subject {subject}, stimulus {stimulus} was tested more than once in one run",
                "a column repetition tells hearings of the same stimulus apart",
            )
    label = np.stack([each["label"].to_numpy() for each in found])
    if n := int((label != label[0]).any(axis=0).sum()):
        raise RtcanError(
            f"{which} label {n} of their {len(shared)} common trials differently",
            "compare runs that were trained on the same labels",
        )
    return [each.reset_index() for each in found]


def _by_key(trials: pd.DataFrame) -> pd.DataFrame:
    """Trials by what tells each from all others."""
    if "repetition" not in trials:
        trials = trials.assign(repetition=1)
    return trials.set_index(list(TRIAL_KEY)).sort_index()


def percentile_interval(drawn: Values, n_subjects: int) -> tuple[float, float]:
    """Interval of a score from what it is for samples of subjects, each as many as there are.

    Parameters
    ----------
    drawn : array (n_resamples,)
        The score of each sample; what is not finite is left out.
    n_subjects : int
        Subjects of a sample. There is no interval (NaN) with fewer than two.
    """
    drawn = drawn[np.isfinite(drawn)]
    if n_subjects < 2 or not len(drawn):
        return np.nan, np.nan
    # Percentiles of a normal that is as wide as the t interval with its sample variance.
    wider = stdtrit(n_subjects - 1, (1 - CONFIDENCE) / 2) * np.sqrt(n_subjects / (n_subjects - 1))
    tail = ndtr(wider)
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return float(low), float(high)


class _Subjects:
    """What each subject adds to the scores; trials must be tested ones."""

    def __init__(self, trials: pd.DataFrame, majority: int | None):
        label = trials["label"].to_numpy(dtype=np.int64)
        probability = trials["probability"].to_numpy(dtype=float)
        fold = trials["fold"].to_numpy()
        names, self.code = np.unique(trials["subject"].to_numpy(str), return_inverse=True)
        self.n = len(names)
        marks = confusion_counts(label, probability > 0.5)
        self.counts = np.stack([self._total(marks[name]) for name in COUNTS])
        self.squared = self._total((probability - label) ** 2)
        self.by_majority: Values | None = None
        if majority is not None:
            self.by_majority = self._total(label == majority)
        self.folds = [
            (Ranking(label[here], probability[here]), self.code[here])
            for here in (fold == k for k in np.unique(fold))
        ]

    def _total(self, value: NDArray[np.generic]) -> Values:
        return np.bincount(self.code, value, self.n).astype(float)

    def scores(self, weights: Values) -> dict[str, Values]:
        """Score samples: ``weights`` has a row a sample, a column a subject."""
        counts = self.counts @ weights.T
        n = counts.sum(axis=0)
        found = class_scores(*counts)
        found |= self._areas(weights)
        found["brier"] = self.squared @ weights.T / n
        if self.by_majority is not None:
            found["above_majority"] = found["accuracy"] - self.by_majority @ weights.T / n
        return found

    def resampled(self, n: int, seed: int) -> dict[str, Values]:
        """Score n samples of as many subjects, drawn with replacement."""
        rng = np.random.default_rng(seed)
        return self.scores(rng.multinomial(self.n, np.full(self.n, 1 / self.n), n).astype(float))

    def _areas(self, weights: Values) -> dict[str, Values]:
        parts = np.array_split(weights, -(-len(weights) // BATCH))
        auc, average = np.concatenate([self._mean_areas(part) for part in parts], axis=1)
        return {"auc": auc, "average_precision": average}

    def _mean_areas(self, weights: Values) -> Values:
        total, total_weight = np.zeros((2, len(weights))), np.zeros(len(weights))
        for ranking, code in self.folds:
            each = weights[:, code]
            areas, weight = ranking.areas(each), each.sum(axis=1)
            ranked = ~np.isnan(areas[0])
            total += np.where(ranked, areas, 0) * weight
            total_weight += weight * ranked
        return np.divide(
            total, total_weight, out=np.full_like(total, np.nan), where=total_weight > 0
        )
