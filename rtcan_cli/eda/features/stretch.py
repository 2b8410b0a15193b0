"""The stretch of a recording that features describe: at one rate, without its onset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.eda.preprocess import zscore
from rtcan_cli.eda.resample import resample
from rtcan_cli.eda.window import MIN_SECONDS, Window, seen_samples
from rtcan_cli.errors import RtcanError

#: Every recording is brought to this rate (Hz) first, so that features of datasets can be compared.
#: It shows the rise of a response, about 1 s, in some eight samples.
RATE = 8.0

#: Spectra and cepstra look no higher than this (Hz), so that a recording sampled at 4 Hz, as
#: wristbands do, has the features of one sampled faster: `resample` keeps what it has up to 1.6 Hz.
HIGHEST = 1.5

#: What moves less than this, in z units, is numerical noise and counts as constant.
FLAT = 1e-6

# Box that the driver is averaged over (s): its impulses are as high as the sampling is fast.
_DRIVER_BOX = 1.0


@dataclass(frozen=True)
class Stretch:
    """What is left of a recording after its onset, or a window of that, at `RATE`.

    Parameters
    ----------
    eda, phasic, tonic : ndarray, shape (n_samples,)
        In z units of the whole recording, or of the window if there is one.
    driver : ndarray, shape (n_samples,)
        Mean of the sudomotor driver over the second around each sample, in z/s.
    level, spread : float
        Mean and standard deviation of the whole recording, or of the window, in the unit it was
        recorded in.
    """

    eda: NDArray[np.float64]
    phasic: NDArray[np.float64]
    tonic: NDArray[np.float64]
    driver: NDArray[np.float64]
    level: float
    spread: float

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.eda.size / RATE


def cut(
    original: ArrayLike,
    phasic: ArrayLike,
    tonic: ArrayLike,
    driver: ArrayLike,
    sampling_rate: float,
    onset: float,
    window: Window | None = None,
) -> Stretch:
    """Bring the signals of a recording to one rate and drop its onset, and what is in no window.

    Parameters
    ----------
    original, phasic, tonic, driver : array_like, shape (n_samples,)
        As `rtcan_cli.eda.features.eda_features` takes them.
    sampling_rate : float
        In Hz.
    onset : float
        Seconds dropped at the beginning; 0 or more.
    window : Window, optional
        The part that is described of what follows the onset; all of it by default.

    Returns
    -------
    Stretch
        A component that is constant over the whole recording is exactly constant here.

    Raises
    ------
    RtcanError
        If a signal is damaged, the original is constant, the lengths differ, the rate or the onset
        is not valid, less than `MIN_SECONDS` are left, or the recording is too short for the
        window, or constant in it.
    """
    if not (np.isfinite(sampling_rate) and sampling_rate > 0):
        raise RtcanError(f"{sampling_rate:g} Hz is not a sampling rate")
    if not (np.isfinite(onset) and onset >= 0):
        raise RtcanError(
            f"{onset:g} s cannot be dropped from the beginning of a recording",
            hint="use an --onset of 0 or more seconds",
        )
    signals = [np.asarray(x, dtype=np.float64) for x in (original, phasic, tonic, driver)]
    lengths = [signal.size for signal in signals]
    if len(set(lengths)) != 1:
        raise RtcanError(
            f"a recording and its components differ in length: {lengths[0]} samples of EDA, "
            f"{lengths[1]} of phasic, {lengths[2]} of tonic, {lengths[3]} of driver"
        )
    if not all(np.isfinite(signal).all() for signal in signals):
        raise RtcanError("a signal with missing samples has no features")
    eda = zscore(signals[0])
    sampled = [resample(_without_noise(x), sampling_rate, RATE) for x in (eda, *signals[1:3])]
    sampled.append(_averaged(signals[3], sampling_rate, sampled[0].size))
    if window is not None:
        return _in_window(signals[0], sampled, sampling_rate, onset, window)
    start = round(onset * RATE)
    left = sampled[0].size - start
    if left < MIN_SECONDS * RATE:
        raise RtcanError(
            f"only {max(0, left) / RATE:.1f} s of a recording are left after its first "
            f"{onset:g} s are dropped, at least {MIN_SECONDS:g} s are needed",
            hint="use a smaller --onset",
        )
    described = [signal[start:] for signal in sampled]
    return Stretch(
        eda=described[0],
        phasic=described[1],
        tonic=described[2],
        driver=described[3],
        level=float(signals[0].mean()),
        spread=float(signals[0].std()),
    )


def _in_window(
    original: NDArray[np.float64],
    sampled: list[NDArray[np.float64]],
    sampling_rate: float,
    onset: float,
    window: Window,
) -> Stretch:
    """The window of the sampled EDA, phasic, tonic part and driver, in its own z units."""
    seen = seen_samples(original.size, sampling_rate, onset, window)
    part = original[seen.start : seen.stop]
    # Its place on the grid of `RATE`. All recordings of one rate get equally many samples.
    first, n = (int(k / sampling_rate * RATE + 1e-9) for k in (seen.start, len(seen) - 1))
    eda, phasic, tonic, driver = (signal[first : first + n + 1] for signal in sampled)
    # In z units of the whole recording, the spread would tell how long that was.
    unit = part.std() / original.std()
    if unit <= FLAT:
        raise RtcanError(f"constant in the window {window}")
    mean = (part.mean() - original.mean()) / original.std()
    return Stretch(
        eda=(eda - mean) / unit,
        phasic=phasic / unit,
        tonic=(tonic - mean) / unit,
        driver=driver / unit,
        level=float(part.mean()),
        spread=float(part.std()),
    )


def _without_noise(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full_like(x, x.mean()) if x.std() <= FLAT else x


def _averaged(driver: NDArray[np.float64], sampling_rate: float, n: int) -> NDArray[np.float64]:
    """Mean of the driver over the second around each of `n` samples at `RATE`."""
    edges = (np.arange(driver.size + 1) - 0.5) / sampling_rate
    integral = np.concatenate([[0.0], np.cumsum(driver)]) / sampling_rate
    times = np.arange(n) / RATE
    begin = np.maximum(times - _DRIVER_BOX / 2, edges[0])
    end = np.minimum(times + _DRIVER_BOX / 2, edges[-1])
    area = np.interp(end, edges, integral) - np.interp(begin, edges, integral)
    return area / (end - begin)
