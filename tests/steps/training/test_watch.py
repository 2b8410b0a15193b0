"""What is said of networks in training, on a terminal and in a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli import console
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.training import watch as watching
from rtcan_cli.steps.training.curves import Curve
from rtcan_cli.steps.training.plan import Unit
from rtcan_cli.steps.training.units import PartialSink
from rtcan_cli.steps.training.watch import Watch
from tests.steps.training.test_devices import units
from tests.steps.training.test_sweep import SETTINGS

EPOCHS = 40
ROW = (
    "run, arousal, fold 2 of 3: epoch {} of 40, loss 0.5000, validation loss {:.4f}, validation "
    "accuracy 75.0 % (simulated), best epoch {}; {} of 120 epochs"
)


def history(*validation_loss: float) -> dict[str, np.ndarray]:
    n = len(validation_loss)
    return {
        "history.train_loss": np.full(n, 0.5),
        "history.validation_loss": np.array(validation_loss),
        "history.validation_accuracy": np.full(n, 0.75),
    }


@pytest.fixture
def folds(tmp_path: Path) -> list[Unit]:
    recipe = replace(SETTINGS.recipe, epochs=EPOCHS)
    return [
        replace(unit, settings=replace(unit.settings, recipe=recipe))
        for unit in units(tmp_path, "base")
    ]


class Bar:
    """A bar as it would be drawn, and lines below it."""

    def __init__(self, drawn: bool) -> None:
        self.drawn, self.n, self.lines = drawn, 0.0, list[str]()

    def start_at(self, n: float) -> None:
        self.n = n

    def at(self, n: float) -> None:
        self.n = max(self.n, n)

    def show(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)

    def state(self) -> str:
        return f"{self.n:g} of {3 * EPOCHS} epochs"


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Bar:
    """The bar of the next watch, which looks only when it is told to."""
    found = Bar(True)

    @contextmanager
    def progress(total: int, *rest: object, **options: object) -> Iterator[Bar]:
        yield found

    monkeypatch.setattr(console, "progress", progress)
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 1e6)
    return found


def test_epochs_of_checkpoints_and_of_finished_networks_are_counted(folds: list[Unit]) -> None:
    watch = Watch(folds)
    watch.look()
    assert (watch.count(), watch.total, watch.unit) == (0, 3 * EPOCHS, "epoch")
    PartialSink(folds[1]).save(1, history(0.7, 0.6, 0.65))
    watch.look()
    assert watch.count() == 3
    watch.finish(folds[1], history(0.7, 0.6, 0.65, 0.66))  # stopped before its last epoch
    assert watch.count() == EPOCHS


def test_what_remains_counts_folds_that_have_to_wait(folds: list[Unit], bar: Bar) -> None:
    watch = Watch(folds, side_by_side=2)
    with watch.shown():
        assert watch.remaining() is None
        for fold in (0, 1):
            PartialSink(folds[fold]).save(fold, history(0.7))
        watch.look()
        assert watch.remaining() is None  # the second was finished just after the first
        PartialSink(folds[0]).save(0, history(*[0.7] * 30))
        watch.look()
        # The third fold follows the first one, beside the second one until that ends.
        assert watch.count() == 31
        assert watch.remaining() == 2 * (10 + EPOCHS)
        for fold in (0, 1):
            watch.finish(folds[fold], history(0.7))
        watch.look()
        assert watch.remaining() == 2 * EPOCHS  # one process has nothing to do


def test_a_pace_is_that_of_folds_that_this_call_trains(folds: list[Unit], bar: Bar) -> None:
    for fold in (0, 1):
        PartialSink(folds[fold]).save(fold, history(*[0.7] * 20))
    watch = Watch(folds, side_by_side=2)
    watch.finish(folds[0])
    with watch.shown():
        assert (watch.count(), watch.remaining()) == (EPOCHS + 20, None)
        PartialSink(folds[1]).save(1, history(*[0.7] * 23))
        watch.look()
        assert watch.remaining() == 2 * EPOCHS


@pytest.mark.parametrize(("side_by_side", "expected"), [(0, 119.0), (1, None), (3, None)])
def test_on_a_cluster_what_remains_is_what_is_left(
    folds: list[Unit], bar: Bar, side_by_side: int, expected: float | None
) -> None:
    watch = Watch(folds, side_by_side)
    with watch.shown():
        PartialSink(folds[1]).save(1, history(0.7))
        watch.look()
        assert watch.remaining() == expected


def test_only_networks_have_epochs(folds: list[Unit]) -> None:
    learner = replace(folds[0], settings=replace(folds[0].settings, recipe=None))
    watch = Watch([learner, *folds[1:]])
    PartialSink(folds[1]).save(1, history(0.7))
    watch.look()
    assert (watch.count(), watch.total, watch.unit) == (0, 3, "model")
    watch.finish(learner, {})
    assert watch.count() == 1


def test_on_a_terminal_each_fold_in_training_has_a_line(folds: list[Unit], bar: Bar) -> None:
    watch = Watch(folds, side_by_side=2)
    with watch.shown():
        watch.look()
        assert bar.lines == ["arousal fold 1/3: epoch 0/40", "arousal fold 2/3: epoch 0/40"]
        PartialSink(folds[1]).save(1, history(0.7, 0.6, 0.65))
        watch.finish(folds[0], history(0.7))
        watch.look()
        assert bar.lines == [
            "arousal fold 2/3: epoch 3/40, loss 0.500, val. accuracy 75.0 %, best epoch 2",
            "arousal fold 3/3: epoch 0/40",
        ]
        assert bar.n == EPOCHS + 3
        assert max(map(len, bar.lines)) < 78


def test_a_log_has_a_line_now_and_then_and_one_for_the_end(
    folds: list[Unit],
    bar: Bar,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    monkeypatch.setattr(watching.time, "monotonic", lambda: now)
    bar.drawn = False
    losses = [1 / (1 + k) for k in range(EPOCHS)]
    watch = Watch(folds)
    with watch.shown():
        for k in range(EPOCHS):
            now += 1.0  # an epoch a second
            PartialSink(folds[1]).save(1, history(*losses[: k + 1]))
            watch.look()
        watch.finish(folds[1], history(*losses))
    said = capsys.readouterr().err.splitlines()
    assert said == [ROW.format(k, 1 / k, k, k) for k in (10, 20, 30, 40)]  # none twice


def test_what_cannot_be_told_of_an_epoch_does_not_end_the_training(
    folds: list[Unit], capsys: pytest.CaptureFixture[str]
) -> None:
    told = []

    class Full:
        def take(self, curve: Curve, known: int) -> None:
            raise RtcanError("c.csv: cannot be written: No space left on device")

    class Other:
        def take(self, curve: Curve, known: int) -> None:
            told.append((known, curve.n_epochs, curve.done))

    watch = Watch(folds, takers=[Full(), Other()])
    PartialSink(folds[1]).save(1, history(0.7))
    watch.look()
    watch.look()
    watch.finish(folds[1], history(0.7, 0.6))
    assert told == [(0, 1, False), (1, 2, True)]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: c.csv: cannot be written")
    assert line.endswith("training goes on without it")


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=1, max_size=12))
def test_the_best_epoch_is_the_first_of_the_least_loss_so_far(losses: list[float]) -> None:
    known = {name.removeprefix("history."): row for name, row in history(*losses).items()}
    curve = Curve("pmemo", "run", True, "arousal", 1, 1, 1, known, done=False)
    best = [losses.index(min(losses[: k + 1])) + 1 for k in range(len(losses))]
    assert curve.best_epochs().tolist() == best
