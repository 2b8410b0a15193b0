"""Decomposition by deconvolution: continuous (CDA) and discrete (DDA) decomposition analysis.

- Benedek & Kaernbach, *A continuous measure of phasic electrodermal activity*, Journal of
  Neuroscience Methods 190, 2010, 80-91, doi 10.1016/j.jneumeth.2010.04.028: `continuous`.
- Benedek & Kaernbach, *Decomposition of skin conductance data by means of nonnegative
  deconvolution*, Psychophysiology 47, 2010, 647-658, doi 10.1111/j.1469-8986.2009.00972.x:
  `discrete`.

Both take a recording for the convolution of a driver with the Bateman response. Dividing by the
response, which is exact for a response that is sampled, gives a driver in which responses are
short and far apart. Between them lies the driver of the tonic part::

    recording --[ smoothing, deconvolution ]--> driver --[ between responses ]--> tonic
    recording - tonic ------------------------> phasic;  its driver                       (CDA)
    recording - tonic --[ nonnegative deconvolution ]--> phasic driver and remainder      (DDA)

The time constants of the response are found for each recording: `optimised`.

What is ours: the tonic part is fitted as a curve that keeps within the recording
(`rtcan_cli.eda.tonic_spline` says why), and responses must stand out of the sensor's noise. Where
the papers leave a choice open, it is named at the constant or the function that makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.eda.compiled import IS_COMPILED, compiled
from rtcan_cli.eda.components import Components
from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.eda.tonic_spline import Basis
from rtcan_cli.errors import RtcanError

# Weight of negative driver beside indistinct driver in the criterion of CDA.
_NEGATIVITY = 6.0
# Driver above this share of its maximum counts as a part of a response in that criterion.
_PART_OF_RESPONSE = 0.05
# Where the time constants are looked for, in seconds: fast and slow one.
_FAST, _SLOW = (0.1, 2.0), (1.5, 40.0)
# The remainder of DDA must not be negative where the response is above this share of its peak:
# further on, a tonic part that is a little too high would leave nothing of a response.
_SEEN = 0.4
# In the driver, a response must rise that many standard deviations of the noise.
_ABOVE_NOISE = 4.0
# To each side, a response lasts that many times as long as the driver needs to fall half the way
# from its peak; of a Gaussian peak that is all but 3 %.
_WIDER = 1.8
# Median size of a standard normal number.
_MEDIAN_OF_NORMAL = 0.6745


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
        Seconds between the knots of the tonic part.
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
        The response and how the tonic part is found; `optimised` has those of a recording.

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
    prepared = _Prepared(y, sampling_rate, parameters)
    smooth = prepared.extended[1:-1]
    tonic, ground = prepared.tonic(parameters)
    driver = (prepared.driver(parameters) - ground) / _area(sampling_rate, parameters)
    response = parameters.tau0, parameters.tau1
    return Components(smooth - tonic, tonic, driver, y - smooth, response=response)


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
        Driver and phasic part are nowhere negative. The convolution of the one with the response
        is hardly above the other, and nowhere while the first response lasts (see `_SEEN`).

    Raises
    ------
    RtcanError
        If the recording cannot be decomposed.
    """
    y = _checked(eda, sampling_rate)
    prepared = _Prepared(y, sampling_rate, parameters)
    tonic, _ = prepared.tonic(parameters)
    phasic = np.maximum(prepared.extended[1:-1] - tonic, 0.0)
    slow, fast = _poles(sampling_rate, parameters)
    t = np.arange(1, int(8 * parameters.tau0 * sampling_rate) + 2)
    response = (slow**t - fast**t) / (_area(sampling_rate, parameters) * sampling_rate)
    peak = int(np.argmax(response))
    seen = peak + int(np.searchsorted(-response[peak:], -_SEEN * response[peak]))
    driver = np.zeros(y.size)
    divide = _divide if IS_COMPILED else _divide_whole
    divide(phasic.copy(), response, seen, driver)
    scale = _area(sampling_rate, parameters)
    taus = parameters.tau0, parameters.tau1
    return Components(phasic, tonic, driver / scale, y - phasic - tonic, response=taus)


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
    prepared = _Prepared(_checked(eda, sampling_rate), sampling_rate, parameters)

    def criterion(logarithms: NDArray[np.float64]) -> float:
        slow, fast = np.exp(logarithms)
        if slow < 1.1 * fast:
            return np.inf
        tried = replace(parameters, tau0=float(slow), tau1=float(fast))
        return _indistinctness(prepared.phasic_driver(tried), prepared.seen_rate)

    found = scipy.optimize.minimize(
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


class _Prepared:
    """A recording, and what its decomposition with any time constants begins with.

    Peaks and the tonic part are looked for in samples that are half of the smoothing apart: the
    smoothed recording has nothing in between that these do not show.
    """

    def __init__(
        self, y: NDArray[np.float64], sampling_rate: float, parameters: DeconvolutionParameters
    ) -> None:
        width = parameters.smoothing * sampling_rate
        padding = int(4 * width) + 2
        # To smooth the recording is to smooth its driver. At its edges it is continued by its
        # mirror image through the outermost sample, which keeps level and slope.
        self.extended = scipy.ndimage.gaussian_filter1d(
            np.pad(y, padding, mode="reflect", reflect_type="odd"), width
        )[padding - 1 : 1 - padding]
        self.sampling_rate = sampling_rate
        self.times = np.arange(-1, y.size + 1) / sampling_rate
        stride = max(1, int(width / 2))
        self._every = slice(None, None, stride)
        self.seen_rate = sampling_rate / stride
        seen = self.times[1:-1][self._every]
        self._around = [each[self._every] for each in _neighbours(self.extended)]
        self._basis = Basis(seen, 1 / sampling_rate, self.times[-2], parameters.grid)
        # Fourth differences of white noise have 70 times its variance, and hardly anything else.
        self._noise = float(np.median(np.abs(np.diff(y, 4)))) / _MEDIAN_OF_NORMAL / 70**0.5
        impulse = np.zeros(2 * padding + 1)
        impulse[padding] = 1
        self._kernel = _neighbours(scipy.ndimage.gaussian_filter1d(impulse, width))

    def driver(self, parameters: DeconvolutionParameters) -> NDArray[np.float64]:
        """Driver of the smoothed recording at every sample, in units of the recording."""
        return self._divided(_neighbours(self.extended), parameters)

    def tonic(
        self, parameters: DeconvolutionParameters
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Tonic part and its driver at every sample, in units of the recording."""
        coefficients, _ = self._fit(parameters)
        curve = self._basis.curve(coefficients, self.times)
        return curve[1:-1], self._divided(_neighbours(curve), parameters)

    def phasic_driver(self, parameters: DeconvolutionParameters) -> NDArray[np.float64]:
        """Phasic driver at the samples that are looked at."""
        return self._fit(parameters)[1]

    def _fit(
        self, parameters: DeconvolutionParameters
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        driver = self._divided(self._around, parameters)
        noise = self._noise * float(np.linalg.norm(self._divided(self._kernel, parameters)))
        between = _between(driver, max(parameters.significance, _ABOVE_NOISE * noise))
        bases = self._divided(self._basis.around, parameters)
        coefficients = self._basis.fit(self._around[1], driver, bases, between)
        return coefficients, driver - self._basis.seen(coefficients, bases)

    def _divided(
        self, around: Sequence[NDArray[np.float64]], parameters: DeconvolutionParameters
    ) -> NDArray[np.float64]:
        # The sampled response has the transfer function (slow - fast) B / ((1 - slow B)(1 - fast
        # B)): its inverse has three taps, and sees one sample ahead and one back.
        slow, fast = _poles(self.sampling_rate, parameters)
        back, here, ahead = around
        return (ahead - (slow + fast) * here + slow * fast * back) / ((1 - slow) * (1 - fast))


def _neighbours(x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Samples before, the inner samples, samples after."""
    return [x[:-2], x[1:-1], x[2:]]


def _between(driver: NDArray[np.float64], significance: float) -> NDArray[np.bool_]:
    """Where there is no response.

    There is one around each peak that the driver rises to and falls from by the significance at
    least, see `_WIDER`. The papers let it last to the minima beside the peak, which may belong to
    the noise on its flank.
    """
    between = np.ones(driver.size, dtype=bool)
    peaks = scipy.signal.find_peaks(driver, prominence=significance)[0]
    _, _, begins, ends = scipy.signal.peak_widths(driver, peaks, rel_height=0.5)
    for peak, begin, end in zip(peaks, begins, ends, strict=True):
        first = np.floor(peak - _WIDER * (peak - begin))
        between[max(0, int(first)) : int(peak + _WIDER * (end - peak)) + 2] = False
    return between


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


def _divide_whole(
    remainder: NDArray[np.float64],
    response: NDArray[np.float64],
    seen: int,
    driver: NDArray[np.float64],
) -> None:
    """As `_divide`, for the interpreter: all samples of a response at once."""
    for t in range(remainder.size - 1):
        left = remainder[t + 1 : t + 1 + response.size]
        most = (left[:seen] / response[: min(seen, left.size)]).min()
        if most > 0:
            driver[t] = most
            left[:] = np.maximum(left - most * response[: left.size], 0.0)
