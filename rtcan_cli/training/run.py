"""Train all folds of one target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.data import TrainingData, place_if_room
from rtcan_cli.training.fit_learner import fit_learner
from rtcan_cli.training.fold import FoldResult, Sink, check_classes
from rtcan_cli.training.folds.guard import check_promise
from rtcan_cli.training.folds.protocols import FoldProtocol
from rtcan_cli.training.folds.splits import Roles, Splits
from rtcan_cli.training.recipes import Recipe

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def cross_validate(
    data: TrainingData,
    splits: Splits,
    protocol: FoldProtocol,
    spec: ModelSpec,
    recipe: Recipe | None,
    *,
    seed: int,
    device: torch.device | None = None,
    sink: Sink | None = None,
    folds: Iterable[int] | None = None,
) -> Iterator[FoldResult]:
    """Train one model per fold.

    Parameters
    ----------
    data : TrainingData
        All trials of the target.
    splits : Splits
        What each trial is used for in each fold.
    protocol : FoldProtocol
        What dealt them; its promise is checked (`rtcan_cli.training.folds.guard`).
    spec : ModelSpec
        The model.
    recipe : Recipe, optional
        How to train it, if it is a network; None for a model that fits itself.
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
        At once if the folds break the promise of their protocol, a fold lacks a class, or the
        memory of the device is too small for all trials; from the iterator if a loss is not finite
        any more, or that memory too small for a network.
    """
    parts = checked_roles(data, splits, protocol, folds)
    eda = None
    if recipe is not None:
        import torch  # other models do without PyTorch

        from rtcan_cli.training.device import memory_of

        device = device or torch.device("cpu")
        with memory_of(device):
            eda = place_if_room(data.eda, device) if data.eda.ndim == 3 else None
    return (
        fit(
            data.of_fold(k), own, spec, recipe, fold=k, seed=seed, device=device, sink=sink, eda=eda
        )
        for k, own in parts.items()
    )


def fit(
    data: TrainingData,
    parts: Roles,
    spec: ModelSpec,
    recipe: Recipe | None,
    *,
    fold: int,
    seed: int,
    device: torch.device | None = None,
    sink: Sink | None = None,
    eda: Tensor | None = None,
) -> FoldResult:
    """Fit one fold of any model: a network by its recipe, a learner by itself.

    Parameters and errors are those of `rtcan_cli.training.fit.fit_fold` and `fit_learner`; and an
    RtcanError if the memory of the device is too small.
    """
    if recipe is None:
        return fit_learner(data, parts, spec, fold=fold, seed=seed)
    import torch  # other models do without PyTorch

    from rtcan_cli.training.device import memory_of
    from rtcan_cli.training.fit import fit_fold

    with memory_of(device or torch.device("cpu")):
        return fit_fold(
            data, parts, spec, recipe, fold=fold, seed=seed, device=device, sink=sink, eda=eda
        )


def checked_roles(
    data: TrainingData,
    splits: Splits,
    protocol: FoldProtocol,
    folds: Iterable[int] | None = None,
) -> dict[int, Roles]:
    """Roles of the trials in each fold that is to be trained, checked before any is.

    Raises
    ------
    RtcanError
        If the folds, also those that are not to be trained, break the promise of their protocol,
        or a fold lacks a class.
    """
    check_promise(
        splits,
        protocol,
        data.subject,
        data.stimulus,
        repetition=data.repetition,
        song=data.piece,
    )
    parts = {k: splits.roles(k) for k in (range(splits.n_folds) if folds is None else folds)}
    for k, own in parts.items():
        check_classes(data.of_fold(k), own, k)
    return parts
