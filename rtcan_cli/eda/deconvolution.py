"""Decomposition by deconvolution: continuous (CDA) and discrete (DDA) decomposition analysis.

- Benedek & Kaernbach, *A continuous measure of phasic electrodermal activity*, Journal of
  Neuroscience Methods 190, 2010, 80-91, doi 10.1016/j.jneumeth.2010.04.028: `continuous`.
- Benedek & Kaernbach, *Decomposition of skin conductance data by means of nonnegative
  deconvolution*, Psychophysiology 47, 2010, 647-658, doi 10.1111/j.1469-8986.2009.00972.x:
  `discrete`.

Both take a recording for the convolution of a driver with the Bateman response. Dividing by the
response, which is exact for a response that is sampled, gives a driver in which responses are
short and far apart. Between them lies the driver of the tonic part::

    recording --[ deconvolution, smoothing ]--> driver --[ between responses ]--> tonic driver
    tonic driver  --[ response ]--> tonic
    driver - tonic driver --------> phasic driver --[ response ]--> phasic               (CDA)
    recording - tonic --[ nonnegative deconvolution ]--> phasic driver and remainder     (DDA)

Where the papers leave a choice open, it is named at the constant or the function that makes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate, ndimage, optimize, signal

from rtcan_cli.eda.compiled import compiled
from rtcan_cli.eda.components import Components
from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.errors import RtcanError

# Weight of negative driver beside indistinct driver in the criterion of CDA.
_NEGATIVITY = 6.0
# Driver above this share of its maximum counts as a part of a response in that criterion.
_PART_OF_RESPONSE = 0.05
# Where the time constants are looked for, in seconds: fast and slow one.
_FAST, _SLOW = (0.1, 2.0), (1.5, 40.0)
# The remainder of DDA must not be negative where the response is above this share of its peak:
# further on, noise decides.
_SEEN = 0.05


@dataclass(frozen=True)
class DeconvolutionParameters:
    """What the deconvolution assumes; the defaults are those of the papers.

    Attributes
    ----------
    tau0, tau1 : float
        Slow and fast time constant of the Bateman response, in seconds.
    smoothing : float
        Standard deviation of the Gaussian that smooths the driver, in seconds.
    grid : float
        Seconds between the nodes of the tonic driver.
    significance : float
        How far the driver must rise and fall around a response, in units of the recording, if a
        constant driver makes a recording as high as itself.
    """

    tau0: float = 20.0
    tau1: float = 0.75
    smoothing: float = 0.2
    grid: float = 10.0
    significance: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.tau1 < self.tau0:
            raise RtcanError(
                f"tau0 = {self.tau0:g} and tau1 = {self.tau1:g} make no response",
                hint="give a fast tau1 above 0 s and a slower tau0",
            )
        if not (self.smoothing > 0 and self.grid >= 1 and self.significance > 0):
            raise RtcanError(
                "smoothing and significance must be above 0, the grid at least 1 s",
                hint="leave out what you do not need to change",
            )


PUBLISHED = DeconvolutionParameters()


def continuous(
    eda: ArrayLike,
    sampling_rate: float,
    parameters: DeconvolutionParameters = PUBLISHED,
) -> Components:
    """Continuous decomposition analysis.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The recording, in microsiemens or z-scored.
    sampling_rate : float
        In Hz.
    parameters : DeconvolutionParameters, optional
        The response and how the tonic part is found; see `optimised`.

    Returns
    -------
    Components
        The driver is the phasic one. It can be negative. Its convolution with the response is the
        phasic part, less what fades from before the first sample. The residual is what smoothing
        took.

    Raises
    ------
    RtcanError
        If the recording cannot be decomposed (see `rtcan_cli.eda.preprocess.find_problem`).
    """
    y = _checked(eda, sampling_rate)
    smooth, driver, ground = _drivers(y, sampling_rate, parameters)
    tonic = _tonic(ground, sampling_rate, parameters)
    scale = _area(sampling_rate, parameters)
    return Components(smooth - tonic, tonic, (driver - ground) / scale, y - smooth)


def discrete(
    eda: ArrayLike,
    sampling_rate: float,
    parameters: DeconvolutionParameters = PUBLISHED,
) -> Components:
    """Discrete decomposition analysis by nonnegative deconvolution.

    The tonic part is that of `continuous`. From what lies above it, responses are taken away one
    after the other, each as large as it can be if what remains shall nowhere be negative. What
    remains in the end is the phasic part that a response of fixed shape does not explain; the
    paper takes it for the opening of pores. The phasic part is both together.

    Parameters
    ----------
    eda, sampling_rate, parameters
        As for `continuous`.

    Returns
    -------
    Components
        Driver and phasic part are nowhere negative; the convolution of the one with the response
        is nowhere above the other.

    Raises
    ------
    RtcanError
        If the recording cannot be decomposed.
    """
    y = _checked(eda, sampling_rate)
    smooth, _, ground = _drivers(y, sampling_rate, parameters)
    tonic = _tonic(ground, sampling_rate, parameters)
    phasic = np.maximum(smooth - tonic, 0.0)
    slow, fast = _poles(sampling_rate, parameters)
    t = np.arange(1, int(8 * parameters.tau0 * sampling_rate) + 2)
    response = (slow**t - fast**t) / (_area(sampling_rate, parameters) * sampling_rate)
    peak = int(np.argmax(response))
    seen = peak + int(np.searchsorted(-response[peak:], -_SEEN * response[peak]))
    driver = np.zeros(y.size)
    _divide(phasic.copy(), response, seen, driver)
    scale = _area(sampling_rate, parameters)
    return Components(phasic, tonic, driver / scale, y - phasic - tonic)


def optimised(
    eda: ArrayLike,
    sampling_rate: float,
    parameters: DeconvolutionParameters = PUBLISHED,
) -> DeconvolutionParameters:
    """Time constants with which the phasic driver is as distinct and as little negative as can be.

    The criterion of CDA: for the driver, scaled to peak 1, the mean square of the lengths, in
    seconds, of stretches above `_PART_OF_RESPONSE`, weighted by the time they take, plus
    `_NEGATIVITY` times the root mean square of its negative part. The minimum is looked for by
    Nelder and Mead's method, from `parameters` on, within 0.1-2 s and 1.5-40 s.

    Returns
    -------
    DeconvolutionParameters
        With other time constants.
    """
    y = _checked(eda, sampling_rate)

    def criterion(logarithms: NDArray[np.float64]) -> float:
        slow, fast = np.exp(logarithms)
        if slow < 1.1 * fast:
            return np.inf
        tried = replace(parameters, tau0=float(slow), tau1=float(fast))
        _, driver, ground = _drivers(y, sampling_rate, tried)
        return _indistinctness(driver - ground, sampling_rate)

    found = optimize.minimize(
        criterion,
        np.log([parameters.tau0, parameters.tau1]),
        method="Nelder-Mead",
        bounds=[tuple(np.log(_SLOW)), tuple(np.log(_FAST))],
        options={"maxfev": 200, "xatol": 1e-2, "fatol": 1e-4},
    )
    slow, fast = np.exp(found.x)
    return replace(parameters, tau0=float(slow), tau1=float(fast))


def _checked(eda: ArrayLike, sampling_rate: float) -> NDArray[np.float64]:
    y = np.asarray(eda, dtype=np.float64)
    problem = find_problem(y, sampling_rate)
    if problem is not None:
        raise RtcanError(f"cannot decompose a recording: {problem}")
    return y


def _poles(sampling_rate: float, parameters: DeconvolutionParameters) -> tuple[float, float]:
    slow = np.exp(-1 / (parameters.tau0 * sampling_rate))
    return float(slow), float(np.exp(-1 / (parameters.tau1 * sampling_rate)))


def _area(sampling_rate: float, parameters: DeconvolutionParameters) -> float:
    """Area under exp(-t / tau0) - exp(-t / tau1), in seconds, as its samples have it."""
    slow, fast = _poles(sampling_rate, parameters)
    return (1 / (1 - slow) - 1 / (1 - fast)) / sampling_rate


def _drivers(
    y: NDArray[np.float64], sampling_rate: float, parameters: DeconvolutionParameters
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Smoothed recording, its driver and the tonic driver, all in units of the recording."""
    # To smooth the recording is to smooth its driver. At its edges it is continued by its mirror
    # image through the outermost sample, which keeps level and slope.
    width = parameters.smoothing * sampling_rate
    padding = int(4 * width) + 2
    extended = ndimage.gaussian_filter1d(
        np.pad(y, padding, mode="reflect", reflect_type="odd"), width
    )[padding - 1 : 1 - padding]
    # The sampled response has the transfer function (slow - fast) B / ((1 - slow B)(1 - fast B)):
    # its inverse has three taps, and sees one sample ahead and one back.
    slow, fast = _poles(sampling_rate, parameters)
    back, here, ahead = extended[:-2], extended[1:-1], extended[2:]
    driver = (ahead - (slow + fast) * here + slow * fast * back) / ((1 - slow) * (1 - fast))
    return here, driver, _ground(driver, sampling_rate, parameters)


def _ground(
    driver: NDArray[np.float64], sampling_rate: float, parameters: DeconvolutionParameters
) -> NDArray[np.float64]:
    """Tonic driver: through the means of what lies between responses, one for each node.

    A response reaches from the minimum before to the minimum after a peak of at least the
    significance. A node without such samples within half a grid interval has no mean, and is left
    to its neighbours; the curve between the nodes is monotone where they are (Fritsch & Carlson
    1980).
    """
    between = np.ones(driver.size, dtype=bool)
    peaks = signal.find_peaks(driver, prominence=parameters.significance)[0]
    valleys = signal.argrelmin(driver)[0]
    limits = np.concatenate([[0], valleys, [driver.size - 1]])
    for peak in peaks:
        after = int(np.searchsorted(limits, peak))
        between[limits[after - 1] + 1 : limits[min(after, limits.size - 1)]] = False
    place = np.arange(driver.size) / sampling_rate
    nodes = np.arange(0, place[-1] + parameters.grid / 2, parameters.grid)
    nearest = np.minimum(np.rint(place / parameters.grid).astype(int), nodes.size - 1)
    counts = np.bincount(nearest[between], minlength=nodes.size)
    sums = np.bincount(nearest[between], driver[between], minlength=nodes.size)
    known = counts > 0
    if known.sum() < 2:
        level = driver[between].mean() if between.any() else driver.min()
        return np.full(driver.size, level)
    middles = np.bincount(nearest[between], place[between], minlength=nodes.size) / counts.clip(1)
    middles, means = middles[known], sums[known] / counts[known]
    curve = interpolate.PchipInterpolator(middles, means)
    # Beyond the outermost means the curve goes straight on, and level after half an interval.
    inner = np.clip(place, middles[0], middles[-1])
    beyond = np.clip(place - inner, -parameters.grid / 2, parameters.grid / 2)
    return np.asarray(curve(inner) + curve(inner, 1) * beyond)


def _tonic(
    ground: NDArray[np.float64], sampling_rate: float, parameters: DeconvolutionParameters
) -> NDArray[np.float64]:
    """What the tonic driver makes, if it went along the line of its first two samples before."""
    slow, fast = _poles(sampling_rate, parameters)
    numerator = [0.0, (1 - slow) * (1 - fast)]
    denominator = [1.0, -(slow + fast), slow * fast]
    slope = ground[1] - ground[0]
    lag = 1 + slow / (1 - slow) + fast / (1 - fast)
    before = ground[0] - slope * np.array([1, 2])
    state = signal.lfiltic(numerator, denominator, before - slope * lag, before)
    return np.asarray(signal.lfilter(numerator, denominator, ground, zi=state)[0])


def _indistinctness(driver: NDArray[np.float64], sampling_rate: float) -> float:
    peak = driver.max()
    if not peak > 0:
        return float("inf")
    scaled = driver / peak
    above = np.concatenate([[False], scaled > _PART_OF_RESPONSE, [False]])
    edges = np.flatnonzero(np.diff(above.astype(np.int8)))
    lengths = (edges[1::2] - edges[::2]) / sampling_rate
    distinct = (lengths**2).sum() / (driver.size / sampling_rate)
    negative = np.sqrt(np.mean(np.minimum(scaled, 0.0) ** 2))
    return float(distinct + _NEGATIVITY * negative)


@compiled()
def _divide(
    remainder: NDArray[np.float64],
    response: NDArray[np.float64],
    seen: int,
    driver: NDArray[np.float64],
) -> None:
    """Polynomial division that takes at each sample the most that leaves nothing negative."""
    n = remainder.size
    for t in range(n - 1):
        last = min(seen, n - t - 1)
        most = np.inf
        for k in range(last):
            most = min(most, remainder[t + 1 + k] / response[k])
        if most > 0:
            driver[t] = most
            for k in range(min(response.size, n - t - 1)):
                remainder[t + 1 + k] = max(remainder[t + 1 + k] - most * response[k], 0.0)
