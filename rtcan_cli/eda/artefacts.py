"""Samples that are there, but cannot come from skin: what they are, and where.

Two kinds of rules. Some need microsiemens: conductance has a range, and a steepest slope (Kleckner
et al., IEEE Transactions on Biomedical Engineering 65(7), 2018). The others compare a recording
with itself, and hold in any unit: a response takes seconds to recover, so that a signal that falls
within a quarter of a second by a fifth of all that it does in ten seconds was not moved by sweat.

A jump that is taken back soon is an excursion: its samples are implausible. A jump that is not
taken back is a lasting step, after which the electrode measures another piece of skin, or the same
one otherwise. Nothing says which level was right, so no sample is; the step is counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from rtcan_cli import choices
from rtcan_cli.eda.order import median
from rtcan_cli.eda.sensor import resolution
from rtcan_cli.eda.stretches import runs
from rtcan_cli.files.sentinels import SENTINELS

KINDS = ("zeros", "sentinels", "out_of_range", "too_fast", "spikes", "dips")
"""What a sample may be that is not plausible; each is at most one of them."""

FALL_SECONDS = 0.25
_FASTEST_RECOVERY = 1.0
"""Seconds over which a fall is measured, and the time constant that a recovery cannot fall below.

Half of a response is recovered in 1.5 s or more, which is a time constant of 2.2 s (Edelberg, 1970;
cvxEDA and Ledalab take 2 s and 0.75 to 2 s); one second is beyond all of these. So skin falls in
0.25 s by at most 1 - exp(-0.25) = 22 % of the range around. Of 808 recordings of HKU956, 96 have
dips of contact and 31 have lasting steps by these rules; most of 64 that were looked at are that.
"""

_RISE_SECONDS = 0.1
_FASTEST_RISE = 0.2
"""The same for a jump in either direction: in 0.1 s 39 %, in one step at 4 Hz 71 % of the range.

A response rises far faster than it recovers. With a time constant of 0.5 s, less than the 0.7 s of
cvxEDA, the first 0.25 s bring 58 % of it. Rise and recovery count together: of simulated recordings
with a drift of 0.02 uS per sqrt(s) and no other noise, none of 40 is touched at 4, 16 or 50 Hz with
time constants of 2 and 0.7, 1.2 and 0.5, or 1 and 0.5 s (a peak after 0.69 s or more); with 1.2 and
0.3 s (0.55 s) up to 14 of 40 are left out. Responses on record reach their peak in 1 to 3 s.
"""

_FALL_AROUND, _RISE_AROUND = 5.0, 2.0  # seconds on both sides that make the range
_NOISE = 6.0  # standard deviations: in 1e8 differences of white noise there is less than one
_MAD = 0.6745  # median absolute deviation of normal noise, in standard deviations

RETURN_SECONDS = 2.0
"""Seconds after which a jump that was not taken back is a lasting step, or `max_gap` if longer."""

_TOO_FAST_RETURN = 1.0  # seconds: a large response has lost less than half of itself
_HALF = 0.5  # an excursion ends where half of its jump is taken back
_TAIL = 0.15  # and the samples after it belong to it while each takes back that much more
_MOST_TAIL = 0.5  # seconds
_OUTSTANDING = 10.0  # how many usual steps (95 % quantile) lie between a code and its neighbours
_MOST_ROUNDS = 8
_FEW = 8  # samples that a recording needs for all this


@dataclass(frozen=True)
class Artefacts:
    """What cannot come from skin.

    Attributes
    ----------
    eda : ndarray of float64, shape (n_samples,)
        The recording with NaN in the place of implausible samples.
    kinds : dict of ndarray of bool, shape (n_samples,)
        Where each of `KINDS` is.
    steps : ndarray of int
        Samples at which a lasting step begins.
    """

    eda: NDArray[np.float64]
    kinds: dict[str, NDArray[np.bool_]]
    steps: NDArray[np.intp]

    @classmethod
    def none(cls, eda: ArrayLike) -> Artefacts:
        """Of a recording in which nothing was looked for."""
        signal = np.array(eda, dtype=np.float64)
        kinds = {kind: np.zeros(signal.shape, np.bool_) for kind in KINDS}
        return cls(signal, kinds, np.zeros(0, np.intp))


@dataclass(frozen=True)
class Limits:
    """What is plausible.

    Attributes
    ----------
    lowest, highest : float
        Skin conductance in microsiemens.
    slope : float
        Largest change of conductance, in microsiemens a second.
    longest : float
        Longest gap that is repaired, in seconds.
    """

    lowest: float = choices.MIN_EDA
    highest: float = choices.MAX_EDA
    slope: float = choices.MAX_SLOPE
    longest: float = choices.MAX_GAP


class _Edge(NamedTuple):
    """A jump from one sample to a later one; `sign` is its direction.

    `lasting`: whether it is a step where it is not taken back. One that is only too fast is not:
    the largest responses on record come near to the limit.
    """

    start: int
    stop: int
    sign: int
    lasting: bool


def find_artefacts(
    eda: ArrayLike,
    sampling_rate: float,
    limits: Limits | None = None,
    *,
    absolute: bool,
    rises: bool = True,
) -> Artefacts:
    """Find the samples of a recording that cannot come from skin.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The recording as the sensor gave it; NaN or infinite where samples are missing.
    sampling_rate : float
        In Hz.
    limits : Limits, optional
        What is plausible; the usual limits if left out.
    absolute : bool
        Whether it is skin conductance in microsiemens, with its offset. If not, only rules are
        used that hold in any unit.
    rises : bool
        Whether a response is known to make the signal rise. If not, a steep fall may be one.

    Returns
    -------
    Artefacts
    """
    limits = limits or Limits()
    nothing = Artefacts.none(eda)
    signal, kinds = nothing.eda, nothing.kinds
    signal[~np.isfinite(signal)] = np.nan
    if not (np.isfinite(sampling_rate) and sampling_rate > 0):
        return nothing
    kinds |= _kinds_of_values(signal, limits, absolute)
    for mask in kinds.values():
        signal[mask] = np.nan
    slope = limits.slope if absolute else math.inf
    longest = max(RETURN_SECONDS, limits.longest)
    steps = _remove_excursions(signal, kinds, sampling_rate, slope, longest, rises)
    return Artefacts(signal, kinds, np.unique(np.array(steps, dtype=np.intp)))


def _kinds_of_values(
    signal: NDArray[np.float64], limits: Limits, absolute: bool
) -> dict[str, NDArray[np.bool_]]:
    """Samples whose value alone tells that they are implausible."""
    if not absolute:
        return {"zeros": _codes(signal, (0.0,)), "sentinels": _codes(signal, SENTINELS)}
    outside = ~_inside(signal, limits)
    zeros = signal == 0
    sentinels = np.isin(signal, SENTINELS) & outside
    out_of_range = np.isfinite(signal) & outside & ~(zeros | sentinels)
    return {"zeros": zeros, "sentinels": sentinels, "out_of_range": out_of_range}


def _remove_excursions(
    signal: NDArray[np.float64],
    kinds: dict[str, NDArray[np.bool_]],
    sampling_rate: float,
    slope: float,
    longest: float,
    rises: bool,
) -> list[int]:
    """Make the samples of excursions NaN, and add them to `kinds`; where lasting steps begin.

    Round by round, as an excursion may hide another one.
    """
    steps: list[int] = []
    for _ in range(_MOST_ROUNDS):
        known = np.isfinite(signal)
        if known.sum() < _FEW:
            return []
        bridged = np.interp(np.arange(signal.size), np.flatnonzero(known), signal[known])
        edges = list(_edges(bridged, signal, sampling_rate, slope, rises))
        excursions = [(edge, _excursion(bridged, edge, sampling_rate, longest)) for edge in edges]
        steps = [edge.start for edge, found in excursions if found is None and edge.lasting]
        new = False
        for edge, found in excursions:
            if found is None and edge.lasting:
                continue
            where, up = found or (slice(edge.start + 1, edge.stop), False)
            fresh = known[where]
            new |= bool(fresh.any())
            part = bridged[max(where.start - 1, 0) : where.stop + 1]
            fast = _steepest(part, sampling_rate) > slope
            kind = "too_fast" if fast else "spikes" if up else "dips"
            kinds[kind][where] |= fresh
            signal[where] = np.nan
            known[where] = False
        if not new:
            break
    return steps


def _inside(signal: NDArray[np.float64], limits: Limits) -> NDArray[np.bool_]:
    return (signal >= limits.lowest) & (signal <= limits.highest)


def _codes(signal: NDArray[np.float64], codes: tuple[float, ...]) -> NDArray[np.bool_]:
    """Where a number stands for a missing value: both its neighbours are far away from it."""
    found = np.isin(signal, codes)
    plain = signal[np.isfinite(signal) & ~found]
    if not found.any() or plain.size < _FEW:
        return np.zeros(signal.shape, np.bool_)
    far = _OUTSTANDING * float(np.quantile(np.abs(np.diff(plain)), 0.95))
    starts, lengths = runs(found)
    for start, length in zip(starts, lengths, strict=True):
        if found[start]:
            piece = signal[max(start - 1, 0) : start + length + 1]
            steps = np.abs(np.diff(piece))
            steps = np.delete(steps, np.s_[int(start > 0) : int(start > 0) + length - 1])
            # Where samples are missing beside it, there is nothing to compare with.
            far_away = steps[np.isfinite(steps)] > far
            found[start : start + length] = bool(far_away.size and far_away.all())
    return found


def _edges(
    signal: NDArray[np.float64],
    known: NDArray[np.float64],
    sampling_rate: float,
    slope: float,
    rises: bool,
) -> Iterator[_Edge]:
    """Jumps that skin does not make, as they follow each other; in `known` gaps are not bridged."""
    lag, short = (max(1, round(each * sampling_rate)) for each in (FALL_SECONDS, _RISE_SECONDS))
    found: list[_Edge] = []
    step = resolution(known)
    if rises:
        limit = _largest(signal, known, lag, sampling_rate, _FASTEST_RECOVERY, _FALL_AROUND, step)
        found += _grouped(signal, signal[:-lag] - signal[lag:] > limit, lag, -1, lasting=True)
    # Over one sample, too: a sharp jump stands out most there.
    for each in sorted({1, short}):
        limit = _largest(signal, known, each, sampling_rate, _FASTEST_RISE, _RISE_AROUND, step)
        change = signal[each:] - signal[:-each]
        # A response that has just begun at the end of a recording cannot be told from a jump.
        told = np.arange(change.size) < change.size - round(_RISE_AROUND * sampling_rate)
        found += _grouped(signal, (change > limit) & told, each, 1, lasting=True)
        found += _grouped(signal, (-change > limit) & (told | rises), each, -1, lasting=True)
    if math.isfinite(slope):
        change = (signal[lag:] - signal[:-lag]) * sampling_rate / lag
        for sign in (1, -1):
            found += _grouped(signal, sign * change > slope, lag, sign, lasting=False)
    yield from sorted(set(found))


def _largest(
    signal: NDArray[np.float64],
    known: NDArray[np.float64],
    lag: int,
    sampling_rate: float,
    time_constant: float,
    around: float,
    step: float,
) -> NDArray[np.float64]:
    """Largest change over so many samples that skin and noise may make, at each place."""
    share = 1 - math.exp(-lag / sampling_rate / time_constant)
    spread = _range(signal, lag, round(around * sampling_rate))
    return share * spread + _NOISE * _usual(known, lag, step)


def _usual(signal: NDArray[np.float64], lag: int, step: float) -> float:
    """Standard deviation of most changes over so many samples; at least what a sensor hides.

    The values of the sensor lie `step` apart.
    From how changes differ from the next ones, so that a steady rise or fall makes no difference;
    right for a random walk, and not too low for white noise.
    """
    change = signal[lag:] - signal[:-lag]
    change = (change[lag:] - change[:-lag]) / math.sqrt(2)
    change = change[np.isfinite(change) & (change != 0)]  # a flat stretch hides its noise
    if not change.size:
        return 0.0
    centred = np.abs(change - median(change))
    return max(median(centred) / _MAD, step / math.sqrt(2))


def _range(signal: NDArray[np.float64], lag: int, around: int) -> NDArray[np.float64]:
    """Range of the samples around each pair that lies so many samples apart."""
    width = 2 * around + lag + 1
    size = signal.size
    highest = maximum_filter1d(signal, width, mode="nearest")
    lowest = minimum_filter1d(signal, width, mode="nearest")
    centre = np.arange(size - lag) + lag // 2
    spread: NDArray[np.float64] = (highest - lowest)[centre]
    return spread


def _grouped(
    signal: NDArray[np.float64], steep: NDArray[np.bool_], lag: int, sign: int, lasting: bool
) -> Iterator[_Edge]:
    """Neighbouring steep places are one jump, from its one extreme to its other."""
    if not steep.any():
        return
    starts, lengths = runs(steep)
    for start, length in zip(starts, lengths, strict=True):
        if steep[start]:
            piece = sign * signal[start : start + length + lag]
            top = int(piece.argmax())
            foot = top - int(piece[: top + 1][::-1].argmin())  # the last of equal ones
            if foot == top:
                foot, top = 0, piece.size - 1
            yield _Edge(int(start) + foot, int(start) + top, sign, lasting)


def _excursion(
    signal: NDArray[np.float64], edge: _Edge, sampling_rate: float, longest: float
) -> tuple[slice, bool] | None:
    """The samples of the excursion that a jump begins or ends, and whether it is one upwards.

    None for a jump that is not taken back. The beginning and the end of a recording take back what
    lies near them.
    """
    start, stop, sign, lasting = edge
    longest = longest if lasting else min(longest, _TOO_FAST_RETURN)
    y = sign * signal
    half = y[start] + _HALF * (y[stop] - y[start])
    reach = max(1, int(longest * sampling_rate))
    after, before = y[stop + 1 : stop + 1 + reach], y[max(start - reach, 0) : start][::-1]
    lengths: list[tuple[int, bool, int]] = []  # samples, whether after the jump, place
    back = np.flatnonzero(after <= half)
    if back.size or (lasting and stop + reach >= y.size):
        end = stop + 1 + int(back[0]) if back.size else y.size
        lengths.append((end - start - 1, True, end))
    back = np.flatnonzero(before >= half)
    if back.size or (lasting and start - reach <= 0):
        begin = start - 1 - int(back[0]) if back.size else -1
        lengths.append((stop - begin - 1, False, begin))
    if not lengths:
        return None
    _, later, place = min(lengths)
    tail = max(1, round(_MOST_TAIL * sampling_rate))
    more = _TAIL * (y[stop] - y[start])
    if later:
        end = place
        while end + 1 < min(y.size, place + tail) and y[end] - y[end + 1] > more:
            end += 1
        return slice(start + 1, end), sign > 0
    begin = place
    while begin - 1 > max(-1, place - tail) and y[begin] - y[begin - 1] < -more:
        begin -= 1
    return slice(begin + 1, stop), sign < 0


def _steepest(signal: NDArray[np.float64], sampling_rate: float) -> float:
    """Largest change a second, over `FALL_SECONDS`."""
    lag = min(max(1, round(FALL_SECONDS * sampling_rate)), signal.size - 1)
    if lag < 1:
        return 0.0
    return float(np.abs(signal[lag:] - signal[:-lag]).max()) * sampling_rate / lag
