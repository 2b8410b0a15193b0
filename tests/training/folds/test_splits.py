from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.errors import RtcanError
from rtcan_cli.training.folds.splits import Splits, group_folds, rotated


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    n_folds = draw(st.integers(3, 8))
    trials = draw(st.lists(st.integers(1, 12), min_size=n_folds, max_size=30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    subjects = np.repeat([f"s{i:02d}" for i in range(len(trials))], trials)
    rng.shuffle(subjects)
    labels = rng.integers(0, 2, len(subjects))
    labels[: n_folds + 1] = 0  # as many of one class as folds, or there is nothing to stratify
    return subjects, labels, n_folds


@settings(max_examples=60, deadline=None)
@given(cohorts(), st.integers(0, 1000))
def test_each_group_is_in_one_fold_and_no_fold_is_empty(
    cohort: tuple[np.ndarray, np.ndarray, int], seed: int
) -> None:
    subjects, labels, n_folds = cohort
    fold_of = group_folds(subjects, labels, n_folds, seed)
    assert set(fold_of) == set(range(n_folds))
    assert len(set(zip(subjects, fold_of, strict=True))) == len(set(subjects))


def test_folds_are_alike_and_differ_between_seeds() -> None:
    rng = np.random.default_rng(0)
    subjects = np.repeat(np.arange(100), 10).astype(str)
    labels = (rng.random(1000) < np.repeat(rng.uniform(0.2, 0.8, 100), 10)).astype(int)
    fold_of = group_folds(subjects, labels, 10, seed=1)
    shares = [labels[fold_of == k].mean() for k in range(10)]
    assert np.ptp(shares) < 0.05
    assert np.array_equal(np.bincount(fold_of), np.full(10, 100))
    assert not np.array_equal(fold_of, group_folds(subjects, labels, 10, seed=2))


def test_the_next_fold_validates() -> None:
    splits = rotated(np.array([0, 0, 1, 1, 2, 2, 3]), 4)
    assert splits.n_folds == 4
    last = splits.roles(3)
    assert last.test.tolist() == [6]
    assert last.validation.tolist() == [0, 1]
    assert last.train.tolist() == [2, 3, 4, 5]
    assert splits.test_fold.tolist() == [0, 0, 1, 1, 2, 2, 3]


def test_a_trial_that_no_fold_tests_has_no_test_fold() -> None:
    splits = Splits(np.array([[2, 0], [0, 3], [1, 2]], np.int8))
    assert splits.test_fold.tolist() == [0, -1, 1]
    assert splits.roles(1).train.tolist() == [0]
    assert splits.roles(1).validation.tolist() == []
    assert splits.take(np.array([2, 0])).test_fold.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("n_subjects", "n_folds", "hint"),
    [(10, 2, "--folds 3 or more"), (4, 5, "--folds 4 or fewer"), (2, 3, "at least 3 subjects")],
)
def test_impossible_folds_are_refused(n_subjects: int, n_folds: int, hint: str) -> None:
    subjects = np.repeat(np.arange(n_subjects), 4).astype(str)
    with pytest.raises(RtcanError, match=f"{n_folds} folds") as caught:
        group_folds(subjects, np.tile([0, 1], 2 * n_subjects), n_folds, seed=0)
    assert hint in str(caught.value.hint)


@pytest.mark.filterwarnings("error")
def test_a_rare_class_is_dealt_without_a_warning() -> None:
    subjects = np.arange(7).astype(str)
    fold_of = group_folds(subjects, np.array([0, 0, 1, 1, 1, 1, 1]), 5, seed=0)
    assert set(fold_of) == {0, 1, 2, 3, 4}


def test_hardly_any_trials_are_refused() -> None:
    with pytest.raises(RtcanError, match="5 trials"):
        group_folds(np.arange(5).astype(str), np.array([0, 0, 1, 1, 1]), 5, seed=0)
