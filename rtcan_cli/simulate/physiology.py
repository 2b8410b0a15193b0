r"""A generative model of listeners: what they feel, how their skin responds, how they rate.

The model has a known truth, so that a pipeline can be checked: the music carries what all listeners
have in common, the skin individual differences, and each uses the rating scale differently.

*Feeling.* A stimulus pulls every listener by :math:`s` (valence and arousal, standard normal,
correlated). Listener and stimulus together deviate from that by :math:`d`. The listener feels

.. math:: f = \sqrt{w_s}\, s + \sqrt{w_d}\, d .

*Rating.* :math:`r = b + g (f + \sqrt{w_e}\, e)` with the listener's own bias :math:`b` and spread
:math:`g` and a whim :math:`e`; :math:`w_s + w_d + w_e = 1`.

*Body.* The sudomotor nerves follow the deviation more than the common pull, which a listener knows
to expect, and every hearing adds noise :math:`n` of its own:

.. math:: a = \frac{k \sqrt{w_s}\, s + \sqrt{w_d}\, d + \sqrt{w_n}\, n}{\mathrm{sd}} .

Aroused listeners have more and larger responses: they come at the rate
:math:`\lambda e^{c a}`, more regularly than by chance alone. Pleased listeners have them later
rather than earlier in the stimulus, and their tonic level rises. All this survives the z-score of
each trial, which absolute levels do not. Rates differ more than in life, so that short stimuli and
few listeners suffice.

*Skin.* The driver, one impulse a response, passes the Bateman impulse response (Benedek and
Kaernbach, Psychophysiology 47(4), 2010; the time constants are those of Greco et al., IEEE TBME
63(4), 2016) and rides on a drifting tonic level, measured with noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtri

from rtcan_cli.simulate.sizes import Scale

Array = NDArray[np.float64]

MODEL_VERSION = 2
"""Changes whenever the same seed gives other files."""

VALENCE, AROUSAL = 0, 1
"""Columns of every array of feelings."""

RATING_CORRELATION = 0.65
"""Of valence and arousal, in stimuli, deviations and biases; whims lower it to about 0.55 in the
ratings of a listener, and 0.6 with `LIFELIKE` effects (Yin et al. 2022, Table 2, has 0.52)."""


@dataclass(frozen=True)
class Effects:
    """How much songs and skin tell about ratings; pairs are for valence and arousal.

    Attributes
    ----------
    stimulus_share, deviation_share : tuple of float
        Shares :math:`w_s` and :math:`w_d` of the ratings' variance within a listener; the rest is
        the whim's.
    hearing_noise_share : tuple of float
        Share :math:`w_n` of what the body does in one hearing only.
    stimulus_in_body : float
        The factor :math:`k`.
    """

    stimulus_share: tuple[float, float]
    deviation_share: tuple[float, float]
    hearing_noise_share: tuple[float, float]
    stimulus_in_body: float


STRONG = Effects((0.36, 0.40), (0.46, 0.55), (0.70, 0.06), 0.3)
"""A small study on a laptop finds something."""

LIFELIKE = Effects((0.52, 0.56), (0.44, 0.42), (0.25, 0.45), 0.15)
"""At PMEmo's full size music alone and EDA alone tell about as much as in Yin et al. 2022, Table 3:
music more than EDA."""


def effects_of(name: str, scale: Scale) -> Effects:
    """The effects in a simulated dataset: strong ones, but for PMEmo at its full size."""
    return LIFELIKE if (name, scale) == ("pmemo", "full") else STRONG


RATING_BIAS_SD = 0.15
RATING_SPREAD = (0.14, 0.28)
"""On a scale from 0 to 1 around its centre."""

RESPONSE_RATE = 0.22
"""Responses per second of a median listener who is neither calm nor aroused."""

RATE_SLOPE = 1.1
"""Change of the logarithm of the rate with bodily arousal."""

SIZE_SLOPE = 0.4
"""Change of the logarithm of a response's size with bodily arousal."""

SIZE_SD = 0.3
"""Standard deviation of the logarithm of a response's size within one recording."""

REGULARITY = 4.0
"""Shape of the gamma distribution of the intervals between responses; 1 would be pure chance."""

TIMING_SLOPE = 0.6
"""How far bodily valence shifts the responses towards the end of the stimulus."""

TREND_SLOPE = 0.5
"""Change of the tonic trend with bodily valence, in sizes of a response."""

TAU = (2.0, 0.7)
"""Time constants of the Bateman function, in seconds."""

SENSOR_NOISE = 0.01
"""Standard deviation, in microsiemens."""

_WARM_UP = 10.0


@dataclass(frozen=True)
class Listeners:
    """Traits of listeners, each an array of shape (n_listeners, ...).

    Attributes
    ----------
    bias : ndarray, shape (n, 2)
        Centre of the valence and arousal ratings, on a scale from 0 to 1.
    spread : ndarray, shape (n,)
        Standard deviation of the ratings.
    responsiveness : ndarray, shape (n,)
        Median size of a skin conductance response, in microsiemens.
    rate : ndarray, shape (n,)
        Responses per second when neither calm nor aroused.
    level : ndarray, shape (n,)
        Tonic skin conductance, in microsiemens.
    """

    bias: Array
    spread: Array
    responsiveness: Array
    rate: Array
    level: Array

    def take(self, which: NDArray[np.intp]) -> Listeners:
        """Some of them, in the order of `which`, possibly repeated."""
        return Listeners(
            self.bias[which],
            self.spread[which],
            self.responsiveness[which],
            self.rate[which],
            self.level[which],
        )


@dataclass(frozen=True)
class Population:
    """Listeners, stimuli, and what the ones feel about the others.

    Attributes
    ----------
    stimuli : ndarray, shape (n_stimuli, 2)
        The common pull, valence and arousal.
    listeners : Listeners
        Their traits.
    deviations : ndarray, shape (n_listeners, n_stimuli, 2)
        Every listener's deviation from the common pull.
    effects : Effects
        How much songs and skin tell about what they feel.
    """

    stimuli: Array
    listeners: Listeners
    deviations: Array
    effects: Effects = STRONG


@dataclass(frozen=True)
class Signals:
    """Simulated recordings, each an array of shape (n_recordings, n_samples) in microsiemens.

    ``eda = tonic + phasic + noise``; `phasic` is `driver` filtered.
    """

    eda: Array
    driver: Array
    phasic: Array
    tonic: Array

    def after(self, n_rest: int) -> Signals:
        """Without the first samples, those before the stimulus."""
        channels = (self.eda, self.driver, self.phasic, self.tonic)
        return Signals(*(channel[:, n_rest:] for channel in channels))


def draw_population(
    n_listeners: int, n_stimuli: int, seed: int, effects: Effects = STRONG
) -> Population:
    """The population that a seed stands for; all that is simulated with the seed is about it."""
    rng = np.random.default_rng([seed])
    return Population(
        draw_stimuli(n_stimuli, rng),
        draw_listeners(n_listeners, rng),
        draw_deviations((n_listeners, n_stimuli), rng),
        effects,
    )


def draw_stimuli(n: int, rng: np.random.Generator) -> Array:
    """What stimuli make listeners feel on average.

    The values are normal quantiles, shuffled: even a few stimuli cover calm and exciting, sad and
    happy, as PMEmo's songs were chosen to do.

    Returns
    -------
    ndarray, shape (n, 2)
        Valence and arousal, about standard normal.
    """
    quantiles = ndtri((np.arange(n) + 0.5) / n)
    return _mix(rng.permutation(quantiles), rng.permutation(quantiles))


def draw_listeners(n: int, rng: np.random.Generator) -> Listeners:
    """Listeners that rate and respond in their own ways."""
    return Listeners(
        bias=0.55 + RATING_BIAS_SD * draw_deviations((n,), rng),
        spread=rng.uniform(*RATING_SPREAD, n),
        responsiveness=0.3 * np.exp(0.35 * rng.standard_normal(n)),
        rate=RESPONSE_RATE * np.exp(0.12 * rng.standard_normal(n)),
        level=rng.uniform(2.0, 10.0, n),
    )


def draw_deviations(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """How far feelings lie from what the stimuli make others feel.

    Parameters
    ----------
    shape : tuple of int
        Of the listeners and stimuli.

    Returns
    -------
    ndarray, shape (*shape, 2)
        Valence and arousal, standard normal.
    """
    return _mix(rng.standard_normal(shape), rng.standard_normal(shape))


def _mix(arousal: Array, own: Array) -> Array:
    """Valence and arousal, correlated, from arousal and what valence does not share with it."""
    valence = RATING_CORRELATION * arousal + np.sqrt(1 - RATING_CORRELATION**2) * own
    return np.stack([valence, arousal], axis=-1)


def felt(stimulus: Array, deviation: Array, effects: Effects = STRONG) -> Array:
    """What is felt; shapes (..., 2)."""
    shares = np.array([effects.stimulus_share, effects.deviation_share])
    return np.sqrt(shares[0]) * stimulus + np.sqrt(shares[1]) * deviation


def rate(
    feeling: Array, listeners: Listeners, rng: np.random.Generator, effects: Effects = STRONG
) -> Array:
    """Ratings of valence and arousal.

    Parameters
    ----------
    feeling : ndarray, shape (n, 2)
        What is felt.
    listeners : Listeners
        Who feels it, shape (n,).
    rng : Generator
        For the whims.
    effects : Effects, optional
        Leaves a share of the variance to the whims.

    Returns
    -------
    ndarray, shape (n, 2)
        On a scale from 0 to 1, before it is cut into steps.
    """
    share = 1 - np.array(effects.stimulus_share) - np.array(effects.deviation_share)
    whim = np.sqrt(share) * rng.standard_normal(feeling.shape)
    return np.clip(listeners.bias + listeners.spread[:, None] * (feeling + whim), 0, 1)


def bodily(
    stimulus: Array, deviation: Array, rng: np.random.Generator, effects: Effects = STRONG
) -> Array:
    """What the sudomotor nerves make of a feeling in one hearing; shapes (n, 2), unit variance."""
    of_stimulus, of_deviation, of_noise = np.array(
        [effects.stimulus_share, effects.deviation_share, effects.hearing_noise_share]
    )
    k = effects.stimulus_in_body
    noise = rng.standard_normal(deviation.shape)
    signal = k * np.sqrt(of_stimulus) * stimulus
    signal = signal + np.sqrt(of_deviation) * deviation + np.sqrt(of_noise) * noise
    return np.asarray(signal / np.sqrt(k**2 * of_stimulus + of_deviation + of_noise))


def bateman(driver: Array, sampling_rate: float) -> Array:
    """Skin conductance responses to a driver.

    The impulse response ``exp(-t / tau0) - exp(-t / tau1)``, sampled, is that of a filter with two
    poles; it is scaled to a peak of 1.

    Parameters
    ----------
    driver : ndarray, shape (..., n_samples)
        Size of the response that starts at each sample.
    sampling_rate : float
        In Hz.

    Returns
    -------
    ndarray, shape (..., n_samples)
    """
    slow, fast = (np.exp(-1 / (tau * sampling_rate)) for tau in TAU)
    peak_time = np.log(TAU[0] / TAU[1]) / (1 / TAU[1] - 1 / TAU[0])
    peak = np.exp(-peak_time / TAU[0]) - np.exp(-peak_time / TAU[1])
    numerator = np.array([0, slow - fast]) / peak
    return np.asarray(lfilter(numerator, [1, -(slow + fast), slow * fast], driver, axis=-1))


def record(
    body: Array,
    listeners: Listeners,
    duration: float,
    sampling_rate: float,
    rng: np.random.Generator,
    rest: float = 0.0,
) -> Signals:
    """Record the skin conductance of listeners.

    Parameters
    ----------
    body : ndarray, shape (n, 2)
        What their sudomotor nerves follow, see `bodily`.
    listeners : Listeners
        Who they are, shape (n,).
    duration : float
        Of the stimulus, in seconds.
    sampling_rate : float
        In Hz.
    rng : Generator
        Source of chance.
    rest : float
        Seconds recorded before the stimulus starts.

    Returns
    -------
    Signals
        ``round((rest + duration) * sampling_rate)`` samples each.
    """
    n = len(body)
    n_samples = round((rest + duration) * sampling_rate)
    valence, arousal = np.clip(body, -2, 2).T

    # Responses that began earlier are still going on when the recording starts.
    before = _WARM_UP + rest
    n_warm_up = round(_WARM_UP * sampling_rate)
    driver = np.zeros((n, n_warm_up + n_samples))

    def respond(start: float, length: float, rate: Array, size: Array, lateness: Array) -> None:
        who, place = _renewals(rate * length, rng)
        times = start + length * _tilted(place, lateness[who])
        when = np.minimum((times * sampling_rate).astype(int), driver.shape[1] - 1)
        sizes = np.exp(size[who] + SIZE_SD * rng.standard_normal(len(who)))
        np.add.at(driver, (who, when), sizes * listeners.responsiveness[who])

    calm = np.zeros(n)
    respond(0, before, 0.5 * listeners.rate, calm - 0.5, calm)
    excited = listeners.rate * np.exp(RATE_SLOPE * arousal)
    respond(before, duration, excited, SIZE_SLOPE * arousal, np.tanh(TIMING_SLOPE * valence))
    phasic = bateman(driver, sampling_rate)[:, n_warm_up:]
    driver = driver[:, n_warm_up:]

    time = np.arange(n_samples) / sampling_rate - rest
    along = np.clip(time / duration, 0, 1)
    trend = TREND_SLOPE * valence + 0.8 * rng.standard_normal(n)
    wave = rng.uniform(20, 60, n)
    phase = rng.uniform(0, 2 * np.pi, n)
    drift = trend[:, None] * (along - 0.5) + 0.4 * np.sin(
        2 * np.pi * time / wave[:, None] + phase[:, None]
    )
    tonic = listeners.level[:, None] + listeners.responsiveness[:, None] * drift
    eda = tonic + phasic + SENSOR_NOISE * rng.standard_normal(phasic.shape)
    return Signals(eda, driver, phasic, tonic)


def _renewals(expected: Array, rng: np.random.Generator) -> tuple[NDArray[np.intp], Array]:
    """Events at gamma-distributed intervals, more regular than a Poisson process.

    Parameters
    ----------
    expected : ndarray, shape (n,)
        Mean number of events of each of n processes.

    Returns
    -------
    which, place : ndarray
        For every event its process and where it lies, on a scale from 0 to 1.
    """
    most = int(expected.max() + 6 * np.sqrt(expected.max()) + 6)
    intervals = rng.gamma(REGULARITY, 1 / REGULARITY, (len(expected), most))
    # The first interval has partly gone by when the process is first looked at.
    intervals[:, 0] *= rng.random(len(expected))
    place = np.cumsum(intervals, axis=1) / expected[:, None]
    which, _ = np.nonzero(place < 1)
    return which, place[place < 1]


def _tilted(uniform: Array, tilt: Array) -> Array:
    """Numbers on 0..1 with the density ``1 + tilt * (2 x - 1)``, from uniform ones."""
    tilt = np.where(np.abs(tilt) < 1e-6, 1e-6, tilt)
    return (tilt - 1 + np.sqrt((1 - tilt) ** 2 + 4 * tilt * uniform)) / (2 * tilt)
