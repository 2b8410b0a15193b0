"""Folds that break their promise are refused, whatever dealt them."""

from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.training.folds.guard import check_disjoint, check_promise, groups_seen, trials_seen
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import TEST, TRAIN, UNUSED, VALIDATION, Splits
from tests.training.folds.test_protocols import crossed

SUBJECT, STIMULUS, STRATUM = crossed(12, 9)


def dealt(name: str) -> np.ndarray:
    return PROTOCOLS[name].split(SUBJECT, STIMULUS, STRATUM, 4, seed=3).role.copy()


def check(role: np.ndarray, name: str) -> None:
    check_promise(Splits(role), PROTOCOLS[name], SUBJECT, STIMULUS)


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_dealt_folds_pass(name: str) -> None:
    check(dealt(name), name)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("subject", "subject"),
        ("loso", "subject"),
        ("stimulus", "stimulus"),
        ("subject+stimulus", "subject"),
    ],
)
@pytest.mark.parametrize(
    ("code", "moved", "one", "other"),
    [
        (TEST, TRAIN, "train", "test"),
        (VALIDATION, TRAIN, "train", "validation"),
        (TEST, VALIDATION, "validation", "test"),
    ],
)
def test_one_trial_on_the_wrong_side_is_found(
    name: str, what: str, code: int, moved: int, one: str, other: str
) -> None:
    role = dealt(name)
    i = np.flatnonzero(role[:, 1] == code)[0]
    role[i, 1] = moved
    group = {"subject": SUBJECT, "stimulus": STIMULUS}[what][i]
    with pytest.raises(
        RtcanError, match=f"fold 2: {what} {group} is in both the {one} and the {other} trials"
    ):
        check(role, name)


def test_an_unused_trial_that_is_trained_on_is_found_by_its_stimulus() -> None:
    role = dealt("subject+stimulus")
    test = role[:, 0] == TEST
    held = np.isin(role[:, 0], (TEST, VALIDATION))
    # Its subject is in training anyway; only its stimulus is held out.
    others = (role[:, 0] == UNUSED) & ~np.isin(SUBJECT, SUBJECT[held])
    i = np.flatnonzero(others & np.isin(STIMULUS, STIMULUS[test]))[0]
    role[i, 0] = TRAIN
    with pytest.raises(RtcanError, match=f"fold 1: stimulus {STIMULUS[i]} is in both the train"):
        check(role, "subject+stimulus")


def test_a_trial_that_is_there_twice_may_not_be_on_two_sides() -> None:
    role = dealt("trial")
    with pytest.raises(RtcanError, match=f"the trial of subject {SUBJECT[0]}, stimulus"):
        subject, stimulus = SUBJECT.copy(), STIMULUS.copy()
        twin = np.flatnonzero(role[:, 0] != role[0, 0])[0]
        subject[twin], stimulus[twin] = subject[0], stimulus[0]
        check_promise(Splits(role), PROTOCOLS["trial"], subject, stimulus)


@pytest.mark.parametrize("code", [TRAIN, VALIDATION, TEST])
def test_a_fold_without_one_of_its_parts_is_refused(code: int) -> None:
    role = dealt("subject+stimulus")
    role[role[:, 2] == code, 2] = UNUSED
    part = ("train", "validation", "test")[code]
    with pytest.raises(RtcanError, match=f"fold 3 has no {part} trials"):
        check(role, "subject+stimulus")


def test_a_trial_that_is_never_tested_is_refused_where_each_has_to_be() -> None:
    role = dealt("trial")
    i = np.flatnonzero(role[:, 0] == TEST)[0]
    role[i, 0] = TRAIN
    with pytest.raises(RtcanError, match=r"is tested by 0 folds; the protocol 'trial' tests"):
        check(role, "trial")


def test_a_trial_that_is_tested_twice_is_refused() -> None:
    role = dealt("trial")
    i = np.flatnonzero(role[:, 0] == TEST)[0]
    role[i, 2] = TEST
    with pytest.raises(RtcanError, match="is tested by 2 folds"):
        check(role, "trial")


def test_the_number_of_groups_on_two_sides_is_told() -> None:
    subjects = np.array(["anna", "ben", "anna", "ben", "cleo"])
    role = np.array([[TRAIN], [TRAIN], [TEST], [VALIDATION], [TEST]], np.int8)
    with pytest.raises(RtcanError, match=r"subject anna is in both .* \(and 1 more\)"):
        check_disjoint(Splits(role), subjects, "subject")


def test_test_trials_with_a_known_group_are_counted() -> None:
    subjects = np.array(["anna", "anna", "anna", "ben", "cleo", "cleo"])
    role = np.array([[TRAIN, TEST], [TEST, TRAIN], [TEST, TRAIN], [TEST, VALIDATION]], np.int8)
    role = np.vstack([role, [[VALIDATION, TEST], [TEST, UNUSED]]]).astype(np.int8)
    assert trials_seen(Splits(role), subjects).tolist() == [2, 1]
    seen, tested = groups_seen(Splits(role), subjects)
    assert (seen.tolist(), tested.tolist()) == ([1, 1], [3, 2])


@pytest.mark.parametrize(
    ("name", "subjects_known", "stimuli_known"),
    [
        ("subject", 0, 108),
        ("loso", 0, 108),
        ("stimulus", 108, 0),
        ("trial", 108, 108),
        ("subject+stimulus", 0, 0),
    ],
)
def test_the_audit_of_each_protocol(name: str, subjects_known: int, stimuli_known: int) -> None:
    splits = Splits(dealt(name))
    assert trials_seen(splits, SUBJECT).sum() == subjects_known
    assert trials_seen(splits, STIMULUS).sum() == stimuli_known
