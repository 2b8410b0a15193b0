"""Trials as arrays, with and without labels, and the same on the device that trains."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.trial_key import hearing

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LIMIT = 10.0

#: Means and standard deviations that features of a fold were standardised with, by name.
Scales = dict[str, NDArray[np.float32]]
_NOT_GIVEN, _UNNAMED = np.empty(0, np.int64), np.empty(0, np.str_)
_BLOCK = 64  # trials that are looked at together
SCALES = ("eda_mean", "eda_sd", "music_mean", "music_sd")


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Trials as a model sees them.

    Parameters
    ----------
    eda : NDArray of float32 (n_rows, 3, L) or (n_rows, F)
        Original, phasic and tonic EDA, z-scored; or EDA features as they are, which are
        standardised for each fold (none, for a model that sees no EDA). It may be read from a file
        (`rtcan_cli.files.mapped`), and contain rows of other trials.
    subject, stimulus : NDArray of str (n,)
        Who, and what was played.
    row : NDArray of int64 (n,), optional
        Row of each trial in `eda`; by default, trial by trial.
    music : NDArray of float32 (n_songs, F), optional
        Music features as they are; they are standardised for each fold.
    song : NDArray of int64 (n,), optional
        Row of each trial in `music`.
    repetition : NDArray of int64 (n,), optional
        Which time it is that the subject met the stimulus, from 1; 1 throughout by default.
    piece : NDArray of str (n,), optional
        The same for stimuli that are one song under several names; by default each stimulus is a
        piece of its own.

    Raises
    ------
    ValueError
        If the arrays do not belong together.
    RtcanError
        If signals or features are not finite.
    """

    eda: NDArray[np.float32]
    subject: NDArray[np.str_]
    stimulus: NDArray[np.str_]
    row: NDArray[np.int64] = field(default_factory=lambda: _NOT_GIVEN)
    music: NDArray[np.float32] | None = None
    song: NDArray[np.int64] | None = None
    repetition: NDArray[np.int64] = field(default_factory=lambda: _NOT_GIVEN)
    piece: NDArray[np.str_] = field(default_factory=lambda: _UNNAMED)
    # `eda` and `row` of trials that were looked at: `replace` does not look at them again.
    _checked: tuple[NDArray[np.float32], NDArray[np.int64]] | None = field(default=None, repr=False)

    #: Arrays with an entry for each trial.
    _own: ClassVar[tuple[str, ...]] = ("row", "subject", "stimulus", "song", "repetition", "piece")

    def __post_init__(self) -> None:
        n = len(self)
        if self.repetition is _NOT_GIVEN:
            object.__setattr__(self, "repetition", np.ones(n, np.int64))
        if self.piece is _UNNAMED:
            object.__setattr__(self, "piece", self.stimulus)
        if self.row is _NOT_GIVEN:
            object.__setattr__(self, "row", np.arange(len(self.eda)))
        if self.eda.ndim not in (2, 3) or not len(self.row) == len(self.stimulus) == n:
            raise ValueError(
                "eda must be (n_rows, 3, L) or (n_rows, F), and row, subject and stimulus (n,); "
                "without row, eda has a row for each trial"
            )
        if np.any((self.row < 0) | (self.row >= len(self.eda))):
            raise ValueError("row must give a row of eda for each trial")
        if not len(self.repetition) == len(self.piece) == n:
            raise ValueError("repetition and piece must be (n,)")
        if (self.music is None) != (self.song is None):
            raise ValueError("music and song come together")
        if self.song is not None and self.music is not None:
            if len(self.song) != n or np.any((self.song < 0) | (self.song >= len(self.music))):
                raise ValueError("song must give a row of music for each trial")
            self._require(_finite(self.music)[self.song], "music features")
        known = self._checked
        if known is None or known[0] is not self.eda or known[1] is not self.row:
            for start in range(0, n, _BLOCK):
                some = slice(start, start + _BLOCK)
                self._require(_finite(self.eda[self.row[some]]), "EDA", start)
            object.__setattr__(self, "_checked", (self.eda, self.row))

    def __len__(self) -> int:
        return len(self.subject)

    def _require(self, finite: NDArray[np.bool_], what: str, start: int = 0) -> None:
        if not finite.all():
            i = start + int(np.argmin(finite))
            raise RtcanError(
                f"the {what} of subject {self.subject[i]}, stimulus {self.stimulus[i]}"
                f"{hearing(self.repetition[i])} contain values that are not finite"
            )

    @property
    def n_music(self) -> int:
        """Length of the music vector, 0 without music."""
        return 0 if self.music is None else self.music.shape[1]

    @property
    def n_features(self) -> int:
        """Number of EDA features, 0 where the EDA is signals."""
        return self.eda.shape[1] if self.eda.ndim == 2 else 0

    @property
    def own_eda(self) -> NDArray[np.float32]:
        """EDA of each trial, in the order of the trials (n, 3, L) or (n, F); a copy."""
        return self.eda[self.row]

    def take(self: AnyTrials, rows: NDArray[np.intp]) -> AnyTrials:
        """Some of the trials, or the trials in another order."""
        every = {name: getattr(self, name) for name in self._own}
        own = {name: x[rows] for name, x in every.items() if x is not None}
        return replace(self, **own, _checked=(self.eda, own["row"]))


def _finite(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which entries along the first axis are finite throughout."""
    axes = tuple(range(1, values.ndim))
    # By the extremes, which take no memory for each sample.
    least, most = (extreme(values, axis=axes, initial=0.0) for extreme in (np.min, np.max))
    return np.isfinite(least) & np.isfinite(most)


AnyTrials = TypeVar("AnyTrials", bound=Trials)


@dataclass(frozen=True, kw_only=True)
class TrainingData(Trials):
    """Trials of one target, with their labels.

    Parameters
    ----------
    label : NDArray of int64 (n,)
        1 for high, 0 for low.
    fold_label : NDArray of int64 (n, n_folds), optional
        The label in each fold, where it is not the same in all: thresholds between low and high
        may come from the training trials of the fold. `label` is then that of the fold that tests.

    Raises
    ------
    ValueError
        As `Trials`, or if the labels are not as many as the trials, or others than 0 and 1.
    """

    label: NDArray[np.int64]
    fold_label: NDArray[np.int64] | None = None

    _own: ClassVar[tuple[str, ...]] = (*Trials._own, "label", "fold_label")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.label) != len(self) or not np.isin(self.label, (0, 1)).all():
            raise ValueError("a label for each trial is needed, 0 or 1")
        own = self.fold_label
        if own is not None and (len(own) != len(self) or not np.isin(own, (0, 1)).all()):
            raise ValueError("a label for each trial in each fold is needed, 0 or 1")

    def of_fold(self, k: int) -> TrainingData:
        """The trials with their labels in fold `k`, from 0."""
        if self.fold_label is None:
            return self
        return replace(self, label=self.fold_label[:, k], fold_label=None)

    def labels_of_folds(self, n_folds: int) -> NDArray[np.int64]:
        """Label of each trial in each fold (n, n_folds)."""
        if self.fold_label is not None:
            return self.fold_label
        return np.repeat(self.label[:, None], n_folds, axis=1)


def scale_of(
    values: NDArray[np.float32], rows: NDArray[np.integer]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean and the standard deviation of each feature over some songs or trials.

    Parameters
    ----------
    values : NDArray of float32 (n, F)
        Music features of all songs, or EDA features of all trials.
    rows : NDArray of int
        Rows that belong to training. Each counts once, so a song however often it was heard;
        other rows are not looked at. The order decides the last bits of the sums.

    Returns
    -------
    mean, sd : NDArray of float32 (F,)
        `sd` is exactly 0 for a feature that is the same in all these rows.
    """
    _, first = np.unique(rows, return_index=True)
    known = values[rows[np.sort(first)]].astype(np.float64)
    sd = known.std(axis=0)
    sd[known.max(axis=0) == known.min(axis=0)] = 0.0  # not merely small by rounding
    return known.mean(axis=0).astype(np.float32), sd.astype(np.float32)


def standardise(
    values: NDArray[np.float32], mean: NDArray[np.float32], sd: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Standardise features with the statistics of other songs or trials.

    Features with `sd` 0 become 0. Values beyond 10 standard deviations are set to 10: a feature
    that hardly varied in the training songs can be hundreds of deviations off in a new song, and
    would drown all others.

    Parameters
    ----------
    values : NDArray of float32 (n, F)
    mean, sd : NDArray of float32 (F,)
        What `scale_of` returned.

    Returns
    -------
    NDArray of float32 (n, F)
    """
    varies = sd > 0
    z = (values - mean) / np.where(varies, sd, 1)
    return np.clip(np.where(varies, z, 0), -LIMIT, LIMIT).astype(np.float32)


def songs_of(data: TrainingData, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows of `data.music` that some trials heard: one a song, also if it has several names.

    Parameters
    ----------
    data : TrainingData
        With music.
    rows : NDArray of int
        The trials.
    """
    assert data.song is not None, "the trials have music"
    _, first = np.unique(data.piece[rows], return_index=True)
    return np.unique(data.song[rows][first])


def standardised(
    data: TrainingData, train: NDArray[np.intp], spec: ModelSpec
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, Scales]:
    """Inputs of a fold: features are standardised with the statistics of its training trials.

    Parameters
    ----------
    data : TrainingData
        All trials.
    train : NDArray of int
        Rows of the training trials; of the others, no statistics are taken.
    spec : ModelSpec
        The model. With `n_music` 0 the music is not used.

    Returns
    -------
    eda : NDArray of float32
        `data.eda`; standardised where it contains features.
    music : NDArray of float32 (n_songs, n_music), optional
        Standardised music features.
    scales : dict of str to array
        The statistics: ``eda_mean``, ``eda_sd``, ``music_mean``, ``music_sd``, where they exist.
    """
    eda, music, scales = data.eda, None, {}
    if data.n_features:
        scales["eda_mean"], scales["eda_sd"] = mean, sd = scale_of(eda, data.row[train])
        eda = standardise(eda, mean, sd)
    if spec.n_music and data.music is not None and data.song is not None:
        songs = songs_of(data, train)
        scales["music_mean"], scales["music_sd"] = mean, sd = scale_of(data.music, songs)
        music = standardise(data.music, mean, sd)
    return eda, music, scales


def place(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """Put an array on a device; on the CPU it shares the memory of the array.

    Nothing may write to it: the array may be read from a file that other processes read.
    """
    import torch  # what only reads trials does not wait for it

    with warnings.catch_warnings():
        # PyTorch knows no read-only tensors. To write to this one would end the process.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array).to(device)


def place_if_room(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """Put an array on a device, unless it would take more than half of the free memory there.

    `Inputs` copies each batch from where its EDA is.
    """
    import torch

    if device.type == "cuda" and array.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
        return place(array, torch.device("cpu"))
    return place(array, device)


@dataclass(frozen=True)
class Inputs:
    """Inputs of the network on one device: the EDA of each trial, and the music of each song.

    Parameters
    ----------
    eda : Tensor (n_rows, 3, L) or (n_rows, F)
        May stay in the memory of the CPU, see `place_if_room`.
    music : Tensor (n_songs, F), optional
        Standardised music features.
    song : Tensor (n,), optional
        Row of each trial in `music`.
    row : Tensor (n,), optional
        Row of each trial in `eda`; by default, trial by trial.
    """

    eda: Tensor
    music: Tensor | None = None
    song: Tensor | None = None
    row: Tensor | None = None

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return EDA (batch, 3, L) or (batch, F), and music, of the trials in `index`."""
        row = index if self.row is None else self.row.index_select(0, index)
        eda = self.eda.index_select(0, row.to(self.eda.device)).to(index.device)
        if self.music is None or self.song is None:
            return eda, None
        return eda, self.music.index_select(0, self.song.index_select(0, index))
