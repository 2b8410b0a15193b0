"""Linear models of EDA and music features: their training problem made small, and their answers.

Thousands of trials hear a few hundred songs, so the 6373 numbers of a song come back in many rows.
A linear model with a penalty on the squared length of its weights loses nothing if that is used:

- Its weights are a combination of the training rows. So the music can be turned into coordinates
  along these, of which there are at most as many as songs, and the weights turned back afterwards.
- If it sees music alone, trials with the same song and the same label are the same row. Such rows
  are merged into one with a weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from rtcan_cli.models.learner import Arrays, Examples


@dataclass(frozen=True)
class Problem:
    """Training rows, in as few rows and columns as say the same to a linear model.

    Parameters
    ----------
    x : NDArray of float64 (rows, k)
        EDA features, then coordinates of the music.
    label : NDArray of int64 (rows,)
        1 high, 0 low.
    weight : NDArray of float64 (rows,)
        Trials that each row stands for.
    n_eda : int
        Columns of `x` that are EDA features.
    basis : NDArray of float64 (M, k - n_eda)
        Orthonormal directions of the coordinates.
    """

    x: NDArray[np.float64]
    label: NDArray[np.int64]
    weight: NDArray[np.float64]
    n_eda: int
    basis: NDArray[np.float64]

    def arrays(self, weights: NDArray[np.float64], intercept: float) -> Arrays:
        """A fitted model in terms of all features, for `decision`."""
        music = self.basis @ weights[self.n_eda :]
        return {
            "coefficient": np.concatenate([weights[: self.n_eda], music]),
            "intercept": np.array(intercept, dtype=np.float64),
        }


def condense(train: Examples, label: NDArray[np.int64]) -> Problem:
    """The training problem of a linear model, without what only repeats itself.

    Parameters
    ----------
    train : Examples
    label : NDArray of int64 (n,)
        1 high, 0 low.
    """
    used, song = np.unique(train.song, return_inverse=True)
    music = train.music[used]
    basis = np.eye(music.shape[1])
    if len(music) < music.shape[1]:
        basis, triangle = np.linalg.qr(music.T)
        music = triangle.T
    n_eda = train.eda.shape[1]
    if n_eda:
        x = np.concatenate([train.eda, music[song]], axis=1)
        return Problem(x, label, np.ones(len(x)), n_eda, basis)
    pair, count = np.unique(2 * song + label, return_counts=True)
    return Problem(music[pair // 2], pair % 2, count.astype(np.float64), 0, basis)


def decision(arrays: Mapping[str, NDArray[np.generic]], trials: Examples) -> NDArray[np.float64]:
    """Weighted sum of the features of each trial, plus the intercept; above 0 for high."""
    weights = np.asarray(arrays["coefficient"], dtype=np.float64)
    n_eda = trials.eda.shape[1]
    music = trials.music @ weights[n_eda:]
    total: NDArray[np.float64] = trials.eda @ weights[:n_eda] + music[trials.song]
    return total + float(arrays["intercept"])


def platt(decision: NDArray[np.float64], label: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and offset that turn decisions of other than training trials into probabilities.

    The probability of high is the logistic function of slope times decision plus offset, with the
    least cross-entropy. As in Platt (1999), the labels it is fitted to are drawn a little towards
    each other, as if each class had one more trial of the other kind, so that the slope stays
    finite.

    Parameters
    ----------
    decision : NDArray of float64 (n,)
    label : NDArray of int64 (n,)
        1 high, 0 low.

    Returns
    -------
    slope, offset : float
        The slope is 0 at least: a model that is worse than chance on these trials gets the same
        answer for all, it is not turned around.
    """
    n_high = np.count_nonzero(label)
    n_low = len(label) - n_high
    wanted = np.where(label == 1, (n_high + 1) / (n_high + 2), 1 / (n_low + 2))
    unit = float(decision.std()) or 1.0
    centred = (decision - decision.mean()) / unit

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = numbers[0] * centred + numbers[1]
        error = expit(score) - wanted
        slopes = np.array([np.mean(error * centred), error.mean()])
        return float(np.mean(np.logaddexp(0, score) - wanted * score)), slopes

    found = minimize(
        loss,
        np.zeros(2),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-10},
    )
    slope, offset = found.x
    return float(slope / unit), float(offset - slope * decision.mean() / unit)
