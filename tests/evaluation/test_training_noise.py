"""Equally good runs whose training varies: how often each test finds a difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rtcan_cli.evaluation.bootstrap import common_trials, difference_intervals
from rtcan_cli.evaluation.statistics import corrected_t, seed_test, swap_test

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

#: How often a test finds something takes a hundred studies.
LONG = pytest.mark.long


def study(
    seed: int,
    n_seeds: int,
    noise: float,
    *,
    n_subjects: int = 60,
    n_trials: int = 12,
    n_folds: int = 5,
    better: float = 0.0,
    same_folds: bool = True,
) -> list[list[pd.DataFrame]]:
    """Two models with several seeds each, equally good but for ``better``.

    Each network of a fold is better or worse by ``noise`` (standard deviation) for all that it
    tests, subjects differ, and each model suits other subjects.
    """
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(n_subjects), n_trials)
    fold = (rng.permutation(n_subjects) % n_folds)[code]
    own = rng.normal(0.65, 0.08, n_subjects)
    label = rng.integers(0, 2, len(code))
    models = []
    for model in range(2):
        suits = own + rng.normal(better * model, 0.05, n_subjects)
        trial = rng.normal(0, 0.8, len(code))
        runs = []
        for _ in range(n_seeds):
            mine = fold if same_folds else (rng.permutation(n_subjects) % n_folds)[code]
            level = suits[code] + rng.normal(0, noise, n_folds)[mine]
            # What is hard for one seed is hard for another as well.
            right = stats.norm.cdf(trial + rng.normal(0, 0.6, len(code))) < level
            table = {
                "subject": code.astype(str),
                "stimulus": np.arange(len(code)).astype(str),
                "label": label,
                "fold": 1 + mine,
                "probability": np.where(right, label, 1 - label) * 0.8 + 0.1,
            }
            runs.append(pd.DataFrame(table))
        models.append(runs)
    return models


def over_folds(one: list[pd.DataFrame], other: list[pd.DataFrame], n_folds: int = 5) -> float:
    accuracy = []
    for side in (one, other):
        right = np.mean([(run["probability"] > 0.5) == run["label"] for run in side], axis=0)
        accuracy.append(pd.Series(right).groupby(side[0]["fold"]).mean())
    return corrected_t(*accuracy, n_train=n_folds - 2, n_test=1).p_value


@LONG
@pytest.mark.parametrize(("n_seeds", "noise"), [(1, 0.08), (3, 0.08)])
def test_with_training_noise_only_the_swap_test_finds_too_much(n_seeds: int, noise: float) -> None:
    n = 90
    found = {"swap": 0, "folds": 0, "seeds": 0}
    for seed in range(n):
        one, other = study(seed, n_seeds, noise)
        found["swap"] += swap_test(one, other, n_resamples=199, seed=seed) <= 0.05
        found["folds"] += over_folds(one, other) <= 0.05
        if n_seeds > 1:
            found["seeds"] += seed_test(one, other).p_value <= 0.05
    many = stats.binom.ppf(0.999, n, 0.05)
    assert found["swap"] > many  # it speaks of these networks, and they do differ
    assert found["folds"] <= many
    assert found["seeds"] <= many


@pytest.mark.parametrize(
    ("n_seeds", "noise", "same_folds"),
    [
        pytest.param(2, 0.05, True, marks=LONG),
        pytest.param(2, 0.0, True, marks=LONG),
        pytest.param(3, 0.05, False, marks=LONG),
    ],
)
def test_seeds_find_a_difference_in_at_most_one_of_twenty(
    n_seeds: int, noise: float, same_folds: bool
) -> None:
    n = 120
    p_values = [
        seed_test(*study(seed, n_seeds, noise, n_subjects=30, same_folds=same_folds)).p_value
        for seed in range(n)
    ]
    assert np.sum(np.array(p_values) <= 0.05) <= stats.binom.ppf(0.999, n, 0.05)


def test_seeds_find_a_difference_that_is_there() -> None:
    hits, covered = 0, 0
    for seed in range(40):
        one, other = study(seed, 3, 0.02, better=0.12)
        found = seed_test(one, other)
        hits += found.p_value <= 0.05
        # Accuracy of whoever is right with probability p + 0.12 less that with p.
        covered += found.low <= -0.12 <= found.high
    assert hits > 35
    assert covered >= stats.binom.ppf(0.001, 40, 0.95)


def test_without_noise_it_is_the_paired_t_test_over_subjects() -> None:
    # Seeds that answer alike add nothing; subjects with equally many trials are a plain sample.
    (one, *_), (other, *_) = study(1, 1, 0.0, n_subjects=20)
    found = seed_test([one, one], [other, other])
    right = [
        ((run["probability"] > 0.5) == run["label"]).groupby(run["subject"]).mean()
        for run in (one, other)
    ]
    expected = stats.ttest_rel(*right)
    assert found.p_value == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.freedom == pytest.approx(19)


def test_without_subjects_that_differ_it_is_welchs_test_over_seeds() -> None:
    # One subject after the other alike, one fold: all variance is that of the seeds.
    rng, n_trials = np.random.default_rng(3), 20
    code = np.repeat(np.arange(10), n_trials)

    def run(n_right: int) -> pd.DataFrame:
        right = np.tile(np.arange(n_trials) < n_right, 10)
        return pd.DataFrame(
            {
                "subject": code.astype(str),
                "stimulus": np.arange(200).astype(str),
                "label": 1,
                "fold": 1,
                "probability": right * 1.0,
            }
        )

    counts = rng.integers(8, 17, (2, 4))
    found = seed_test(*([run(k) for k in side] for side in counts))
    expected = stats.ttest_ind(*(counts / n_trials), equal_var=False)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.freedom == pytest.approx(expected.df)


def test_a_single_seed_says_nothing_about_training() -> None:
    one, other = study(1, 2, 0.0)
    with pytest.raises(ValueError, match="two seeds"):
        seed_test(one[:1], other)
    same = seed_test([one[0]] * 2, [one[0]] * 2)
    assert (same.difference, same.p_value) == (0, 1)


def test_two_subjects_whose_answers_all_differ_are_no_proof() -> None:
    """One trial each, right in one run and wrong in the other: nothing varies, and p is not 0."""

    def run(right: float) -> pd.DataFrame:
        trials = {"subject": ["a", "b"], "stimulus": "s", "label": [1, 0], "fold": [1, 2]}
        return pd.DataFrame({**trials, "probability": [right, 1 - right]})

    found = seed_test([run(0.9)] * 2, [run(0.1)] * 2)
    assert found.difference == 1
    assert np.isnan(found.p_value)


def test_scores_of_several_seeds_are_averaged() -> None:
    one, other = study(4, 3, 0.05)
    found = difference_intervals(one, other, n_resamples=100)
    each = [difference_intervals(a, other[0], n_resamples=100) for a in one]
    for score in ("accuracy", "auc", "balanced_accuracy"):
        assert found.loc[score, "one"] == pytest.approx(
            np.mean([t.loc[score, "one"] for t in each])
        )
    assert found.loc["accuracy", "difference"] == pytest.approx(seed_test(one, other).difference)
    assert len(common_trials([*one, other[0][:7]])) == 4
    assert {len(run) for run in common_trials([*one, other[0][:7]])} == {7}
