"""Networks that are trained together: what they are, what they see, how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtcan_cli.training.checkpoint import FoldProgress
from rtcan_cli.training.data import Scales, TrainingData, place
from rtcan_cli.training.fit import Sink
from rtcan_cli.training.folds.splits import Roles
from rtcan_cli.training.stacked.weights import Rows


@dataclass(frozen=True)
class Member:
    """One network to train, as `fit_fold` takes it.

    Parameters
    ----------
    data : TrainingData
        All trials. Members that share them should share the object: the device stores it once.
    parts : Roles
        Which of them train, validate and test.
    fold, seed : int
        Number of the fold, from 0, and seed of the run.
    sink : Sink, optional
        Takes checkpoints and finished epochs, and has the checkpoint to go on from.
    """

    data: TrainingData
    parts: Roles
    fold: int
    seed: int
    sink: Sink | None = None


class TrialsOnDevice:
    """The trials of some members on the device, one after the other, each only once.

    Parameters
    ----------
    members : sequence of Member
        Networks to train.
    with_music : bool
        Whether they use the music.
    device : torch.device
        Where to train.

    Attributes
    ----------
    eda : Tensor (n, 3, L)
    label : Tensor (n,)
    song : Tensor (n,), optional
        Row of each trial in the music of its own data.
    """

    def __init__(self, members: Sequence[Member], with_music: bool, device: torch.device) -> None:
        self.device = device
        self._all = list({id(member.data): member.data for member in members}.values())
        self.eda = self._joined([data.eda for data in self._all])
        self.label = self._joined([data.label for data in self._all])
        songs = [data.song for data in self._all if data.song is not None]
        self.song = self._joined(songs) if with_music else None

    def _joined(self, arrays: Sequence[NDArray[np.generic]]) -> Tensor:
        return place(arrays[0] if len(arrays) == 1 else np.concatenate(arrays), self.device)

    def first(self, data: TrainingData) -> int:
        """Number of trials before those of `data`."""
        place_of = [id(each) for each in self._all].index(id(data))
        return sum(len(each.label) for each in self._all[:place_of])


@dataclass(eq=False)
class Network:
    """One network in training.

    Parameters
    ----------
    member : Member
        What it is.
    progress : FoldProgress
        What is known of it apart from its weights; its `best` is up to date in checkpoints only.
    rows : dict of str to Tensor
        One row each: what is trained, what the optimiser remembers, and under names with "best."
        in front the weights of the best epoch.
    scales : dict of str to array
        Statistics that its music was standardised with.
    music : Tensor (n_songs, F), optional
        Its standardised music, on the device.
    """

    member: Member
    progress: FoldProgress
    rows: Rows
    scales: Scales
    music: Tensor | None

    def keep_best(self) -> None:
        """Keep the present weights as those of the best epoch."""
        for name, row in self.rows.items():
            if name.startswith("best."):
                row.copy_(self.rows[name.removeprefix("best.")])
