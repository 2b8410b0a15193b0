"""What EDA and music each contributed to the answer to a trial.

The contributions are Shapley values (Shapley, A value for n-person games, 1953; Lundberg and Lee, A
unified approach to interpreting model predictions, NeurIPS 2017). The worth of a set of parts is
the mean answer if these parts are those of the trial, and the others those of background trials:
the interventional, or marginal, baseline (Janzing, Minorics and Bloebaum, Feature relevance
quantification in explainable AI: a causal problem, AISTATS 2020). So parts are put together that no
listener has met together, and the contributions say what the model did, whatever goes together in
the world.

With two parts, a contribution is the mean over both orders of what the answer changes when the
part comes in. Groups of music features share the contribution of the music among them (Owen, Values
of games with a priori unions, 1977): each gets its Shapley value among the groups, the mean of that
without and that with the trial's EDA. All contributions of a trial and the mean answer to the
background trials sum to its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import ShapleyValues
from numpy.typing import NDArray
from torch import Tensor

Rows = NDArray[np.integer]
Values = NDArray[np.float64]
#: Answers (p,) to trials that are put together: the EDA of row ``eda[j]``, and the features of
#: group k of song ``song[j, k]``; called with eda (p,) and song (p, n_groups).
Answer = Callable[[Rows, Rows], Values]


@dataclass(frozen=True)
class Trials:
    """Some trials, by the rows of their EDA and of their songs, shape (n,) each."""

    eda: Rows
    song: Rows


@dataclass(frozen=True)
class Contributions:
    """What n answers are made of.

    Parameters
    ----------
    baseline : float
        Mean answer to the background trials.
    eda, music : array (n,)
        Contributions. With the baseline they sum to the `answer`.
    groups : array (n, n_groups)
        Contributions of the groups of music features; they sum to `music`.
    answer : array (n,)
        What the model says of the trial.
    without_eda, without_music : array (n,)
        Mean answer with the EDA, or music, of background trials in place of the trial's own.
    """

    baseline: float
    eda: Values
    music: Values
    groups: Values
    answer: Values
    without_eda: Values
    without_music: Values


def contributions(
    answer: Answer, trials: Trials, background: Trials, n_groups: int = 1
) -> Contributions:
    """Contributions of EDA, music and groups of music features to answers.

    Parameters
    ----------
    answer : callable
        The model, see `Answer`.
    trials : Trials
        What is explained.
    background : Trials
        What stands in for parts that are taken out, such as training trials.
    n_groups : int
        Groups of music features; 1 for the music as a whole.
    """
    worth = worths(answer, trials, background, n_groups)
    neither, music, eda, both = (worth[:, k, m] for k in (0, 1) for m in (0, -1))
    parts = shapley(np.stack([neither, eda, music, both], axis=1))
    return Contributions(
        baseline=float(neither[0]),
        eda=parts[:, 0],
        music=parts[:, 1],
        # Shapley values of a mean are means of Shapley values.
        groups=shapley(worth.mean(axis=1)),
        answer=both,
        without_eda=music,
        without_music=eda,
    )


def worths(answer: Answer, trials: Trials, background: Trials, n_groups: int) -> Values:
    """Mean answer for each set of parts of each trial.

    The answers without a trial's EDA depend on its song only, and are computed once a song.

    Returns
    -------
    array (n, 2, 2 ** n_groups)
        Without and with the EDA of the trial; the second index has bit k set if group k of the
        music is that of the trial.
    """
    songs, of_trial = np.unique(trials.song, return_inverse=True)
    heard, count = np.unique(background.song, return_counts=True)
    found = np.empty((len(trials.eda), 2, 2**n_groups))

    def ask(eda: Rows, own: Rows, others: Rows, mask: int) -> Values:
        """Answers where the groups of the mask are those of `own` songs, the rest of `others`."""
        is_own = (mask >> np.arange(n_groups)) & 1 == 1
        eda, own, others = np.broadcast_arrays(eda, own, others)
        song = np.where(is_own, own[..., None], others[..., None])
        return answer(eda.ravel(), song.reshape(-1, n_groups)).reshape(eda.shape)

    nothing, everything = 0, 2**n_groups - 1
    found[:, 0, nothing] = ask(background.eda, background.song, background.song, nothing).mean()
    found[:, 1, everything] = ask(trials.eda, trials.song, trials.song, everything)
    for mask in range(2**n_groups):
        if mask != nothing:
            asked = ask(background.eda, songs[:, None], background.song, mask)
            found[:, 0, mask] = asked.mean(axis=1)[of_trial]
        if mask != everything:
            asked = ask(trials.eda[:, None], trials.song[:, None], heard, mask)
            found[:, 1, mask] = asked @ (count / count.sum())
    return found


def shapley(worth: Values) -> Values:
    """Exact Shapley values of small games.

    Parameters
    ----------
    worth : array (n, 2 ** n_players)
        A row a game; the index has bit k set if player k is in the coalition.

    Returns
    -------
    array (n, n_players)
    """
    n, n_coalitions = worth.shape
    n_players = n_coalitions.bit_length() - 1
    table, bits = torch.from_numpy(worth), 2 ** torch.arange(n_players)

    def worth_of(coalition: Tensor) -> Tensor:
        return table.gather(1, (coalition.long() * bits).sum(dim=1, keepdim=True))[:, 0]

    everyone = torch.ones(n, n_players, dtype=torch.float64)
    found: Values = ShapleyValues(worth_of).attribute(everyone, baselines=0.0).double().numpy()
    return found


def partners(own: NDArray[np.generic], n_draws: int, rng: np.random.Generator) -> Rows:
    """For each trial others at random, whose subject (or song) is another one.

    Parameters
    ----------
    own : array (n,)
        Subject, or song, of each trial.
    n_draws : int
        How many for each trial.
    rng : Generator

    Returns
    -------
    array of int (n_draws, n)
        Their positions; -1 where all trials are of the same.
    """
    found = np.full((n_draws, len(own)), -1)
    for name in np.unique(own):
        here, others = np.flatnonzero(own == name), np.flatnonzero(own != name)
        if len(others):
            found[:, here] = rng.choice(others, (n_draws, len(here)))
    return found
