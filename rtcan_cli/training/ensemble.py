"""The answers of several models to the same trials, taken together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ensemble:
    """The combined answer of several models.

    Parameters
    ----------
    probability : NDArray of float64 (n,)
        Mean of their probabilities of high.
    sd : NDArray of float64 (n,)
        Sample standard deviation over the models; NaN for a single one.
    lowest, highest : NDArray of float64 (n,)
        Range over the models.
    n_models : NDArray of int64 (n,)
        How many were asked.
    """

    probability: NDArray[np.float64]
    sd: NDArray[np.float64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    n_models: NDArray[np.int64]

    @classmethod
    def of(cls, probability: NDArray[np.float64]) -> Ensemble:
        """Combine probabilities (n, n_models); NaN where a model is not asked.

        Raises
        ------
        ValueError
            If no model is asked about a trial.
        """
        asked = ~np.isnan(probability)
        n_models = asked.sum(axis=1)
        if not n_models.all():
            raise ValueError("a trial that no model is asked about has no answer")
        mean = np.nansum(probability, axis=1) / n_models
        squares = np.nansum((probability - mean[:, None]) ** 2, axis=1)
        several = n_models > 1
        return cls(
            probability=mean,
            sd=np.where(several, np.sqrt(squares / np.maximum(n_models - 1, 1)), np.nan),
            lowest=np.nanmin(probability, axis=1),
            highest=np.nanmax(probability, axis=1),
            n_models=n_models,
        )
