from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build, rebuild
from rtcan_cli.training.checkpoint import Arrays
from rtcan_cli.training.data import Inputs, TrainingData, standardise
from rtcan_cli.training.fit import (
    FoldResult,
    NotFinite,
    batches,
    check_precision,
    class_weight,
    derive,
    fit_fold,
    train_epoch,
)
from rtcan_cli.training.folds.splits import Roles, group_folds, rotated
from rtcan_cli.training.predict import predict
from rtcan_cli.training.recipes import RECIPES, Recipe

SPEC = ModelSpec("Rf", (8, 8, 8, 8), n_music=7, length=60)
TUNED = replace(RECIPES["tuned"], epochs=4, batch_size=32)
PAPER = replace(RECIPES["paper"], epochs=4, batch_size=32)


class Interrupted(Exception):
    pass


class Notebook:
    """A sink that stores checkpoints as a run store would, and may break after some epochs."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.stored: dict[int, bytes] = {}
        self.epochs: list[tuple[int, int, dict[str, float]]] = []
        self.breaks_after = breaks_after

    def load(self, fold: int) -> Arrays | None:
        if fold not in self.stored:
            return None
        with np.load(io.BytesIO(self.stored[fold]), allow_pickle=False) as stored:
            return dict(stored)

    def save(self, fold: int, checkpoint: Arrays) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, **checkpoint)
        self.stored[fold] = buffer.getvalue()

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        self.epochs.append((fold, epoch, dict(row)))
        if self.breaks_after is not None and len(self.epochs) == self.breaks_after:
            raise Interrupted


def folds(data: TrainingData) -> np.ndarray:
    return group_folds(data.subject, data.label, 4, seed=0)


def fit(
    data: TrainingData, recipe: Recipe = TUNED, sink: Notebook | None = None, seed: int = 0
) -> FoldResult:
    return fit_fold(
        data, rotated(folds(data), 4).roles(1), SPEC, recipe, fold=1, seed=seed, sink=sink
    )


def assert_same(one: FoldResult, other: FoldResult) -> None:
    assert one.best_epoch == other.best_epoch
    assert one.history.keys() == other.history.keys()
    for name in one.history:
        np.testing.assert_array_equal(one.history[name], other.history[name])
    for entry in ("validation_probability", "test_probability", "temperature"):
        np.testing.assert_array_equal(getattr(one, entry), getattr(other, entry))
    for name in one.scales | other.scales:
        np.testing.assert_array_equal(one.scales[name], other.scales[name])
    assert one.weights.keys() == other.weights.keys()
    for name in one.weights:
        np.testing.assert_array_equal(one.weights[name], other.weights[name], err_msg=name)


@pytest.mark.parametrize("recipe", [TUNED, PAPER, replace(PAPER, momentum=0.0)])
@pytest.mark.parametrize("breaks_after", [1, 3])
def test_interrupted_training_ends_in_the_same_bits(
    toy: TrainingData, recipe: Recipe, breaks_after: int
) -> None:
    undisturbed = fit(toy, recipe)
    sink = Notebook(breaks_after)
    with pytest.raises(Interrupted):
        fit(toy, recipe, sink)
    torch.rand(7)  # what else is drawn in the process must not matter
    sink.breaks_after = None
    assert_same(fit(toy, recipe, sink), undisturbed)
    assert [epoch for _, epoch, _ in sink.epochs] == [0, 1, 2, 3]


def test_finished_fold_is_not_trained_again(toy: TrainingData) -> None:
    sink = Notebook()
    first = fit(toy, sink=sink)
    again = fit(toy, sink=sink)
    assert len(sink.epochs) == TUNED.epochs
    assert_same(first, again)
    assert again.seconds == first.seconds > 0


def test_sink_is_told_what_the_history_holds(toy: TrainingData) -> None:
    sink = Notebook()
    result = fit(toy, sink=sink)
    for epoch, (fold, told, row) in enumerate(sink.epochs):
        assert (fold, told) == (1, epoch)
        assert row == {name: values[epoch] for name, values in result.history.items()}


def test_seed_decides(toy: TrainingData) -> None:
    first, again, other = (fit(toy, replace(TUNED, epochs=1), seed=s) for s in (5, 5, 6))
    assert_same(first, again)
    assert not np.array_equal(first.test_probability, other.test_probability)


def test_global_random_state_stays(toy: TrainingData) -> None:
    before = torch.get_rng_state()
    fit(toy, replace(TUNED, epochs=1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("change", [{"dropout": 0.0}, {"label_smoothing": 0.1}])
def test_recipe_entries_change_training(toy: TrainingData, change: dict[str, float]) -> None:
    recipe = replace(TUNED, epochs=1)
    before, after = (
        fit(toy, r).history["train_loss"][0] for r in (recipe, replace(recipe, **change))
    )
    assert before != after


def test_norm_momentum_weighs_the_newest_batch(toy: TrainingData) -> None:
    parts = rotated(folds(toy), 4).roles(1)
    recipe = replace(TUNED, epochs=1, batch_size=100, norm_momentum=1.0)  # a single step
    result = fit_fold(toy, parts, SPEC, recipe, fold=1, seed=0)
    start = build(SPEC, recipe.initialisation, derive(0, 1, 0))
    assert start.sfe is not None
    batch = start.sfe[0](torch.from_numpy(toy.eda[parts.train]))
    expected = batch.detach().mean(dim=(0, 2))
    np.testing.assert_allclose(result.weights["sfe.1.running_mean"], expected, atol=1e-5)


def test_best_epoch_predicts(toy: TrainingData) -> None:
    # A learning rate that is far too high for the loss to fall steadily.
    result = fit(toy, replace(TUNED, lr=0.03, epochs=8))
    assert result.best_epoch == np.argmin(result.history["validation_loss"]) < 7
    parts = rotated(folds(toy), 4).roles(1)
    assert toy.music is not None
    music = standardise(toy.music, result.scales["music_mean"], result.scales["music_sd"])[toy.song]
    model = rebuild(result.weights, SPEC)
    for index, probability in (
        (parts.validation, result.validation_probability),
        (parts.test, result.test_probability),
    ):
        np.testing.assert_allclose(
            predict(model, toy.eda[index], music[index]), probability, atol=1e-6
        )
    truth, high = toy.label[parts.validation], result.validation_probability
    loss = -np.log(np.where(truth, high, 1 - high)).mean()
    assert result.history["validation_loss"][result.best_epoch] == pytest.approx(loss, rel=1e-4)
    accuracy = ((high > 0.5) == truth).mean()
    assert result.history["validation_accuracy"][result.best_epoch] == pytest.approx(accuracy)


def test_test_trials_leave_no_trace_in_training(toy: TrainingData) -> None:
    parts = rotated(folds(toy), 4).roles(1)
    assert toy.music is not None
    assert toy.song is not None
    # A song of their own for the test trials.
    song, label, eda = toy.song.copy(), toy.label.copy(), toy.eda.copy()
    music = np.vstack([toy.music, toy.music[:1]])
    song[parts.test] = len(music) - 1
    before = fit(replace(toy, music=music, song=song))
    music = music.copy()
    music[-1] = 1e4
    label[parts.test] = 1 - label[parts.test]
    eda[parts.test] *= -3
    after = fit(replace(toy, music=music, song=song, label=label, eda=eda))
    assert not np.array_equal(before.test_probability, after.test_probability)
    assert_same(replace(after, test_probability=before.test_probability), before)


def test_music_statistics_come_from_training_songs(toy: TrainingData) -> None:
    result = fit(toy, replace(TUNED, epochs=1))
    assert toy.music is not None
    assert toy.song is not None
    heard = toy.music[sorted(set(toy.song[rotated(folds(toy), 4).roles(1).train]))]
    np.testing.assert_allclose(result.scales["music_mean"], heard.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(result.scales["music_sd"], heard.std(axis=0), rtol=1e-5)


def test_eda_alone_ignores_music(toy: TrainingData) -> None:
    spec, parts = replace(SPEC, n_music=0), rotated(folds(toy), 4).roles(1)
    recipe = replace(TUNED, epochs=1)
    alone = replace(toy, music=None, song=None)
    with_music, without = (
        fit_fold(data, parts, spec, recipe, fold=1, seed=0) for data in (toy, alone)
    )
    assert not with_music.scales
    np.testing.assert_array_equal(with_music.test_probability, without.test_probability)


@pytest.mark.long
def test_it_learns_what_is_there_and_only_that(large_toy: TrainingData) -> None:
    parts = rotated(folds(large_toy), 4).roles(1)
    recipe = replace(RECIPES["tuned"], lr=3e-3, epochs=8, batch_size=32)
    shuffled = np.random.default_rng(1).permutation(large_toy.label)

    def accuracy(label: np.ndarray) -> float:
        data = replace(large_toy, label=label)
        result = fit_fold(data, parts, SPEC, recipe, fold=1, seed=0)
        return float(np.mean((result.test_probability > 0.5) == label[parts.test]))

    assert len(parts.test) == 180
    assert accuracy(large_toy.label) > 0.9
    assert accuracy(shuffled) == pytest.approx(0.5, abs=4 * 0.5 / 180**0.5)


@pytest.mark.parametrize("role", ["train", "validation"])
def test_one_class_is_refused(toy: TrainingData, role: str) -> None:
    parts = rotated(folds(toy), 4).roles(1)
    label = toy.label.copy()
    label[getattr(parts, role)] = 1
    with pytest.raises(RtcanError, match=f"fold 2 .* {role} trials .* 0 are low"):
        fit_fold(replace(toy, label=label), parts, SPEC, TUNED, fold=1, seed=0)


def test_loss_that_is_not_finite_is_named(toy: TrainingData) -> None:
    with pytest.raises(NotFinite, match="fold 2, epoch 1"):
        fit(toy, replace(PAPER, lr=1e30))


def test_the_epoch_before_the_loss_was_lost_is_kept(
    toy: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A faulty device: from some step on, numbers are wrong.
    import rtcan_cli.training.fit as module

    real, epochs = train_epoch, []

    def faulty(*arguments: object) -> float:
        epochs.append(1)
        return float("nan") if len(epochs) == 3 else real(*arguments)  # type: ignore[arg-type]

    sink = Notebook()
    monkeypatch.setattr(module, "train_epoch", faulty)
    with pytest.raises(NotFinite, match="fold 2, epoch 3"):
        fit(toy, sink=sink)
    monkeypatch.undo()
    assert_same(fit(toy, sink=sink), fit(toy))


def one_step(
    toy: TrainingData, recipe: Recipe
) -> tuple[list[torch.Tensor], list[torch.Tensor], torch.Tensor, torch.Tensor]:
    """Weights before and after one SGD step on an unbalanced batch, its logits and labels."""
    index = torch.from_numpy(np.flatnonzero(toy.label == 1)[:20])
    index = torch.cat([index, torch.from_numpy(np.flatnonzero(toy.label == 0)[:5])])
    spec = replace(SPEC, n_music=0)
    model = build(spec, "default", 0)
    inputs, label = Inputs(torch.from_numpy(toy.eda)), torch.from_numpy(toy.label)
    before = [p.detach().clone() for p in model.parameters()]
    weight = class_weight(toy.label[index], recipe, torch.device("cpu"))
    model.train()
    scores = model(*inputs.batch(index))
    optimizer = recipe.new_optimizer(model.parameters())
    told = train_epoch(model, optimizer, inputs, label, index, recipe, 0, weight)
    after = [p.detach() for p in model.parameters()]
    return before, after, scores, torch.tensor(told)


STEP = replace(PAPER, momentum=0.0, lr=0.1, batch_size=100)


def test_balanced_classes_weigh_the_same(toy: TrainingData) -> None:
    _, _, scores, told = one_step(toy, replace(STEP, class_weights="balanced"))
    losses = -scores.log_softmax(dim=1)
    high, low = losses[:20, 1].mean(), losses[20:, 0].mean()
    assert told.item() == pytest.approx(((high + low) / 2).item(), rel=1e-5)
    _, _, _, plain = one_step(toy, STEP)
    assert plain.item() == pytest.approx((0.8 * high + 0.2 * low).item(), rel=1e-5)


def length(before: list[torch.Tensor], after: list[torch.Tensor]) -> float:
    return sum(((b - a) ** 2).sum().item() for b, a in zip(before, after, strict=True)) ** 0.5


def test_clipped_steps_have_the_norm_and_the_direction(toy: TrainingData) -> None:
    before, free, *_ = one_step(toy, STEP)
    norm = length(before, free) / STEP.lr
    _, clipped, *_ = one_step(toy, replace(STEP, clip_norm=norm / 4))
    assert length(before, clipped) == pytest.approx(STEP.lr * norm / 4, rel=1e-3)
    for b, f, c in zip(before, free, clipped, strict=True):
        torch.testing.assert_close(b - c, (b - f) / 4, rtol=1e-3, atol=1e-7)
    _, loose, *_ = one_step(toy, replace(STEP, clip_norm=norm * 4))
    for f, c in zip(free, loose, strict=True):
        torch.testing.assert_close(f, c, rtol=0, atol=0)


@pytest.mark.parametrize("patience", [1, 2])
def test_patience_ends_training_and_changes_nothing_before(
    toy: TrainingData, patience: int
) -> None:
    recipe = replace(TUNED, lr=0.03, epochs=8, patience=patience)
    full = fit(toy, replace(recipe, patience=None))
    losses = full.history["validation_loss"]
    best = [int(np.argmin(losses[: n + 1])) for n in range(8)]
    ends = next((n + 1 for n in range(8) if n - best[n] >= patience), 8)
    assert ends < 8
    sink = Notebook(breaks_after=ends)  # broken off after the epoch that was to be the last
    with pytest.raises(Interrupted):
        fit(toy, recipe, sink)
    sink.breaks_after = None
    for short in (fit(toy, recipe), fit(toy, recipe, sink)):
        np.testing.assert_array_equal(short.history["validation_loss"], losses[:ends])
        assert short.best_epoch == best[ends - 1]
    assert len(sink.epochs) == ends


def test_bfloat16_trains_nearly_as_single_precision_and_predicts_in_it(
    toy: TrainingData,
) -> None:
    recipe = replace(TUNED, epochs=2, precision="bf16", dropout=0.0)
    half, single = fit(toy, recipe), fit(toy, replace(recipe, precision="fp32"))
    assert half.history["train_loss"][0] != single.history["train_loss"][0]
    np.testing.assert_allclose(half.history["train_loss"], single.history["train_loss"], rtol=0.05)
    assert {array.dtype for array in half.weights.values()} <= {
        np.dtype(np.float32),
        np.dtype(np.int64),
    }
    parts = rotated(folds(toy), 4).roles(1)
    assert toy.music is not None
    music = standardise(toy.music, half.scales["music_mean"], half.scales["music_sd"])[toy.song][
        parts.test
    ]
    again = predict(rebuild(half.weights, SPEC), toy.eda[parts.test], music)
    np.testing.assert_allclose(again, half.test_probability, atol=1e-6)


def test_a_device_without_bfloat16_is_refused() -> None:
    with pytest.raises(RtcanError, match="meta does not compute in bf16"):
        check_precision(replace(TUNED, precision="bf16"), torch.device("meta"))


def test_time_of_all_epochs_is_kept_over_an_interruption(toy: TrainingData) -> None:
    sink = Notebook(breaks_after=3)
    with pytest.raises(Interrupted):
        fit(toy, sink=sink)
    with np.load(io.BytesIO(sink.stored[1])) as stored:
        before = {name: float(stored[name]) for name in ("seconds", "cpu_seconds")}
    sink.breaks_after = None
    result = fit(toy, sink=sink)
    assert result.seconds > before["seconds"] > 0
    assert result.cpu_seconds > before["cpu_seconds"] > 0


@pytest.mark.parametrize("size", [2, 3, 4, 59, 60, 100])
def test_no_batch_of_one(size: int) -> None:
    order = torch.randperm(61)
    parts = batches(order, size)
    assert torch.equal(torch.cat(parts), order)
    assert all(len(part) == size for part in parts[:-1])
    assert 2 <= len(parts[-1]) <= size + 1


def test_last_trial_alone_does_not_stop_the_shortest_network(toy: TrainingData) -> None:
    data = replace(toy, eda=toy.eda[..., :1])
    parts = rotated(folds(toy), 4).roles(1)
    parts = Roles(parts.train[:33], parts.validation, parts.test)
    spec = ModelSpec("base", (8, 8, 8, 8), length=1)
    result = fit_fold(data, parts, spec, replace(TUNED, epochs=1), fold=1, seed=0)
    assert np.isfinite(result.test_probability).all()


@pytest.mark.parametrize("spec", [replace(SPEC, n_music=6), replace(SPEC, length=61)])
def test_network_for_other_data_is_refused(toy: TrainingData, spec: ModelSpec) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        fit_fold(toy, rotated(folds(toy), 4).roles(1), spec, TUNED, fold=1, seed=0)


def test_derived_seeds_differ() -> None:
    seeds = {derive(s, f, e) for s in range(5) for f in range(10) for e in range(101)}
    assert len(seeds) == 5 * 10 * 101
