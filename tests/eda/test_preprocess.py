from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.interpolate import make_interp_spline

from rtcan_cli.eda.preprocess import CHANNELS, find_problem, network_input, zscore
from rtcan_cli.errors import RtcanError

RNG = np.random.default_rng(5)


@given(
    arrays(np.float64, st.integers(2, 40), elements=st.floats(-1e6, 1e6)),
    st.floats(0.01, 100),
    st.floats(-100, 100),
)
def test_zscore_forgets_unit_and_offset(x, scale, offset):
    if np.ptp(x) < 1e-3 * (1 + np.abs(x).max()):
        return
    z = zscore(x)
    np.testing.assert_allclose(z, stats.zscore(x), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(zscore(scale * x + offset), z, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    "x", [[], [1.0, np.nan, 2.0], [1.0, np.inf], [3.0, 3.0, 3.0], [0.1 + 0.2, 0.3, 0.3], [0.0, 0.0]]
)
def test_zscore_refuses(x):
    with pytest.raises(RtcanError, match="has no z-score"):
        zscore(x)


def test_network_input_interpolates_linearly_what_follows_the_onset():
    original, phasic, tonic = RNG.standard_normal((3, 500))
    result = network_input(original, phasic, tonic, sampling_rate=50, onset=3, length=777)
    assert result.shape == (3, 777)
    assert result.dtype == np.float32
    for channel, signal in zip(result, (original, phasic, tonic), strict=True):
        kept = stats.zscore(signal)[150:]
        expected = make_interp_spline(np.arange(350), kept, k=1)(np.linspace(0, 349, 777))
        np.testing.assert_allclose(channel, expected, atol=1e-5)


def test_network_input_is_untouched_where_nothing_changes():
    signals = RNG.standard_normal((3, 100))
    result = network_input(*signals, sampling_rate=10, onset=0, length=100)
    np.testing.assert_allclose(result, stats.zscore(signals, axis=1), atol=1e-6)
    assert CHANNELS == ("original", "phasic", "tonic")


@pytest.mark.parametrize("level", [0.0, 2.0])
@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_component_without_a_signal_becomes_zeros(level, noise):
    original = RNG.standard_normal(300)
    still = level + noise * RNG.standard_normal(300)
    result = network_input(original, still, original, sampling_rate=50, onset=1, length=64)
    assert np.all(result[1] == 0)
    assert np.array_equal(result[0], result[2])


def test_network_input_refuses_what_has_no_zscore():
    good = RNG.standard_normal(300)
    with pytest.raises(RtcanError, match="constant"):
        network_input(np.ones(300), good, good, sampling_rate=50, onset=1, length=64)
    with pytest.raises(RtcanError, match="missing samples"):
        network_input(good, np.full(300, np.nan), good, sampling_rate=50, onset=1, length=64)


def test_network_input_needs_something_after_the_onset():
    signals = RNG.standard_normal((3, 101))
    assert network_input(*signals, sampling_rate=10, onset=9.9, length=5).shape == (3, 5)
    with pytest.raises(RtcanError, match=r"10\.1 s after its first 10 s"):
        network_input(*signals, sampling_rate=10, onset=10, length=5)


@pytest.mark.parametrize("onset", [-0.1, -3, np.nan, np.inf, -np.inf])
def test_network_input_refuses_an_impossible_onset(onset):
    signals = RNG.standard_normal((3, 101))
    with pytest.raises(RtcanError, match=r"s cannot be dropped") as caught:
        network_input(*signals, sampling_rate=10, onset=onset, length=5)
    assert f"{onset:g} s" in str(caught.value)


def with_value(value):
    x = RNG.standard_normal(600)
    x[17] = value
    return x


@pytest.mark.parametrize(
    ("eda", "rate", "reason"),
    [
        (RNG.standard_normal(600), 50, None),
        (RNG.standard_normal(300), 50, None),
        (RNG.standard_normal(200), 50, None),
        (RNG.standard_normal(199), 50, r"only 4\.0 s long, at least 4 s"),
        (np.array([]), 50, r"only 0\.0 s long"),
        (RNG.standard_normal(100), 50, r"only 2\.0 s long"),
        (with_value(np.nan), 50, "1 of 600 samples are missing"),
        (with_value(np.inf), 50, "1 of 600 samples are missing"),
        (np.full(600, 2.5), 50, "flat"),
        (np.zeros(600), 50, "flat"),
        (RNG.standard_normal(600), 1, "sampled at 1 Hz"),
        (RNG.standard_normal(600), np.nan, "sampled at nan Hz"),
        (RNG.standard_normal(600), -50, "sampled at -50 Hz"),
    ],
)
def test_find_problem(eda, rate, reason):
    found = find_problem(eda, rate)
    assert (found is None) if reason is None else re.search(reason, found)
