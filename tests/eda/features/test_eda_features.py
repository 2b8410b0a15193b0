"""All 128 together: what must not matter does not, and every valid recording has them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.eda.features import eda_features
from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.errors import RtcanError

RAW = np.array([feature.unit == "as recorded" for feature in CATALOGUE])
NAMES = [feature.name for feature in CATALOGUE]


class Signals(NamedTuple):
    """A recording with its components."""

    original: np.ndarray
    phasic: np.ndarray
    tonic: np.ndarray
    driver: np.ndarray
    sampling_rate: float


def recording(rate: float, seconds: float = 60.0, seed: int = 0) -> Signals:
    """Ten responses on a slow wave, without noise: the same at every rate but for its samples."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    phasic, driver = np.zeros_like(t), np.zeros_like(t)
    times = (np.arange(10) + rng.uniform(0.2, 0.6, 10)) * seconds / 10
    for time, area in zip(times, rng.uniform(0.7, 3, 10), strict=True):
        after = np.maximum(t - time, 0)
        phasic += area * (np.exp(-after / 2) - np.exp(-after / 0.7))
        driver += area * np.exp(-(((t - time) / 0.3) ** 2)) / (0.3 * np.sqrt(np.pi))
    tonic = np.sin(2 * np.pi * t / 50)
    microsiemens = 4 + 0.3 * (phasic + tonic)
    scale = 0.3 / microsiemens.std()
    return Signals(microsiemens, scale * phasic, scale * tonic, scale * driver, rate)


def test_128_numbers_in_the_order_of_the_catalogue() -> None:
    signals = recording(50.0)
    features = eda_features(*signals)
    assert features.shape == (128,)
    assert features.dtype == np.float64
    assert features[NAMES.index("scr_count")] == len(find_tops(signals.phasic, 0.1))
    assert features[NAMES.index("phasic_max")] == pytest.approx(signals.phasic.max(), rel=0.01)
    assert features[NAMES.index("raw_mean")] == pytest.approx(signals.original.mean(), rel=1e-3)


def find_tops(x: np.ndarray, rise: float) -> list[int]:
    """Tops that stand out by `rise` on both sides, by walking along the signal."""
    tops, low, top, place, up = [], x[0], x[0], 0, True
    for k, value in enumerate(x):
        if up and value > top:
            top, place = value, k
        elif up and value <= top - rise:
            if top - low >= rise:
                tops.append(place)
            low, up = value, False
        elif not up and value < low:
            low = value
        elif not up and value >= low + rise:
            top, place, up = value, k, True
    return tops


@pytest.mark.parametrize(("gain", "offset"), [(1e-6, 0.0), (250.0, -1e4), (1.0, 1e6)])
def test_unit_and_level_of_the_recording_matter_only_where_they_are_meant(
    gain: float, offset: float
) -> None:
    signals = recording(50.0)
    plain = eda_features(*signals, onset=3.0)
    other = eda_features(gain * signals.original + offset, *signals[1:], onset=3.0)
    np.testing.assert_allclose(other[~RAW], plain[~RAW], rtol=1e-5, atol=1e-6)
    levels = np.array([name == "raw_mean" for name in NAMES])
    expected = gain * plain + offset * levels
    np.testing.assert_allclose(other[RAW], expected[RAW], rtol=1e-5)


@pytest.mark.parametrize(("rate", "tolerance"), [(4, 0.25), (16, 0.05), (50, 0.02), (1000, 0.02)])
def test_the_sampling_rate_does_not_matter(rate: float, tolerance: float) -> None:
    usual = eda_features(*recording(128.0), onset=3.0)
    other = eda_features(*recording(float(rate)), onset=3.0)
    # A share of the feature, or of how much it differs between recordings; of times, of a sample.
    spread = np.std([eda_features(*recording(128.0, seed=k), onset=3.0) for k in range(8)], axis=0)
    sample = np.array([1 / rate if feature.unit == "s" else 0 for feature in CATALOGUE])
    difference = np.abs(other - usual) / np.max([np.abs(usual), spread, sample], axis=0)
    worst = int(np.argmax(difference))
    assert difference[worst] < tolerance, (NAMES[worst], other[worst], usual[worst])


def test_only_what_follows_the_onset_is_described() -> None:
    """A change of the components before the onset, far enough for the filters, changes nothing."""
    signals = recording(50.0)
    changed = [x.copy() for x in signals[1:4]]
    for component in changed:
        component[:100] += 0.5
    np.testing.assert_allclose(
        eda_features(signals.original, *changed, 50.0, onset=8.0),
        eda_features(*signals, onset=8.0),
        rtol=1e-9,
        atol=1e-9,
    )


def test_float32_components_are_as_good() -> None:
    signals = recording(50.0)
    single = [x.astype(np.float32) for x in signals[1:4]]
    np.testing.assert_allclose(
        eda_features(signals.original, *single, 50.0), eda_features(*signals), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize(("rate", "seconds"), [(2, 6), (4, 6), (1000, 6), (128, 1500)])
def test_the_shortest_and_the_longest_recordings_have_all_features(
    rate: float, seconds: float
) -> None:
    assert np.isfinite(eda_features(*recording(float(rate), seconds), onset=3.0)).all()


@pytest.mark.parametrize("rate", [4.0, 50.0])
def test_two_seconds_after_the_onset_are_enough(rate: float) -> None:
    features = eda_features(*recording(rate, 7.0), onset=5.0 - 1 / rate)
    assert np.isfinite(features).all()


def test_a_recording_without_any_response_has_all_features() -> None:
    signals = recording(4.0, 30.0)
    nothing = np.zeros_like(signals.phasic)
    features = eda_features(signals.original, nothing, signals.tonic, nothing, 4.0)
    assert np.isfinite(features).all()
    assert features[NAMES.index("scr_count")] == 0


@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from([2.0, 4.0, 7.3, 32.0, 50.0, 128.0, 1000.0]),
    seconds=st.floats(6, 40),
    onset=st.floats(0, 3),
    roughness=st.sampled_from([0.0, 1e-9, 1e-3, 1.0]),
    parts=st.tuples(*[st.sampled_from(["zero", "constant", "walk", "spikes"])] * 3),
    level=st.floats(-1e6, 1e6),
    seed=st.integers(0, 2**16),
)
def test_every_valid_recording_has_finite_features(
    rate: float,
    seconds: float,
    onset: float,
    roughness: float,
    parts: tuple[str, str, str],
    level: float,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    n = int(np.ceil(seconds * rate))

    def part(kind: str) -> np.ndarray:
        return {
            "zero": np.zeros(n),
            "constant": np.full(n, rng.normal()),
            "walk": np.cumsum(rng.normal(0, rate**-0.5, n)),
            "spikes": np.where(rng.random(n) < 1 / rate, rng.gamma(2.0, size=n) * rate, 0.0),
        }[kind]

    original = level + part("walk") + roughness * rng.normal(size=n)
    phasic, tonic, driver = (part(kind) for kind in parts)
    features = eda_features(original, phasic, tonic, np.abs(driver), rate, onset)
    assert np.isfinite(features).all()


def test_a_damaged_recording_is_refused() -> None:
    signals = recording(50.0)
    with pytest.raises(RtcanError):
        eda_features(np.full_like(signals.original, 2.0), *signals[1:])
