"""Recordings that tests and benchmarks of the decompositions share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal, stats

TAU0, TAU1, ALPHA, GAMMA = 2.0, 0.7, 8e-4, 1e-2
KINDS = ("walk", "noise", "steps", "spike", "bridged", "ramp", "still", "simulated")


def simulated(sampling_rate: float, seconds: float, seed: int) -> NDArray[np.float64]:
    """Responses of random size at random times on a drifting level, with sensor noise."""
    rng = np.random.default_rng(seed)
    n = int(sampling_rate * seconds)
    t = np.arange(n) / sampling_rate
    driver = np.zeros(n)
    driver[rng.choice(n, max(1, int(seconds / 5)), replace=False)] = 1
    driver *= rng.gamma(2, 1, n)
    response = np.exp(-t / TAU0) - np.exp(-t / TAU1)
    level = 3 + 0.5 * np.sin(2 * np.pi * t / 60 + rng.uniform(0, 6)) + 0.02 * t
    noise = 0.01 * rng.standard_normal(n)
    return stats.zscore(signal.fftconvolve(driver, response)[:n] + level + noise)


def awkward(kind: str, sampling_rate: float, seconds: float, seed: int) -> NDArray[np.float64]:
    """One of `KINDS`: what sensors, cables and repairs leave behind, z-scored."""
    rng = np.random.default_rng(seed)
    n = int(np.ceil(sampling_rate * seconds))
    t = np.arange(n) / sampling_rate
    if kind == "walk":
        y = np.cumsum(rng.standard_normal(n))
    elif kind == "noise":
        y = rng.standard_normal(n)
    elif kind == "steps":
        y = np.repeat(rng.standard_normal(n), 7)[:n]
    elif kind == "spike":
        y = (np.arange(n) == n // 3) * 1.0
    elif kind == "bridged":  # missing samples, filled along a straight line
        y = simulated(sampling_rate, seconds + 1, seed)[:n]
        gap = slice(n // 4, n // 2)
        y[gap] = np.linspace(y[gap][0], y[gap][-1], y[gap].size)
    elif kind == "ramp":  # the tonic part alone explains it
        y = 1.0 * t
    elif kind == "still":
        y = 5 + 1e-9 * rng.standard_normal(n)
    else:
        y = simulated(sampling_rate, seconds + 1, seed)[:n]
    y = y - y.mean()
    return y / y.std()
