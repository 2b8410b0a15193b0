from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rtcan_cli.evaluation.statistics import (
    cohens_d,
    corrected_t,
    holm,
    rank_biserial,
    swap_test,
    wilcoxon,
)

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

ONE = np.array([0.61, 0.70, 0.66, 0.58, 0.72, 0.69])
OTHER = np.array([0.60, 0.64, 0.67, 0.51, 0.70, 0.60])


def test_without_correction_it_is_the_paired_t_test():
    found = corrected_t(ONE, OTHER, n_train=1, n_test=0)
    plain = stats.ttest_rel(ONE, OTHER)
    assert (found.statistic, found.p_value) == pytest.approx((plain.statistic, plain.pvalue))
    interval = plain.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert (found.difference, found.n) == (pytest.approx(np.mean(ONE - OTHER)), 6)


def test_the_correction_is_that_of_nadeau_and_bengio():
    found = corrected_t(
        ONE, OTHER, n_train=[78, 80, 82, 80, 80, 80], n_test=[11, 9, 10, 10, 10, 10]
    )
    plain = stats.ttest_rel(ONE, OTHER).statistic
    assert found.statistic == pytest.approx(plain * np.sqrt((1 / 6) / (1 / 6 + 1 / 8)))
    assert corrected_t(OTHER, ONE, 8, 1).low == pytest.approx(-corrected_t(ONE, OTHER, 8, 1).high)


@pytest.mark.parametrize(("k", "ratio"), [(10, 1 / 8), (5, 1 / 3)])
def test_folds_as_correlated_as_assumed_are_told_apart_in_five_percent(k, ratio):
    # There the statistic follows the t distribution exactly, and the plain one does not.
    rng, n_tests, rho = np.random.default_rng(k), 600, ratio / (1 + ratio)
    shared, own = rng.normal(size=(n_tests, 1)), rng.normal(size=(n_tests, k))
    apart = np.sqrt(rho) * shared + np.sqrt(1 - rho) * own
    found = [corrected_t(each, np.zeros(k), 1, ratio).p_value <= 0.05 for each in apart]
    few, many = stats.binom.ppf((0.001, 0.999), n_tests, 0.05)
    assert few <= np.sum(found) <= many
    assert np.sum(stats.ttest_1samp(apart, 0, axis=1).pvalue <= 0.05) > many


def test_folds_with_a_single_class_are_left_out_in_pairs():
    one, other = np.r_[ONE, np.nan, 0.9], np.r_[OTHER, 0.4, np.nan]
    sizes = np.r_[np.full(6, 80), 1, 1], np.r_[np.full(6, 10), 70, 70]
    assert corrected_t(one, other, *sizes) == corrected_t(ONE, OTHER, 80, 10)
    assert wilcoxon(one, other) == wilcoxon(ONE, OTHER)
    assert cohens_d(one, other) == cohens_d(ONE, OTHER)
    assert rank_biserial(one, other) == rank_biserial(ONE, OTHER)


def test_too_few_or_equal_folds():
    alone = corrected_t([0.7], [0.6], 8, 1)
    assert (alone.difference, alone.n) == (pytest.approx(0.1), 1)
    assert np.isnan([alone.low, alone.high, alone.statistic, alone.p_value]).all()
    assert np.isnan(
        [corrected_t([], [], 8, 1).difference, wilcoxon([], []), cohens_d([], [])]
    ).all()
    same = corrected_t(ONE, ONE, 8, 1)
    assert (same.low, same.high, same.p_value) == (0, 0, 1)
    # As far apart in each fold, which happens by chance where folds have few trials.
    assert np.isnan(corrected_t([0.75, 0.5], [0.5, 0.25], 8, 1).p_value)
    assert (wilcoxon(ONE, ONE), rank_biserial(ONE, ONE)) == (1, 0)
    assert np.isnan(cohens_d(ONE, ONE))


def test_wilcoxon_is_that_of_all_signs():
    apart = ONE - OTHER
    rank = stats.rankdata(np.abs(np.round(apart, 9)))
    sums = [np.sum(rank * signs) for signs in itertools.product((-1, 1), repeat=6)]
    extreme = np.abs(sums) >= abs(np.sum(rank * np.sign(apart))) - 1e-9
    assert wilcoxon(ONE, OTHER) == pytest.approx(np.mean(extreme))
    assert rank_biserial(ONE, OTHER) == pytest.approx(np.sum(rank * np.sign(apart)) / rank.sum())
    assert rank_biserial(ONE + 1, OTHER) == 1
    assert wilcoxon(ONE + 1, OTHER) == 2 / 2**6  # as small as it can be


def test_wilcoxon_is_exact_where_folds_tie_or_do_not_differ():
    apart = np.array([0.1, 0.1, 0.2, 0, -0.1])
    rank = np.array([2, 2, 4, 2])  # the fold that does not differ is left out
    sums = [np.sum(rank * signs) for signs in itertools.product((-1, 1), repeat=4)]
    assert wilcoxon(0.5 + apart, np.full(5, 0.5)) == np.mean(np.abs(sums) >= 2 + 2 + 4 - 2)


def test_cohens_d_is_the_t_statistic_over_the_root_of_n():
    assert cohens_d(ONE, OTHER) == pytest.approx(stats.ttest_rel(ONE, OTHER).statistic / np.sqrt(6))


def test_few_subjects_are_swapped_in_all_ways(simulate):
    one, other = simulate(1, n_subjects=8), simulate(1, n_subjects=8, skill=1.5)
    assert (one["label"] == other["label"]).all()
    right = [
        ((each["probability"] > 0.5) == each["label"]).groupby(each["subject"]).sum()
        for each in (one, other)
    ]
    apart = (right[0] - right[1]).to_numpy()
    sums = np.array([apart @ signs for signs in itertools.product((-1, 1), repeat=8)])
    expected = np.mean(np.abs(sums) >= abs(apart.sum()))
    assert 0 < expected < 1
    assert swap_test(one, other) == pytest.approx(expected)
    assert swap_test(one, one) == 1
    last = one["subject"] == one["subject"].iloc[-1]
    nearly = one.assign(probability=one["probability"].where(~last, 1 - one["label"]))
    assert swap_test(one, nearly) == 1


def test_equally_good_runs_are_told_apart_in_about_five_percent(simulate):
    # Two runs on the same labels, each good and bad for other subjects.
    n_tests, hits, over_trials = 80, 0, 0
    for seed in range(n_tests):
        one = simulate(seed, n_subjects=20)
        rng = np.random.default_rng(1000 + seed)
        code = one["subject"].str[1:].astype(int)
        runs = []
        for _ in range(2):
            right = rng.random(len(one)) < rng.choice([0.35, 0.85], 20)[code]
            runs.append(one.assign(probability=np.where(right, one["label"], 1 - one["label"])))
        p_value = swap_test(*runs, n_resamples=199, seed=seed)
        hits += p_value <= 0.05
        a, b = ((run["probability"] > 0.5) == one["label"] for run in runs)
        alone = stats.binomtest(int((a & ~b).sum()), int((a != b).sum()))  # McNemar's exact test
        over_trials += alone.pvalue <= 0.05
    few, many = stats.binom.ppf((0.001, 0.999), n_tests, 0.05)
    assert few <= hits <= many
    assert over_trials > many


def test_a_better_run_is_found(simulate):
    one = simulate(1)
    wrong = np.where(one.index % 4 == 0, 1 - one["label"], one["probability"])
    p_value = swap_test(one, one.assign(probability=wrong), n_resamples=999, seed=3)
    assert p_value == 0.002  # twice the share of one in a thousand: as small as it can be
    assert p_value == swap_test(one, one.assign(probability=wrong), n_resamples=999, seed=3)


def test_holm_by_hand():
    found = holm([0.01, np.nan, 0.04, 0.03, 0.005])
    assert found == pytest.approx([0.03, np.nan, 0.06, 0.06, 0.02], nan_ok=True)
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_as_the_steps_of_the_procedure(p_values):
    adjusted = holm(p_values)
    rejected, order = np.zeros(len(p_values), bool), np.argsort(p_values)
    for step, k in enumerate(order):
        if p_values[k] * (len(p_values) - step) > 0.05:
            break
        rejected[k] = True
    assert ((adjusted <= 0.05) == rejected).all()
    assert (adjusted >= p_values).all()
    assert (adjusted <= 1).all()
