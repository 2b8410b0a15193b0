"""A linear support vector machine whose decisions become probabilities on the validation trials."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.svm import SVC

from rtcan_cli.models.learner import Examples, Fitted
from rtcan_cli.models.linear import condense, decision, platt

#: Yin et al. 2022, sec. 5.2.
C = 0.25


class LinearSVM:
    """Learner of a weight for each feature, with hinge loss and a squared penalty.

    ::

        features ── weighted sum + intercept = decision ── slope, offset ── logistic ── P(high)
                          training trials                  validation trials

    Parameters
    ----------
    c : float
        How much a training trial on the wrong side costs.
    """

    def __init__(self, c: float = C) -> None:
        self.c = c

    def fit(
        self,
        train: Examples,
        label: NDArray[np.int64],
        validation: Examples,
        validation_label: NDArray[np.int64],
        seed: int,
    ) -> Fitted:
        """Fit the machine to training trials and the probability to validation trials."""
        problem = condense(train, label)
        machine = SVC(kernel="linear", C=self.c)
        machine.fit(problem.x, problem.label, sample_weight=problem.weight)
        arrays = problem.arrays(machine.coef_[0], float(machine.intercept_[0]))
        slope, offset = platt(decision(arrays, validation), validation_label)
        arrays |= {"slope": np.array(slope), "offset": np.array(offset)}
        return Fitted(arrays, n_parameters=len(arrays["coefficient"]) + 1)

    def probability(
        self, arrays: Mapping[str, NDArray[np.generic]], trials: Examples
    ) -> NDArray[np.float64]:
        """Probability of high, from decisions."""
        score = float(arrays["slope"]) * decision(arrays, trials) + float(arrays["offset"])
        high: NDArray[np.float64] = expit(score)
        return high
