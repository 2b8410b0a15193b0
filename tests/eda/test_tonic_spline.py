"""The spline is a spline, and the least squares find the one that made the driver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import interpolate

from rtcan_cli.eda.tonic_spline import Basis

STEP = 0.1


def basis_of(seconds: float, grid: float = 10.0) -> tuple[Basis, np.ndarray]:
    times = np.arange(round(seconds / STEP) + 1) * STEP
    return Basis(times, STEP, times[-1], grid), times


def driver_of(around: tuple[np.ndarray, ...]) -> np.ndarray:
    """Of a response of 8 s and 0.6 s."""
    back, here, ahead = around
    slope, curvature = (ahead - back) / (2 * STEP), (ahead - 2 * here + back) / STEP**2
    return here + 8.6 * slope + 8 * 0.6 * curvature


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.floats(6, 100), st.floats(2, 15))
def test_curve_is_that_of_scipy_and_within_its_coefficients(seed, seconds, grid):
    basis, times = basis_of(seconds, grid)
    pieces = basis.size - 3
    piece = times[-1] / pieces
    assert pieces == 1 or abs(piece - grid) <= grid / 2
    coefficients = np.random.default_rng(seed).standard_normal(basis.size)
    knots = piece * np.arange(-3, pieces + 4)
    expected = interpolate.BSpline(knots, coefficients, 3)(times)
    curve = basis.curve(coefficients, times)
    np.testing.assert_allclose(curve, expected, atol=1e-9)
    np.testing.assert_allclose(basis.seen(coefficients, basis.around[1]), curve, atol=1e-12)
    assert coefficients.min() - 1e-9 <= curve.min() <= curve.max() <= coefficients.max() + 1e-9


@pytest.mark.parametrize("seconds", [6.0, 25.0, 95.0])
def test_finds_the_curve_that_made_the_driver_between_responses(seconds):
    basis, times = basis_of(seconds)
    true = 3 + np.sin(1.3 * np.arange(basis.size))
    curve, bases = basis.curve(true, times), driver_of(basis.around)
    driver, between = basis.seen(true, bases), np.ones(times.size, bool)
    between[times.size // 3 :][:20] = False
    driver[~between] += 50
    found = basis.fit(curve + 5 * ~between, driver, bases, between)
    np.testing.assert_allclose(basis.curve(found, times), curve, atol=0.1 if seconds < 10 else 0.05)


@pytest.mark.parametrize("value", [50.0, -50.0])
def test_stays_near_the_recording_whatever_the_driver_says(value):
    basis, times = basis_of(60.0)
    recording = 2 + np.sin(times) ** 2
    bases, everywhere = driver_of(basis.around), np.ones(times.size, bool)
    found = basis.fit(recording, np.full(times.size, value), bases, everywhere)
    assert found.min() >= 1.74  # a quarter of the range beyond it
    assert found.max() <= 3.26
