"""Train all folds of one target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from rtcan_cli.models.rtcan import ModelSpec
from rtcan_cli.training.data import TrainingData, place
from rtcan_cli.training.fit import FoldResult, Sink, check_classes, fit_fold
from rtcan_cli.training.recipes import Recipe
from rtcan_cli.training.splits import Roles, check_disjoint, roles


def cross_validate(
    data: TrainingData,
    fold_of: NDArray[np.intp],
    spec: ModelSpec,
    recipe: Recipe,
    *,
    n_folds: int,
    seed: int,
    device: torch.device | None = None,
    sink: Sink | None = None,
    folds: Iterable[int] | None = None,
) -> Iterator[FoldResult]:
    """Train one network per fold: fold k tests, the next validates, the rest train.

    Parameters
    ----------
    data : TrainingData
        All trials of the target.
    fold_of : NDArray of int (n,)
        Fold of each trial (`rtcan_cli.training.splits.subject_folds`).
    spec : ModelSpec
        The network.
    recipe : Recipe
        How to train it.
    n_folds : int
        Number of folds.
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
        At once if a subject is on two sides of a fold or a fold lacks a class; from the iterator
        if a loss is not finite any more.
    """
    device = device or torch.device("cpu")
    parts = checked_roles(data, fold_of, n_folds, folds)
    eda = place(data.eda, device)
    return (
        fit_fold(data, own, spec, recipe, fold=k, seed=seed, device=device, sink=sink, eda=eda)
        for k, own in parts.items()
    )


def checked_roles(
    data: TrainingData,
    fold_of: NDArray[np.intp],
    n_folds: int,
    folds: Iterable[int] | None = None,
) -> dict[int, Roles]:
    """Roles of the trials in each fold that is to be trained, checked before any is.

    Raises
    ------
    RtcanError
        If a subject is on two sides of a fold or a fold lacks a class.
    """
    parts = {k: roles(fold_of, k, n_folds) for k in (range(n_folds) if folds is None else folds)}
    for k, own in parts.items():
        check_disjoint(own, data.subject)
        check_classes(data, own, k)
    return parts
