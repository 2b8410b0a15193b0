from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets.sampling import even_samples
from rtcan_cli.errors import RtcanError


@pytest.mark.parametrize(
    ("rate", "decimals"),
    [(4.0, 2), (50.0, 2), (50.0, 6), (100.0, 2), (128.0, 6), (256.0, 6), (1000.0, 3)],
)
def test_even_times_leave_the_values_as_they_are(rate: float, decimals: int) -> None:
    """However long the recording is, rounded times do not drift off the grid."""
    time = np.round(3 + np.arange(20_000) / rate, decimals)
    values = np.random.default_rng(0).normal(size=len(time))
    samples, found, jitter = even_samples(time, values, 50.0, "x.csv")
    assert samples is values
    assert found == pytest.approx(rate, rel=1e-6)
    assert jitter < 1e-3


@given(
    st.sampled_from([4.0, 50.0, 100.0]),
    st.lists(st.integers(1, 60), min_size=10, max_size=40),
)
def test_lost_samples_are_missing_and_nothing_else_changes(rate: float, steps: list[int]) -> None:
    # Most steps are usual ones, as in any recording.
    steps = [step if place % 4 == 0 else 1 for place, step in enumerate(steps)]
    steps = [min(step, 30) for step in steps]
    index = np.cumsum([0, *steps])
    values = np.random.default_rng(1).normal(size=(len(index), 2))
    samples, found, _ = even_samples(index / rate, values, 50.0, "x.csv")
    expected = np.full((index[-1] + 1, 2), np.nan)
    expected[index] = values
    assert_array_equal(samples, expected)
    assert found == rate


def test_nothing_is_drawn_over_a_hole_in_uneven_times() -> None:
    """As in the files on PMEmo's site, whose steps change between 0.06 and 0.08 s."""
    steps = np.tile([0.06, 0.08, 0.08], 100)
    steps[150] = 2.0
    time = np.r_[0, np.cumsum(steps)]
    samples, rate, jitter = even_samples(time, 3 * time, 50.0, "x.csv")
    assert rate == pytest.approx(1 / np.delete(steps, 150).mean(), abs=1e-6)
    assert jitter == pytest.approx(np.delete(steps, 150).std() / 0.08)
    grid = np.arange(len(samples)) / rate
    missing = np.isnan(samples)
    inside = (grid > time[150]) & (grid < time[151])
    assert not missing[~inside].any()
    # All but those within half a step of the samples at both ends.
    assert inside.sum() - 2 <= missing.sum() <= inside.sum()
    assert_allclose(samples[~inside], 3 * np.minimum(grid, time[-1])[~inside], atol=1e-4)


@given(arrays(np.float64, st.integers(4, 60), elements=st.floats(0.85, 1.15)))
def test_uneven_times_keep_their_number_and_span(steps: np.ndarray) -> None:
    time = 5 + np.cumsum(steps) / 50
    samples, rate, jitter = even_samples(time, 2 * time, 50.0, "x.csv")
    assert len(samples) == len(time)
    assert rate == pytest.approx((len(time) - 1) / (time[-1] - time[0]), abs=1e-5)
    assert jitter == pytest.approx(np.diff(time).std() / np.median(np.diff(time)))
    # A straight line stays one, up to the tenth of a step that counts as rounding.
    line = 2 * np.linspace(time[0], time[-1], len(time))
    assert_allclose(samples, line, atol=2 * 0.1 / rate + 1e-9)


def test_interpolation_agrees_with_numpy() -> None:
    rng = np.random.default_rng(3)
    time = np.cumsum(rng.uniform(0.7, 1.3, 500)) / 50
    values = rng.normal(size=(500, 3))
    values[200:210, 1] = np.nan
    samples, _, _ = even_samples(time, values, 50.0, "x.csv")
    grid = np.linspace(time[0], time[-1], 500)
    for column, signal in zip(samples.T, values.T, strict=True):
        assert_allclose(column, np.interp(grid, time, signal), atol=1e-9)
    assert 8 <= np.isnan(samples[:, 1]).sum() <= 12
    assert not np.isnan(samples[:, [0, 2]]).any()


def test_sample_numbers_are_no_times() -> None:
    values = np.arange(5.0)
    samples, rate, jitter = even_samples(np.arange(1.0, 6), values, 50.0, "x.csv")
    assert samples is values
    assert (rate, math.isnan(jitter)) == (50, True)
    samples, rate, _ = even_samples(np.array([0.0, 1, 2, 5, 6]), values, 50.0, "x.csv")
    assert_array_equal(samples, [0, 1, 2, np.nan, np.nan, 3, 4])
    assert rate == 50


@pytest.mark.parametrize("time", [[], [1.0]])
def test_too_few_times_tell_no_rate(time: list[float]) -> None:
    values = np.array(time)
    samples, rate, jitter = even_samples(values, values, 50.0, "x.csv")
    assert_array_equal(samples, values)
    assert (rate, math.isnan(jitter)) == (50, True)


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ([0, 0.02, 0.02, 0.04], r"do not increase: 0\.02 follows 0\.02 \(samples 2 and 3\)"),
        ([0, 0.04, 0.02], r"do not increase: 0\.02 follows 0\.04"),
        ([0, np.nan, 0.04], "sample 2 has no time"),
        ([0, 20, 40, 60], r"20 apart, which as seconds would be 0\.05 samples a second"),
        ([0, 2e-7, 4e-7, 6e-7], "2e-07 apart"),
        ([0, 0.02, 0.04, 1.6e9, 1.6e9 + 0.02], r"jump by 1\.6e\+09 after sample 3"),
        ([0, 1, 2, 3, 1e12], r"jump by 1e\+12 after sample 4"),
    ],
)
def test_times_that_tell_nothing_are_refused(time: list[float], message: str) -> None:
    times = np.array(time)
    with pytest.raises(RtcanError, match=rf"x\.csv: .*{message}") as caught:
        even_samples(times, times, 50.0, "x.csv")
    assert caught.value.hint
