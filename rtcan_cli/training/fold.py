"""What fitting one fold is made of, for networks and for models that fit themselves alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.splits import Roles

Arrays = dict[str, NDArray]
#: Columns of a history.
HISTORY = ("train_loss", "validation_loss", "validation_accuracy")


class NotFinite(RtcanError):
    """The loss of a fold is not finite any more. Other folds may well be."""


class Sink(Protocol):
    """Where finished epochs go. Folds and epochs count from 0."""

    def load(self, fold: int) -> Arrays | None:
        """Return the last checkpoint of a fold, None if there is none."""

    def save(self, fold: int, checkpoint: Arrays) -> None:
        """Keep the checkpoint of a fold, called after each epoch.

        Any checkpoint leads to the same result, so a sink is free to keep only some of them.
        """

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        """Take notice of a finished epoch: `row` is its entry of each history."""


@dataclass(frozen=True)
class FoldResult:
    """What one fold leaves behind.

    Parameters
    ----------
    fold : int
        The fold that was tested, from 0.
    history : dict of str to NDArray of float64 (epochs,)
        "train_loss", the mean of what was minimised over the batches of the epoch;
        "validation_loss", the cross-entropy, and "validation_accuracy" after the epoch.
    best_epoch : int
        Epoch of the smallest validation loss, from 0; its weights are kept and predict.
    validation_probability, test_probability : NDArray of float32
        Probability of high for each validation and test trial, in the order of the roles.
    weights : dict of str to array
        Weights and BatchNorm statistics of the best epoch.
    scales : dict of str to array
        Statistics that features were standardised with, see `rtcan_cli.training.data.standardised`.
    n_parameters : int
        Numbers that were fitted.
    temperature : float
        Of the validation trials (`rtcan_cli.training.calibrate`); the probabilities here are those
        of the model itself.
    seconds : float
        Time spent in epochs, those before an interruption included. The device is busy with this
        fold for as long.
    cpu_seconds : float
        Time that the processor's cores spent on it, all threads of the process together.
    """

    fold: int
    history: dict[str, NDArray[np.float64]]
    best_epoch: int
    validation_probability: NDArray[np.float32]
    test_probability: NDArray[np.float32]
    weights: Arrays
    scales: Arrays
    n_parameters: int
    temperature: float
    seconds: float
    cpu_seconds: float


def check_sizes(data: TrainingData, spec: ModelSpec) -> None:
    """Raise ValueError if a model of these sizes cannot take these trials."""
    fits = spec.n_features == data.n_features and spec.n_music in (0, data.n_music)
    if not fits or (data.eda.ndim == 3 and spec.length != data.eda.shape[-1]):
        raise ValueError(f"{spec} does not fit EDA {data.eda.shape} and {data.n_music} features")


def check_classes(data: TrainingData, parts: Roles, fold: int) -> None:
    """Raise RtcanError if training or validation trials lack one of the classes."""
    for name in ("train", "validation"):
        n = np.bincount(data.label[getattr(parts, name)], minlength=2)
        if not n.all():
            raise RtcanError(
                f"fold {fold + 1} cannot be trained: of its {n.sum()} {name} trials "
                f"{n[1]} are high and {n[0]} are low",
                "use fewer folds, more subjects, or labels relative to each subject",
            )


def derive(*numbers: int) -> int:
    """Return a seed that depends on all of `numbers` (each 0 or above)."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
