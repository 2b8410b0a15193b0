"""scikit-learn's splits are the folds of `rtcan train`, and hold out what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import check_cv, cross_validate

from rtcan_cli.estimators import ProtocolSplit
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.trial_key import TRIAL_KEY
from tests.conftest import must
from tests.training.folds.test_protocols import Cohort, cohorts, crossed

PROTOCOLS = ("subject", "stimulus", "subject+stimulus", "loso", "trial")


def as_groups(cohort: Cohort) -> np.ndarray:
    return np.column_stack(cohort[:2])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_folds_are_those_of_train(prepared: Path, tmp_path: Path, protocol: str) -> None:
    run = tmp_path / "run.h5"
    options = ("--model", "majority", "--folds", "3", "--seed", "7", "--jobs", "1")
    must("train", "-w", prepared, "-o", run, *options, "--protocol", protocol)
    with Store(Workspace(prepared).store("pmemo", "labels"), "labels") as store:
        table = store.table("labels")
    # In another order than that of the store.
    table = table.sample(frac=1, random_state=0).reset_index(drop=True)
    cv = ProtocolSplit(
        protocol, n_splits=3, random_state=7, strata=table["valence"] * 3 + table["arousal"]
    )
    groups = table[["subject", "stimulus", "repetition", "song"]]
    found = list(cv.split(table, table["arousal"], groups))
    roles = Run.load(run).roles("arousal")
    stored = pd.MultiIndex.from_frame(Run.load(run).trials("arousal")[list(TRIAL_KEY)])
    own = pd.MultiIndex.from_frame(table[list(TRIAL_KEY)])
    assert len(stored) == len(own)
    assert len(found) == len(roles) == cv.get_n_splits(groups=groups)
    for k, (train, test) in enumerate(found, start=1):
        assert set(own[test]) == set(stored[roles[k].test])
        trained = np.concatenate([roles[k].train, roles[k].validation])
        assert set(own[train]) == set(stored[trained])


@settings(max_examples=25, deadline=None)
@given(drawn=cohorts(), seed=st.integers(0, 1000))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_subject_and_no_stimulus_crosses(
    drawn: tuple[Cohort, int], seed: int, protocol: str
) -> None:
    (subject, stimulus, stratum), n_folds = drawn
    cv = ProtocolSplit(protocol, n_folds, random_state=seed)
    try:
        folds = list(cv.split(subject, stratum, as_groups(drawn[0])))
    except ValueError:
        reject()  # a fold without trials: refused
    tested = np.concatenate([test for _, test in folds])
    assert len(set(tested)) == len(tested)
    if protocol != "subject+stimulus":
        assert len(tested) == len(subject)
    for train, test in folds:
        assert not set(train) & set(test)
        if protocol in ("subject", "loso", "subject+stimulus"):
            assert not set(subject[train]) & set(subject[test])
        if protocol in ("stimulus", "subject+stimulus"):
            assert not set(stimulus[train]) & set(stimulus[test])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_order_of_trials_changes_nothing(protocol: str) -> None:
    cohort = crossed(9, 8)
    order = np.random.default_rng(1).permutation(len(cohort[0]))
    cv = ProtocolSplit(protocol, 3)
    first = [set(test) for _, test in cv.split(cohort[0], cohort[2], as_groups(cohort))]
    other = cv.split(cohort[0], cohort[2][order], as_groups(cohort)[order])
    assert [set(order[test]) for _, test in other] == first


def test_songs_with_several_names_are_held_out_together() -> None:
    subject, stimulus, stratum = crossed(8, 8)
    song = np.array([str(int(name) % 4) for name in stimulus])
    groups = pd.DataFrame({"subject": subject, "stimulus": stimulus, "song": song})
    for protocol in ("stimulus", "subject+stimulus"):
        for train, test in ProtocolSplit(protocol, 3).split(subject, stratum, groups):
            assert not set(song[train]) & set(song[test])


def test_one_column_is_what_the_protocol_holds_out() -> None:
    subject, stimulus, stratum = cohort = crossed(9, 8)
    for protocol, column in (("subject", subject), ("loso", subject), ("stimulus", stimulus)):
        cv = ProtocolSplit(protocol, 3)
        short = list(cv.split(subject, stratum, column))
        full = list(cv.split(subject, stratum, as_groups(cohort)))
        assert all((a[1] == b[1]).all() for a, b in zip(short, full, strict=True))
    assert len(list(ProtocolSplit("trial", 4).split(subject, stratum))) == 4


@pytest.mark.parametrize("routing", [False, True])
def test_it_is_used_by_cross_validate(routing: bool) -> None:
    subject, _, stratum = cohort = crossed(9, 8)
    y = stratum % 2
    groups: dict[str, Any] = (
        {"params": {"groups": as_groups(cohort)}} if routing else {"groups": as_groups(cohort)}
    )
    with sklearn.config_context(enable_metadata_routing=routing):
        found = cross_validate(
            *(DummyClassifier(), np.zeros((len(y), 1)), y),
            cv=ProtocolSplit("subject+stimulus", 4),
            return_indices=True,
            **groups,
        )
    for train, test in zip(found["indices"]["train"], found["indices"]["test"], strict=True):
        assert not set(subject[train]) & set(subject[test])


def test_it_is_a_splitter_as_others_are() -> None:
    cv = ProtocolSplit("stimulus", 5, random_state=2)
    assert check_cv(cv) is cv
    assert cv.get_n_splits() == 5
    assert repr(cv) == (
        "ProtocolSplit(n_splits=5, protocol='stimulus', random_state=2, strata=None)"
    )
    assert clone(cv, safe=False).protocol == "stimulus"


@pytest.mark.parametrize(
    ("options", "groups", "message"),
    [
        ({"protocol": "song"}, "both", "protocol 'song' is not one of subject, trial"),
        ({"n_splits": 2}, "both", "n_splits=2 must be an integer of 3 or above"),
        ({"random_state": -1}, "both", "random_state=-1"),
        ({"random_state": None}, "both", "random_state=None"),
        ({}, None, "groups parameter should not be None: the subject of each trial"),
        ({"n_splits": 12}, "both", "9 subjects cannot be divided into 12 folds"),
        ({"protocol": "subject+stimulus"}, "subject", "needs the stimulus of each trial"),
        ({"strata": [0, 1]}, "both", "strata has 2 values, but there are 72 trials"),
        ({"strata": np.linspace(0, 1, 72)}, "both", "classes of trials are needed, got continuous"),
    ],
)
def test_what_cannot_be_split_is_refused(
    options: dict[str, Any], groups: str | None, message: str
) -> None:
    cohort = crossed(9, 8)
    who = {"both": as_groups(cohort), "subject": cohort[0], None: None}[groups]
    with pytest.raises(ValueError, match=message):
        next(ProtocolSplit(**options).split(cohort[0], cohort[2], who))


def test_groups_without_a_name_or_with_others_are_refused() -> None:
    subject, stimulus, stratum = crossed(9, 8)
    table = pd.DataFrame({"subject": subject, "stimulus": stimulus})
    for bad, message in (
        (table.rename(columns={"stimulus": "film"}), "got film"),
        (table.where(table["stimulus"] != "3"), "trials without a subject"),
        (table[["subject", "subject"]], "a column twice"),
        (table.iloc[:-1], "71 rows, but there are 72 trials"),
        (np.zeros((72, 3)), "1d array"),
        (
            table.replace({"subject": {"s003": "S005"}}),
            "'S005' .trial 7. and 's005' .trial 9. differ",
        ),
        (table.assign(song=np.where(stimulus == "3", "07", "7")), "song '07' .* and '7'"),
    ):
        with pytest.raises(ValueError, match=message):
            next(ProtocolSplit().split(subject, stratum, bad))
    # The same listener heard the same song twice: single trials are told apart by their number.
    twice = pd.concat([table, table], ignore_index=True)
    with pytest.raises(ValueError, match="is in both the"):
        next(ProtocolSplit("trial", 3).split(twice, None, twice))
    numbered = twice.assign(repetition=np.repeat([1, 2], len(table)))
    assert len(list(ProtocolSplit("trial", 3).split(twice, None, numbered))) == 3
