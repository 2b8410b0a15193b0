"""The class that most training trials have, for every trial.

Every model has to be better than this. Its probability of high is the share of high among the
training trials, which is nearly 1/2 if both classes are about equally frequent.

::

    training labels ── share of high ── the same answer for every trial

Inputs: labels of the training trials. No EDA, no music.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.models.learner import Examples, Fitted


class Majority:
    """Learner of one number."""

    def fit(
        self,
        train: Examples,
        label: NDArray[np.int64],
        validation: Examples,
        validation_label: NDArray[np.int64],
        seed: int,
    ) -> Fitted:
        """Count; validation trials and the seed are not needed."""
        return Fitted({"high": np.array(label.mean())}, n_parameters=1)

    def probability(
        self, arrays: Mapping[str, NDArray[np.generic]], trials: Examples
    ) -> NDArray[np.float64]:
        """Share of high among the training trials, for each trial."""
        return np.full(len(trials.subject), float(arrays["high"]))


build = Majority
