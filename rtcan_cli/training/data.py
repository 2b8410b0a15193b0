"""The trials of one target as arrays, and the same on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtcan_cli.errors import RtcanError

LIMIT = 10.0


@dataclass(frozen=True)
class TrainingData:
    """Trials of one target.

    Parameters
    ----------
    eda : NDArray of float32 (n, 3, L)
        Original, phasic and tonic EDA, z-scored.
    label : NDArray of int64 (n,)
        1 for high, 0 for low.
    subject, stimulus : NDArray of str (n,)
        Who, and what was played.
    music : NDArray of float32 (n_songs, F), optional
        Music features as they are; they are standardised for each fold.
    song : NDArray of int64 (n,), optional
        Row of each trial in `music`.

    Raises
    ------
    ValueError
        If the arrays do not belong together.
    RtcanError
        If signals or features are not finite.
    """

    eda: NDArray[np.float32]
    label: NDArray[np.int64]
    subject: NDArray[np.str_]
    stimulus: NDArray[np.str_]
    music: NDArray[np.float32] | None = None
    song: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = len(self.eda)
        if (
            self.eda.ndim != 3
            or not len(self.label) == len(self.subject) == len(self.stimulus) == n
        ):
            raise ValueError("eda must be (n, 3, L), label, subject and stimulus (n,)")
        if not np.isin(self.label, (0, 1)).all():
            raise ValueError("labels must be 0 or 1")
        if (self.music is None) != (self.song is None):
            raise ValueError("music and song come together")
        if self.song is not None and self.music is not None:
            if len(self.song) != n or np.any((self.song < 0) | (self.song >= len(self.music))):
                raise ValueError("song must hold a row of music for each trial")
            finite = np.logical_and.reduce(np.isfinite(self.music), axis=1)
            self._require(finite[self.song], "music features")
        self._require(np.logical_and.reduce(np.isfinite(self.eda), axis=(1, 2)), "EDA")

    def _require(self, finite: NDArray[np.bool_], what: str) -> None:
        if not finite.all():
            i = int(np.argmin(finite))
            raise RtcanError(
                f"the {what} of subject {self.subject[i]}, stimulus {self.stimulus[i]} "
                "hold values that are not finite"
            )

    @property
    def n_music(self) -> int:
        """Length of the music vector, 0 without music."""
        return 0 if self.music is None else self.music.shape[1]


def music_scale(
    music: NDArray[np.float32], songs: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean and the standard deviation of each music feature over some songs.

    Parameters
    ----------
    music : NDArray of float32 (n_songs, F)
        Features of all songs.
    songs : NDArray of int64
        Rows of the songs that training trials heard. Each song counts once, however often it was
        heard; other rows are not looked at.

    Returns
    -------
    mean, sd : NDArray of float32 (F,)
        `sd` is exactly 0 for a feature that is the same in all these songs.
    """
    known = music[np.unique(songs)].astype(np.float64)
    sd = known.std(axis=0)
    sd[known.max(axis=0) == known.min(axis=0)] = 0.0  # not merely small by rounding
    return known.mean(axis=0).astype(np.float32), sd.astype(np.float32)


def standardise(
    music: NDArray[np.float32], mean: NDArray[np.float32], sd: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Standardise music features with the statistics of other songs.

    Features with `sd` 0 become 0. Values beyond 10 standard deviations are set to 10: a feature
    that hardly varied in the training songs can be hundreds of deviations off in a new song, and
    would drown all others.

    Parameters
    ----------
    music : NDArray of float32 (n, F)
    mean, sd : NDArray of float32 (F,)
        What `music_scale` returned.

    Returns
    -------
    NDArray of float32 (n, F)
    """
    varies = sd > 0
    z = (music - mean) / np.where(varies, sd, 1)
    return np.clip(np.where(varies, z, 0), -LIMIT, LIMIT).astype(np.float32)


def place(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """Put an array on a device; on the CPU it shares the memory of a writable array."""
    # PyTorch knows no read-only tensors, and warns when it is given what might be one.
    return torch.from_numpy(np.require(array, requirements=["W"])).to(device)


@dataclass(frozen=True)
class Inputs:
    """Inputs of the network on one device: the EDA of each trial, and the music of each song.

    Parameters
    ----------
    eda : Tensor (n, 3, L)
    music : Tensor (n_songs, F), optional
        Standardised music features.
    song : Tensor (n,), optional
        Row of each trial in `music`.
    """

    eda: Tensor
    music: Tensor | None = None
    song: Tensor | None = None

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return EDA (batch, 3, L) and music (batch, F) of the trials in `index`."""
        eda = self.eda.index_select(0, index)
        if self.music is None or self.song is None:
            return eda, None
        return eda, self.music.index_select(0, self.song.index_select(0, index))
