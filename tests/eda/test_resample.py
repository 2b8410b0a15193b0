from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from rtcan_cli.eda.resample import resample
from rtcan_cli.errors import RtcanError

RATIOS = [(128, 50), (11.43, 10), (50, 10), (1000, 4), (13.26, 4), (4, 10), (64, 63.7), (32, 128)]


def tone(frequency, rate, seconds=60.0, phase=0.3):
    return np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate + phase)


@pytest.mark.parametrize(("old", "new"), RATIOS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.75])
def test_tone_below_the_new_nyquist_frequency_survives_in_place(old, new, share):
    frequency = share * min(old, new) / 2
    result = resample(tone(frequency, old), old, new)
    expected = tone(frequency, new, 61.0)[: result.size]
    middle = slice(result.size // 4, -result.size // 4)
    np.testing.assert_allclose(result[middle], expected[middle], atol=2e-4)


@pytest.mark.parametrize(("old", "new"), [(o, n) for o, n in RATIOS if o > 1.3 * n])
@pytest.mark.parametrize("factor", [1.01, 1.3, 1.9])
def test_tone_above_it_is_gone(old, new, factor):
    frequency = factor * new / 2
    if frequency > old / 2:
        pytest.skip("the old rate cannot show this tone")
    result = resample(tone(frequency, old), old, new)
    middle = slice(result.size // 4, -result.size // 4)
    assert np.abs(result[middle]).max() < 1e-4


@pytest.mark.parametrize(("old", "new"), RATIOS)
def test_level_and_drift_stay_and_do_not_ring(old, new):
    t = np.arange(int(20 * old)) / old
    result = resample(8 + 0.05 * t, old, new)
    np.testing.assert_allclose(result, 8 + 0.05 * np.arange(result.size) / new, atol=1e-6)


def test_edges_of_a_slow_signal_on_a_large_offset_are_right():
    t = np.arange(128 * 30) / 128
    curve = lambda t: 12 + 0.3 * np.sin(2 * np.pi * 0.1 * t) + 0.1 * np.exp(-t / 4)  # noqa: E731
    result = resample(curve(t), 128, 10)
    np.testing.assert_allclose(result, curve(np.arange(result.size) / 10), atol=3e-3)


def test_agrees_with_scipy_inside():
    rng = np.random.default_rng(1)
    x = signal.sosfiltfilt(signal.butter(6, 3, fs=128, output="sos"), rng.standard_normal(5000))
    ours = resample(x, 128, 50)
    theirs = signal.resample_poly(x, 25, 64, window=("kaiser", 12.0))[: ours.size]
    np.testing.assert_allclose(ours[100:-100], theirs[100:-100], atol=2e-3 * np.abs(x).max())


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 3000), st.floats(2, 500), st.floats(2, 500), st.floats(-1e3, 1e3))
def test_length_and_rate(n, old, new, level):
    result = resample(np.full(n, level), old, new)
    # All samples that fit between the first and the last, give or take rounding of the ratio.
    assert abs((result.size - 1) / new - (n - 1) / old) <= 1 / new + 3e-5 * n / old
    np.testing.assert_allclose(result, level, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(("n", "old", "new", "expected"), [
    (1280, 128, 50, 500),
    (1281, 128, 50, 501),
    (1143, 11.43, 10, 1000),
    (24, 4, 10, 58),
])  # fmt: skip
def test_number_of_samples(n, old, new, expected):
    assert resample(np.zeros(n), old, new).size == expected


def test_same_rate_is_a_copy():
    x = np.arange(10.0)
    result = resample(x, 50, 50)
    assert np.array_equal(result, x)
    assert result is not x


@pytest.mark.parametrize(("old", "new"), [(0, 10), (10, -1), (np.nan, 10), (10, np.inf), (2e4, 4)])
def test_refuses_impossible_rates(old, new):
    with pytest.raises(RtcanError, match="Hz"):
        resample(np.arange(100.0), old, new)


def test_refuses_missing_samples():
    with pytest.raises(RtcanError, match="missing"):
        resample([1.0, np.nan, 2.0], 10, 5)
