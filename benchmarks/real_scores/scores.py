"""Scores of an experiment over its seeds, with intervals over listeners."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
from plan import SEEDS, TARGETS, Experiment
from scipy.stats import spearmanr, t

from rtcan_cli.evaluation.bootstrap import difference_intervals
from rtcan_cli.evaluation.power import chance_error, standard_error

#: An answer without skill: every trial has the same probability, and is called low.
CHANCE = 0.5


@dataclass(frozen=True)
class Estimate:
    """A score with its 95 % interval over listeners.

    Parameters
    ----------
    value, low, high : float
    p : float
        Two-sided, of no distance from chance (or of no difference), by Student's t over listeners.
    """

    value: float
    low: float
    high: float
    p: float

    def text(self, digits: int = 3, factor: float = 1.0) -> str:
        """As in a table."""
        value, low, high = (factor * each for each in (self.value, self.low, self.high))
        return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


@dataclass(frozen=True)
class Scored:
    """One experiment and target.

    Parameters
    ----------
    n_trials : int
        Tested with every seed, on average.
    auc, balanced_accuracy, correlation : Estimate
        The correlation is Spearman's within the listener, of the answer with the rating.
    """

    experiment: Experiment
    target: str
    n_trials: int
    auc: Estimate
    balanced_accuracy: Estimate
    correlation: Estimate


def tables(results: Path, experiment: Experiment, target: str) -> list[pd.DataFrame]:
    """The answers of each seed."""
    names = {"subject": str, "stimulus": str}
    return [
        pd.read_csv(results / f"{experiment.name}-{target}-{seed}.csv", dtype=names)
        for seed in SEEDS
    ]


def is_complete(results: Path, experiment: Experiment) -> bool:
    """Whether all seeds of both targets are there."""
    return all(
        (results / f"{experiment.name}-{target}-{seed}.csv").exists()
        for target in TARGETS
        for seed in SEEDS
    )


def score(results: Path, experiment: Experiment, target: str) -> Scored:
    """Scores against an answer without skill."""
    seeds = tables(results, experiment, target)
    auc, balanced = against_chance(seeds)
    n_trials = round(float(np.mean([len(each) for each in seeds])))
    return Scored(experiment, target, n_trials, auc, balanced, _correlation(seeds))


def against_chance(seeds: list[pd.DataFrame]) -> tuple[Estimate, Estimate]:
    """AUC and balanced accuracy; means over seeds."""
    # Seeds may test other trials (subject+stimulus): each is compared with chance by itself.
    pairs = [(each, each.assign(probability=CHANCE)) for each in seeds]
    return tuple(_estimate(pairs, name, CHANCE) for name in ("auc", "balanced_accuracy"))


def difference(one: list[pd.DataFrame], other: list[pd.DataFrame], name: str = "auc") -> Estimate:
    """Of two experiments with the same folds."""
    return _estimate(list(zip(one, other, strict=True)), name, 0.0)


def _estimate(pairs: list[tuple[pd.DataFrame, pd.DataFrame]], name: str, plus: float) -> Estimate:
    """Mean over seeds of a difference; listeners are drawn once for all seeds."""
    if _same_trials([each for pair in pairs for each in pair]):
        one, other = (list(side) for side in zip(*pairs, strict=True))
        row = difference_intervals(one, other).loc[name]
        value, low, high = row["difference"], row["low"], row["high"]
    else:
        # Intervals of single seeds, about their mean: no narrower for there being several.
        rows = pd.DataFrame([difference_intervals(*pair).loc[name] for pair in pairs])
        value = rows["difference"].mean()
        low = value - (rows["difference"] - rows["low"]).mean()
        high = value + (rows["high"] - rows["difference"]).mean()
    n = min(each["subject"].nunique() for pair in pairs for each in pair)
    error = standard_error(low, high, n)
    p = 2 * t.sf(abs(value) / error, n - 1) if error > 0 else 1.0
    return Estimate(value + plus, low + plus, high + plus, p)


def shared_pairs(seeds: list[pd.DataFrame]) -> tuple[float, float]:
    """How alike the folds of seeds are.

    Returns
    -------
    found : float
        Of pairs of listeners that are in the same fold with one seed, the share that are with
        another; mean over pairs of seeds.
    chance : float
        The same, if seeds dealt independently.
    """
    folds = [each.groupby("subject")["fold"].first() for each in seeds]
    together = [np.equal.outer(each.to_numpy(), each.to_numpy()) for each in folds]
    above = np.triu_indices(len(folds[0]), 1)
    pairs = [each[above] for each in together]
    found = [one[other].mean() for one, other in permutations(pairs, 2)]
    return float(np.mean(found)), float(np.mean([each.mean() for each in pairs]))


def smallest_auc(seeds: list[pd.DataFrame], tests: int = 1) -> float:
    """The AUC that a study of this size finds with a power of 80 %.

    The error over listeners is that of single seeds, and at least that of independent trials that
    are answered at random: means over seeds of answers without skill vary less than answers with
    skill would, which seeds have in common.

    Parameters
    ----------
    seeds : list of DataFrame
        Answers of a model.
    tests : int
        Tests that a p value is corrected for, as the first of Holm's steps does it.
    """
    errors, least = [], []
    for each in seeds:
        pair = each, each.assign(probability=CHANCE)
        row = difference_intervals(*pair).loc["auc"]
        n = each["subject"].nunique()
        errors.append(standard_error(row["low"], row["high"], n))
        weight, variance = 0.0, 0.0
        for _, fold in each.groupby("fold"):
            high = int(fold["label"].sum())
            weight += len(fold)
            variance += (len(fold) * chance_error("auc", high, len(fold) - high)) ** 2
        least.append(np.sqrt(variance) / weight)
    error = max(np.mean(errors), np.mean(least))
    return CHANCE + float((t.ppf(1 - 0.025 / tests, n - 1) + t.ppf(0.8, n - 1)) * error)


def _same_trials(seeds: list[pd.DataFrame]) -> bool:
    key = ["subject", "stimulus", "repetition"]
    known = [set(each[key].itertuples(index=False, name=None)) for each in seeds]
    return all(each == known[0] for each in known)


def _correlation(seeds: list[pd.DataFrame]) -> Estimate:
    """Mean over listeners of the mean over seeds; the interval by Student's t over listeners."""
    own = pd.concat(
        [
            each.groupby("subject")[["probability", "rating"]].apply(_spearman).rename(seed)
            for seed, each in enumerate(seeds)
        ],
        axis=1,
    )
    mean = own.mean(axis=1).dropna()
    n = len(mean)
    value, error = mean.mean(), mean.std(ddof=1) / np.sqrt(n)
    half = t.ppf(0.975, n - 1) * error
    p = 2 * t.sf(abs(value) / error, n - 1) if error > 0 else 1.0
    low, high = value - half, value + half
    return Estimate(value, low, high, p)


def _spearman(trials: pd.DataFrame) -> float:
    if trials["probability"].nunique() < 2 or trials["rating"].nunique() < 2:
        return 0.0 if len(trials) > 2 else np.nan  # one answer for all orders nothing
    return float(spearmanr(trials["probability"], trials["rating"]).statistic)


def holm(p: dict[object, float]) -> dict[object, float]:
    """P values corrected for their number (Holm 1979)."""
    corrected, largest = {}, 0.0
    for place, (key, value) in enumerate(sorted(p.items(), key=lambda each: each[1])):
        largest = max(largest, min(1.0, (len(p) - place) * value))
        corrected[key] = largest
    return corrected
