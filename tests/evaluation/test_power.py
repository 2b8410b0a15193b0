"""The smallest effect, against simulated studies and the noncentral t distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest, nct, rankdata, t, ttest_1samp

from rtcan_cli.evaluation.power import chance_error, p_of_skill, smallest_effect


@pytest.mark.parametrize("n", [10, 24, 100])
def test_such_an_effect_is_found_in_four_of_five_studies(n: int) -> None:
    error = 1 / math.sqrt(n)
    half = t.ppf(0.975, n - 1) * error
    effect = smallest_effect(-half, half, n)
    power = nct.sf(t.ppf(0.975, n - 1), n - 1, effect / error)
    assert power == pytest.approx(0.8, abs=0.02)


def test_many_subjects_need_2_8_standard_errors() -> None:
    assert smallest_effect(0.5 - 1.96, 0.5 + 1.96, 100_000) == pytest.approx(2.80, abs=0.01)


def test_no_interval_shows_nothing() -> None:
    assert math.isnan(smallest_effect(0.4, 0.6, 1))
    assert math.isnan(smallest_effect(np.nan, np.nan, 24))


@pytest.mark.parametrize("score", ["balanced_accuracy", "auc", "above_majority"])
def test_the_error_of_answers_without_skill_is_that_of_simulated_ones(score: str) -> None:
    rng = np.random.default_rng(0)
    label = np.repeat([1, 0], [60, 40])
    said = rng.random((4000, 100))
    if score == "auc":
        found = rankdata(said, axis=1)[:, :60].sum(axis=1) / (60 * 40)
    elif score == "balanced_accuracy":
        right = (said > 0.5) == label
        found = (right[:, :60].mean(axis=1) + right[:, 60:].mean(axis=1)) / 2
    else:
        found = ((said > 0.5) == label).mean(axis=1)
    assert chance_error(score, 60, 40) == pytest.approx(found.std(), rel=0.05)


def test_one_answer_for_all_trials_does_not_make_a_study_powerful() -> None:
    least = chance_error("balanced_accuracy", 400, 400)
    assert smallest_effect(0.5, 0.5, 24, least) == pytest.approx((2.069 + 0.858) * least, rel=1e-3)
    assert math.isnan(chance_error("auc", 0, 10))


def test_p_of_skill_is_that_of_a_t_test_whose_interval_it_is_given() -> None:
    scores = np.random.default_rng(0).normal(0.54, 0.1, 24)
    found = ttest_1samp(scores, 0.5)
    interval = found.confidence_interval()
    p = p_of_skill(float(scores.mean()), 0.5, interval.low, interval.high, 24)
    assert p == pytest.approx(found.pvalue)
    assert p_of_skill(0.6, 0.5, 0.5, 0.7, 24) == pytest.approx(0.05)
    assert p_of_skill(0.4, 0.5, 0.3, 0.5, 24) == pytest.approx(0.05)


def test_p_of_skill_without_an_interval_or_without_width() -> None:
    assert math.isnan(p_of_skill(0.6, 0.5, np.nan, np.nan, 24))
    assert math.isnan(p_of_skill(0.6, 0.5, 0.5, 0.7, 1))
    assert p_of_skill(0.5, 0.5, 0.5, 0.5, 24) == 1
    assert math.isnan(p_of_skill(0.6, 0.5, 0.6, 0.6, 24))


@pytest.mark.parametrize("n", [6, 10, 20])
def test_all_answers_of_a_few_subjects_are_not_beyond_doubt(n: int) -> None:
    """One trial each, all right: no sample of these subjects differs, and p is not 0."""
    least = chance_error("balanced_accuracy", n // 2, n - n // 2)
    p = p_of_skill(1.0, 0.5, 1.0, 1.0, n, least)
    assert binomtest(n, n).pvalue < p < 10 ** (-n / 8)
