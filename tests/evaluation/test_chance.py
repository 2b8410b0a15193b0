"""Scores of answers without skill, under the real folds: how often they look like skill."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from rtcan_cli.evaluation.bootstrap import intervals
from rtcan_cli.evaluation.metrics import fold_scores, leading_score, majority_class, over_folds
from rtcan_cli.training.folds.protocols import PROTOCOLS

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

N = 120  # simulated runs of each kind
#: Subjects, trials of each, share of high, and how much subjects differ in it (0: not at all).
DESIGNS = [
    (20, 10, 0.5, 0.0),  # exactly half of the trials
    (39, 4, 0.5, 0.0),
    (16, 8, 0.55, 0.25),
    (12, 12, 0.75, 0.2),
]


def dealt(
    seed: int, n_subjects: int, n_trials: int, high: float, apart: float
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Trials of a study in the folds of the paper's protocol, and each fold's training share."""
    rng, n = np.random.default_rng([seed, n_subjects]), n_subjects * n_trials
    subject = np.repeat([f"s{k:02d}" for k in range(n_subjects)], n_trials)
    if apart:
        share = np.clip(rng.normal(high, apart, n_subjects), 0.02, 0.98)
        label = (rng.random(n) < np.repeat(share, n_trials)).astype(int)
    else:
        label = rng.permutation(np.arange(n) < round(high * n)).astype(int)
    stimulus = np.tile(np.arange(n_trials).astype(str), n_subjects)
    splits = PROTOCOLS["subject"].split(subject, stimulus, label, 10, seed)
    training = [label[splits.roles(k).train].mean() for k in range(10)]
    trials = pd.DataFrame(
        {"subject": subject, "stimulus": stimulus, "label": label, "fold": 1 + splits.test_fold}
    )
    return trials, np.array(training)[splits.test_fold]


def above(score: str, trials: pd.DataFrame, seed: int) -> bool:
    """Whether the interval of a score is above what it is without skill."""
    level = {"above_majority": 0.0, "balanced_accuracy": 0.5, "auc": 0.5}[score]
    return bool(intervals(trials, n_resamples=150, seed=seed).loc[score, "low"] > level + 1e-12)


def tolerance(n: int) -> tuple[float, float]:
    """How many of n intervals with error rates of 2.5 % on each side are above the truth."""
    few, many = stats.binom.ppf((0.0005, 0.9995), n, 0.025)
    return few, many


@pytest.mark.parametrize(
    "design",
    [DESIGNS[0], *(pytest.param(each, marks=pytest.mark.long) for each in DESIGNS[1:])],
    ids=str,
)
def test_coin_flips_look_like_skill_in_about_one_of_forty(design: tuple) -> None:
    found = dict.fromkeys(("balanced_accuracy", "auc", "above_majority"), 0)
    for seed in range(N):
        trials, _ = dealt(seed, *design)
        coins = trials.assign(probability=np.random.default_rng(1000 + seed).random(len(trials)))
        table = intervals(coins, n_resamples=150, seed=seed)
        for score in found:
            level = 0.0 if score == "above_majority" else 0.5
            found[score] += bool(table.loc[score, "low"] > level)
    few, many = tolerance(N)
    assert few <= found["balanced_accuracy"] <= many
    assert few <= found["auc"] <= many
    # A coin is at most as good as the more frequent class, so this may be more careful.
    assert found["above_majority"] <= many


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_a_constant_answer_never_looks_like_skill(design: tuple) -> None:
    # What a network says that has learnt nothing but how many of its training trials are high.
    for seed in range(8):
        trials, training = dealt(seed, *design)
        lead = leading_score(trials["label"])
        for answer in (training, np.full(len(trials), 0.4), np.full(len(trials), 0.6)):
            assert not above(lead, trials.assign(probability=answer), seed)
            assert not above("above_majority", trials.assign(probability=answer), seed)


@pytest.mark.long
def test_accuracy_of_the_majority_share_is_above_it_in_about_one_of_forty() -> None:
    # Right as often as the majority class, but in other trials: the interval is not only careful.
    hits, n = 0, 150
    for seed in range(n):
        trials, _ = dealt(seed, 20, 8, 0.7, 0.0)
        rng, high = np.random.default_rng(2000 + seed), trials["label"] == 1
        wrong = rng.random(len(trials)) < np.where(high, 0.4 * 3 / 7, 0.6)
        called = np.where(wrong, ~high, high)
        hits += above("above_majority", trials.assign(probability=called * 1.0), seed)
    few, many = tolerance(n)
    assert max(few, 1) <= hits <= many


def test_the_majority_of_training_trials_is_below_chance_and_no_baseline() -> None:
    # Why the majority is that of all tested trials: a fold tests what its training lacks.
    by_training, pooled = [], []
    for seed in range(30):
        trials, training = dealt(seed, 20, 10, 0.5, 0.0)
        label = trials["label"]
        by_training.append(np.mean((training > 0.5) == (label == 1)))
        scores = fold_scores(label, np.full(len(label), 0.3), trials["fold"])
        pooled.append(np.average(scores["majority_accuracy"], weights=scores["n"]))
    assert np.mean(by_training) < 0.49
    assert np.min(pooled) == 0.5


def test_the_majority_of_a_fold_is_the_class_that_is_more_frequent_in_all() -> None:
    label, fold = [1, 1, 1, 0, 0, 0, 1], [1, 1, 1, 2, 2, 2, 2]
    scores = fold_scores(label, np.full(7, 0.2), fold)
    assert scores["majority_accuracy"].tolist() == pytest.approx([1, 1 / 4])
    assert over_folds(scores).loc["majority_accuracy", "mean"] == pytest.approx(5 / 8)
    # Trials that no fold tested have no say.
    untested = np.array([np.nan, np.nan, np.nan, 0.2, 0.2, 0.2, 0.2])
    assert fold_scores(label, untested, fold)["majority_accuracy"].tolist()[1] == 3 / 4


@pytest.mark.parametrize(
    ("n_high", "lead"),
    [
        (50, "balanced_accuracy"),
        (60, "balanced_accuracy"),
        (40, "balanced_accuracy"),
        (61, "above_majority"),
        (39, "above_majority"),
        (100, "above_majority"),
    ],
)
def test_balanced_accuracy_leads_where_classes_are_near_even(n_high: int, lead: str) -> None:
    label = np.arange(100) < n_high
    assert leading_score(label.astype(int)) == lead
    assert majority_class(label.astype(int)) == (n_high > 50)
