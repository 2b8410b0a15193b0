from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    classification_report,
    f1_score,
    matthews_corrcoef,
    roc_auc_score,
)

from rtcan_cli.evaluation.metrics import (
    class_scores,
    confusion,
    fold_scores,
    fold_summary,
    majority_class,
    over_folds,
)

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

trials = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.one_of(st.floats(0, 1), st.just(float("nan"))),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=60,
)


def test_a_case_counted_by_hand():
    label = [1, 1, 1, 0, 0, 1, 0, 0, 0]
    probability = [0.9, 0.6, 0.2, 0.7, 0.1, 0.8, 0.5, 0.4, np.nan]
    fold = [0, 0, 0, 0, 0, 1, 1, 1, 1]
    scores = fold_scores(label, probability, fold).set_index("fold")

    # Fold 0: 2 of 3 high found, 1 of 2 low called high. Fold 1: all right, 0.5 is low.
    assert scores.loc[0, "accuracy"] == pytest.approx(3 / 5)
    assert scores.loc[0, "f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert scores.loc[0, "majority_accuracy"] == pytest.approx(2 / 5)
    assert scores.loc[0, ["true_high", "false_high", "true_low", "false_low"]].tolist() == [
        2,
        1,
        1,
        1,
    ]
    assert scores.loc[1, ["accuracy", "f1"]].tolist() == [1, 1]
    # Four of the eight tested trials are high: a tie is low.
    assert scores.loc[1, "majority_accuracy"] == pytest.approx(2 / 3)
    assert scores["n"].tolist() == [5, 3]
    assert scores["n_untested"].tolist() == [0, 1]

    summary = fold_summary(scores.reset_index())
    assert summary.accuracy_mean == pytest.approx(0.8)
    assert summary.accuracy_sd == pytest.approx(0.4 / np.sqrt(2))
    assert summary.f1_mean == pytest.approx((2 / 3 + 1) / 2)
    assert summary.majority_mean == pytest.approx(4 / 8)  # of all trials
    assert (summary.n_folds, summary.n_trials, summary.n_untested) == (2, 8, 1)
    assert confusion(scores).tolist() == [[1 + 2, 1], [1, 2 + 1]]


@settings(max_examples=40, deadline=None)
@given(trials)
def test_scores_agree_with_their_definitions(rows):
    label, probability, fold = (np.array(column) for column in zip(*rows, strict=True))
    scores = fold_scores(label, probability, fold)
    majority = label[~np.isnan(probability)].sum() * 2 > np.sum(~np.isnan(probability))
    assert scores["fold"].tolist() == sorted(set(fold))
    assert scores["n"].sum() + scores["n_untested"].sum() == len(rows)
    assert scores["n_untested"].sum() == np.isnan(probability).sum()
    for row in scores.itertuples():
        here = (fold == row.fold) & ~np.isnan(probability)
        if not here.any():
            assert row.n == 0
            assert np.isnan([row.accuracy, row.f1, row.majority_accuracy]).all()
            continue
        report = classification_report(
            label[here], probability[here] > 0.5, labels=[0, 1], output_dict=True, zero_division=0
        )
        assert row.f1 == pytest.approx(report["1"]["f1-score"])
        assert row.accuracy == pytest.approx(np.mean(label[here] == (probability[here] > 0.5)))
        assert row.majority_accuracy == pytest.approx(np.mean(label[here] == majority))
        assert row.true_high + row.false_low == np.sum(label[here])
        assert row.true_high + row.false_high == np.sum(probability[here] > 0.5)
        assert row.true_high + row.false_high + row.true_low + row.false_low == row.n


@settings(max_examples=40, deadline=None)
@given(trials)
def test_further_scores_are_those_of_scikit_learn(rows):
    label, probability, fold = (np.array(column) for column in zip(*rows, strict=True))
    scores = fold_scores(label, probability, fold)
    for row in scores[scores["n"] > 0].itertuples():
        here = (fold == row.fold) & ~np.isnan(probability)
        truth, p = label[here], probability[here]
        assert row.brier == pytest.approx(brier_score_loss(truth, p, pos_label=1))
        undefined = [row.auc, row.average_precision, row.balanced_accuracy, row.macro_f1, row.mcc]
        if len(set(truth)) == 1:
            assert np.isnan(undefined).all()
            continue
        called = p > 0.5
        assert undefined == pytest.approx(
            [
                roc_auc_score(truth, p),
                average_precision_score(truth, p),
                balanced_accuracy_score(truth, called),
                f1_score(truth, called, average="macro", labels=[0, 1], zero_division=0),
                matthews_corrcoef(truth, called),
            ]
        )


def test_class_scores_take_many_tables_at_once():
    counts = np.array([[3, 0, 5], [1, 0, 2], [4, 0, 0], [2, 0, 0]])
    many = class_scores(*counts)
    for k in range(3):
        for name, value in class_scores(*counts[:, k]).items():
            np.testing.assert_array_equal(value, many[name][k])
    assert all(np.isnan(many[name][1]) for name in many)  # no trial, no score


def test_the_mean_of_a_score_counts_the_folds_that_have_it():
    label, probability = [1, 0, 1, 1, 0, 0], [0.9, 0.1, 0.8, 0.7, 0.6, np.nan]
    table = over_folds(fold_scores(label, probability, [1, 1, 2, 2, 3, 4]))
    assert table.loc["accuracy", "n_folds"] == 3  # the fourth was not trained
    assert table.loc["auc"].tolist()[::2] == [1, 1]  # the second and the third hold one class
    assert np.isnan(table.loc["auc", "sd"])
    assert table.loc["accuracy", "mean"] == pytest.approx(2 / 3)


@settings(max_examples=40, deadline=None)
@given(trials, st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (fold_scores(*zip(*each, strict=True)) for each in (rows, shuffled))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("label", [[1, 1, 0], [0, 0, 0]])
def test_f1_is_zero_when_nothing_is_called_high(label):
    scores = fold_scores(label, [0.1, 0.2, 0.3], [0, 0, 0])
    assert scores["f1"].tolist() == [0]


def test_folds_that_were_not_trained_are_counted_and_do_not_weigh():
    label = np.array([1, 0, 1, 0])
    trained = fold_scores(label, [0.9, 0.1, np.nan, np.nan], [0, 0, 1, 1])
    summary = fold_summary(trained)
    assert (summary.accuracy_mean, summary.n_folds, summary.n_untested) == (1, 1, 2)
    assert np.isnan(summary.accuracy_sd)
    assert confusion(trained).sum() == 2


def test_labels_other_than_low_and_high_are_refused():
    with pytest.raises(ValueError, match="labels"):
        fold_scores([1, -1], [0.5, 0.5], [0, 0])


@pytest.mark.parametrize(
    ("label", "expected"), [([1, 1, 0], 1), ([0, 0, 1], 0), ([0, 1], 0), ([1], 1)]
)
def test_majority_class(label, expected):
    assert majority_class(label) == expected
