from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.errors import RtcanError
from rtcan_cli.training.splits import Roles, check_disjoint, roles, subject_folds


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
def test_each_subject_tests_once_and_never_meets_itself(
    cohort: tuple[np.ndarray, np.ndarray, int], seed: int
) -> None:
    subjects, labels, n_folds = cohort
    fold_of = subject_folds(subjects, labels, n_folds, seed)
    assert set(fold_of) == set(range(n_folds))  # no fold is empty
    tested, validated = [], []
    for k in range(n_folds):
        parts = roles(fold_of, k, n_folds)
        sets = [set(subjects[i]) for i in (parts.train, parts.validation, parts.test)]
        assert len(set.union(*sets)) == sum(len(some) for some in sets)
        everything = np.concatenate([parts.train, parts.validation, parts.test])
        assert np.array_equal(np.sort(everything), np.arange(len(subjects)))
        check_disjoint(parts, subjects)
        tested += sorted(sets[2])
        validated += sorted(sets[1])
    assert sorted(tested) == sorted(validated) == sorted(set(subjects))


@settings(max_examples=20, deadline=None)
@given(cohorts(), st.integers(0, 1000))
def test_folds_depend_on_the_seed_and_not_on_the_order_of_trials(
    cohort: tuple[np.ndarray, np.ndarray, int], seed: int
) -> None:
    subjects, labels, n_folds = cohort
    fold_of = subject_folds(subjects, labels, n_folds, seed)
    order = np.random.default_rng(seed).permutation(len(subjects))
    again = subject_folds(subjects[order], labels[order], n_folds, seed)
    assert np.array_equal(again, fold_of[order])


def test_folds_are_alike_and_differ_between_seeds() -> None:
    rng = np.random.default_rng(0)
    subjects = np.repeat(np.arange(100), 10).astype(str)
    labels = (rng.random(1000) < np.repeat(rng.uniform(0.2, 0.8, 100), 10)).astype(int)
    fold_of = subject_folds(subjects, labels, 10, seed=1)
    shares = [labels[fold_of == k].mean() for k in range(10)]
    assert np.ptp(shares) < 0.05
    assert np.array_equal(np.bincount(fold_of), np.full(10, 100))
    assert not np.array_equal(fold_of, subject_folds(subjects, labels, 10, seed=2))


def test_the_next_fold_validates() -> None:
    fold_of = np.array([0, 0, 1, 1, 2, 2, 3])
    last = roles(fold_of, 3, 4)
    assert last.test.tolist() == [6]
    assert last.validation.tolist() == [0, 1]
    assert last.train.tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize(("n_subjects", "n_folds"), [(10, 2), (4, 5), (2, 3)])
def test_impossible_folds_are_refused(n_subjects: int, n_folds: int) -> None:
    subjects = np.repeat(np.arange(n_subjects), 4).astype(str)
    with pytest.raises(RtcanError, match=f"{n_folds} folds"):
        subject_folds(subjects, np.tile([0, 1], 2 * n_subjects), n_folds, seed=0)


@pytest.mark.filterwarnings("error")
def test_a_rare_class_is_dealt_without_a_warning() -> None:
    subjects = np.arange(7).astype(str)
    fold_of = subject_folds(subjects, np.array([0, 0, 1, 1, 1, 1, 1]), 5, seed=0)
    assert set(fold_of) == {0, 1, 2, 3, 4}


def test_hardly_any_trials_are_refused() -> None:
    with pytest.raises(RtcanError, match="5 trials"):
        subject_folds(np.arange(5).astype(str), np.array([0, 0, 1, 1, 1]), 5, seed=0)


@pytest.mark.parametrize(
    ("parts", "one", "other"),
    [
        (Roles(np.array([0, 1]), np.array([2]), np.array([3])), "train", "test"),
        (Roles(np.array([1]), np.array([2, 5]), np.array([4])), "train", "validation"),
        (Roles(np.array([2]), np.array([0]), np.array([3])), "validation", "test"),
    ],
)
def test_guard_names_the_subject_on_two_sides(parts: Roles, one: str, other: str) -> None:
    subjects = np.array(["anna", "ben", "cleo", "anna", "dora", "ben"])
    name = "ben" if other == "validation" else "anna"
    with pytest.raises(RtcanError, match=f"subject {name} is in both the {one} and the {other}"):
        check_disjoint(parts, subjects)
