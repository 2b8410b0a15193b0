"""Stacked training against training one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import rtcan_cli.training.stacked.fit as module
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.fit import FoldResult, NotFinite, fit_fold
from rtcan_cli.training.folds.splits import Roles, group_folds, rotated
from rtcan_cli.training.recipes import RECIPES, Recipe
from rtcan_cli.training.stacked.fit import even_parts, fit_stacked
from rtcan_cli.training.stacked.members import Member
from rtcan_cli.training.stacked.steps import batch_losses
from tests.training.test_fit import Interrupted, Notebook

SPEC = ModelSpec("Rf", (8, 8, 8, 8), n_music=7, length=60)
SGD = replace(
    RECIPES["paper"], lr=0.02, epochs=2, batch_size=16, initialisation="default", weight_decay=0.01
)
ADAMW = replace(
    RECIPES["tuned"],
    epochs=2,
    batch_size=16,
    class_weights="balanced",
    label_smoothing=0.1,
    clip_norm=0.5,
)
#: What a BatchNorm or a softmax behind them undoes: their gradients are rounding alone, which AdamW
#: blows up to steps as long as any other. The means take them away again.
UNDONE = {"sfe.0.bias", "rnta.phi.bias", "rnta.g.bias", "rnta.W.0.bias"}
UNDONE |= {"sfe.1.running_mean", "rnta.W.1.running_mean"}


def ragged(data: TrainingData) -> list[Roles]:
    """Four folds with 60, 49, 33 and 60 training trials: batches of 16 and 17, and other rests."""
    splits = rotated(group_folds(data.subject, data.label, 4, seed=0), 4)
    roles = [splits.roles(k) for k in range(4)]
    return [
        Roles(own.train[:n], own.validation[:m], own.test)
        for own, n, m in zip(roles, (60, 49, 33, 60), (30, 22, 30, 25), strict=True)
    ]


def members(data: TrainingData, sinks: Sequence[Notebook | None] = (None,) * 4) -> list[Member]:
    return [
        Member(data, own, k, 0, sink)
        for (k, own), sink in zip(enumerate(ragged(data)), sinks, strict=True)
    ]


def alone(each: Member, spec: ModelSpec, recipe: Recipe) -> FoldResult:
    named = {"fold": each.fold, "seed": each.seed, "sink": each.sink}
    return fit_fold(each.data, each.parts, spec, recipe, **named)  # type: ignore[arg-type]


def results(outcomes: Iterator[tuple[int, FoldResult | NotFinite]]) -> list[FoldResult]:
    found = dict(outcomes)
    assert all(isinstance(outcome, FoldResult) for outcome in found.values())
    return [found[i] for i in range(len(found))]  # type: ignore[misc]


def assert_close(one: FoldResult, other: FoldResult, atol: float) -> None:
    assert (one.fold, one.best_epoch) == (other.fold, other.best_epoch)
    assert one.history.keys() == other.history.keys()
    for name in one.history:
        np.testing.assert_allclose(one.history[name], other.history[name], rtol=0, atol=atol)
    for entry in ("validation_probability", "test_probability"):
        np.testing.assert_allclose(getattr(one, entry), getattr(other, entry), rtol=0, atol=atol)
    assert one.scales.keys() == other.scales.keys()
    for entry in one.scales:
        np.testing.assert_array_equal(one.scales[entry], other.scales[entry])
    assert one.n_parameters == other.n_parameters
    assert one.temperature == pytest.approx(other.temperature, rel=100 * atol)
    assert list(one.weights) == list(other.weights)
    for name in one.weights.keys() - UNDONE:
        assert one.weights[name].dtype == other.weights[name].dtype
        np.testing.assert_allclose(
            one.weights[name], other.weights[name], rtol=0, atol=10 * atol, err_msg=name
        )


@pytest.mark.parametrize("variant", ["base", "base-stem", "Rd", "Rf"])
@pytest.mark.parametrize(("recipe", "n_music"), [(SGD, 0), (ADAMW, 7)])
def test_each_fold_is_as_if_trained_alone(
    toy: TrainingData, variant: str, recipe: Recipe, n_music: int
) -> None:
    spec, recipe = replace(SPEC, variant=variant, n_music=n_music), replace(recipe, epochs=1)
    folds = members(toy)
    for found, member in zip(results(fit_stacked(folds, spec, recipe)), folds, strict=True):
        # A ReLU near 0 may decide otherwise, so it is not always the last digit.
        assert_close(found, alone(member, spec, recipe), atol=1e-4)
        assert found.seconds > 0
        assert found.cpu_seconds > 0


@pytest.mark.parametrize(
    ("recipe", "n_music"), [(replace(SGD, momentum=0.0), 7), (replace(ADAMW, clip_norm=None), 0)]
)
def test_the_published_layout_and_later_epochs(
    toy: TrainingData, recipe: Recipe, n_music: int
) -> None:
    spec = replace(SPEC, layout="released", n_music=n_music)
    folds = members(toy)
    for found, member in zip(results(fit_stacked(folds, spec, recipe)), folds, strict=True):
        assert_close(found, alone(member, spec, recipe), atol=2e-3)


def test_bfloat16_is_as_near_as_it_can_be(toy: TrainingData) -> None:
    recipe = replace(ADAMW, precision="bf16", epochs=1)
    folds = members(toy)[1:3]
    for found, member in zip(results(fit_stacked(folds, SPEC, recipe)), folds, strict=True):
        other = alone(member, SPEC, recipe)
        single = alone(member, SPEC, replace(recipe, precision="fp32"))
        loss = found.history["train_loss"]
        assert loss[0] != pytest.approx(single.history["train_loss"][0], rel=1e-6)
        np.testing.assert_allclose(loss, other.history["train_loss"], rtol=0.02)
        assert {a.dtype for a in found.weights.values()} == {np.dtype("f4"), np.dtype("i8")}


def test_networks_of_other_trials_songs_and_seeds_share_a_stack(toy: TrainingData) -> None:
    assert toy.music is not None
    assert toy.song is not None
    fewer = np.arange(len(toy.label)) % 5 > 0
    other = TrainingData(
        eda=toy.eda[fewer],
        label=1 - toy.label[fewer],
        subject=toy.subject[fewer],
        stimulus=toy.stimulus[fewer],
        music=3 - toy.music[[9, *range(10)]],
        song=toy.song[fewer] + 1,
    )
    parts = rotated(group_folds(other.subject, other.label, 4, seed=1), 4).roles(2)
    folds = [*members(toy)[:2], Member(other, parts, 2, 5), Member(other, parts, 2, 6)]
    recipe = replace(ADAMW, epochs=1)
    found = results(fit_stacked(folds, SPEC, recipe))
    for result, member in zip(found, folds, strict=True):
        assert_close(result, alone(member, SPEC, recipe), atol=1e-4)


def test_the_order_of_a_stack_does_not_matter(toy: TrainingData) -> None:
    folds, order = members(toy), [2, 0, 3, 1]
    straight = results(fit_stacked(folds, SPEC, replace(ADAMW, epochs=1)))
    shuffled = results(fit_stacked([folds[i] for i in order], SPEC, replace(ADAMW, epochs=1)))
    for i, found in zip(order, shuffled, strict=True):
        assert_close(found, straight[i], atol=1e-4)


@pytest.mark.parametrize("recipe", [SGD, replace(SGD, momentum=0.0), ADAMW])
def test_checkpoints_are_those_of_a_fold_alone(toy: TrainingData, recipe: Recipe) -> None:
    recipe = replace(recipe, epochs=1)
    stacked, single = Notebook(), Notebook()
    results(fit_stacked(members(toy, [stacked] * 4)[1:3], SPEC, recipe))
    alone(members(toy, [single] * 4)[1], SPEC, recipe)
    one, other = stacked.load(1), single.load(1)
    assert one is not None
    assert other is not None
    assert one.keys() == other.keys()
    for name in one:
        assert (one[name].dtype, one[name].shape) == (other[name].dtype, other[name].shape), name
        if name.endswith(("step", "num_batches_tracked", "best_epoch")):
            np.testing.assert_array_equal(one[name], other[name])
    for i, name in ((0, "momentum_buffer"), (0, "exp_avg"), (0, "exp_avg_sq")):
        if f"optimizer.{i}.{name}" in other:  # of the first convolution
            np.testing.assert_allclose(
                one[f"optimizer.{i}.{name}"], other[f"optimizer.{i}.{name}"], rtol=0.02, atol=1e-5
            )


def test_interrupted_stacks_end_in_the_same_bits(toy: TrainingData) -> None:
    recipe = ADAMW
    undisturbed = results(fit_stacked(members(toy), SPEC, recipe))
    sink = Notebook(breaks_after=2)  # amid the four folds of the first epoch
    with pytest.raises(Interrupted):
        results(fit_stacked(members(toy, [sink] * 4), SPEC, recipe))
    torch.rand(3)
    sink.breaks_after = None
    again = results(fit_stacked(members(toy, [sink] * 4), SPEC, recipe))
    for one, other in zip(again, undisturbed, strict=True):
        for name in one.weights:
            np.testing.assert_array_equal(one.weights[name], other.weights[name])
        np.testing.assert_array_equal(one.test_probability, other.test_probability)


def test_stacks_go_on_from_folds_alone_and_they_from_stacks(
    toy: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SAVING", math.inf)  # after each epoch
    recipe = replace(SGD, epochs=3)
    expected = [alone(member, SPEC, recipe) for member in members(toy)]
    # Fold 1 is two epochs ahead, fold 2 is finished, the others have not begun.
    sinks = [Notebook() for _ in range(4)]
    sinks[1].breaks_after = 2
    with pytest.raises(Interrupted):
        alone(members(toy, sinks)[1], SPEC, recipe)
    alone(members(toy, sinks)[2], SPEC, recipe)
    before = [len(sink.epochs) for sink in sinks]
    assert before == [0, 2, 3, 0]
    sinks[1].breaks_after = None
    sinks[3].breaks_after = 2
    with pytest.raises(Interrupted):
        results(fit_stacked(members(toy, sinks), SPEC, recipe))
    sinks[3].breaks_after = None
    for member, result in zip(members(toy, sinks), expected, strict=True):
        assert_close(alone(member, SPEC, recipe), result, atol=2e-3)
    assert [[epoch for _, epoch, _ in sink.epochs] for sink in sinks] == [[0, 1, 2]] * 4


def test_a_diverging_fold_leaves_and_disturbs_none(toy: TrainingData) -> None:
    recipe, sinks = replace(SGD, epochs=2), [Notebook() for _ in range(4)]
    folds = members(toy, sinks)
    # Numbers that overflow in the first step, as a faulty amplifier might write.
    folds[2] = replace(folds[2], data=replace(toy, eda=toy.eda * np.float32(1e37)))
    found = dict(fit_stacked(folds, SPEC, recipe))
    error = found.pop(2)
    with pytest.raises(NotFinite) as expected:
        alone(replace(folds[2], sink=None), SPEC, recipe)
    assert isinstance(error, NotFinite)
    assert (str(error), error.hint) == (str(expected.value), expected.value.hint)
    assert "fold 3, epoch 1" in str(error)
    assert not sinks[2].stored
    without = results(fit_stacked([members(toy)[i] for i in (0, 1, 3)], SPEC, recipe))
    for k, other in zip((0, 1, 3), without, strict=True):
        one = found[k]
        assert isinstance(one, FoldResult)
        assert_close(one, other, atol=2e-3)
        assert len(sinks[k].epochs) == 2


def test_patience_ends_each_fold_by_itself(toy: TrainingData) -> None:
    recipe = replace(ADAMW, lr=0.02, epochs=6, patience=1)
    spec = replace(SPEC, variant="base")
    sinks = [Notebook() for _ in range(4)]
    found = results(fit_stacked(members(toy, sinks), spec, recipe))
    lengths = []
    for result, sink in zip(found, sinks, strict=True):
        losses = result.history["validation_loss"]
        ends = [n for n in range(1, 7) if n - 1 - int(np.argmin(losses[:n])) >= 1] or [6]
        assert len(losses) == ends[0] == len(sink.epochs)
        assert result.best_epoch == np.argmin(losses)
        lengths.append(len(losses))
    assert len(set(lengths)) > 1  # some left, and the stack went on
    full = results(fit_stacked(members(toy), spec, replace(recipe, patience=None)))
    first = min(lengths)
    for result, longer in zip(found, full, strict=True):
        np.testing.assert_array_equal(  # until the first one leaves, nothing differs
            result.history["train_loss"][:first], longer.history["train_loss"][:first]
        )
    # Those that were stopped are finished, and are not trained again.
    again = results(fit_stacked(members(toy, sinks), spec, recipe))
    assert [len(sink.epochs) for sink in sinks] == lengths
    for result, other in zip(again, found, strict=True):
        np.testing.assert_array_equal(result.test_probability, other.test_probability)


def test_the_random_state_of_the_process_stays(toy: TrainingData) -> None:
    before = torch.get_rng_state()
    results(fit_stacked(members(toy), SPEC, replace(ADAMW, epochs=1)))
    assert torch.equal(torch.get_rng_state(), before)


def test_what_fit_fold_refuses_is_refused(toy: TrainingData) -> None:
    folds = members(toy)
    folds[1] = replace(folds[1], data=replace(toy, label=np.ones_like(toy.label)))
    with pytest.raises(RtcanError, match="fold 2 cannot be trained"):
        list(fit_stacked(folds, SPEC, SGD))
    with pytest.raises(ValueError, match="does not fit"):
        list(fit_stacked(members(toy), replace(SPEC, length=61), SGD))
    with pytest.raises(RtcanError, match="cpu does not compute in tf32"):
        list(fit_stacked(members(toy), SPEC, replace(SGD, precision="tf32")))


@pytest.mark.parametrize(("n", "most"), [(10, 10), (10, 6), (10, 3), (1, 4), (7, 1), (0, 3)])
def test_parts_are_few_and_about_equal(n: int, most: int) -> None:
    parts = even_parts(range(n), most)
    assert [item for part in parts for item in part] == list(range(n))
    assert len(parts) == math.ceil(n / most)
    if parts:
        sizes = [len(part) for part in parts]
        assert max(sizes) <= most
        assert max(sizes) - min(sizes) <= 1


def fits_two(trainer: object, folds: Sequence[Member]) -> Iterator[tuple[int, FoldResult]]:
    """A device on which two networks fit, three do not."""
    if len(folds) > 2:
        raise torch.cuda.OutOfMemoryError("out of memory")
    for i, member in enumerate(folds):
        yield i, alone(member, SPEC, replace(SGD, epochs=1))


def test_stacks_that_do_not_fit_are_halved(
    toy: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module._Trainer, "fit", fits_two)
    recipe = replace(SGD, epochs=1)
    found = results(fit_stacked(members(toy), SPEC, recipe))
    assert [result.fold for result in found] == [0, 1, 2, 3]

    def full(trainer: object, folds: object) -> Iterator[tuple[int, FoldResult]]:
        raise torch.cuda.OutOfMemoryError("out of memory")
        yield

    monkeypatch.setattr(module._Trainer, "fit", full)
    with pytest.raises(RtcanError, match="too small for one network") as error:
        list(fit_stacked(members(toy), SPEC, recipe))
    assert "--batch-size" in str(error.value.hint)


def test_as_many_as_fit_into_four_fifths_of_what_is_free(
    toy: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = torch.cuda
    monkeypatch.setattr(cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(cuda, "memory_allocated", lambda device: 1_000)
    monkeypatch.setattr(cuda, "max_memory_allocated", lambda device: 3_000)
    monkeypatch.setattr(cuda, "mem_get_info", lambda device: (9_000, 80_000))
    trials = module.TrialsOnDevice(members(toy), True, torch.device("cpu"))
    trainer = module._Trainer(trials, SPEC, SGD)
    assert trainer.fitting(members(toy)[0]) == 3
    monkeypatch.setattr(cuda, "mem_get_info", lambda device: (100, 80_000))
    assert trainer.fitting(members(toy)[0]) == 1


def test_checkpoints_take_a_twentieth_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    saving, saved = module._Saving(), 0
    for _ in range(1000):
        clock[0] += 1  # an epoch
        with saving.due() as due:
            clock[0] += 2 * due
            saved += due
    assert saved > 1
    assert 0.03 < 2 * saved / clock[0] < 0.055


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_losses_are_those_of_pytorch(smoothing: float) -> None:
    torch.manual_seed(0)
    scores, label = torch.randn(3, 9, 2), torch.randint(0, 2, (3, 9))
    weight = torch.rand(3, 2) + 0.1
    found = batch_losses(scores, label, weight, smoothing)
    for k in range(3):
        one = F.cross_entropy(scores[k], label[k], weight[k], label_smoothing=smoothing)
        torch.testing.assert_close(found[k], one)
