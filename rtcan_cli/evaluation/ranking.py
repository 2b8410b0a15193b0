"""Areas under the curves of ranked trials, for many weightings of the trials at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Ranking:
    """Trials from the highest probability down; those of equal probability stand together.

    Parameters
    ----------
    label : array of int, shape (n,)
        0 low, 1 high.
    probability : array of float, shape (n,)
        Of high.
    """

    def __init__(self, label: NDArray[np.int64], probability: NDArray[np.float64]):
        self._order = np.argsort(-probability, kind="stable")
        self._high = label[self._order] == 1
        falls = np.diff(probability[self._order], prepend=np.inf) < 0
        self._starts = np.flatnonzero(falls)

    def areas(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Area under the ROC curve, and average precision: that under precision over recall.

        Parameters
        ----------
        weights : array of float, shape (m, n)
            Weights of the trials.

        Returns
        -------
        array of float, shape (2, m)
            NaN where all trials that weigh anything have one label.
        """
        each = weights[:, self._order]
        high, low = (
            np.add.reduceat(each * side, self._starts, axis=1) for side in (self._high, ~self._high)
        )
        true_high, false_high = high.cumsum(axis=1), low.cumsum(axis=1)
        n_high, n_low = true_high[:, -1], false_high[:, -1]
        below = n_low[:, None] - false_high + low / 2
        called = true_high + false_high
        precision = np.divide(true_high, called, out=np.zeros_like(called), where=called > 0)
        with np.errstate(invalid="ignore", divide="ignore"):  # a single class: NaN, as it should
            auc = (high * below).sum(axis=1) / (n_high * n_low)
            average = np.where(n_low > 0, (high * precision).sum(axis=1) / n_high, np.nan)
        return np.stack([auc, average])
