"""Skin conductance responses: how many, how high, how fast.

A skin conductance response (SCR) is a rise of the phasic part to a peak with a prominence of at
least `MIN_AMPLITUDE`. Its amplitude is measured from the lowest point since the peak before it, so
that a response on the tail of another one is not credited with that tail (Boucsein 2012,
Electrodermal Activity).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from rtcan_cli.eda.features.statistics import summary
from rtcan_cli.eda.features.stretch import RATE, Stretch

#: Smallest rise that counts as a response, in z. The usual 0.01-0.05 uS mean nothing for datasets
#: without a physical unit, so it is a share of the recording's own spread.
MIN_AMPLITUDE = 0.1

#: A response begins where the phasic part leaves its lowest point by this share of the amplitude.
ONSET_SHARE = 0.05

# What an impulse of the driver of area 1 z raises: the peak of the Bateman response with the time
# constants of cvxEDA (2 s and 0.7 s).
_PEAK_OF_BATEMAN = 0.369

#: Smallest burst of the driver that counts: one that raises a response of `MIN_AMPLITUDE`.
MIN_BURST = MIN_AMPLITUDE / _PEAK_OF_BATEMAN


@dataclass(frozen=True)
class Responses:
    """The responses of a stretch, in the order of time; each array has one entry a response.

    Parameters
    ----------
    onset, peak : ndarray of int
        Samples where they begin and are highest.
    recovery : ndarray of int
        Sample where they have fallen to half their amplitude; -1 if the next one or the end of the
        stretch comes first.
    end : ndarray of int
        Sample where the next one begins, or the last sample.
    amplitude : ndarray
        Rise, in z.
    area : ndarray
        Area above the lowest point before them, from onset to end, in z s.
    """

    onset: NDArray[np.int64]
    peak: NDArray[np.int64]
    recovery: NDArray[np.int64]
    end: NDArray[np.int64]
    amplitude: NDArray[np.float64]
    area: NDArray[np.float64]


def find_responses(phasic: NDArray[np.float64]) -> Responses:
    """Find the responses in a phasic signal.

    Parameters
    ----------
    phasic : ndarray, shape (n_samples,)
        At `RATE`, in z.

    Returns
    -------
    Responses
    """
    peaks, _ = scipy.signal.find_peaks(phasic, prominence=MIN_AMPLITUDE)
    before = np.append(0, peaks)[: peaks.size]
    lowest = np.array([phasic[a:b].min() for a, b in zip(before, peaks, strict=True)])
    amplitude = phasic[peaks] - lowest
    foot = lowest + ONSET_SHARE * amplitude
    onsets = np.array(
        [
            start + np.flatnonzero(phasic[start:stop] <= level)[-1]
            for start, stop, level in zip(before, peaks, foot, strict=True)
        ],
        dtype=np.int64,
    )
    ends = np.append(onsets[1:], phasic.size - 1)[: peaks.size]
    half = lowest + amplitude / 2
    recoveries, areas = [], []
    for onset, peak, end, low, level in zip(onsets, peaks, ends, lowest, half, strict=True):
        below = np.flatnonzero(phasic[peak : end + 1] <= level)
        recoveries.append(peak + below[0] if below.size else -1)
        above = np.maximum(phasic[onset : end + 1] - low, 0.0)
        areas.append(scipy.integrate.trapezoid(above, dx=1 / RATE))
    return Responses(
        onset=onsets,
        peak=peaks,
        recovery=np.array(recoveries, dtype=np.int64),
        end=ends,
        amplitude=amplitude,
        area=np.array(areas),
    )


def scr_features(stretch: Stretch) -> dict[str, float]:
    """Features of the SCR domain, by name.

    All of them are 0 without a response, but for ``scr_first``, which is then the length of the
    stretch, and ``scr_late``, which is then one half.
    """
    found = find_responses(stretch.phasic)
    amplitude, count = found.amplitude, found.amplitude.size
    rise = (found.peak - found.onset) / RATE
    recovered = found.recovery >= 0
    recovery = (found.recovery - found.peak)[recovered] / RATE
    intervals = np.diff(found.peak) / RATE
    total = float(amplitude.sum())
    late = float(amplitude[found.peak >= stretch.phasic.size / 2].sum())
    until = np.where(recovered, found.recovery, found.end)
    bursts, _ = scipy.signal.find_peaks(np.pad(stretch.driver, 1), prominence=MIN_BURST)
    return {
        "scr_count": float(count),
        "scr_rate": 60 * count / stretch.seconds,
        **summary("scr_amplitude", amplitude, "mean", "std", "median", "max", "sum"),
        "scr_amplitude_raw_mean": total / max(count, 1) * stretch.spread,
        "scr_amplitude_raw_sum": total * stretch.spread,
        **summary("scr_rise_time", rise, "mean", "std", "max"),
        **summary("scr_recovery_time", recovery, "mean", "std", "max"),
        **summary("scr_area", found.area, "mean", "max", "sum"),
        **summary("scr_rise_slope", amplitude / rise, "mean", "std", "max"),
        **summary("scr_interval", intervals, "mean", "std"),
        "scr_first": float(found.onset[0]) / RATE if count else stretch.seconds,
        "scr_late": late / total if count else 0.5,
        "scr_active": float((until - found.onset).sum()) / stretch.phasic.size,
        **summary("driver", stretch.driver, "mean", "std", "max"),
        "driver_burst_rate": 60 * bursts.size / stretch.seconds,
    }
