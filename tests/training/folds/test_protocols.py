"""What each protocol promises, looked up in the roles by sets alone."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from sklearn.model_selection import LeaveOneGroupOut

from rtcan_cli import choices
from rtcan_cli.errors import RtcanError
from rtcan_cli.training.folds.guard import check_promise
from rtcan_cli.training.folds.protocols import PROTOCOLS, STIMULUS_FOLDS
from rtcan_cli.training.folds.splits import Splits

#: Trials, from a table of who heard what, with a class each.
Cohort = tuple[np.ndarray, np.ndarray, np.ndarray]
EVERY = sorted(PROTOCOLS)
EACH_ONCE = ("subject", "trial", "stimulus", "loso")


def crossed(n_subjects: int, n_stimuli: int, seed: int = 0, heard: float = 1.0) -> Cohort:
    """Every subject with every stimulus, or with a share of them, in a random order."""
    rng = np.random.default_rng(seed)
    pairs = np.array([(i, j) for i in range(n_subjects) for j in range(n_stimuli)])
    pairs = rng.permutation(pairs)[: int(heard * len(pairs))]
    subject = np.array([f"s{i:03d}" for i in pairs[:, 0]])
    stimulus = np.array([f"{j}" for j in pairs[:, 1]])
    return subject, stimulus, rng.integers(0, 4, len(pairs))


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[Cohort, int]:
    n_folds = draw(st.integers(3, 8))
    n_subjects, n_stimuli = (draw(st.integers(n_folds, 20)) for _ in range(2))
    heard = draw(st.floats(0.6, 1))
    cohort = crossed(n_subjects, n_stimuli, draw(st.integers(0, 2**16)), heard)
    cohort[2][: n_folds + 1] = 0  # as many of one class as folds
    return cohort, n_folds


def split(name: str, cohort: Cohort, n_folds: int, seed: int = 0) -> Splits:
    return PROTOCOLS[name].split(*cohort, n_folds, seed)


def sides(splits: Splits, k: int) -> list[np.ndarray]:
    return [np.flatnonzero(splits.role[:, k] == code) for code in (0, 1, 2)]


def shared(groups: np.ndarray, parts: list[np.ndarray]) -> int:
    return sum(len(set(groups[a]) & set(groups[b])) for a, b in combinations(parts, 2))


def test_the_command_line_offers_every_protocol() -> None:
    assert set(get_args(choices.Protocol)) == set(PROTOCOLS)
    assert PROTOCOLS[choices.PROTOCOL].disjoint == ("subject",)
    assert all(protocol.__doc__ for protocol in PROTOCOLS.values())


@settings(max_examples=40, deadline=None)
@given(drawn=cohorts(), seed=st.integers(0, 1000))
@pytest.mark.parametrize(
    ("name", "subjects_apart", "stimuli_apart"),
    [
        ("subject", True, False),
        ("trial", False, False),
        ("stimulus", False, True),
        ("subject+stimulus", True, True),
        ("loso", True, False),
    ],
)
def test_promises_are_kept(
    drawn: tuple[Cohort, int], seed: int, name: str, subjects_apart: bool, stimuli_apart: bool
) -> None:
    (subject, stimulus, stratum), n_folds = drawn
    try:
        splits = split(name, (subject, stimulus, stratum), n_folds, seed)
    except RtcanError:  # too few stimuli were heard at all
        reject()
    assert splits.n_folds == (len(set(subject)) if name == "loso" else n_folds)
    for k in range(splits.n_folds):
        parts = sides(splits, k)
        if name != "subject+stimulus":  # its blocks may be empty where few trials are there
            assert all(len(part) for part in parts)
            assert sum(map(len, parts)) == len(subject)
        if subjects_apart:
            assert shared(subject, parts) == 0
        if stimuli_apart:
            assert shared(stimulus, parts) == 0
    tested = Counter((splits.role == 2).sum(axis=1).tolist())
    assert set(tested) <= ({1} if name in EACH_ONCE else {0, 1})


@settings(max_examples=25, deadline=None)
@given(drawn=cohorts(), seed=st.integers(0, 1000))
@pytest.mark.parametrize("name", EVERY)
def test_folds_depend_on_the_seed_and_not_on_the_order_of_trials(
    drawn: tuple[Cohort, int], seed: int, name: str
) -> None:
    cohort, n_folds = drawn
    order = np.random.default_rng(seed).permutation(len(cohort[0]))
    try:
        splits = split(name, cohort, n_folds, seed)
    except RtcanError:
        reject()
    again = split(name, (cohort[0][order], cohort[1][order], cohort[2][order]), n_folds, seed)
    assert np.array_equal(again.role, splits.role[order])


@pytest.mark.parametrize("name", EVERY)
def test_another_seed_deals_other_folds(name: str) -> None:
    cohort = crossed(30, 20)
    assert not np.array_equal(split(name, cohort, 5, 1).role, split(name, cohort, 5, 2).role)


@pytest.mark.parametrize(
    ("name", "largest"), [("subject", 40), ("trial", 40), ("stimulus", 40), ("loso", 10)]
)
def test_folds_are_of_equal_size_where_groups_are(name: str, largest: int) -> None:
    splits = split(name, crossed(40, 10), 10)
    assert set((splits.role == 2).sum(axis=0)) == {largest}
    assert set((splits.role == 1).sum(axis=0)) == {40}


def test_trials_are_spread_over_folds_by_class() -> None:
    cohort = crossed(17, 13)
    fold = split("trial", cohort, 7).test_fold
    assert np.ptp(np.bincount(fold)) <= 1
    for label in range(4):
        assert np.ptp(np.bincount(fold[cohort[2] == label], minlength=7)) <= 1


@pytest.mark.parametrize(("n_folds", "m"), [(10, 5), (5, 5), (3, 3)])
def test_both_disjoint_tests_and_trains_on_the_shares_that_are_documented(
    n_folds: int, m: int
) -> None:
    assert m == min(n_folds, STIMULUS_FOLDS)
    subject, stimulus, stratum = crossed(60, 30)
    role = split("subject+stimulus", (subject, stimulus, stratum), n_folds).role
    assert np.mean(role == 2) * n_folds == pytest.approx(1 / m)
    assert np.mean(role == 1) * n_folds == pytest.approx(1 / m)
    train = np.mean(role == 0, axis=0)
    assert train == pytest.approx(np.full(n_folds, (1 - 2 / n_folds) * (1 - 2 / m)))
    tested = (role == 2).any(axis=1)
    assert set(subject[tested]) == set(subject)
    assert set(stimulus[tested]) == set(stimulus)
    # Every trial that is not used would be on both sides: it shares something with what is tested
    # or validated, and something would be lost if the split left out more.
    for k in range(n_folds):
        held = role[:, k] % 3 != 0
        known = np.isin(subject, subject[held]) | np.isin(stimulus, stimulus[held])
        assert np.array_equal(known & ~held, role[:, k] == 3)


def test_both_disjoint_tests_the_subjects_that_the_subject_protocol_tests() -> None:
    cohort = crossed(40, 20)
    both, alone = split("subject+stimulus", cohort, 8), split("subject", cohort, 8)
    tested = both.test_fold >= 0
    assert np.array_equal(both.test_fold[tested], alone.test_fold[tested])


def test_leaving_one_subject_out_is_that_of_scikit_learn() -> None:
    subject, stimulus, stratum = crossed(12, 9)
    splits = split("loso", (subject, stimulus, stratum), 4)
    expected = LeaveOneGroupOut().split(subject, groups=subject)
    for k, (_, test) in enumerate(expected):
        assert splits.roles(k).test.tolist() == test.tolist()
        assert len(set(subject[splits.roles(k).validation])) == 3


@pytest.mark.parametrize(
    ("name", "size", "n_folds", "problem", "hint"),
    [
        (
            "stimulus",
            (20, 6),
            10,
            "6 stimuli cannot be divided into 10 folds",
            "--folds 6 or fewer",
        ),
        ("subject", (6, 20), 10, "6 subjects cannot be divided into 10", "--folds 6 or fewer"),
        ("loso", (2, 20), 3, "2 subjects cannot be divided into 3", "at least 3 subjects"),
        ("subject+stimulus", (20, 4), 10, "4 stimuli cannot be divided", "--folds 4 or fewer"),
        ("subject+stimulus", (4, 20), 10, "4 subjects cannot be divided", "--folds 4 or fewer"),
        ("trial", (2, 2), 10, "4 trials are too few", "fewer --folds"),
        ("trial", (9, 9), 2, "2 folds are too few", "--folds 3 or more"),
    ],
)
def test_sizes_that_cannot_work_name_the_fix(
    name: str, size: tuple[int, int], n_folds: int, problem: str, hint: str
) -> None:
    with pytest.raises(RtcanError, match=problem) as caught:
        split(name, crossed(*size), n_folds)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize("name", EVERY)
def test_following_the_hint_helps(name: str) -> None:
    cohort = crossed(4, 4)
    check_promise(split(name, cohort, 4), PROTOCOLS[name], cohort[0], cohort[1])


@st.composite
def repeated(draw: st.DrawFn) -> tuple[Cohort, np.ndarray, np.ndarray, int]:
    """A cohort in which stimuli were heard again, and songs are there under several names."""
    (subject, stimulus, stratum), n_folds = draw(cohorts())
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    again = rng.choice(len(subject), draw(st.integers(0, len(subject))))
    row, repetition = np.unique(
        np.concatenate([np.arange(len(subject)), again]), return_counts=True
    )
    rows = np.repeat(row, repetition)
    number = np.concatenate([np.arange(n) + 1 for n in repetition])
    songs = {each: f"song {rng.integers(0, 12)}" for each in np.unique(stimulus)}
    order = rng.permutation(len(rows))
    cohort = subject[rows][order], stimulus[rows][order], stratum[rows][order]
    return cohort, number[order], np.array([songs[each] for each in cohort[1]]), n_folds


@settings(max_examples=40, deadline=None)
@given(drawn=repeated(), seed=st.integers(0, 1000))
@pytest.mark.parametrize("name", ["stimulus", "subject+stimulus"])
def test_whole_songs_are_held_out_with_all_their_names_and_hearings(
    drawn: tuple[Cohort, np.ndarray, np.ndarray, int], seed: int, name: str
) -> None:
    cohort, repetition, song, n_folds = drawn
    deal = PROTOCOLS[name].split
    try:
        splits = deal(*cohort, n_folds, seed, repetition=repetition, song=song)
    except RtcanError:  # too few songs, or too few trials of one class
        reject()
    for k in range(n_folds):
        assert shared(song, sides(splits, k)) == 0
    tested = Counter((splits.role == 2).sum(axis=1).tolist())
    assert set(tested) <= ({1} if name in EACH_ONCE else {0, 1})
    order = np.random.default_rng(seed).permutation(len(song))
    again = deal(
        *(part[order] for part in cohort),
        n_folds,
        seed,
        repetition=repetition[order],
        song=song[order],
    )
    assert np.array_equal(again.role, splits.role[order])


@settings(max_examples=20, deadline=None)
@given(drawn=cohorts(), seed=st.integers(0, 1000))
@pytest.mark.parametrize("name", EVERY)
def test_folds_without_repeats_are_what_they_were(
    drawn: tuple[Cohort, int], seed: int, name: str
) -> None:
    cohort, n_folds = drawn
    try:
        splits = split(name, cohort, n_folds, seed)
    except RtcanError:
        reject()
    once = np.ones(len(cohort[0]), int)
    same = PROTOCOLS[name].split(*cohort, n_folds, seed, repetition=once, song=cohort[1])
    assert np.array_equal(same.role, splits.role)


def test_a_song_under_two_names_is_a_leak_if_only_names_are_held_out() -> None:
    subject, stimulus, stratum = crossed(12, 10)
    song = np.where(stimulus == "9", "0", stimulus)
    found = []
    for seed in range(5):
        splits = split("stimulus", (subject, stimulus, stratum), 5, seed)
        check_promise(splits, PROTOCOLS["stimulus"], subject, stimulus)
        apart = {splits.test_fold[stimulus == name][0] for name in "09"}
        try:
            check_promise(splits, PROTOCOLS["stimulus"], subject, stimulus, song=song)
        except RtcanError as error:
            found.append("stimulus 0 is in both" in str(error))
            assert len(apart) == 2
        else:
            assert len(apart) == 1
    assert any(found)


def test_a_hearing_that_is_there_twice_is_found_and_another_one_is_none() -> None:
    subject, stimulus, stratum = crossed(9, 6)
    subject, stimulus, stratum = (np.concatenate([x, x[:9]]) for x in (subject, stimulus, stratum))
    number = np.repeat([1, 2], [len(subject) - 9, 9])
    splits = PROTOCOLS["trial"].split(subject, stimulus, stratum, 3, 0, repetition=number)
    check_promise(splits, PROTOCOLS["trial"], subject, stimulus, repetition=number)
    with pytest.raises(RtcanError, match="the trial of subject"):
        check_promise(splits, PROTOCOLS["trial"], subject, stimulus)
