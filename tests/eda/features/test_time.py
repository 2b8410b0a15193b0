"""Statistics against SciPy, derivatives and slopes against polynomials and sines."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rtcan_cli.eda.features.stretch import RATE, Stretch
from rtcan_cli.eda.features.time import derivative, hjorth, slope, time_features

T = np.arange(400) / RATE


def stretch(eda: np.ndarray, phasic: np.ndarray, tonic: np.ndarray) -> Stretch:
    return Stretch(eda, phasic, tonic, np.zeros_like(eda), level=5.0, spread=2.0)


def test_derivatives_of_a_cubic_are_exact_to_the_ends() -> None:
    cubic = 1 - 2 * T + 0.5 * T**2 - 0.01 * T**3
    np.testing.assert_allclose(derivative(cubic, 1), -2 + T - 0.03 * T**2, atol=1e-8)
    np.testing.assert_allclose(derivative(cubic, 2), 1 - 0.06 * T, atol=1e-7)


def test_a_ramp_has_its_slope() -> None:
    assert slope(3 - 0.25 * T) == pytest.approx(-0.25)
    noisy = 3 - 0.25 * T + np.random.default_rng(0).normal(size=T.size)
    assert slope(noisy) == pytest.approx(stats.linregress(T, noisy).slope)


def test_a_sine_has_its_angular_frequency_as_mobility_and_complexity_one() -> None:
    sine = np.sin(2 * np.pi * 0.2 * T)
    mobility, complexity = hjorth(sine, derivative(sine, 1), derivative(sine, 2))
    assert mobility == pytest.approx(2 * np.pi * 0.2, rel=0.01)
    assert complexity == pytest.approx(1, rel=0.06)


def test_statistics_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    signals = rng.gamma(2.0, size=(3, T.size))
    features = time_features(stretch(*signals))
    for name, x in zip(("eda", "phasic", "tonic"), signals, strict=True):
        assert features[f"{name}_mean"] == pytest.approx(np.mean(x))
        assert features[f"{name}_std"] == pytest.approx(np.std(x))
        assert features[f"{name}_skewness"] == pytest.approx(stats.skew(x))
        assert features[f"{name}_kurtosis"] == pytest.approx(stats.kurtosis(x))
        assert features[f"{name}_iqr"] == pytest.approx(stats.iqr(x))
    assert features["phasic_max"] == signals[1].max()
    assert features["eda_range"] == np.ptp(signals[0])
    assert features["tonic_range"] == np.ptp(signals[2])
    assert features["raw_mean"] == pytest.approx(5 + 2 * signals[0].mean())
    assert features["raw_std"] == pytest.approx(2 * signals[0].std())
    assert features["raw_range"] == pytest.approx(2 * np.ptp(signals[0]))


def test_each_signal_is_described_by_its_own_derivatives() -> None:
    features = time_features(stretch(0.3 * T, -0.1 * T, 0.5 * T**2))
    assert features["eda_d1_mean_abs"] == pytest.approx(0.3)
    assert features["eda_d1_max"] == pytest.approx(0.3)
    assert features["eda_d1_std"] == pytest.approx(0, abs=1e-9)
    assert features["eda_d1_rising"] == 1
    assert features["phasic_d1_max"] == pytest.approx(-0.1)
    assert features["phasic_d1_rising"] == 0
    assert features["tonic_d2_mean_abs"] == pytest.approx(1.0)
    assert features["tonic_d1_std"] == pytest.approx(T.std(), rel=1e-6)


def test_signals_that_do_not_change_have_no_shape_and_no_course() -> None:
    still = np.full_like(T, -1.5)
    features = time_features(stretch(still, np.zeros_like(T), still))
    levels = {name: features.pop(name) for name in ("eda_mean", "tonic_mean", "raw_mean")}
    assert levels == {"eda_mean": -1.5, "tonic_mean": -1.5, "raw_mean": 2.0}
    assert max(abs(value) for value in features.values()) < 1e-12
