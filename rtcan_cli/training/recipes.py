"""How a network is trained: the paper's recipe, and one that learns from few subjects."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from rtcan_cli import choices
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import INITIALISATIONS

if TYPE_CHECKING:
    from torch import nn, optim

OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("step", "cosine")
CLASS_WEIGHTS = get_args(choices.ClassWeights)
PRECISIONS = get_args(choices.Precision)
STEP_EPOCHS = 15
STEP_FACTOR = 0.9


@dataclass(frozen=True)
class Recipe:
    """Everything that is chosen about training. Change single entries with `dataclasses.replace`.

    Parameters
    ----------
    name : str
        What it is called in the run store and in messages.
    optimizer : {"sgd", "adamw"}
        Optimiser.
    lr : float
        Learning rate at the start.
    weight_decay : float
        Weight decay: decoupled with AdamW, an L2 penalty with SGD.
    batch_size : int
        Trials per step, at least 2 because of BatchNorm.
    epochs : int
        Passes through the training trials.
    schedule : {"step", "cosine"}
        "step" multiplies the learning rate by 0.9 every 15 epochs; "cosine" brings it down to 0
        along half a cosine over all epochs.
    initialisation : {"normal", "default"}
        How weights start; see `rtcan_cli.models.weights.build`.
    momentum : float
        Momentum of SGD.
    label_smoothing : float
        Share of each training label spread over both classes.
    dropout : float
        Probability of dropping an input of the classifier's first two layers.
    norm_momentum : float
        Weight of the newest batch in BatchNorm's running statistics. PyTorch's 0.1 needs some
        thirty steps to forget its start, which are several epochs of a small study, and until
        then validation loss says little about the weights.
    class_weights : {"none", "balanced"}
        "balanced" weighs each training trial by n / (2 n_class), counted over the training trials
        of the fold, so that both classes weigh the same. Validation loss is not weighted.
    clip_norm : float, optional
        Largest Euclidean norm of the gradient of all weights; longer ones are scaled down to it.
    patience : int, optional
        Stop after this many epochs without a smaller validation loss; train all epochs if None.
        The schedule of the learning rate does not change.
    precision : {"fp32", "tf32", "bf16"}
        "tf32" lets the tensor cores of NVIDIA GPUs multiply single-precision numbers rounded to
        ten bits of mantissa in the training passes (compute capability 8.0 or above).
        "bf16" computes what is safe of the training passes in bfloat16 (PyTorch's autocast).
        Weights, their updates and every prediction stay in single precision.

    Raises
    ------
    RtcanError
        If a number or a name is out of range.
    """

    name: str
    optimizer: str
    lr: float
    weight_decay: float
    batch_size: int
    epochs: int
    schedule: str
    initialisation: str
    momentum: float = 0.0
    label_smoothing: float = 0.0
    dropout: float = 0.0
    norm_momentum: float = 0.1
    class_weights: str = "none"
    clip_norm: float | None = None
    patience: int | None = None
    precision: str = "fp32"

    def __post_init__(self) -> None:
        for entry, known in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("initialisation", INITIALISATIONS),
            ("class_weights", CLASS_WEIGHTS),
            ("precision", PRECISIONS),
        ):
            if getattr(self, entry) not in known:
                raise RtcanError(
                    f"{entry} {getattr(self, entry)!r} is not one of {', '.join(known)}"
                )
        for entry, fits, needs in (
            ("lr", 0 < self.lr < math.inf, "above 0"),
            ("weight_decay", 0 <= self.weight_decay < math.inf, "0 or above"),
            ("batch_size", self.batch_size >= 2, "2 or more, because of BatchNorm"),
            ("epochs", self.epochs >= 1, "1 or more"),
            ("momentum", 0 <= self.momentum < 1, "in [0, 1)"),
            ("label_smoothing", 0 <= self.label_smoothing < 1, "in [0, 1)"),
            ("dropout", 0 <= self.dropout < 1, "in [0, 1)"),
            ("norm_momentum", 0 < self.norm_momentum <= 1, "in (0, 1]"),
            ("clip_norm", self.clip_norm is None or 0 < self.clip_norm < math.inf, "above 0"),
            ("patience", self.patience is None or self.patience >= 1, "1 or more"),
        ):
            if not fits:
                raise RtcanError(f"{entry} {getattr(self, entry)} is out of range: must be {needs}")

    def new_optimizer(self, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
        """Return the optimiser for these parameters."""
        from torch import optim  # what only reads a recipe does not wait for PyTorch

        if self.optimizer == "sgd":
            return optim.SGD(
                parameters, lr=self.lr, momentum=self.momentum, weight_decay=self.weight_decay
            )
        # Fused: the two million weights of a fused network cost a tenth of a small step otherwise.
        return optim.AdamW(parameters, lr=self.lr, weight_decay=self.weight_decay, fused=True)

    def learning_rate(self, progress: float) -> float:
        """Return the learning rate after `progress` epochs, fractions included."""
        if self.schedule == "step":
            return self.lr * STEP_FACTOR ** (progress // STEP_EPOCHS)
        return self.lr * (1 + math.cos(math.pi * progress / self.epochs)) / 2


RECIPES = {
    # Yin et al. 2022, sec. 5.1; momentum and epochs are not in the text.
    "paper": Recipe(
        name="paper",
        optimizer="sgd",
        lr=0.001,
        momentum=0.9,
        weight_decay=0.0,
        batch_size=256,
        epochs=100,
        schedule="step",
        initialisation="normal",
    ),
    # Chosen on the validation folds of simulated listeners (660 to 2400 training trials, inputs
    # of 500 samples): validation loss is lowest after 2 to 6 epochs and rises when training goes
    # on; dropout lowers it most, above all with music fused.
    "tuned": Recipe(
        name="tuned",
        optimizer="adamw",
        lr=0.0005,
        weight_decay=0.05,
        batch_size=64,
        epochs=6,
        schedule="cosine",
        initialisation="default",
        dropout=0.5,
        norm_momentum=0.3,
    ),
}


def batch_sizes(n: int, size: int) -> list[int]:
    """Lengths of the batches that `n` trials are cut into; none is of one trial alone."""
    sizes = [size] * (n // size) + [n % size] * (n % size > 0)
    if len(sizes) > 1 and sizes[-1] == 1:
        sizes[-2:] = [sizes[-2] + 1]
    return sizes
