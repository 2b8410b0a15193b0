"""How the power of the signals is spread over slow and fast changes."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from rtcan_cli.eda.features.stretch import FLAT, HIGHEST, RATE, Stretch

#: Bands of 0.1 Hz up to 0.5 Hz, where nearly all of the power of EDA lies, and the rest (Hz).
BANDS = ((0.0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.5), (0.5, HIGHEST))

#: Band in which sympathetic activity shows (Posada-Quintero et al. 2016, Power spectral density
#: analysis of electrodermal activity for sympathetic function assessment), in Hz.
SYMPATHETIC = (0.045, 0.25)

#: Powers below this, in z^2, are given as this: a millionth of what the recording has.
POWER_FLOOR = 1e-6

# Two periods of 0.1 Hz; and a grid so fine that every band has a dozen points, however short the
# stretch is.
_WINDOW_SECONDS = 20.0
_GRID = 1024

_EDGE_SHARE = 0.95


def spectrum(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Power spectrum of a signal at `RATE` (Welch 1967).

    The linear trend of the stretch is taken out. Hann windows of 20 s (or as long as the stretch),
    half overlapping, each without its mean.

    Parameters
    ----------
    x : ndarray, shape (n_samples,)
        In z.

    Returns
    -------
    frequencies : ndarray, shape (513,)
        In Hz.
    power : ndarray, shape (513,)
        Power at each frequency, in z^2; the sum is the power of the signal.
    """
    length = min(x.size, round(_WINDOW_SECONDS * RATE))
    frequencies, density = scipy.signal.welch(
        scipy.signal.detrend(x), RATE, "hann", nperseg=length, noverlap=length // 2, nfft=_GRID
    )
    return frequencies, density * (RATE / _GRID)


def logarithm(power: float) -> float:
    """Common logarithm of a power in z^2, not below that of `POWER_FLOOR`."""
    return float(np.log10(max(power, POWER_FLOOR)))


def entropy(power: NDArray[np.float64]) -> float:
    """Shannon entropy of how power is spread, from 0 (all in one place) to 1 (evenly)."""
    total = power.sum()
    if total <= FLAT**2:
        return 0.0
    share = power[power > 0] / total
    return float(-(share @ np.log(share)) / np.log(power.size))


def frequency_features(stretch: Stretch) -> dict[str, float]:
    """Features of the frequency domain, by name."""
    return {**_features("eda", stretch.eda), **_features("phasic", stretch.phasic)}


def _features(name: str, x: NDArray[np.float64]) -> dict[str, float]:
    frequencies, power = spectrum(x)
    values = {
        f"{name}_power_{low:.1f}_{high:.1f}": logarithm(
            power[(frequencies >= low) & (frequencies < high)].sum()
        )
        for low, high in BANDS
    }
    seen = frequencies < HIGHEST
    frequencies, power = frequencies[seen], power[seen]
    total = power.sum()
    sympathetic = (frequencies >= SYMPATHETIC[0]) & (frequencies < SYMPATHETIC[1])
    # A signal that does not change has no frequency: all of these are 0.
    share = power / total if total > FLAT**2 else np.zeros_like(power)
    reached = np.cumsum(share) >= _EDGE_SHARE
    return {
        **values,
        f"{name}_sympathetic": float(share[sympathetic].sum()),
        f"{name}_centroid": float(share @ frequencies),
        f"{name}_edge": float(frequencies[np.argmax(reached)]),
        f"{name}_entropy": entropy(power),
    }
