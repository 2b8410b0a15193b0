"""Recordings from another generator than rtcan's simulator, with their true events.

Nothing here is shared with `rtcan_cli.simulate`: the tonic level is an integrated random walk,
sizes of responses are log-normal, the time constants may be others than those that cvxEDA assumes,
and a coarse sensor rounds to its steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import signal

from tests.eda.events import Simulated

#: Slow and fast time constant of the response, in seconds; the first are cvxEDA's own.
SHAPES = ((2.0, 0.7), (3.0, 0.5), (1.5, 1.0), (4.0, 0.9))
# Impulses are placed this densely, and the curve is then read at the sensor's rate.
_FINE = 200.0


class Sensor(NamedTuple):
    """What stands between the skin and the file, in microsiemens."""

    noise: float = 0.0
    step: float = 0.0


#: Good, usual, bad, and so coarse that the steps are seen.
SENSORS = (Sensor(0.005), Sensor(0.03), Sensor(0.1), Sensor(0.002, step=0.02))


def record(
    count: int,
    rate: float,
    seconds: float,
    sensor: Sensor,
    shape: tuple[float, float] = SHAPES[0],
    seed: int = 0,
) -> list[Simulated]:
    """Recordings in microsiemens, each with the times of its responses.

    Parameters
    ----------
    count : int
        How many.
    rate, seconds : float
        Sampling rate in Hz, and length.
    sensor : Sensor
        Its noise and its steps.
    shape : tuple of float
        Time constants of the responses.
    seed : int
        Of everything random.
    """
    rng = np.random.default_rng(seed)
    return [_record(rng, rate, seconds, sensor, shape) for _ in range(count)]


def _record(
    rng: np.random.Generator,
    rate: float,
    seconds: float,
    sensor: Sensor,
    shape: tuple[float, float],
) -> Simulated:
    # From 10 s before the recording, so that it may begin in the middle of a response.
    before = 10.0
    times = np.cumsum(1.0 + rng.exponential(6.0, size=int(seconds)))
    times = times[times < seconds + before] - before
    peaks = np.exp(rng.normal(np.log(0.25), 0.7, size=times.size))
    fine = np.zeros(int((seconds + before) * _FINE) + 1)
    fine[np.round((times + before) * _FINE).astype(int)] = peaks
    after = np.arange(0, 12 * shape[0], 1 / _FINE)
    response = np.exp(-after / shape[0]) - np.exp(-after / shape[1])
    phasic = signal.fftconvolve(fine, response / response.max())[: fine.size]
    at = np.arange(int(rate * seconds)) / rate
    phasic = np.interp(at, np.arange(fine.size) / _FINE - before, phasic)
    # Steps once a second, integrated twice: a level that wanders by some tenths of a microsiemens.
    slope = np.cumsum(rng.normal(0, 0.004, size=int(seconds) + 2))
    level = 2.0 + np.interp(at, np.arange(slope.size), np.cumsum(slope - slope.mean()))
    eda = phasic + level + rng.normal(0, 1, at.size) * sensor.noise
    if sensor.step:
        eda = np.round(eda / sensor.step) * sensor.step
    return Simulated(eda, times[(times >= 0) & (peaks > 0)])
