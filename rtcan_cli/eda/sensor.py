"""What a recording tells of the sensor that made it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rtcan_cli.eda.order import quantile
from rtcan_cli.eda.stretches import SAME

# A converter's steps differ a little where values were rounded to a few decimals; noise has many
# far smaller ones.
_SMALL_STEPS = 0.05


def resolution(signal: ArrayLike) -> float:
    """Smallest step between the values of a recording: the 5 % quantile of all such steps.

    Parameters
    ----------
    signal : array_like, shape (n_samples,)
        Missing samples are left out.

    Returns
    -------
    float
        In the signal's unit; 0 for a recording that never changes.
    """
    values = np.asarray(signal, dtype=np.float64)
    values = np.unique(values[np.isfinite(values)])
    if values.size < 2:
        return 0.0
    steps = np.diff(values)
    steps = steps[steps > SAME * np.abs(values).max()]
    return quantile(steps, _SMALL_STEPS) if steps.size else 0.0
