from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import StratifiedGroupKFold

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


def unequal(n_subjects: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Subjects with 15 to 40 trials of four classes, each with its own shares of them."""
    rng = np.random.default_rng(seed)
    n_trials = rng.integers(15, 41, n_subjects)
    subjects = np.repeat([f"s{i:03d}" for i in range(n_subjects)], n_trials)
    shares = rng.dirichlet(np.full(4, 3.0), n_subjects)
    strata = [rng.choice(4, n, p=own) for n, own in zip(n_trials, shares, strict=True)]
    return subjects, np.concatenate(strata)


@pytest.mark.parametrize("n_subjects", [24, 32, 100])
def test_seeds_deal_other_folds_where_subjects_are_unequal(n_subjects: int) -> None:
    subjects, strata = unequal(n_subjects, 0)
    _, first = np.unique(subjects, return_index=True)
    dealt = [group_folds(subjects, strata, 5, seed)[first] for seed in range(8)]
    alike = [
        adjusted_rand_score(one, other) for i, one in enumerate(dealt) for other in dealt[i + 1 :]
    ]
    assert np.mean(alike) < 0.1  # 0 is chance, 1 the same folds
    assert max(alike) < 0.5


def unevenness(fold_of: np.ndarray, strata: np.ndarray) -> float:
    """Standard deviation over folds of what they have of a class, the mean over classes."""
    folds = np.unique(fold_of)
    return float(
        np.mean(
            [np.std([np.mean(fold_of[strata == c] == k) for k in folds]) for c in np.unique(strata)]
        )
    )


@pytest.mark.parametrize(("n_subjects", "n_folds"), [(15, 5), (30, 5), (30, 10), (100, 10)])
def test_folds_are_about_as_even_as_those_of_scikit_learn(n_subjects: int, n_folds: int) -> None:
    own, other = [], []
    for seed in range(10):
        subjects, strata = unequal(n_subjects, seed)
        fold_of = group_folds(subjects, strata, n_folds, seed)
        own.append((unevenness(fold_of, strata), np.std(np.bincount(fold_of))))
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        for k, (_, test) in enumerate(splitter.split(strata, strata, subjects)):
            fold_of[test] = k
        other.append((unevenness(fold_of, strata), np.std(np.bincount(fold_of))))
    assert (np.mean(own, axis=0) < 1.2 * np.mean(other, axis=0)).all()


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


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
def test_a_rare_class_is_dealt_without_a_warning() -> None:
    subjects = np.arange(7).astype(str)
    fold_of = group_folds(subjects, np.array([0, 0, 1, 1, 1, 1, 1]), 5, seed=0)
    assert set(fold_of) == {0, 1, 2, 3, 4}


def test_hardly_any_trials_are_refused() -> None:
    with pytest.raises(RtcanError, match="5 trials"):
        group_folds(np.arange(5).astype(str), np.array([0, 0, 1, 1, 1]), 5, seed=0)
