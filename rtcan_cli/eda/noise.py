"""How noisy a recording is, judged by the recording alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

_ORDER = 4
# Fourth differences of white noise have this variance, in units of its own: 1 + 16 + 36 + 16 + 1.
_GAIN = 70.0


def noise_sd(signal: ArrayLike) -> float:
    """Standard deviation of the sensor's noise, from fourth differences.

    Differences of the fourth order remove what is smooth, the tonic level and the responses, and
    leave white noise with 70 times its variance.

    Parameters
    ----------
    signal : array_like, shape (n_samples,)
        Evenly sampled, without missing samples.

    Returns
    -------
    float
        In the signal's unit; NaN for fewer than six samples.
    """
    differences = np.diff(np.asarray(signal, dtype=np.float64), n=_ORDER)
    if differences.size < 2:
        return math.nan
    return float(differences.std() / math.sqrt(_GAIN))
