"""What unfinished runs tell of themselves, and what is not believed of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rtcan_cli.steps.training.begun import (
    BEGUN,
    Begun,
    checkpoint_name,
    result_name,
    unfinished,
)
from rtcan_cli.stores import Partial

TOLD = Begun(
    {"dataset": "pmemo", "folds": 3, "lr": 0.5, "window": None},
    targets=("valence", "arousal"),
    folds=(0, 1, 2),
    n_folds=3,
    n_candidates=1,
    n_epochs=10,
    side_by_side=2,
    simulated=True,
)


def keep(
    partial: Partial, name: str, n_epochs: int, seconds: float, first: float | None = None
) -> None:
    losses = np.linspace(1.0, 0.5, n_epochs)
    item = {
        "history.train_loss": losses,
        "history.validation_accuracy": losses / 2,
        "best_epoch": np.array(1),
        "seconds": np.array(seconds),
        "first_seconds": np.array(seconds / n_epochs if first is None else first),
    }
    partial.put(name, item)


def test_what_is_kept_tells_how_far_a_run_is(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    assert unfinished(store) is None
    partial = Partial(store, "0")
    TOLD.keep(partial)
    found = unfinished(store)
    assert found is not None
    assert (found.begun, found.n_trained, found.n_planned) == (TOLD, 0, 6)
    assert (found.in_training, found.seconds_left) == ((), None)
    keep(partial, result_name("valence", 0), 10, seconds=20.0)
    keep(partial, checkpoint_name("valence", 1), 4, seconds=8.0)
    found = unfinished(store)
    assert found is not None
    (fold,) = found.in_training
    assert (found.n_trained, fold.target, fold.fold, fold.epoch) == (1, "valence", 2, 4)
    assert (fold.train_loss, fold.validation_accuracy, fold.best_epoch) == (0.5, 0.25, 2)
    # 2 s an epoch, two folds at a time: 6 epochs of this one and then two folds, beside two others.
    assert found.seconds_left == pytest.approx(2.0 * (6 + 10 + 10))


def test_the_first_epoch_says_nothing_of_the_pace(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    partial = Partial(store, "0")
    replace(TOLD, targets=("arousal",), side_by_side=1).keep(partial)
    keep(partial, checkpoint_name("arousal", 0), 1, seconds=50.0)
    found = unfinished(store)
    assert found is not None
    assert len(found.in_training) == 1
    assert found.seconds_left is None
    keep(partial, checkpoint_name("arousal", 0), 3, seconds=54.0, first=50.0)
    found = unfinished(store)
    assert found is not None
    assert found.seconds_left == pytest.approx(2.0 * 27)


def test_how_long_networks_take_that_may_stop_early_is_known_once_one_has(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    partial = Partial(store, "0")
    replace(TOLD, targets=("arousal",), n_epochs=300, may_stop_early=True).keep(partial)
    for fold in (0, 1):
        keep(partial, checkpoint_name("arousal", fold), 15, seconds=30.0)
    found = unfinished(store)
    assert found is not None
    assert found.seconds_left is None
    keep(partial, result_name("arousal", 0), 20, seconds=40.0)
    found = unfinished(store)
    assert found is not None
    assert found.seconds_left == pytest.approx(2.0 * 20)


def test_models_that_have_to_wait_take_their_own_time(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    partial = Partial(store, "0")
    replace(TOLD, folds=(0, 1, 2, 3, 4), side_by_side=4, targets=("arousal",)).keep(partial)
    for fold in range(4):
        keep(partial, checkpoint_name("arousal", fold), 5, seconds=10.0)
    found = unfinished(store)
    assert found is not None
    assert found.seconds_left == pytest.approx(2.0 * (5 + 10))


def test_a_fold_is_trained_when_all_of_its_candidates_are(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    partial = Partial(store, "0")
    replace(TOLD, targets=("arousal",), n_candidates=2, n_epochs=0).keep(partial)
    for fold, candidate in ((0, 0), (0, 1), (1, 0)):
        keep(partial, result_name("arousal", fold, candidate), 1, seconds=3.0)
    found = unfinished(store)
    assert found is not None
    assert (found.n_trained, found.n_planned) == (1, 3)
    assert found.seconds_left == pytest.approx(3.0 * 2)  # three, two at a time


def test_the_newest_work_on_a_store_is_told(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    for digest, n_epochs in (("b", 10), ("a", 20)):
        replace(TOLD, n_epochs=n_epochs).keep(Partial(store, digest))
    found = unfinished(store)
    assert found is not None
    assert found.begun.n_epochs == 20


@pytest.mark.parametrize(
    "changed",
    [
        {"history.validation_accuracy": np.empty(0)},
        {"history.validation_accuracy": np.ones(3)},
        {"history.train_loss": np.array(0.5)},
        {"history.train_loss": np.array(["high", "low"])},
        {"history.train_loss": np.ones((2, 2))},
    ],
)
def test_histories_that_are_none_count_as_absent(
    tmp_path: Path, changed: dict[str, NDArray[Any]]
) -> None:
    store = tmp_path / "run.h5"
    partial = Partial(store, "0")
    TOLD.keep(partial)
    item = {
        "history.train_loss": np.ones(2),
        "history.validation_accuracy": np.ones(2),
        "best_epoch": np.array(np.nan),
        "seconds": np.array("long"),
    }
    partial.put(result_name("valence", 0), item | changed)
    partial.put(checkpoint_name("valence", 1), item | changed)
    found = unfinished(store)
    assert found is not None
    assert found.in_training == ()
    partial.put(checkpoint_name("valence", 1), item)
    found = unfinished(store)
    assert found is not None
    assert [each.best_epoch for each in found.in_training] == [1]


@pytest.mark.parametrize(
    "changed",
    [
        {"options": {"cluster": "tcp://elsewhere:8786"}},
        {"options": {"output": "/etc/passwd"}},
        {"options": {"config": "x.toml"}},
        {"options": {"seed": ["1", "2"]}},
        {"targets": ["pain"]},
        {"folds": [10**9]},
        {"n_candidates": 999_999},
        {"n_folds": True},
        {"more": 1},
    ],
)
def test_what_a_stranger_may_have_written_is_not_believed(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    store = tmp_path / "run.h5"
    partial = Partial(store, "0")
    TOLD.keep(partial)
    about = json.loads(str(partial.peek(BEGUN, "about")))
    partial.put(BEGUN, {"about": np.array(json.dumps(about | changed))})
    assert unfinished(store) is None
    partial.put(BEGUN, {"about": np.array("{")})
    assert unfinished(store) is None
