"""A linear support vector machine on a few statistics of skin conductance.

::

    19 EDA features ── z-score ── Fisher's J > threshold ── linear SVM ── slope, offset ── P(high)
                                    training trials       training trials  validation trials

Source: the galvanic skin response (GSR) in the papers of DEAP (Koelstra et al., IEEE TAC 3(1),
2012) and AMIGOS (Miranda-Correa et al., IEEE TAC 12(2), 2021), which Yin et al. 2022 list as
previous work. A feature is kept if J = |m1 - m0| / (v1 + v0) is above the threshold, with means m
and variances v of both classes among the training trials.

Inputs: those of rtcan's 128 EDA features that are closest to theirs:

====================================================  =========================================
theirs                                                here
====================================================  =========================================
average skin resistance                               ``raw_mean``, its negative
average derivative                                    ``eda_slope``
average derivative where it falls                     ``eda_d1_mean_abs``
share of falling samples                              ``eda_d1_rising``
number of local minima                                ``scr_count``
average rise time                                     ``scr_rise_time_mean``
ten powers up to 2.4 Hz                               six ``eda_power_...`` up to 1.5 Hz
zero crossings of the slow and very slow response     ``eda_mobility``, ``phasic_mobility``,
                                                      ``eda_centroid``: each a mean frequency
their average peaks                                   ``scr_amplitude_mean``, ``scr_amplitude_max``,
                                                      ``phasic_std``, ``tonic_range``
====================================================  =========================================

Their features describe skin resistance, which falls during a response; rtcan's describe a signal
that rises. Their falling samples are therefore rtcan's rising ones, and their minima are rtcan's
peaks. On DEAP ``raw_mean`` is in Ohm with the sign flipped, of a signal that has lost its offset.

Defaults: C = 0.25, as for `svm-eda`, whose docstring describes how decision values become
probabilities. The threshold is 0.3, 0.1 or 0.03, selected on the validation trials.

Differences from the original: the features, as above. Koelstra et al. use 0.3 for each subject
separately, and naive Bayes; a linear SVM is what Yin et al. compare with. Among trials of many
subjects, hardly any feature reaches 0.3, hence the smaller thresholds. If no feature reaches the
threshold, the one with the largest J is kept. J is computed from standardised features, because it
depends on their units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.models.learner import Examples, Fitted
from rtcan_cli.models.svm import LinearSVM


class FisherSVM:
    """Learner of a linear SVM on the features that separate the classes.

    Parameters
    ----------
    threshold : float
        Least J of a feature that is kept.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._machine = LinearSVM()

    def fit(
        self,
        train: Examples,
        label: NDArray[np.int64],
        validation: Examples,
        validation_label: NDArray[np.int64],
        seed: int,
    ) -> Fitted:
        """Choose features and fit on training trials; the weights of all others are 0."""
        j = fisher(train.eda, label)
        kept = (j > self.threshold) | (j == j.max())
        # A feature that is 0 everywhere gets the weight 0, and all folds have arrays of one shape.
        chosen = replace(train, eda=np.where(kept, train.eda, 0))
        fitted = self._machine.fit(chosen, label, validation, validation_label, seed)
        return replace(fitted, n_parameters=int(np.count_nonzero(kept)) + 1)

    def probability(
        self, arrays: Mapping[str, NDArray[np.generic]], trials: Examples
    ) -> NDArray[np.float64]:
        """Probability of high, from decisions."""
        return self._machine.probability(arrays, trials)


def fisher(x: NDArray[np.float64], label: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fisher's J of each column of `x` (n, F); 0 where it does not vary within the classes."""
    high, low = x[label == 1], x[label == 0]
    within = high.var(axis=0) + low.var(axis=0)
    apart = np.abs(high.mean(axis=0) - low.mean(axis=0))
    return np.where(within > 0, apart / np.where(within > 0, within, 1), 0)


build = FisherSVM
