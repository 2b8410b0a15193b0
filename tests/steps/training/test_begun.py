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


def keep(partial: Partial, name: str, n_epochs: int, seconds: float) -> None:
    losses = np.linspace(1.0, 0.5, n_epochs)
    item = {
        "history.train_loss": losses,
        "history.validation_accuracy": losses / 2,
        "best_epoch": np.array(1),
        "seconds": np.array(seconds),
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
    keep(partial, result_name("valence", 0), 8, seconds=16.0)  # it stopped early
    keep(partial, checkpoint_name("valence", 1), 4, seconds=8.0)
    found = unfinished(store)
    assert found is not None
    (fold,) = found.in_training
    assert (found.n_trained, fold.target, fold.fold, fold.epoch) == (1, "valence", 2, 4)
    assert (fold.train_loss, fold.validation_accuracy, fold.best_epoch) == (0.5, 0.25, 2)
    # 2 s an epoch; 6 epochs of this fold and 4 folds of 10 are left, two at a time.
    assert found.seconds_left == pytest.approx(2.0 * 46 / 2)


def test_a_fold_is_trained_when_all_of_its_candidates_are(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    partial = Partial(store, "0")
    replace(TOLD, targets=("arousal",), n_candidates=2, n_epochs=0).keep(partial)
    for fold, candidate in ((0, 0), (0, 1), (1, 0)):
        keep(partial, result_name("arousal", fold, candidate), 1, seconds=3.0)
    found = unfinished(store)
    assert found is not None
    assert (found.n_trained, found.n_planned) == (1, 3)
    assert found.seconds_left == pytest.approx(3.0 * 3 / 2)


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
