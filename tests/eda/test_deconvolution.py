from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.eda import deconvolution, tonic_spline
from rtcan_cli.eda.deconvolution import (
    PUBLISHED,
    DeconvolutionParameters,
    continuous,
    discrete,
    optimised,
)
from rtcan_cli.eda.preprocess import zscore
from rtcan_cli.errors import RtcanError
from tests.eda.events import simulate
from tests.eda.recordings import KINDS, awkward

TAU0, TAU1 = 8.0, 0.6
PARAMETERS = DeconvolutionParameters(tau0=TAU0, tau1=TAU1)
PLANTED = {12.0: 1.0, 36.0: 2.0, 60.0: 1.5, 74.4: 1.0, 96.0: 2.0}


def planted(rate, noise=0.003):
    """Single discharges on a slow wave: recording, phasic part, tonic part."""
    t = np.arange(int(120 * rate)) / rate
    phasic = np.zeros(t.size)
    for at, size in PLANTED.items():
        since = np.maximum(t - at, 0)
        phasic += size * (np.exp(-since / TAU0) - np.exp(-since / TAU1))
    tonic = 5 + 0.3 * np.sin(2 * np.pi * t / 100)
    return (
        phasic + tonic + noise * np.random.default_rng(0).standard_normal(t.size),
        phasic,
        tonic,
    )


@pytest.mark.parametrize("rate", [16.0, 50.0, 128.0])
@pytest.mark.parametrize("method", [continuous, discrete])
def test_finds_the_discharges_that_were_put_in(rate, method):
    y, phasic, tonic = planted(rate)
    parts = method(y, rate, PARAMETERS)
    for at, size in PLANTED.items():
        window = slice(int((at - 1) * rate), int((at + 1) * rate))
        # A sample of the driver is a rate: its area is the size.
        assert parts.driver[window].sum() / rate == pytest.approx(size, rel=0.15)
    inside = slice(int(5 * rate), None)
    np.testing.assert_allclose(parts.tonic[inside], tonic[inside], atol=0.25)
    np.testing.assert_allclose(parts.phasic[inside], phasic[inside], atol=0.25)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([2.0, 4.7, 16.0, 50.0]),
    st.floats(6, 60),
    st.sampled_from(KINDS),
    st.sampled_from([continuous, discrete]),
)
def test_parts_add_up(seed, rate, seconds, kind, method):
    y = awkward(kind, rate, seconds, seed)
    parts = method(y, rate)
    for part in (parts.phasic, parts.tonic, parts.driver, parts.residual):
        assert part.shape == y.shape
        assert np.isfinite(part).all()
    np.testing.assert_allclose(parts.phasic + parts.tonic + parts.residual, y, atol=1e-10)


@pytest.mark.parametrize("rate", [16.0, 50.0])
def test_driver_makes_the_phasic_part(rate):
    y, _, _ = planted(rate)
    t = np.arange(y.size) / rate
    response = np.exp(-t / TAU0) - np.exp(-t / TAU1)
    parts = continuous(y, rate, PARAMETERS)
    made = np.convolve(parts.driver, response)[: y.size] / rate
    # They differ by what fades from before the first sample: a mixture of the two exponentials.
    rest = parts.phasic - made
    modes = np.column_stack([np.exp(-t / TAU0), np.exp(-t / TAU1)])
    weights = np.linalg.lstsq(modes, rest, rcond=None)[0]
    np.testing.assert_allclose(rest, modes @ weights, atol=1e-9)

    parts = discrete(y, rate, PARAMETERS)
    made = np.convolve(parts.driver, response)[: y.size] / rate
    assert parts.driver.min() >= 0
    assert parts.phasic.min() >= 0
    seen = t < TAU0  # until then, any response is above two fifths of its peak
    assert (made - parts.phasic).max() < 0.05 * parts.phasic.max()
    assert (made - parts.phasic)[seen].max() < 1e-9


def test_recording_of_responses_of_the_assumed_shape_leaves_no_remainder():
    rate = 20.0
    t = np.arange(1200) / rate
    response = np.exp(-t / TAU0) - np.exp(-t / TAU1)
    bump = np.exp(-0.5 * ((t - 20) / 0.5) ** 2)
    y = 2 + np.convolve(bump, response)[: t.size] / rate
    parts = discrete(y, rate, PARAMETERS)
    made = np.convolve(parts.driver, response)[: t.size] / rate
    # The flanks of the bump that count as tonic come to some hundredths.
    np.testing.assert_allclose(made, parts.phasic, atol=0.08 * parts.phasic.max())
    np.testing.assert_allclose(parts.tonic, 2, atol=0.08)


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("seconds", [12.0, 25.0, 38.0, 60.0])
@pytest.mark.parametrize("method", [continuous, discrete])
def test_parts_of_short_recordings_do_not_cancel_each_other(method, seconds, fitted):
    """Without the limits on the tonic part, variances here are up to thousands."""
    for rate, noise in ((4.0, 0.0), (50.0, 0.1), (128.0, 0.01)):
        for each in simulate(1 if fitted else 4, rate, seconds, noise, seed=3):
            y = zscore(each.eda)
            parts = method(y, rate, optimised(y, rate) if fitted else PUBLISHED)
            assert parts.phasic.var() < 5
            assert parts.tonic.var() < 5
            assert parts.residual.var() < 2


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([2.0, 4.7, 16.0, 50.0]),
    st.floats(6, 60),
    st.sampled_from(KINDS),
    st.sampled_from([continuous, discrete]),
    st.floats(0.3, 40),
    st.floats(0.05, 0.95),
)
def test_parts_are_no_larger_than_the_recording(seed, rate, seconds, kind, method, tau0, share):
    y = awkward(kind, rate, seconds, seed)
    parts = method(y, rate, DeconvolutionParameters(tau0=tau0, tau1=share * tau0))
    # A quarter of its range; smoothing, which continues the edges by their slope, may add to it.
    beyond = 0.5 * np.ptp(y)
    assert y.min() - beyond <= parts.tonic.min() <= parts.tonic.max() <= y.max() + beyond
    # At most 13.7 in 23,600 random cases, with time constants above 35 s (`decompose` warns above
    # 10); without the limits on the tonic part, thousands.
    assert parts.phasic.var() < 25
    assert parts.tonic.var() < 25


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(-3, 3).map(lambda exponent: 10**exponent),
    st.floats(-100, 100),
    st.sampled_from([continuous, discrete]),
)
def test_unit_and_offset_go_into_the_parts_they_belong_to(seed, gain, offset, method):
    y = awkward("simulated", 16.0, 25, seed)
    plain = method(y, 16.0)
    scaled = DeconvolutionParameters(significance=gain * PUBLISHED.significance)
    moved = method(gain * (y + offset), 16.0, scaled)
    for name in ("phasic", "driver", "residual"):
        expected = gain * getattr(plain, name)
        np.testing.assert_allclose(getattr(moved, name), expected, atol=1e-6 * gain)
    np.testing.assert_allclose(moved.tonic, gain * (plain.tonic + offset), atol=1e-6 * gain)


@pytest.mark.parametrize("method", [continuous, discrete])
@pytest.mark.parametrize(("tau0", "tau1"), [(2.0, 0.7), (20.0, 0.75)])
def test_phasic_part_of_short_recordings_is_the_true_one(method, tau0, tau1):
    """Whether responses fade within seconds, or have hardly begun to at the end."""
    rng, rate, seconds = np.random.default_rng(0), 20.0, 25.0
    t = np.arange(int(rate * seconds)) / rate
    agreement = []
    for _ in range(6):
        phasic = np.zeros(t.size)
        for at in (rng.uniform(2, 5), rng.uniform(9, 13), rng.uniform(17, 21)):
            since = np.maximum(t - at, 0)
            phasic += rng.uniform(0.5, 1.5) * (np.exp(-since / tau0) - np.exp(-since / tau1))
        y = 3 + 0.02 * t + phasic + 0.003 * rng.standard_normal(t.size)
        z = zscore(y)
        parts = method(z, rate, optimised(z, rate))
        agreement.append(np.corrcoef(parts.phasic, phasic)[0, 1])
    assert np.median(agreement) > 0.95


@pytest.mark.parametrize("rate", [16.0, 50.0])
def test_constant_and_slope_are_tonic(rate):
    t = np.arange(int(60 * rate)) / rate
    parts = continuous(4 + 0.01 * t, rate)
    np.testing.assert_allclose(parts.residual, 0, atol=1e-9)
    assert np.abs(parts.phasic).max() < 0.1


def test_time_constants_are_found():
    y, _, _ = planted(16.0)
    found = optimised(y, 16.0)
    # The criterion is flat along the slow one.
    assert TAU0 / 1.6 < found.tau0 < 1.6 * TAU0
    assert found.tau1 == pytest.approx(TAU1, rel=0.25)
    assert found.grid == 10.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"tau0": 0.5},
        {"tau1": 0.0},
        {"tau0": float("nan")},
        {"grid": 0.5},
        {"smoothing": 0.0},
        {"significance": -1.0},
    ],
)
def test_refuses_parameters_without_a_meaning(wrong):
    with pytest.raises(RtcanError):
        DeconvolutionParameters(**wrong)


@pytest.mark.parametrize("method", [continuous, discrete, optimised])
def test_refuses_what_cannot_be_decomposed(method):
    with pytest.raises(RtcanError, match="flat"):
        method(np.ones(600), 20.0)


@pytest.mark.parametrize("method", [continuous, discrete])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_is_found_without_numba(method, kind, monkeypatch):
    y = awkward(kind, 8.0, 40.0, 1)
    compiled = method(y, 8.0)
    monkeypatch.setattr(deconvolution, "IS_COMPILED", False)
    monkeypatch.setattr(tonic_spline, "IS_COMPILED", False)
    found = method(y, 8.0)
    for part in ("phasic", "tonic", "driver", "residual"):
        expected = getattr(compiled, part)
        atol = 1e-9 * np.abs(expected).max() + 1e-12
        np.testing.assert_allclose(getattr(found, part), expected, atol=atol)
