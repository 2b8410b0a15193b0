"""What is measured of a recording to judge it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.eda.artefacts import KINDS, Artefacts
from rtcan_cli.eda.noise import noise_sd
from rtcan_cli.eda.sensor import resolution
from rtcan_cli.eda.stretches import find_stuck, runs, seconds


@dataclass(frozen=True)
class Quality:
    """What was measured on one recording.

    Attributes
    ----------
    duration : float
        In seconds.
    missing : float
        Share of the samples that were NaN, infinite or implausible before the repair, or are
        bridged because they lie within `rules.EDGE_SECONDS` of an implausible one.
    longest_gap : float
        Longest run of such samples, in seconds; samples that are only near an implausible one do
        not make it longer.
    flat : float
        Share of the known samples in runs of one value that last `stretches.FLAT_RUN` or more, or
        half of the recording. Samples on both sides of a gap count as neighbours, so that a gap
        does not hide a dead sensor.
    clipped : float
        Share of the known samples on the highest or lowest value, in runs of at least
        `stretches.CLIP_RUN`, where that value is a limit of the sensor (see `stretches.TURN`); 0
        for a recording that never changes.
    lowest, highest : float
        Range of the known samples, in the signal's unit; NaN if none is known.
    jitter : float
        How uneven the sampling times in the file are: standard deviation of the steps (holes
        aside), as a share of their median; NaN where the file has no times.
    repaired : float
        Share of the samples that were interpolated.
    implausible : float
        Share of the samples that cannot come from skin, see `artefacts`; the sum of the next six.
    zeros, sentinels, out_of_range, too_fast, spikes, dips : float
        Share of the samples that are implausible for one reason, see `artefacts.KINDS`.
    steps : float
        How often the level jumps and does not come back.
    resolution : float
        Smallest step between values, in the signal's unit; NaN if no sample is known.
    noise : float
        Standard deviation of the sensor's noise, in the signal's unit; NaN for less than six
        samples in a row.
    signal_to_noise : float
        Standard deviation of the recording, in units of its noise or of its resolution, whichever
        is larger; NaN where neither is known.
    """

    duration: float
    missing: float
    longest_gap: float
    flat: float
    clipped: float
    lowest: float
    highest: float
    jitter: float
    repaired: float
    implausible: float = 0.0
    zeros: float = 0.0
    sentinels: float = 0.0
    out_of_range: float = 0.0
    too_fast: float = 0.0
    spikes: float = 0.0
    dips: float = 0.0
    steps: float = 0.0
    resolution: float = math.nan
    noise: float = math.nan
    signal_to_noise: float = math.nan


def measure(
    eda: ArrayLike,
    sampling_rate: float,
    jitter: float = math.nan,
    repaired: NDArray[np.bool_] | None = None,
    artefacts: Artefacts | None = None,
    edges: NDArray[np.bool_] | None = None,
) -> Quality:
    """Measure the quality of a recording. Offset and unit make no difference to the shares.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The raw or the repaired signal.
    sampling_rate : float
        In Hz.
    jitter : float
        See `Quality`.
    repaired : ndarray of bool, shape (n_samples,), optional
        The samples that `repair` filled: they count as missing, and not as flat or clipped.
    artefacts : Artefacts, optional
        What was found implausible before.
    edges : ndarray of bool, shape (n_samples,), optional
        Those of the repaired samples that were there, but too near to an artefact: they count as
        missing, and do not make gaps longer.

    Returns
    -------
    Quality
    """
    signal = np.asarray(eda, dtype=np.float64)
    filled = np.zeros(signal.shape, np.bool_) if repaired is None else repaired
    known = np.isfinite(signal) & ~filled
    n_samples, n_known = signal.size, int(known.sum())
    gap = 0
    there = known if edges is None else known | edges
    if not there.all():
        starts, lengths = runs(there)
        gap = int(lengths[~there[starts]].max())
    stuck = find_stuck(signal, sampling_rate, repaired)
    values = signal[known]
    step = resolution(values) if n_known else math.nan
    noise = _noise(signal)
    least = np.fmax(noise, step)
    shares: dict[str, float] = {}
    if artefacts is not None:
        shares = {name: float(artefacts.kinds[name].sum() / max(n_samples, 1)) for name in KINDS}
    return Quality(
        duration=seconds(n_samples, sampling_rate),
        missing=(n_samples - n_known) / max(n_samples, 1),
        longest_gap=seconds(gap, sampling_rate),
        flat=float(stuck.flat.sum() / max(n_known, 1)),
        clipped=float(stuck.clipped.sum() / max(n_known, 1)),
        lowest=float(values.min()) if n_known else math.nan,
        highest=float(values.max()) if n_known else math.nan,
        jitter=jitter,
        repaired=float(filled.sum() / max(n_samples, 1)),
        implausible=sum(shares.values()),
        **shares,
        steps=0.0 if artefacts is None else float(artefacts.steps.size),
        resolution=step,
        noise=noise,
        signal_to_noise=float(values.std() / least) if n_known and least > 0 else math.nan,
    )


def _noise(signal: NDArray[np.float64]) -> float:
    """Noise of the longest stretch without missing samples."""
    known = np.isfinite(signal)
    if not known.any():
        return math.nan
    starts, lengths = runs(known)
    longest = int(np.where(known[starts], lengths, 0).argmax())
    return noise_sd(signal[starts[longest] : starts[longest] + lengths[longest]])
