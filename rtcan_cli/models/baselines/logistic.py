"""Logistic regression on EDA features, music features, or both.

::

    128 EDA features ────────────┐
                                 ├─ z-score ── weighted sum + intercept ── logistic ── P(high)
    6373 functionals of the song ┘

Source: scikit-learn; the simplest model that fuses EDA and music.

Inputs: depending on ``--fusion``, the features of `rtcan eda-features`, those of `rtcan
music-features`, or both, standardised with the training trials.

Defaults: a squared penalty on the weights, not on the intercept. Its strength is 1 / C; of six
values of C from 0.00001 to 1, the one with the lowest validation loss is kept.

The music is first transformed to as many coordinates as there are songs, which does not change the
solution (`rtcan_cli.models.linear`); Newton's method then needs few steps.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from rtcan_cli.models.learner import Examples, Fitted
from rtcan_cli.models.linear import condense, decision


class Logistic:
    """Learner of a weight for each feature.

    Parameters
    ----------
    C : float
        Inverse of the strength of the penalty.
    """

    def __init__(self, C: float) -> None:
        self.inverse_penalty = C

    def fit(
        self,
        train: Examples,
        label: NDArray[np.int64],
        validation: Examples,
        validation_label: NDArray[np.int64],
        seed: int,
    ) -> Fitted:
        """Fit to training trials; the validation trials choose among candidates later."""
        problem = condense(train, label)
        model = LogisticRegression(C=self.inverse_penalty, solver="newton-cholesky")
        model.fit(problem.x, problem.label, sample_weight=problem.weight)
        arrays = problem.arrays(model.coef_[0], float(model.intercept_[0]))
        return Fitted(arrays, n_parameters=len(arrays["coefficient"]) + 1)

    def probability(
        self, arrays: Mapping[str, NDArray[np.generic]], trials: Examples
    ) -> NDArray[np.float64]:
        """Probability of high."""
        high: NDArray[np.float64] = expit(decision(arrays, trials))
        return high


build = Logistic
