"""From a raw recording to the three channels a network sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.eda.window import Window, seen_samples
from rtcan_cli.errors import RtcanError

CHANNELS = ("original", "phasic", "tonic")

# The shortest recording that is decomposed: a response to its very beginning comes after 1-3 s and
# has mostly risen (1-3 s) by its end. Whole responses need 6 s, see `choices.MIN_DURATION`, which
# is what recordings have to have unless the user asks for less.
MIN_SECONDS = 4.0

# A response rises within a second or two; slower sampling cannot show it.
MIN_SAMPLING_RATE = 2.0

# A channel that moves less than this share of the original is numerical noise, not a signal.
_FLAT_CHANNEL = 1e-6


def zscore(x: ArrayLike) -> NDArray[np.float64]:
    """Shift and scale a signal to mean 0 and standard deviation 1.

    Parameters
    ----------
    x : array_like, shape (n_samples,)
        Signal in any unit.

    Returns
    -------
    ndarray of float64, shape (n_samples,)
        In units of the signal's own (population) standard deviation.

    Raises
    ------
    RtcanError
        If the signal is empty, constant, or has samples that are not finite.
    """
    signal = np.asarray(x, dtype=np.float64)
    if signal.size == 0 or not np.isfinite(signal).all():
        raise RtcanError("a signal with missing samples has no z-score")
    if _is_flat(signal):
        raise RtcanError("a constant signal has no z-score")
    centred = signal - signal.mean()
    return centred / centred.std()


def network_input(
    original: ArrayLike,
    phasic: ArrayLike,
    tonic: ArrayLike,
    sampling_rate: float,
    onset: float,
    length: int,
    window: Window | None = None,
) -> NDArray[np.float32]:
    """Stack the three signals of a trial into the input of a network.

    Each channel is z-scored over the whole recording, its beginning is dropped because people
    need time before they feel anything, and the rest is linearly interpolated to a common length
    (Yin et al. 2022, sec. 5.1). First and last sample kept stay the first and last.

    With a window, only that part is interpolated, and each channel is z-scored over this part: in
    units of the whole recording, its spread would tell how long the recording was.

    Parameters
    ----------
    original, phasic, tonic : array_like, shape (n_samples,)
        The recording and its two components, all in one unit. A component that is constant (no
        response in the whole recording) becomes zeros.
    sampling_rate : float
        In Hz.
    onset : float
        Seconds dropped at the beginning; 0 or more.
    length : int
        Samples per channel afterwards.
    window : Window, optional
        The part that is used of what follows the onset; all of it by default.

    Returns
    -------
    ndarray of float32, shape (3, length)
        In the order of `CHANNELS`.

    Raises
    ------
    RtcanError
        If the onset is negative or not finite, the original is constant or has missing samples,
        fewer than two samples are left after the onset, or the recording is too short for the
        window, or constant in it.
    """
    signals = [np.asarray(x, dtype=np.float64) for x in (original, phasic, tonic)]
    n_samples = signals[0].size
    seen = seen_samples(n_samples, sampling_rate, onset, window)
    if window is not None:
        zscore(signals[0])  # raises where samples are missing anywhere
        signals = [x[seen.start : seen.stop] for x in signals]
        if _is_flat(signals[0]):
            raise RtcanError(f"constant in the window {window}")
        n_samples, seen = len(seen), range(len(seen))
    noise = _FLAT_CHANNEL * signals[0].std()
    channels = [zscore(signals[0])]
    channels += [np.zeros_like(x) if x.std() <= noise else zscore(x) for x in signals[1:]]
    positions = np.linspace(seen.start, seen.stop - 1, length)
    return np.stack([np.interp(positions, np.arange(n_samples), x) for x in channels]).astype(
        np.float32
    )


def find_problem(eda: ArrayLike, sampling_rate: float) -> str | None:
    """Say why a recording cannot be decomposed.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The recording, in any unit.
    sampling_rate : float
        In Hz.

    Returns
    -------
    str or None
        The reason, as half a sentence that fits behind a file name; None for a sound recording.
    """
    signal = np.asarray(eda, dtype=np.float64)
    if not (np.isfinite(sampling_rate) and sampling_rate >= MIN_SAMPLING_RATE):
        return f"sampled at {sampling_rate:g} Hz, at least {MIN_SAMPLING_RATE:g} Hz are needed"
    if signal.size < MIN_SECONDS * sampling_rate:
        return (
            f"only {signal.size / sampling_rate:.1f} s long, at least {MIN_SECONDS:g} s are needed"
        )
    missing = signal.size - int(np.isfinite(signal).sum())
    if missing:
        return f"{missing} of {signal.size} samples are missing"
    if _is_flat(signal):
        return "flat: every sample has the same value"
    return None


def _is_flat(signal: NDArray[np.float64]) -> bool:
    # Relative to the size of the values: a constant written with rounding errors is flat too.
    return bool(np.ptp(signal) <= 1e-12 * np.abs(signal).max())
