"""Learning curves of networks, as far as they are known: of folds in training and of run stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.runs.run import Run
from rtcan_cli.steps.training.plan import Unit
from rtcan_cli.training.fold import HISTORY

#: What is read of a kept result or checkpoint.
_KEPT = [f"history.{name}" for name in HISTORY]


@dataclass(frozen=True)
class Curve:
    """The finished epochs of one network.

    Parameters
    ----------
    dataset, run, simulated, target
        What it is trained on, and for which run.
    fold, candidate : int
        From 1.
    n_candidates : int
        Candidates for each fold; only one of each is chosen.
    history : mapping of str to NDArray of float64 (epochs,)
        As of `rtcan_cli.training.fold.FoldResult`.
    done : bool
        Whether it is trained to its end.
    """

    dataset: str
    run: str
    simulated: bool
    target: str
    fold: int
    candidate: int
    n_candidates: int
    history: Mapping[str, NDArray[np.float64]]
    done: bool

    @property
    def n_epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.history["train_loss"])

    def best_epochs(self) -> NDArray[np.intp]:
        """Epoch of the least validation loss so far after each epoch, from 1."""
        loss = self.history["validation_loss"]
        lower = np.r_[True, loss[1:] < np.minimum.accumulate(loss)[:-1]]
        return np.maximum.accumulate(np.where(lower[: len(loss)], np.arange(len(loss)) + 1, 1))


class Taker(Protocol):
    """What is told of finished epochs."""

    def take(self, curve: Curve, known: int) -> None:
        """Take notice of a curve, of which it knows so many epochs already."""


def curve_in_training(unit: Unit, *, done: bool) -> Curve | None:
    """Curve of a network from what is kept of it: its result if it is done, or its checkpoint."""
    kept = unit.partial.part(unit.result if done else unit.checkpoint, _KEPT)
    return curve_of(unit, kept or {}, done=done)


def kept_curve(unit: Unit) -> Curve | None:
    """What is kept of a network, finished or not; None if nothing is, or it has no epochs."""
    if unit.settings.recipe is None:
        return None
    return curve_in_training(unit, done=True) or curve_in_training(unit, done=False)


def curve_of(unit: Unit, kept: Mapping[str, NDArray[Any]], *, done: bool) -> Curve | None:
    """Curve of a network from arrays of its result or its checkpoint; None if they have none."""
    if not kept.keys() >= set(_KEPT):
        return None  # a candidate whose loss was not finite
    return Curve(
        dataset=unit.made.dataset,
        run=unit.partial.store.stem,
        simulated=unit.made.simulated,
        target=unit.target,
        fold=unit.fold + 1,
        candidate=unit.settings.spec.candidate + 1,
        n_candidates=len(unit.settings.model.grid),
        history={name: np.asarray(kept[f"history.{name}"], np.float64) for name in HISTORY},
        done=done,
    )


def curves_of_run(path: Path) -> Iterator[Curve]:
    """Curves of the chosen networks of a finished run; none of a model without epochs."""
    run = Run.load(path)
    if run.settings.recipe is None:
        return
    chosen = run.models.set_index(["target", "fold"])["candidate"]
    for (target, fold), rows in run.epochs.groupby(["target", "fold"], sort=False):
        yield Curve(
            dataset=run.dataset.name,
            run=run.name,
            simulated=run.simulated,
            target=target,
            fold=int(fold),
            candidate=int(chosen[target, fold]),
            n_candidates=len(run.settings.model.grid),
            history={name: rows[name].to_numpy(np.float64) for name in HISTORY},
            done=True,
        )
