"""Events of a recovered driver against the true ones; tests and benchmarks share it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize, signal

from rtcan_cli.simulate import physiology

TOLERANCE = 0.5  # s between an event and its match
SMALLEST = 0.05  # uS, the usual smallest response that is counted
_MERGED = 0.3  # s, nearer events are one
_WIDTH = 0.1  # s, standard deviation of the smoothing that joins neighbouring samples
# A response that began before the recording, and one that has hardly begun, cannot be told.
_FIRST, _LAST = 3.0, 2.0


@dataclass(frozen=True)
class Score:
    """How a recovered driver's events compare with the true ones."""

    precision: float
    recall: float
    timing_error: float
    """Median distance of matched events, in seconds."""

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class Simulated:
    """A recording in microsiemens, and the times of its responses in seconds."""

    eda: NDArray[np.float64]
    times: NDArray[np.float64]


def simulate(count: int, rate: float, seconds: float, noise: float, seed: int) -> list[Simulated]:
    """Recordings of simulated listeners; `noise` is a standard deviation in microsiemens."""
    rng = np.random.default_rng(seed)
    listeners = physiology.draw_listeners(count, rng)
    body = rng.standard_normal((count, 2))
    signals = physiology.record(body, listeners, seconds, rate, rng)
    # The simulator's own noise is one level among others, so here it is put anew.
    clean = signals.tonic + signals.phasic
    eda = clean + noise * rng.standard_normal(clean.shape)
    return [Simulated(y, _merged(d, rate)) for y, d in zip(eda, signals.driver, strict=True)]


def _merged(driver: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Times of the impulses; those that follow the one before too soon are one, at their mean."""
    at = np.flatnonzero(driver) / rate
    if not at.size:
        return at
    groups = np.split(at, np.flatnonzero(np.diff(at) > _MERGED) + 1)
    return np.array([group.mean() for group in groups])


def events(
    driver: NDArray[np.float64], rate: float, tau0: float, tau1: float
) -> NDArray[np.float64]:
    """Times of the events of a driver, in seconds.

    An event is a peak of the smoothed driver, with what lies between the minima around it. The
    response to it must reach `SMALLEST`.

    Parameters
    ----------
    driver : ndarray, shape (n_samples,)
        In microsiemens per second.
    rate : float
        Sampling rate in Hz.
    tau0, tau1 : float
        Of the method's Bateman response, in seconds.
    """
    smooth = ndimage.gaussian_filter1d(np.maximum(driver, 0.0), _WIDTH * rate)
    peaks, _ = signal.find_peaks(smooth)
    if not peaks.size:
        return np.zeros(0)
    valleys = [int(a + np.argmin(smooth[a:b])) for a, b in pairwise(peaks)]
    areas = np.add.reduceat(smooth, [0, *valleys]) / rate
    at = np.log(tau0 / tau1) * tau0 * tau1 / (tau0 - tau1)
    return peaks[areas * (np.exp(-at / tau0) - np.exp(-at / tau1)) >= SMALLEST] / rate


def score(found: list[NDArray[np.float64]], true: list[NDArray[np.float64]], end: float) -> Score:
    """Compare events of several recordings, each of `end` seconds, matched one to one.

    Events near the edges count for nobody, but may match one inside.
    """
    n_found = n_right = n_true = n_seen = 0
    errors: list[float] = []
    for ours, theirs in zip(found, true, strict=True):
        distance = np.abs(ours[:, None] - theirs[None, :])
        rows, columns = optimize.linear_sum_assignment(np.where(distance <= TOLERANCE, distance, 9))
        kept = distance[rows, columns] <= TOLERANCE
        rows, columns = rows[kept], columns[kept]
        inside = [(t >= _FIRST) & (t <= end - _LAST) for t in (ours, theirs)]
        n_found, n_right = n_found + inside[0].sum(), n_right + inside[0][rows].sum()
        n_true, n_seen = n_true + inside[1].sum(), n_seen + inside[1][columns].sum()
        errors += distance[rows, columns][inside[1][columns]].tolist()
    return Score(
        float(n_right / n_found) if n_found else 0.0,
        float(n_seen / n_true) if n_true else 0.0,
        float(np.median(errors)) if errors else float("nan"),
    )
