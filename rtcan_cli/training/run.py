"""Train all folds of one target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from rtcan_cli.models.rtcan import ModelSpec
from rtcan_cli.training.data import TrainingData, place
from rtcan_cli.training.fit import FoldResult, Sink, check_classes, fit_fold
from rtcan_cli.training.guard import check_promise
from rtcan_cli.training.protocols import Protocol
from rtcan_cli.training.recipes import Recipe
from rtcan_cli.training.splits import Roles, Splits


def cross_validate(
    data: TrainingData,
    splits: Splits,
    protocol: Protocol,
    spec: ModelSpec,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device | None = None,
    sink: Sink | None = None,
    folds: Iterable[int] | None = None,
) -> Iterator[FoldResult]:
    """Train one network per fold.

    Parameters
    ----------
    data : TrainingData
        All trials of the target.
    splits : Splits
        What each trial is used for in each fold.
    protocol : Protocol
        What dealt them; its promise is checked (`rtcan_cli.training.guard`).
    spec : ModelSpec
        The network.
    recipe : Recipe
        How to train it.
    seed : int
        Seed of the run, 0 or above.
    device : torch.device, optional
        Where to train; the CPU by default.
    sink : Sink, optional
        Takes checkpoints and finished epochs, and has the checkpoints to go on from.
    folds : iterable of int, optional
        Folds to train, for instance those that are still missing; all by default. A fold's
        result does not depend on which others are trained.

    Returns
    -------
    iterator of FoldResult
        One per fold, each when it is finished.

    Raises
    ------
    RtcanError
        At once if the folds break the promise of their protocol or a fold lacks a class; from the
        iterator if a loss is not finite any more.
    """
    device = device or torch.device("cpu")
    parts = checked_roles(data, splits, protocol, folds)
    eda = place(data.eda, device)
    return (
        fit_fold(data, own, spec, recipe, fold=k, seed=seed, device=device, sink=sink, eda=eda)
        for k, own in parts.items()
    )


def checked_roles(
    data: TrainingData,
    splits: Splits,
    protocol: Protocol,
    folds: Iterable[int] | None = None,
) -> dict[int, Roles]:
    """Roles of the trials in each fold that is to be trained, checked before any is.

    Raises
    ------
    RtcanError
        If the folds, also those that are not to be trained, break the promise of their protocol,
        or a fold lacks a class.
    """
    check_promise(splits, protocol, data.subject, data.stimulus)
    parts = {k: splits.roles(k) for k in (range(splits.n_folds) if folds is None else folds)}
    for k, own in parts.items():
        check_classes(data, own, k)
    return parts
