"""Another sampling rate for a recording."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.errors import RtcanError

# The part below this share of the lower of the two Nyquist frequencies is kept as it is; what lies
# above that Nyquist frequency is weaker afterwards by so many decibels.
_PASSED = 0.8
_ATTENUATION = 100.0

# A ratio of rates becomes a fraction of numbers up to this. After an hour the time is then wrong by
# less than a tenth of a second, and by nothing if the ratio is such a fraction.
_LARGEST = 20000


def resample(eda: ArrayLike, sampling_rate: float, rate: float) -> NDArray[np.float64]:
    """Sample a recording at another rate, without frequencies that this rate cannot show.

    A linear-phase filter interpolates between the samples: time is not shifted. Before the first
    sample and after the last the recording is continued by its mirror image through that sample,
    so that neither offset nor drift rings at the edges.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The recording, in any unit, without missing samples.
    sampling_rate : float
        Its sampling rate in Hz.
    rate : float
        The new sampling rate in Hz.

    Returns
    -------
    ndarray of float64, shape (n_new,)
        Samples at 0, 1 / rate, 2 / rate ... seconds after the first sample, as far as the
        recording goes.

    Raises
    ------
    RtcanError
        If a rate is not positive, the rates differ by a factor above 1000, or samples are missing.
    """
    x = np.asarray(eda, dtype=np.float64)
    if not (0 < sampling_rate < np.inf and 0 < rate < np.inf):
        raise RtcanError(f"a recording cannot go from {sampling_rate:g} Hz to {rate:g} Hz")
    if not 1e-3 <= rate / sampling_rate <= 1e3:
        raise RtcanError(
            f"{sampling_rate:g} Hz and {rate:g} Hz are too far apart to resample a recording",
            hint="check the sampling rate of the recording",
        )
    if not np.isfinite(x).all():
        raise RtcanError("a recording with missing samples cannot be resampled")
    if rate == sampling_rate or x.size < 2:
        return x.copy()
    up, down = _fraction(rate / sampling_rate)
    taps = _lowpass(up, down)
    half = taps.size // 2
    padding = half // up + 1
    extended = np.pad(x, padding, mode="reflect", reflect_type="odd")
    # The filter's output at the first sample must fall on a sample that `upfirdn` keeps.
    first = padding * up + half
    late = -first % down
    filtered = scipy.signal.upfirdn(np.concatenate([np.zeros(late), taps]), extended, up, down)
    start = (first + late) // down
    n_new = (x.size - 1) * up // down + 1
    return np.asarray(filtered[start : start + n_new])


def _fraction(ratio: float) -> tuple[int, int]:
    if ratio > 1:
        down, up = _fraction(1 / ratio)
        return up, down
    fraction = Fraction(ratio).limit_denominator(_LARGEST)
    return fraction.numerator, fraction.denominator


@lru_cache(maxsize=8)
def _lowpass(up: int, down: int) -> NDArray[np.float64]:
    nyquist = 1 / max(up, down)
    n_taps, beta = scipy.signal.kaiserord(_ATTENUATION, (1 - _PASSED) * nyquist)
    half = n_taps // 2 + 1
    cutoff = (1 + _PASSED) / 2 * nyquist
    taps: NDArray[np.float64] = scipy.signal.firwin(2 * half + 1, cutoff, window=("kaiser", beta))
    # Each output sample sees every up-th tap. They must sum to 1, or a level that is large beside
    # the responses would come out with a pattern on it.
    phases = np.zeros((-(-taps.size // up), up))
    phases.ravel()[: taps.size] = taps
    phases /= phases.sum(axis=0)
    return phases.ravel()[: taps.size].copy()
