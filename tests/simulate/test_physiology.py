from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import fftconvolve
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rtcan_cli.simulate import physiology
from rtcan_cli.simulate.physiology import AROUSAL, VALENCE

RATE = 50.0


def listeners_like(n: int) -> physiology.Listeners:
    """All with the traits of the median listener."""
    return physiology.Listeners(
        bias=np.full((n, 2), 0.5),
        spread=np.full(n, 0.2),
        responsiveness=np.full(n, 0.3),
        rate=np.full(n, physiology.RESPONSE_RATE),
        level=np.full(n, 5.0),
    )


def test_bateman_is_the_convolution_with_its_impulse_response() -> None:
    rng = np.random.default_rng(0)
    driver = np.where(rng.random((3, 800)) < 0.02, rng.random((3, 800)), 0)
    time = np.arange(800) / RATE
    response = np.exp(-time / 2.0) - np.exp(-time / 0.7)
    response /= (np.exp(-np.arange(0, 5, 1e-4) / 2) - np.exp(-np.arange(0, 5, 1e-4) / 0.7)).max()
    expected = fftconvolve(driver, response[None, :], axes=1)[:, :800]
    assert_allclose(physiology.bateman(driver, RATE), expected, atol=1e-8)


@given(st.floats(16, 256))
def test_one_response_peaks_at_its_size(sampling_rate: float) -> None:
    driver = np.zeros(int(10 * sampling_rate))
    driver[0] = 1.7
    response = physiology.bateman(driver, sampling_rate)
    assert response.max() == pytest.approx(1.7, rel=0.01)
    peak = np.log(2.0 / 0.7) / (1 / 0.7 - 1 / 2.0)
    assert np.argmax(response) / sampling_rate == pytest.approx(peak, abs=1 / sampling_rate)


def test_recordings_are_made_of_what_is_said() -> None:
    rng = np.random.default_rng(1)
    body = rng.standard_normal((40, 2))
    made = physiology.record(body, listeners_like(40), 20.0, RATE, rng, rest=3.0)
    assert made.eda.shape == (40, 23 * RATE)
    assert (made.driver >= 0).all()
    assert (made.driver > 0).any(axis=1).mean() > 0.9
    assert (made.phasic >= 0).all()
    noise = made.eda - made.tonic - made.phasic
    assert noise.std() == pytest.approx(physiology.SENSOR_NOISE, rel=0.03)
    # What is left of responses from before the recording dies away with the slow time constant.
    left = (made.phasic - physiology.bateman(made.driver, RATE))[:, [0, -1]]
    assert (left[:, 0] >= -1e-12).all()
    assert left[:, 1].max() < 0.01


def responses(signals: physiology.Signals) -> np.ndarray:
    return np.asarray((signals.driver > 0).sum(axis=1))


@pytest.mark.parametrize("arousal", [-1.0, 0.0, 1.0])
def test_responses_come_at_the_rate_that_arousal_sets(arousal: float) -> None:
    n = 400
    body = np.tile([0.0, arousal], (n, 1))
    made = physiology.record(body, listeners_like(n), 60.0, RATE, np.random.default_rng(2))
    expected = 60 * physiology.RESPONSE_RATE * np.exp(physiology.RATE_SLOPE * arousal)
    # Two responses may fall on one sample; then they count as one.
    assert responses(made).mean() == pytest.approx(expected, rel=0.05)
    assert responses(made).var() < 0.5 * expected, "more regular than a Poisson process"


def test_size_follows_arousal_and_timing_follows_valence() -> None:
    rng = np.random.default_rng(3)
    body = rng.standard_normal((600, 2))
    made = physiology.record(body, listeners_like(600), 30.0, RATE, rng)
    assert spearmanr(responses(made), body[:, AROUSAL])[0] > 0.85
    size = made.driver.sum(axis=1) / np.maximum(responses(made), 1)
    assert spearmanr(size, body[:, AROUSAL])[0] > 0.4
    when = (made.driver > 0) @ np.arange(made.driver.shape[1]) / np.maximum(responses(made), 1)
    some = responses(made) > 3
    assert spearmanr(when[some], body[some, VALENCE])[0] > 0.4
    rise = made.tonic[:, -1] - made.tonic[:, 0]
    assert spearmanr(rise, body[:, VALENCE])[0] > 0.3


@pytest.mark.parametrize("effects", [physiology.STRONG, physiology.LIFELIKE])
def test_feelings_and_ratings_have_the_variances_that_are_documented(
    effects: physiology.Effects,
) -> None:
    population = physiology.draw_population(50, 400, 4, effects)
    feeling = physiology.felt(population.stimuli, population.deviations, effects)
    shares = np.add(effects.stimulus_share, effects.deviation_share)
    assert (shares <= 1).all()
    assert_allclose(feeling.reshape(-1, 2).var(axis=0), shares, rtol=0.08)
    correlation = np.corrcoef(population.deviations.reshape(-1, 2).T)[0, 1]
    assert correlation == pytest.approx(physiology.RATING_CORRELATION, abs=0.02)
    body = physiology.bodily(
        np.tile(population.stimuli, (50, 1)),
        population.deviations.reshape(-1, 2),
        np.random.default_rng(5),
        effects,
    )
    assert_allclose(body.std(axis=0), 1, rtol=0.05)


def test_a_listener_has_a_bias_and_a_spread_of_ratings() -> None:
    n = 5000
    someone = physiology.Listeners(
        bias=np.tile([0.6, 0.4], (n, 1)),
        spread=np.full(n, 0.1),
        responsiveness=np.ones(n),
        rate=np.ones(n),
        level=np.ones(n),
    )
    rng = np.random.default_rng(6)
    feeling = physiology.felt(rng.standard_normal((n, 2)), rng.standard_normal((n, 2)))
    ratings = physiology.rate(feeling, someone, rng)
    assert_allclose(ratings.mean(axis=0), [0.6, 0.4], atol=0.01)
    assert_allclose(ratings.std(axis=0), 0.1, rtol=0.05)
    assert ratings.min() >= 0
    assert ratings.max() <= 1


def test_only_full_size_pmemo_is_lifelike() -> None:
    assert physiology.effects_of("pmemo", "full") is physiology.LIFELIKE
    full = ("deap", "amigos", "hku956", "table")
    for name, scale in (("pmemo", "demo"), *((each, "full") for each in full)):
        assert physiology.effects_of(name, scale) is physiology.STRONG  # type: ignore[arg-type]


def test_lifelike_skin_tells_less_and_songs_tell_more() -> None:
    """How well the truth itself would tell ratings: the bounds that the shares set."""
    found = {}
    for name in ("STRONG", "LIFELIKE"):
        effects = getattr(physiology, name)
        rng = np.random.default_rng(8)
        pull, deviation = rng.standard_normal((2, 20000, 2))
        feeling = physiology.felt(pull, deviation, effects)
        body = physiology.bodily(pull, deviation, rng, effects)
        found[name] = [
            (np.corrcoef(feeling[:, k], pull[:, k])[0, 1] ** 2,
             np.corrcoef(feeling[:, k], body[:, k])[0, 1] ** 2)
            for k in (VALENCE, AROUSAL)
        ]  # fmt: skip
    assert found["STRONG"][AROUSAL][1] > found["STRONG"][AROUSAL][0] + 0.2
    for k in (VALENCE, AROUSAL):
        music, skin = found["LIFELIKE"][k]
        assert music > found["STRONG"][k][0]
        assert music > skin + 0.1


def test_a_seed_fixes_the_population() -> None:
    one, same, other = (physiology.draw_population(5, 4, seed) for seed in (1, 1, 2))
    assert_array_equal(one.deviations, same.deviations)
    assert_array_equal(one.listeners.bias, same.listeners.bias)
    assert not np.array_equal(one.deviations, other.deviations)


def test_a_correct_pipeline_can_recover_what_was_put_in() -> None:
    """Fusion beats EDA and music alone; a listener's own threshold beats one for all."""
    n_listeners, n_songs = 48, 20
    population = physiology.draw_population(n_listeners, n_songs, seed=7)
    rng = np.random.default_rng(7)
    who, song = np.divmod(np.arange(n_listeners * n_songs), n_songs)
    pull, deviation = population.stimuli[song], population.deviations[who, song]
    listeners = population.listeners.take(who)
    rating = physiology.rate(physiology.felt(pull, deviation), listeners, rng)[:, AROUSAL]
    eda = physiology.record(physiology.bodily(pull, deviation, rng), listeners, 25.0, RATE, rng).eda

    scored = (eda - eda.mean(axis=1, keepdims=True)) / eda.std(axis=1, keepdims=True)
    slope = np.diff(scored.reshape(len(scored), -1, 10).mean(axis=2), axis=1)
    shape = np.column_stack([slope.std(1), np.abs(slope).mean(1), (slope > 0).mean(1)])
    shape = np.column_stack([np.log(shape), (slope**3).mean(1), (slope**4).mean(1)])
    music = np.eye(n_songs)[song]

    own = np.median(rating.reshape(n_listeners, n_songs), axis=1)[who]
    accuracy = {}
    for threshold, labels in (("own", rating > own), ("fixed", rating > 0.5)):
        for inputs, x in (("eda", shape), ("music", music), ("both", np.hstack([shape, music]))):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000))
            guess = cross_val_predict(model, x, labels, groups=who, cv=GroupKFold(6))
            accuracy[threshold, inputs] = (guess == labels).mean()
    assert 0.66 < accuracy["own", "eda"] < 0.80
    assert 0.66 < accuracy["own", "music"] < 0.78
    assert accuracy["own", "both"] > max(accuracy["own", "eda"], accuracy["own", "music"]) + 0.03
    assert accuracy["own", "both"] > accuracy["fixed", "both"] + 0.02
