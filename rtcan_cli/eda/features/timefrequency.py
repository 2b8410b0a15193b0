"""Wavelet energies, and mel-frequency cepstral coefficients of a signal too slow to be heard."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from rtcan_cli.eda.features.frequency import entropy, logarithm
from rtcan_cli.eda.features.statistics import summary
from rtcan_cli.eda.features.stretch import HIGHEST, RATE, Stretch

#: Wavelet levels described: level j is the octave below RATE / 2^j. The first two lie above 1 Hz.
LEVELS = (3, 4, 5, 6)

#: EDA is played this many times faster for the mel scale: 8 Hz become the 16 kHz of speech.
SPEED = 2000.0
#: Samples of a frame (8 s), and from one frame to the next (2 s).
FRAME = 64
HOP = 16
#: Mel filters from 0 to `HIGHEST`, and the cepstral coefficients kept.
N_FILTERS = 12
N_COEFFICIENTS = 8

# Zero-padded, so that the lowest filter has several points.
_FFT = 512
_PRE_EMPHASIS = 0.97
# Of the pre-emphasised signal's power, in z^2: a quiet band must not look like a deep valley.
_MEL_FLOOR = 1e-7

# Daubechies' wavelet with two vanishing moments: so short that level 6 fits half a minute.
_ROOT = np.sqrt(3.0)
_SCALING = np.array([1 + _ROOT, 3 + _ROOT, 3 - _ROOT, 1 - _ROOT]) / (4 * np.sqrt(2.0))
_WAVELET = _SCALING[::-1] * np.array([1.0, -1.0, 1.0, -1.0])


def wavelet_energies(x: NDArray[np.float64], n_levels: int) -> NDArray[np.float64]:
    """Energy in each octave, by the maximal overlap discrete wavelet transform.

    Unlike the decimated transform it takes any length, and its energies do not depend on where the
    recording begins (Percival & Walden, Wavelet Methods for Time Series Analysis, 2000, ch. 5). The
    signal is continued by its mirror image.

    Parameters
    ----------
    x : ndarray, shape (n_samples,)
        In z.
    n_levels : int
        Octaves.

    Returns
    -------
    ndarray, shape (n_levels + 1,)
        Mean energy a sample of levels 1 to `n_levels`, then of what is slower. They add up to the
        mean square of `x`.
    """
    smooth = np.concatenate([x, x[::-1]])
    energies = []
    for level in range(n_levels):
        lags = 2**level * np.arange(_SCALING.size)
        delayed = np.stack([np.roll(smooth, lag) for lag in lags])
        energies.append(np.mean((_WAVELET @ delayed) ** 2) / 2)
        smooth = _SCALING @ delayed / np.sqrt(2.0)
    return np.array([*energies, np.mean(smooth**2)])


@lru_cache(maxsize=1)
def mel_filters() -> NDArray[np.float64]:
    """Triangular filters, evenly spaced on the mel scale of the sped-up signal.

    Returns
    -------
    ndarray, shape (12, 257)
        Weight of each frequency in each filter, 1 at its centre.
    """
    frequencies = np.arange(_FFT // 2 + 1) * RATE / _FFT
    highest = 2595 * np.log10(1 + HIGHEST * SPEED / 700)
    corners = 700 * (10 ** (np.linspace(0, highest, N_FILTERS + 2) / 2595) - 1) / SPEED
    rising = (frequencies - corners[:-2, None]) / np.diff(corners)[:-1, None]
    falling = (corners[2:, None] - frequencies) / np.diff(corners)[1:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


def mfcc(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mel-frequency cepstral coefficients (Davis & Mermelstein 1980).

    Pre-emphasis, Hann-windowed frames centred every 2 s, power spectrum, mel filters, natural
    logarithm, orthonormal cosine transform. At its ends the signal is continued by its mirror
    image, so that a stretch shorter than a frame has coefficients too.

    Parameters
    ----------
    x : ndarray, shape (n_samples,)
        At `RATE`, in z.

    Returns
    -------
    ndarray, shape (8, n_frames)
        Coefficients 0 to 7.
    """
    emphasised = x[1:] - _PRE_EMPHASIS * x[:-1]
    padded = np.pad(emphasised, FRAME // 2, mode="symmetric")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    power = np.abs(np.fft.rfft(frames * window, _FFT)) ** 2
    # Over both halves of the spectrum this adds up to the mean square within the window.
    power /= _FFT * (window @ window)
    bands = np.log(np.maximum(power @ mel_filters().T, _MEL_FLOOR))
    return np.asarray(scipy.fft.dct(bands, norm="ortho", axis=1)[:, :N_COEFFICIENTS].T)


def time_frequency_features(stretch: Stretch) -> dict[str, float]:
    """Features of the time-frequency domain, by name."""
    values = {**_wavelet("eda", stretch.eda), **_wavelet("phasic", stretch.phasic)}
    for number, coefficient in enumerate(mfcc(stretch.eda)):
        values |= summary(f"mfcc{number}", coefficient, "mean", "std", "change")
    return values


def _wavelet(name: str, x: NDArray[np.float64]) -> dict[str, float]:
    energies = wavelet_energies(x - x.mean(), LEVELS[-1])[LEVELS[0] - 1 :]
    levels = [f"level{level}" for level in LEVELS]
    return {
        **{
            f"{name}_wavelet_{place}": logarithm(energy)
            for place, energy in zip([*levels, "slower"], energies, strict=True)
        },
        f"{name}_wavelet_entropy": entropy(energies),
    }
