"""Train one fold.

Everything that is drawn comes from a generator seeded with (seed, fold, epoch), so training that
goes on from a checkpoint ends, on the CPU of one machine, in the same bits as training that was
never interrupted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn, optim
from torch.nn import functional as F

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build, from_arrays, to_arrays
from rtcan_cli.training.calibrate import temperature
from rtcan_cli.training.checkpoint import FoldProgress, pack, unpack
from rtcan_cli.training.data import (
    Inputs,
    Scales,
    TrainingData,
    place,
    place_if_room,
    standardised,
)
from rtcan_cli.training.device import keep_memory, tensor_float
from rtcan_cli.training.fold import (
    HISTORY,
    FoldResult,
    NotFinite,
    Sink,
    check_classes,
    check_sizes,
    derive,
)
from rtcan_cli.training.folds.splits import Roles
from rtcan_cli.training.predict import logits, probability_of_high
from rtcan_cli.training.recipes import Recipe, batch_sizes


def fit_fold(
    data: TrainingData,
    parts: Roles,
    spec: ModelSpec,
    recipe: Recipe,
    *,
    fold: int,
    seed: int,
    device: torch.device | None = None,
    sink: Sink | None = None,
    eda: Tensor | None = None,
) -> FoldResult:
    """Train one fold, choose its epoch on the validation trials, predict the test trials.

    Parameters
    ----------
    data : TrainingData
        All trials.
    parts : Roles
        Which of them train, validate and test.
    spec : ModelSpec
        The network. With `n_music` 0 the music in `data` is not used.
    recipe : Recipe
        How to train it.
    fold : int
        Number of the fold, from 0; part of every seed.
    seed : int
        Seed of the run, 0 or above.
    device : torch.device, optional
        Where to train; the CPU by default.
    sink : Sink, optional
        Takes checkpoints and finished epochs, and has the checkpoint to go on from.
    eda : Tensor (n_rows, 3, L), optional
        The signals of `data` on the device, if they are there already from another fold.

    Returns
    -------
    FoldResult

    Raises
    ------
    RtcanError
        If training or validation trials are missing or all of one class, or the device knows no
        such precision.
    NotFinite
        If the loss is not finite any more. The checkpoint is that of the epoch before.
    """
    check_classes(data, parts, fold)
    check_sizes(data, spec)
    device = device or torch.device("cpu")
    check_precision(recipe, device)
    if device.type == "cpu":
        keep_memory()
    own, music, scales = standardised(data, parts.train, spec)
    inputs = Inputs(place_if_room(own, device) if eda is None else eda, row=place(data.row, device))
    if music is not None and data.song is not None:
        inputs = replace(inputs, music=place(music, device), song=place(data.song, device))
    label = place(data.label, device)
    weight = class_weight(data.label[parts.train], recipe, device)
    validation = place(parts.validation, device)

    model = untrained(spec, recipe, fold, seed).to(device)
    optimizer = recipe.new_optimizer(model.parameters())
    checkpoint = sink.load(fold) if sink is not None else None
    progress = FoldProgress() if checkpoint is None else unpack(checkpoint, model, optimizer)

    while not finished(progress, recipe):
        epoch = progress.epochs
        start, cpu_start = time.perf_counter(), time.process_time()
        with seeded(derive(seed, fold, 1 + epoch), device):
            order = place(parts.train, device)[torch.randperm(len(parts.train)).to(device)]
            loss = train_epoch(model, optimizer, inputs, label, order, recipe, epoch, weight)
        row = {"train_loss": loss}
        row |= validate(model, inputs, label, validation)
        if take(row, progress, fold):
            progress.best = to_arrays(model)
        progress.seconds += time.perf_counter() - start
        progress.cpu_seconds += time.process_time() - cpu_start
        if epoch == 0:
            progress.first_seconds = progress.seconds
        if sink is not None:
            sink.save(fold, pack(model, optimizer, progress))
            sink.on_epoch(fold, epoch, row)

    return finish(model, inputs, data, parts, progress, fold, scales)


def untrained(spec: ModelSpec, recipe: Recipe, fold: int, seed: int) -> nn.Module:
    """The network of a fold before its first epoch."""
    model = build(spec, recipe.initialisation, derive(seed, fold, 0), recipe.dropout)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.momentum = recipe.norm_momentum
    return model


def finished(progress: FoldProgress, recipe: Recipe) -> bool:
    """Whether a fold needs no further epoch."""
    waited = progress.epochs - 1 - progress.best_epoch
    impatient = recipe.patience is not None and waited >= recipe.patience
    return progress.epochs >= recipe.epochs or impatient


def take(row: Mapping[str, float], progress: FoldProgress, fold: int) -> bool:
    """Enter an epoch into the progress of its fold; return whether it is the best one so far.

    Raises
    ------
    NotFinite
        If a loss is not finite; the progress stays as it was.
    """
    epoch = progress.epochs
    if not (math.isfinite(row["train_loss"]) and math.isfinite(row["validation_loss"])):
        raise NotFinite(
            f"the loss is not finite any more in fold {fold + 1}, epoch {epoch + 1}",
            "a lower learning rate, or clipped gradients",
        )
    best = row["validation_loss"] < min(progress.history["validation_loss"], default=math.inf)
    if best:
        progress.best_epoch = epoch
    for name in HISTORY:
        progress.history[name].append(row[name])
    return best


def finish(
    model: nn.Module,
    inputs: Inputs,
    data: TrainingData,
    parts: Roles,
    progress: FoldProgress,
    fold: int,
    scales: Scales,
) -> FoldResult:
    """Predict with the weights of the best epoch, which are put into `model`."""
    from_arrays(model, progress.best)
    device = next(model.parameters()).device
    validation, test = (
        probability_of_high(logits(model, inputs, place(index, device)))
        for index in (parts.validation, parts.test)
    )
    return FoldResult(
        fold=fold,
        history={name: np.array(row) for name, row in progress.history.items()},
        best_epoch=progress.best_epoch,
        validation_probability=validation,
        test_probability=test,
        weights=progress.best,
        scales=scales,
        n_parameters=sum(weights.numel() for weights in model.parameters()),
        temperature=temperature(validation, data.label[parts.validation]),
        seconds=progress.seconds,
        cpu_seconds=progress.cpu_seconds,
    )


def train_epoch(
    model: nn.Module,
    optimizer: optim.Optimizer,
    inputs: Inputs,
    label: Tensor,
    order: Tensor,
    recipe: Recipe,
    epoch: int,
    weight: Tensor | None = None,
) -> float:
    """Pass once through the training trials in `order`; return the mean training loss.

    With `weight`, the weight of each class, the loss of a batch is the weighted mean of its trials.
    """
    model.train()
    total = torch.zeros((), device=order.device)  # read once an epoch: reading waits for the GPU
    parts = batches(order, recipe.batch_size)
    for i, index in enumerate(parts):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate(epoch + i / len(parts))
        optimizer.zero_grad()
        with tensor_float(recipe.precision == "tf32"):
            with autocast(recipe, order.device):
                scores = model(*inputs.batch(index))
            loss = F.cross_entropy(
                scores.float(),
                label.index_select(0, index),
                weight,
                label_smoothing=recipe.label_smoothing,
            )
            loss.backward()
        if recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        optimizer.step()
        total += loss.detach() * len(index)
    return total.item() / len(order)


def validate(model: nn.Module, inputs: Inputs, label: Tensor, index: Tensor) -> dict[str, float]:
    """Return cross-entropy and accuracy of some trials."""
    scores = logits(model, inputs, index)
    truth = label.index_select(0, index)
    return {
        "validation_loss": F.cross_entropy(scores, truth).item(),
        "validation_accuracy": (scores.argmax(dim=1) == truth).float().mean().item(),
    }


def batches(order: Tensor, size: int) -> list[Tensor]:
    """Cut `order` into batches; a single trial left over joins the batch before it.

    BatchNorm has no variance to divide by in a batch of one.
    """
    return list(order.split(batch_sizes(len(order), size)))


def class_weight(label: NDArray[np.int64], recipe: Recipe, device: torch.device) -> Tensor | None:
    """Weight of each class in the training loss; None if trials are not weighted."""
    if recipe.class_weights == "none":
        return None
    n = np.bincount(label, minlength=2)
    return place((len(label) / (2 * n)).astype(np.float32), device)


def autocast(recipe: Recipe, device: torch.device) -> AbstractContextManager[object]:
    """Context in which the recipe's forward passes compute."""
    if recipe.precision != "bf16":
        return nullcontext()
    # No weight is used twice, so casts that are kept would only take memory.
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)


def check_precision(recipe: Recipe, device: torch.device) -> None:
    """Raise RtcanError if the device cannot train in the recipe's precision."""
    name = recipe.precision
    if name == "fp32" or (name == "bf16" and device.type == "cpu"):
        return
    # Both kinds of numbers came with compute capability 8.0.
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < (8, 0):
        raise RtcanError(f"{device} does not compute in {recipe.precision}", "--precision fp32")


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw from PyTorch's global generators as seeded, then leave them as they were.

    Dropout draws from nowhere else.
    """
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
