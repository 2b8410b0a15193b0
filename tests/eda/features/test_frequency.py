"""Power stands in the band it belongs to, and none is lost."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import detrend
from scipy.signal.windows import hann

from rtcan_cli.eda.features.frequency import (
    BANDS,
    POWER_FLOOR,
    entropy,
    frequency_features,
    spectrum,
)
from rtcan_cli.eda.features.stretch import RATE, Stretch

T = np.arange(int(60 * RATE)) / RATE


def features(eda: np.ndarray, phasic: np.ndarray | None = None) -> dict[str, float]:
    other = np.zeros_like(eda) if phasic is None else phasic
    return frequency_features(Stretch(eda, other, other, other, level=0.0, spread=1.0))


@pytest.mark.parametrize("frequency", [0.05, 0.15, 0.25, 0.35, 0.45, 1.0])
def test_a_sine_is_in_its_band(frequency: float) -> None:
    found = features(3 * np.sin(2 * np.pi * frequency * T))
    powers = {band: 10 ** found["eda_power_{:.1f}_{:.1f}".format(*band)] for band in BANDS}
    home = next(band for band in BANDS if band[0] <= frequency < band[1])
    assert max(powers, key=lambda band: powers[band]) == home
    assert sum(powers.values()) == pytest.approx(4.5, rel=0.25 if frequency < 0.1 else 0.01)
    # The window of 20 s lets something into the neighbours.
    assert powers[home] > 0.75 * sum(powers.values())
    assert found["eda_centroid"] == pytest.approx(frequency, abs=0.02)
    assert frequency < found["eda_edge"] < frequency + 0.1


@pytest.mark.parametrize("seconds", [2, 7, 20])
def test_the_whole_power_is_that_of_the_windowed_signal(seconds: int) -> None:
    x = np.random.default_rng(seconds).normal(size=int(seconds * RATE)) + 3
    frequencies, power = spectrum(x)
    window = hann(x.size, sym=False)
    centred = detrend(x) - detrend(x).mean()
    expected = np.sum((window * centred) ** 2) / np.sum(window**2)
    assert power.sum() == pytest.approx(expected)
    assert (frequencies[0], frequencies[-1]) == (0, RATE / 2)


def test_sympathetic_share() -> None:
    assert features(np.sin(2 * np.pi * 0.15 * T))["eda_sympathetic"] > 0.99
    assert features(np.sin(2 * np.pi * 0.6 * T))["eda_sympathetic"] < 0.01
    both = np.sin(2 * np.pi * 0.15 * T) + np.sin(2 * np.pi * 0.6 * T)
    assert features(both)["eda_sympathetic"] == pytest.approx(0.5, abs=0.01)


def test_noise_is_spread_and_a_sine_is_not() -> None:
    noise = features(np.random.default_rng(0).normal(size=4000))
    sine = features(np.sin(2 * np.pi * 0.2 * np.arange(4000) / RATE))
    assert noise["eda_entropy"] > 0.97
    assert sine["eda_entropy"] < 0.6
    assert noise["eda_centroid"] == pytest.approx(0.75, abs=0.05)
    assert noise["eda_edge"] == pytest.approx(0.95 * 1.5, abs=0.05)


def test_entropy_is_that_of_its_definition() -> None:
    assert entropy(np.full(7, 3.0)) == pytest.approx(1)
    assert entropy(np.array([0.0, 5.0, 0.0])) == 0
    assert entropy(np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.5)
    assert entropy(np.zeros(4)) == 0


def test_the_phasic_part_is_described_by_its_own_spectrum() -> None:
    found = features(np.sin(2 * np.pi * 0.15 * T), np.sin(2 * np.pi * 0.45 * T))
    assert found["eda_centroid"] == pytest.approx(0.15, abs=0.01)
    assert found["phasic_centroid"] == pytest.approx(0.45, abs=0.01)


def test_a_constant_signal_has_the_floor_and_no_frequency() -> None:
    found = features(np.full_like(T, 0.7))
    for name, value in found.items():
        assert value == (np.log10(POWER_FLOOR) if "power" in name else 0), name
