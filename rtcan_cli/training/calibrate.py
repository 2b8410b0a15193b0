"""Temperature scaling: how far the probabilities of a fold's model are moved towards 1/2."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

#: A temperature lies within these; where all validation trials are right it would run away.
LIMITS = (0.05, 20.0)
_SMALLEST = 1e-7
#: Surer than this, as a difference of logits, no answer is taken to be.
LARGEST_SCORE = float(logit(1 - _SMALLEST))


def temperature(probability: ArrayLike, label: ArrayLike) -> float:
    """Find the temperature with the least cross-entropy (Guo et al., ICML 2017).

    Parameters
    ----------
    probability : array (n,)
        P(high) of validation trials.
    label : array (n,)
        1 high, 0 low.

    Returns
    -------
    float
        Above 1 for overconfident probabilities, below 1 for underconfident ones.
    """
    scores = log_odds(probability)
    sign = 2 * np.asarray(label, dtype=float) - 1

    def loss(inverse: float) -> float:
        return float(np.logaddexp(0, -sign * scores * inverse).mean())

    # Convex in the inverse, so there is one minimum between the limits.
    found = scipy.optimize.minimize_scalar(
        loss, bounds=(1 / LIMITS[1], 1 / LIMITS[0]), method="bounded", options={"xatol": 1e-6}
    )
    return float(1 / found.x)


def calibrate(probability: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Probabilities at a temperature; the class that is more likely stays the same.

    Parameters
    ----------
    probability : array (n,)
        P(high).
    temperature : float
        Of the model they come from.
    """
    calibrated: NDArray[np.float64] = expit(log_odds(probability) / temperature)
    return calibrated


def log_odds(probability: ArrayLike) -> NDArray[np.float64]:
    """Logits of probabilities, none surer than `LARGEST_SCORE`."""
    p = np.asarray(probability, dtype=np.float64)
    scores: NDArray[np.float64] = logit(np.clip(p, _SMALLEST, 1 - _SMALLEST))
    return scores
