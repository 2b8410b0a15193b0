from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from rtcan_cli.evaluation.groups import group_scores, spread

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


@pytest.mark.parametrize("by", ["subject", "stimulus"])
def test_scores_of_each_group_are_its_own(simulate, by):
    trials = simulate(1)
    trials.loc[::7, "probability"] = np.nan
    table = group_scores(trials, by)
    assert table.columns[0] == by
    assert table["accuracy"].is_monotonic_increasing
    assert sorted(table[by]) == sorted(trials[by].unique())
    for row in table.itertuples():
        own = trials[trials[by] == getattr(row, by)]
        own, never = own[own["probability"].notna()], own["probability"].isna().sum()
        right = (own["probability"] > 0.5) == (own["label"] == 1)
        assert (row.n, row.n_untested, row.n_right) == (len(own), never, right.sum())
        assert row.accuracy == pytest.approx(right.mean())
        assert row.high_share == pytest.approx(own["label"].mean())
        assert row.majority_share == pytest.approx(own["label"].value_counts(normalize=True).max())
        wilson = stats.binomtest(row.n_right, row.n).proportion_ci(method="wilson")
        assert (row.low, row.high) == pytest.approx((wilson.low, wilson.high), abs=1e-12)
        if own["label"].nunique() == 2:
            assert row.auc == pytest.approx(roc_auc_score(own["label"], own["probability"]))
        else:
            assert np.isnan(row.auc)


def test_groups_without_tested_trials_come_last(simulate):
    trials = simulate(1)
    trials.loc[trials["subject"] == "s00003", "probability"] = np.nan
    last = group_scores(trials).iloc[-1]
    assert (last["subject"], last["n"], last["n_untested"]) == ("s00003", 0, 15)
    assert last[["accuracy", "low", "high", "majority_share", "auc"]].isna().all()
    assert len(spread(group_scores(trials), n_draws=10).chance) == 29


def groups(n, n_right) -> pd.DataFrame:
    n, n_right = np.array(n), np.array(n_right)
    return pd.DataFrame({"n": n, "n_right": n_right, "accuracy": n_right / n})


def test_two_groups_are_fishers_exact_test():
    found = spread(groups([12, 12], [4, 10]), n_draws=20_000)
    _, p_value = stats.fisher_exact([[4, 8], [10, 2]])
    assert found.p_value == pytest.approx(p_value, abs=0.005)


def test_chance_alone_spreads_as_the_hypergeometric_says():
    n, right = np.full(40, 10), 260
    found = spread(groups(n, np.r_[np.full(20, 6), np.full(20, 7)]), n_draws=5000)
    variance = stats.hypergeom(400, right, 10).var() / 100
    assert found.chance_sd == pytest.approx(np.sqrt(variance * 40 / 39), rel=0.02)
    assert found.chance.mean() == pytest.approx(0.65)
    assert (np.diff(found.chance) >= 0).all()
    assert found.p_value > 0.99  # more even than chance would be


def test_equal_subjects_are_told_apart_in_about_five_percent():
    rng = np.random.default_rng(3)
    n, n_tests = np.full(30, 12), 200
    found = [
        spread(groups(n, rng.binomial(12, 0.6, 30)), n_draws=99, seed=k).p_value <= 0.05
        for k in range(n_tests)
    ]
    few, many = stats.binom.ppf((0.001, 0.999), n_tests, 0.05)
    assert few <= np.sum(found) <= many
    unequal = rng.binomial(12, np.repeat([0.4, 0.8], 15))
    assert spread(groups(n, unequal), n_draws=999).p_value == 0.001


def test_one_group_has_no_spread():
    found = spread(groups([9], [4]))
    assert np.isnan([found.sd, found.chance_sd, found.p_value, *found.chance]).all()
