from __future__ import annotations

import numpy as np
import pytest
from scipy import signal
from scipy.interpolate import BSpline

from rtcan_cli.eda.cvxeda import matrices
from rtcan_cli.eda.cvxeda.matrices import (
    arma_taps,
    respond,
    respond_transposed,
    response_filter,
    spline_bumps,
    spline_curve,
    spline_products,
    tonic_columns,
)
from tests.eda.recordings import TAU0, TAU1


@pytest.mark.parametrize("rate", [4.0, 50.0, 128.0])
def test_taps_are_the_bilinear_transform_of_the_bateman_response(rate):
    a1, a0 = 1 / TAU1, 1 / TAU0
    numerator, denominator = signal.bilinear([a1 - a0], [1, a0 + a1, a0 * a1], rate)
    for pair in ((TAU0, TAU1), (TAU1, TAU0)):
        ar, ma = arma_taps(rate, *pair)
        np.testing.assert_allclose(ar / ar[0], denominator, rtol=1e-12)
        np.testing.assert_allclose(ma / ar[0], numerator, rtol=1e-12)
    # What the transform keeps exactly: the area under the response.
    assert ma.sum() / ar.sum() == pytest.approx(TAU0 - TAU1)


def test_sampled_response_is_the_bateman_function():
    rate = 1000.0
    ar, ma = arma_taps(rate, TAU0, TAU1)
    impulse = signal.lfilter(ma, ar, np.r_[rate, np.zeros(9999)])
    t = np.arange(10000) / rate
    np.testing.assert_allclose(impulse, np.exp(-t / TAU0) - np.exp(-t / TAU1), atol=1e-3)


def test_bumps_are_cubic_b_splines():
    bumps = spline_bumps(2000, 500).toarray()
    assert bumps.shape == (2000, 5)
    for column, knot in zip(bumps.T, range(0, 2001, 500), strict=True):
        exact = BSpline.basis_element(knot + 500 * np.arange(-2, 3), extrapolate=False)
        expected = np.nan_to_num(exact(np.arange(2000))) / exact(knot)
        np.testing.assert_allclose(column, expected, atol=1e-4)


@pytest.mark.parametrize(("n", "knots"), [(60, 2), (149, 2), (150, 2), (151, 3), (249, 3), (49, 1)])
def test_last_knot_is_the_nearest_to_the_end(n, knots):
    assert spline_bumps(n, 100).shape == (n, knots)


@pytest.mark.parametrize(("n", "spacing"), [(60, 10), (149, 100), (150, 100), (24, 8), (7, 30)])
def test_table_holds_the_same_bumps(n, spacing):
    tonic = tonic_columns(n, spacing)
    columns = np.zeros((n, tonic.n_knots))
    for sample in range(n):
        for place, value in enumerate(tonic.table[sample % spacing]):
            knot = sample // spacing - 1 + place
            if 0 <= knot < tonic.n_knots:
                columns[sample, knot] = value
            else:
                assert knot in (-1, tonic.n_knots, tonic.n_knots + 1)
    assert np.array_equal(columns, spline_bumps(n, spacing).toarray())


@pytest.mark.parametrize(("n", "spacing"), [(1, 7), (40, 8), (41, 8), (43, 8), (44, 8), (47, 8)])
def test_sums_and_products_of_bumps_are_those_of_the_matrix(n, spacing):
    rng = np.random.default_rng(n)
    bumps = spline_bumps(n, spacing)
    coefficients, x = rng.standard_normal(bumps.shape[1]), rng.standard_normal(n)
    curve = spline_curve(coefficients, n, spacing)
    np.testing.assert_allclose(curve, bumps @ coefficients, atol=1e-14)
    np.testing.assert_allclose(spline_products(x, spacing), bumps.T @ x, atol=1e-14)


@pytest.mark.parametrize("rate", [2.0, 50.0, 1000.0])
def test_filter_in_factors_is_the_filter_of_the_taps(rate):
    x = np.random.default_rng(0).random(400)
    response = response_filter(rate, TAU0, TAU1)
    ar, ma = arma_taps(rate, TAU0, TAU1)
    expected = signal.lfilter(ma, ar, x)
    np.testing.assert_allclose(respond(x, response), expected, rtol=1e-8)
    other = np.random.default_rng(1).standard_normal(400)
    assert other @ respond(x, response) == pytest.approx(x @ respond_transposed(other, response))


@pytest.mark.parametrize(("rate", "n"), [(4.0, 1), (4.0, 240), (1000.0, 30000)])
def test_without_numba_a_driver_makes_the_same_phasic_part(rate, n, monkeypatch):
    driver = np.random.default_rng(0).random(n)
    before, response = driver.copy(), response_filter(rate, TAU0, TAU1)
    compiled = respond(driver, response)
    monkeypatch.setattr(matrices, "IS_COMPILED", False)
    np.testing.assert_allclose(respond(driver, response), compiled, rtol=1e-12)
    assert np.array_equal(driver, before)
