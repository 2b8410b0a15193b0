"""The state of one fold between two epochs, as a flat dictionary of plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn, optim

from rtcan_cli.models.weights import from_arrays, to_arrays
from rtcan_cli.training.fold import HISTORY, Arrays


@dataclass
class FoldProgress:
    """What is known of a fold apart from the weights that are being trained.

    Parameters
    ----------
    history : dict of str to list of float
        One entry per finished epoch, for each name in `HISTORY`.
    best_epoch : int
        Epoch of the smallest validation loss, from 0.
    best : dict of str to array
        Weights after that epoch.
    seconds : float
        Time spent in the finished epochs.
    cpu_seconds : float
        Time that the processor's cores spent on them, all threads together.
    first_seconds : float
        Time spent in the first one, which is often much longer: libraries and devices get ready.
    """

    history: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in HISTORY})
    best_epoch: int = -1
    best: Arrays = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    first_seconds: float = 0.0

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.history["train_loss"])


def pack(model: nn.Module, optimizer: optim.Optimizer, progress: FoldProgress) -> Arrays:
    """Return everything needed to go on, under names like "model.rnta.theta.weight"."""
    checkpoint: Arrays = {
        "best_epoch": np.array(progress.best_epoch),
        "seconds": np.array(progress.seconds),
        "cpu_seconds": np.array(progress.cpu_seconds),
        "first_seconds": np.array(progress.first_seconds),
    }
    checkpoint |= {f"history.{name}": np.array(row) for name, row in progress.history.items()}
    checkpoint |= {f"model.{name}": array for name, array in to_arrays(model).items()}
    checkpoint |= {f"best.{name}": array for name, array in progress.best.items()}
    for i, state in optimizer.state_dict()["state"].items():
        checkpoint |= {
            f"optimizer.{i}.{name}": value.cpu().numpy().copy()
            for name, value in state.items()
            if value is not None  # SGD without momentum
        }
    return checkpoint


def unpack(checkpoint: Arrays, model: nn.Module, optimizer: optim.Optimizer) -> FoldProgress:
    """Put a checkpoint back into a model and its optimiser, and return the progress."""
    from_arrays(model, _under("model.", checkpoint))
    state: dict[int, dict[str, Tensor]] = {}
    for name, array in _under("optimizer.", checkpoint).items():
        i, _, entry = name.partition(".")
        state.setdefault(int(i), {})[entry] = torch.tensor(array)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return FoldProgress(
        history={name: row.tolist() for name, row in _under("history.", checkpoint).items()},
        best_epoch=int(checkpoint["best_epoch"]),
        best=_under("best.", checkpoint),
        seconds=float(checkpoint["seconds"]),
        cpu_seconds=float(checkpoint["cpu_seconds"]),
        first_seconds=float(checkpoint.get("first_seconds", 0.0)),
    )


def _under(prefix: str, checkpoint: Arrays) -> Arrays:
    """Return the entries whose name starts with `prefix`, named by the rest."""
    return {
        name.removeprefix(prefix): array
        for name, array in checkpoint.items()
        if name.startswith(prefix)
    }
