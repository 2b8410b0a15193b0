"""Statistics of the signals and of their derivatives."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from rtcan_cli.eda.features.statistics import summary
from rtcan_cli.eda.features.stretch import FLAT, RATE, Stretch

# Cubics fitted to 11 samples (1.4 s). The derivative of a sine of 0.5 Hz is 3 % too small, that of
# 1.1 Hz half as large, and above 1.5 Hz, where there is noise alone, next to nothing is left.
_WINDOW = 11
_ORDER = 3


def derivative(x: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Smoothed derivative of a signal at `RATE` (Savitzky-Golay).

    Parameters
    ----------
    x : ndarray, shape (..., n_samples)
        At least 11 samples.
    order : int
        1 or 2.

    Returns
    -------
    ndarray, shape (..., n_samples)
        In the unit of `x` per s, or per s^2. Exact for polynomials up to degree 3, ends included.
    """
    return np.asarray(scipy.signal.savgol_filter(x, _WINDOW, _ORDER, deriv=order, delta=1 / RATE))


def slope(x: NDArray[np.float64]) -> float:
    """Least-squares slope of a signal at `RATE`, in its unit per s."""
    t = np.arange(x.size) / RATE
    t -= t.mean()
    return float(t @ x / (t @ t))


def hjorth(
    x: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[float, float]:
    """Mobility and complexity of a signal (Hjorth 1970).

    Parameters
    ----------
    x, first, second : ndarray, shape (n_samples,)
        The signal and its derivatives.

    Returns
    -------
    mobility : float
        Standard deviation of the derivative over that of the signal, in 1/s: for a sine its angular
        frequency.
    complexity : float
        Mobility of the derivative over that of the signal: 1 for a sine. Both are 0 where a
        standard deviation in a denominator vanishes.
    """
    spreads = x.std(), first.std(), second.std()
    if spreads[0] <= FLAT or spreads[1] <= FLAT:
        return 0.0, 0.0
    mobility = spreads[1] / spreads[0]
    return float(mobility), float(spreads[2] / spreads[1] / mobility)


def time_features(stretch: Stretch) -> dict[str, float]:
    """Features of the time domain, by name."""
    recorded = stretch.level + stretch.spread * stretch.eda
    values = summary("raw", recorded, "mean", "std", "range")
    signals = {"eda": stretch.eda, "phasic": stretch.phasic, "tonic": stretch.tonic}
    together = np.stack(list(signals.values()))
    derivatives = zip(derivative(together, 1), derivative(together, 2), strict=True)
    for (name, x), (first, second) in zip(signals.items(), derivatives, strict=True):
        values |= summary(name, x, "mean", "std", "skewness", "kurtosis", "iqr")
        values |= summary(name, x, "max" if name == "phasic" else "range")
        values[f"{name}_slope"] = slope(x)
        values |= summary(f"{name}_d1", first, "mean_abs", "std")
        values[f"{name}_d1_rising"] = float((first > FLAT).mean())
        values |= summary(f"{name}_d2", second, "mean_abs")
        if name != "tonic":  # too smooth for these to say more
            mobility, complexity = hjorth(x, first, second)
            values |= {f"{name}_mobility": mobility, f"{name}_complexity": complexity}
            values |= summary(f"{name}_d1", first, "max")
    return values
