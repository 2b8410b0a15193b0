"""Runs whose training was begun: what they keep of themselves, so that `rtcan info` can tell.

Nothing here loads PyTorch: `rtcan info` answers at once.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.files.links import is_link
from rtcan_cli.stores import Partial

#: Arrays of a kept item, as far as they are asked for.
Kept = Mapping[str, NDArray[Any]]
#: Name of the item.
BEGUN = "begun"
#: Options of `train` that a run may name. What it keeps may be a stranger's, and people type what
#: they are told: no option is among these that writes elsewhere or connects to another machine.
OPTIONS = frozenset(
    {
        *("dataset", "model", "variant", "fusion", "target", "recipe", "folds", "length", "onset"),
        *("window", "depth", "layout", "channels", "epochs", "batch_size", "lr", "class_weights"),
        *("clip_norm", "patience", "precision", "seed", "test_subject", "protocol", "thresholds"),
        *("subjects", "splits_from", "name", "device"),
        *("components_store", "features_store", "labels_store", "music_store"),
    }
)


def result_name(target: str, fold: int, candidate: int = 0) -> str:
    """Name of the kept result of a fold and a candidate for it, which count from 0."""
    return "result-" + _item(target, fold, candidate)


def checkpoint_name(target: str, fold: int, candidate: int = 0) -> str:
    """Name of its last finished epoch."""
    return "checkpoint-" + _item(target, fold, candidate)


def _item(target: str, fold: int, candidate: int) -> str:
    return f"{target}-{fold}" + (f"-{candidate}" if candidate else "")


@dataclass(frozen=True)
class Begun:
    """What a run that was begun says of itself.

    Parameters
    ----------
    options : dict
        Options of `train` that ask for it, as `rtcan_cli.command_line.command_line` takes them.
    targets : tuple of str
        What is predicted.
    folds : tuple of int
        Folds to train, from 0.
    n_folds : int
        Folds of its protocol.
    n_candidates : int
        Models to train for each fold.
    n_epochs : int
        Epochs of a network at most; 0 for a model without epochs.
    side_by_side : int
        Models trained at the same time; 0 if that is not known.
    simulated : bool
        Whether its data come from the simulator.
    may_stop_early : bool
        Whether a network may need fewer epochs.
    """

    options: dict[str, Any]
    targets: tuple[str, ...]
    folds: tuple[int, ...]
    n_folds: int
    n_candidates: int
    n_epochs: int
    side_by_side: int
    simulated: bool
    may_stop_early: bool = False

    def keep(self, partial: Partial) -> None:
        """Write it beside the work that it is about."""
        partial.put(BEGUN, {"about": np.array(json.dumps(asdict(self)))})

    @classmethod
    def read(cls, partial: Partial) -> Begun | None:
        """Read it back; None if it is not there, or not what `keep` writes."""
        about = partial.peek(BEGUN, "about")
        try:
            found = json.loads(str(about))
            begun = cls(**found | {name: tuple(found[name]) for name in ("targets", "folds")})
        except (ValueError, TypeError, KeyError):
            return None
        return begun if begun._is_sound() else None

    def _is_sound(self) -> bool:
        numbers = (self.n_folds, self.n_candidates, self.n_epochs, self.side_by_side, *self.folds)
        return (
            isinstance(self.options, dict)
            and self.options.keys() <= OPTIONS
            and all(isinstance(each, str | int | float | None) for each in self.options.values())
            and set(self.targets) <= set(TARGETS)
            and all(type(each) is int and 0 <= each < 1_000_000 for each in numbers)
            and len(self.folds) * self.n_candidates < 1_000_000
        )


@dataclass(frozen=True)
class FoldInTraining:
    """The last finished epoch of a network."""

    target: str
    fold: int
    epoch: int
    train_loss: float
    validation_accuracy: float
    best_epoch: int


@dataclass(frozen=True)
class Unfinished:
    """How far an unfinished run is.

    Parameters
    ----------
    begun : Begun
        What it says of itself.
    n_trained, n_planned : int
        Folds of all targets that are trained, and all.
    in_training : tuple of FoldInTraining
        Networks that have finished an epoch, but not their last one.
    seconds_left : float, optional
        At the pace so far, without the first epochs of networks in training; None if nothing tells
        the pace, or how many epochs a network needs.
    """

    begun: Begun
    n_trained: int
    n_planned: int
    in_training: tuple[FoldInTraining, ...]
    seconds_left: float | None


def unfinished(store: Path) -> Unfinished | None:
    """Look at what is kept of an unfinished run; None if it does not tell.

    Parameters
    ----------
    store : Path
        The run store that is to be written.
    """
    above = store.with_name(store.name + ".partial")
    try:
        folders = [each for each in above.iterdir() if each.is_dir() and not is_link(each)]
        folders.sort(key=lambda each: each.stat().st_mtime)
    except OSError:  # it was finished meanwhile
        return None
    for folder in reversed(folders):
        partial = Partial(store, folder.name)
        if (begun := Begun.read(partial)) is not None:
            return _progress(partial, begun)
    return None


def _progress(partial: Partial, begun: Begun) -> Unfinished:
    names = partial.names()
    every = list(product(begun.targets, range(begun.n_candidates), begun.folds))
    left = [unit for unit in every if result_name(unit[0], unit[2], unit[1]) not in names]
    untrained = {(target, fold) for target, _, fold in left}
    done = [
        partial.part(result_name(target, fold, candidate), _RESULT) or {}
        for target, candidate, fold in every
        if (target, candidate, fold) not in left
    ]
    in_training, checkpoints = [], []
    for target, candidate, fold in left:
        name = checkpoint_name(target, fold, candidate)
        kept = (partial.part(name, _CHECKPOINT) if name in names else None) or {}
        if not (n_epochs := _n_epochs(kept, _CHECKPOINT)):
            continue
        loss, accuracy = (float(kept[name][-1]) for name in _CHECKPOINT[1:3])
        best = int(_number(kept.get("best_epoch"))) + 1
        in_training.append(FoldInTraining(target, fold + 1, n_epochs, loss, accuracy, best))
        checkpoints.append(kept)
    return Unfinished(
        begun,
        n_trained=len(begun.targets) * len(begun.folds) - len(untrained),
        n_planned=len(begun.targets) * len(begun.folds),
        in_training=tuple(in_training),
        seconds_left=_seconds_left(begun, done, checkpoints, len(left)),
    )


def _seconds_left(
    begun: Begun, done: Sequence[Kept], in_training: Sequence[Kept], n_left: int
) -> float | None:
    """Time until the last model is trained; None if that cannot be known yet.

    Parameters
    ----------
    begun : Begun
    done, in_training : sequence of dict
        What is kept of models that are trained, and of those that have finished an epoch.
    n_left : int
        How many are not trained, those included.
    """
    sizes = [_n_epochs(kept, _RESULT) if begun.n_epochs else 1 for kept in done]
    needed = float(begun.n_epochs or 1)
    if begun.may_stop_early:
        if not any(sizes):
            return None
        needed = float(np.mean([size for size in sizes if size]))
    n_counted = sum(sizes)
    seconds = sum(_number(kept.get("seconds")) for kept in done)
    rest = []
    for kept in in_training:
        n_epochs = _n_epochs(kept, _CHECKPOINT)
        rest.append(max(needed - n_epochs, 1.0))
        # In the first one, libraries and the device get ready.
        n_counted += n_epochs - 1
        seconds += _number(kept.get("seconds")) - _number(kept.get("first_seconds"))
    rest += [needed] * (n_left - len(rest))
    if not (n_counted and seconds > 0 and begun.side_by_side and rest):
        return None
    return seconds / n_counted * until_the_last(rest, begun.side_by_side)


def until_the_last(rest: Sequence[float], side_by_side: int) -> float:
    """How much the busiest process has to do until all models are trained.

    A process that has finished its model takes the next one: of five models, four at a time, the
    fifth takes as long as the first four.

    Parameters
    ----------
    rest : sequence of float
        What is left of each model, in the order in which they are trained.
    side_by_side : int
        How many are in training at the same time, 1 or more.
    """
    ends = [0.0] * side_by_side
    for left in rest:
        heapq.heapreplace(ends, ends[0] + left)
    return max(ends)


_RESULT = ("seconds", "history.train_loss")
_CHECKPOINT = (*_RESULT, "history.validation_accuracy", "best_epoch", "first_seconds")


def _n_epochs(kept: Mapping[str, NDArray[Any]], names: tuple[str, ...]) -> int:
    """Epochs of the histories among what an item has; 0 if they are not such histories."""
    rows = [kept.get(name) for name in names if name.startswith("history.")]
    sizes = {
        row.size if row is not None and row.ndim == 1 and row.dtype.kind in "fiu" else 0
        for row in rows
    }
    return sizes.pop() if len(sizes) == 1 else 0


def _number(values: NDArray[Any] | None) -> float:
    """The number in an array; 0 if it is not one."""
    if values is None or values.size != 1 or values.dtype.kind not in "fiu":
        return 0.0
    return float(np.nan_to_num(values.item()))


def options_of(stores: Mapping[str, Path | None], usual: Mapping[str, Path]) -> dict[str, str]:
    """Options that name stores, where these are not the workspace's own."""
    return {
        f"{kind}_store": str(path)
        for kind, path in stores.items()
        if path is not None and path.resolve() != usual[kind].resolve()
    }
