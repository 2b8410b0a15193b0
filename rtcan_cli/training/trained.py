"""A trained model of one fold, of whatever kind, and what it says of trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.calibrate import calibrate
from rtcan_cli.training.data import Scales, Trials, standardise


@dataclass(frozen=True)
class TrainedModel:
    """What a fold has trained.

    Parameters
    ----------
    spec : ModelSpec
        The model, with the sizes of its inputs and the candidate that was chosen.
    weights : mapping of str to array
        What was fitted.
    scales : dict of str to array
        What its features are standardised with, see `rtcan_cli.training.data.standardised`.
    temperature : float
        Of its validation trials, see `rtcan_cli.training.calibrate`; NaN if there were none.
    """

    spec: ModelSpec
    weights: Mapping[str, NDArray[np.generic]]
    scales: Scales
    temperature: float

    def probability(self, trials: Trials) -> NDArray[np.float64]:
        """Probability of high of all trials, not calibrated.

        Parameters
        ----------
        trials : Trials
            With features as they are.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        RtcanError
            If what was fitted is not that of the model: it was stored, and may be damaged.
        """
        probability = self._probability(trials)
        if (
            probability.shape != (len(trials),)
            or not ((probability >= 0) & (probability <= 1)).all()
        ):
            raise RtcanError("the stored numbers of a model give no probabilities")
        return probability

    def _probability(self, trials: Trials) -> NDArray[np.float64]:
        if not self.is_network:
            from rtcan_cli.training.fit_learner import predict_learner

            try:
                return predict_learner(self.spec, self.weights, self.scales, trials)
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise RtcanError(
                    f"the stored numbers are not those of a {self.spec.model}"
                ) from error
        from rtcan_cli.models.weights import rebuild  # these wait for PyTorch
        from rtcan_cli.training.predict import predict

        eda, music = trials.eda, None
        if "eda_mean" in self.scales:
            eda = standardise(eda, self.scales["eda_mean"], self.scales["eda_sd"])
        if self.spec.n_music and trials.music is not None:
            music = standardise(trials.music, self.scales["music_mean"], self.scales["music_sd"])
        return predict(rebuild(self.weights, self.spec), eda, music, trials.row, trials.song)

    @property
    def is_network(self) -> bool:
        """Whether it is a network, and not a model that fits itself."""
        return find(self.spec.model).is_network

    @property
    def is_calibrated(self) -> bool:
        """Whether there is a temperature."""
        return math.isfinite(self.temperature)

    def calibrated(self, trials: Trials) -> NDArray[np.float64]:
        """Probability of high of all trials at the temperature, or as it is if there is none."""
        probability = self.probability(trials)
        return calibrate(probability, self.temperature) if self.is_calibrated else probability
