"""Models that fit themselves, such as those of scikit-learn: what they are given and give back.

What a learner has learnt is a dictionary of plain arrays. Nothing is pickled: `probability`
rebuilds all it needs from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]

#: Names of learnt arrays that are whole numbers, those of trees; all others are floating-point.
WHOLE_NUMBERS = frozenset({"feature", "left", "right", "n_trees"})


@dataclass(frozen=True)
class Examples:
    """Trials as a learner sees them.

    Features are standardised with the statistics of the training trials. What a model does not see
    has no columns.

    Parameters
    ----------
    eda : NDArray of float64 (n, F)
        EDA features.
    music : NDArray of float64 (n_songs, M)
        Music features of each song, also of songs that none of these trials heard.
    song : NDArray of int (n,)
        Row of each trial in `music`.
    subject, stimulus : NDArray of str (n,)
        Who, and what was played: the song itself, so that one that is there under several names
        has one name here.
    subjects, stimuli : NDArray of str
        Names of all subjects and of all stimuli, the same in every fold, for learners that keep
        something for each of them.
    """

    eda: NDArray[np.float64]
    music: NDArray[np.float64]
    song: NDArray[np.integer]
    subject: NDArray[np.str_]
    stimulus: NDArray[np.str_]
    subjects: NDArray[np.str_]
    stimuli: NDArray[np.str_]

    @property
    def x(self) -> NDArray[np.float64]:
        """EDA and then music features of each trial (n, F + M)."""
        return np.concatenate([self.eda, self.music[self.song]], axis=1)


@dataclass(frozen=True)
class Fitted:
    """What a learner has learnt.

    Parameters
    ----------
    arrays : dict of str to array
        All that `Learner.probability` needs, as numbers. Shapes must not differ from fold to fold.
    n_parameters : int
        Numbers that were fitted to the training trials.
    history : dict of str to sequence of float
        ``train_loss``, ``validation_loss`` and ``validation_accuracy`` of each of its steps, if it
        works in steps and chose one of them by the validation trials; empty otherwise.
    best_step : int
        The step that was chosen, from 0.
    """

    arrays: Arrays
    n_parameters: int
    history: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    best_step: int = 0


class Learner(Protocol):
    """A model that fits itself. It never sees test trials."""

    def fit(
        self,
        train: Examples,
        label: NDArray[np.int64],
        validation: Examples,
        validation_label: NDArray[np.int64],
        seed: int,
    ) -> Fitted:
        """Learn from training trials; validation trials may choose, and calibrate.

        Parameters
        ----------
        train, validation : Examples
        label, validation_label : NDArray of int64 (n,)
            1 high, 0 low.
        seed : int
            Seed of everything that is drawn.
        """

    def probability(
        self, arrays: Mapping[str, NDArray[np.generic]], trials: Examples
    ) -> NDArray[np.float64]:
        """Probability of high (n,) of trials, from what was learnt."""


def cross_entropy(probability: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Mean cross-entropy in nat; a certain answer that is wrong counts as one in ten million."""
    p = np.clip(probability, _SMALLEST, 1 - _SMALLEST)
    return float(-np.log(np.where(label == 1, p, 1 - p)).mean())


_SMALLEST = 1e-7
