from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from rtcan_cli.plots.roc import GRID, precision, roc, true_positive_rate


def make(n_folds: int, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(n_folds)
    label = rng.integers(0, 2, n_folds * n)
    return pd.DataFrame(
        {
            "label": label,
            "fold": 1 + np.arange(len(label)) % n_folds,
            "probability": np.clip(0.2 * label + 0.8 * rng.random(len(label)), 0, 1),
        }
    )


@pytest.mark.parametrize(("n_folds", "simulated"), [(1, True), (10, False), (80, True)])
def test_says_what_it_shows(read, n_folds, simulated):
    figure = roc(
        make(n_folds), auc=0.7136, average_precision=0.6904, title="a run", simulated=simulated
    )
    text = read(figure)
    assert {"a run", "ROC, mean area 0.714", "precision and recall, mean area 0.690"} <= set(text)
    assert {"mean of the folds", "one test fold", "chance"} <= set(text)
    assert ("simulated data" in text) == simulated
    assert [len(axes.lines) for axes in figure.axes] == [n_folds + 2] * 2


def test_areas_under_the_means_are_the_means_of_the_areas_by_trials():
    trials = make(5)
    trials = trials.drop(index=trials.index[trials["fold"] == 1][20:])  # a small fold
    trials.loc[7, "probability"] = np.nan
    tested = trials.dropna()
    left, right = roc(trials, auc=0.5, average_precision=0.5, title="a run").axes
    for axes, score in ((left, roc_auc_score), (right, average_precision_score)):
        each = [score(fold["label"], fold["probability"]) for _, fold in tested.groupby("fold")]
        expected = np.average(each, weights=tested.groupby("fold").size())
        (mean,) = (line for line in axes.lines if line.get_linewidth() == 2)
        assert trapezoid(mean.get_ydata(), GRID) == pytest.approx(expected, abs=0.01)
    chance = right.lines[-1].get_ydata()
    np.testing.assert_allclose(chance, tested["label"].mean())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.1, 0.3, 0.5, 0.9])), max_size=30))
def test_curves_enclose_the_areas_of_scikit_learn(rows):
    label, probability = np.array([(0, 0.2), (1, 0.6), *rows]).T
    areas = (
        trapezoid(true_positive_rate(label, probability), GRID),
        trapezoid(precision(label, probability), GRID),
    )
    expected = roc_auc_score(label, probability), average_precision_score(label, probability)
    # Steps are told apart to 1/500 each.
    assert areas == pytest.approx(expected, abs=0.035)
    x, y, _ = roc_curve(label, probability, drop_intermediate=False)
    np.testing.assert_array_equal(
        true_positive_rate(label, probability)[1:], np.interp(GRID[1:], x, y)
    )
    height, recall, _ = precision_recall_curve(label, probability)
    for share, own in zip(GRID[1:], precision(label, probability)[1:], strict=True):
        assert own == height[recall >= share][-1]


def test_folds_with_one_class_have_no_curve(read):
    trials = make(3)
    trials.loc[trials["fold"] == 2, "label"] = 1
    figure = roc(trials, auc=0.6, average_precision=0.6, title="a run")
    assert [len(axes.lines) for axes in figure.axes] == [4, 4]
    none = roc(trials.assign(label=1), auc=np.nan, average_precision=np.nan, title="a run")
    assert "ROC, mean area nan" in read(none)
