from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import toeplitz

from rtcan_cli.eda.cvxeda import kernels
from rtcan_cli.eda.cvxeda.matrices import (
    drift_columns,
    respond,
    response_filter,
    spline_bumps,
    tonic_columns,
)


def model(rate, n, spacing):
    response = response_filter(rate, 2.0, 0.7)
    h = toeplitz(respond(np.eye(n)[0], response), np.zeros(n))
    t = np.hstack([spline_bumps(n, spacing).toarray(), drift_columns(n)])
    return response, tonic_columns(n, spacing), h, t


def exact_solve(matrix, x):
    """Cholesky in extended precision."""
    matrix, x = matrix.copy(), x.copy()
    n = len(matrix)
    for j in range(n):
        matrix[j, j] = np.sqrt(matrix[j, j] - matrix[j, :j] @ matrix[j, :j])
        column = matrix[j + 1 :, j] - matrix[j + 1 :, :j] @ matrix[j, :j]
        matrix[j + 1 :, j] = column / matrix[j, j]
    for j in range(n):
        x[j] = (x[j] - matrix[j, :j] @ x[:j]) / matrix[j, j]
    for j in reversed(range(n)):
        x[j] = (x[j] - matrix[j + 1 :, j] @ x[j + 1 :]) / matrix[j, j]
    return x


@pytest.mark.parametrize("rate", [4.0, 128.0, 1000.0])
@pytest.mark.parametrize("n", [60, 149, 230])
def test_model_and_its_transpose(rate, n):
    rng = np.random.default_rng(n)
    response, tonic, h, t = model(rate, n, 40)
    y, p, u = rng.standard_normal(n), rng.random(n) * rate, rng.standard_normal(t.shape[1])
    out = np.empty(n)
    kernels.subtract_model(y, p, u, response, tonic, out)
    np.testing.assert_allclose(out, y - h @ p - t @ u, atol=1e-11)
    products = np.empty(t.shape[1])
    kernels.tonic_transposed(y, tonic, products)
    np.testing.assert_allclose(products, t.T @ y, atol=1e-12)


@pytest.mark.parametrize("rate", [4.0, 50.0, 128.0, 1000.0])
@pytest.mark.parametrize("decades", [4, 8, 16])
@pytest.mark.parametrize("width", [8, 16])
def test_filter_and_smoother_invert_the_covariance(rate, decades, width):
    # Variances as different as they become near the optimum, where the covariance, written out,
    # cannot be factorised in double precision.
    rng = np.random.default_rng(decades)
    n = 150
    response, tonic, h, t = model(rate, n, 30)
    variance = 10 ** rng.uniform(-6, decades - 6, n)
    scale, gain_c, gain_s, white = np.empty(n), np.empty(n), np.empty(n), np.empty(n * width)
    knots = tonic.n_knots
    band, arrow, corner = np.empty(knots * (width - 2)), np.empty(knots * 2), np.empty(3)
    kernels.whiten_tonic(
        variance, response, tonic, scale, gain_c, gain_s, white, band, arrow, corner
    )
    x, driver, u = rng.standard_normal(n), rng.random(n), rng.standard_normal(knots + 2)
    innovations, products = np.empty(n), np.empty(knots + 2)
    kernels.whiten_difference(
        driver, x, white, response, tonic, scale, gain_c, gain_s, innovations, products
    )
    solution, transposed = np.empty(n), np.empty(n)
    tonic_fits = width == 16  # bumps that have ended are dropped sooner in a narrow table
    kernels.smooth_sum(
        innovations,
        white,
        u if tonic_fits else 0 * u,
        response,
        tonic,
        scale,
        gain_c,
        gain_s,
        solution,
        transposed,
    )

    wide = h.astype(np.longdouble)
    covariance = np.eye(n, dtype=np.longdouble) + (wide * variance) @ wide.T
    right = (wide @ driver - x).astype(np.longdouble)
    expected = exact_solve(covariance, right + (t @ u if tonic_fits else 0)).astype(float)
    np.testing.assert_allclose(solution, expected, rtol=1e-6, atol=1e-7 * np.abs(expected).max())
    np.testing.assert_allclose(transposed, h.T @ solution, atol=1e-9 * np.abs(transposed).max())
    if tonic_fits:
        gram = t.T @ np.column_stack(
            [exact_solve(covariance, column.astype(np.longdouble)) for column in t.T]
        ).astype(float)
        size = np.abs(gram).max()
        band, arrow = band.reshape(knots, width - 2), arrow.reshape(knots, 2)
        for k in range(knots):
            for j in range(min(k + 1, width - 2)):
                assert band[k, j] == pytest.approx(gram[k, k - j], abs=1e-8 * size)
        np.testing.assert_allclose(arrow, gram[:knots, knots:], atol=1e-8 * size)
        np.testing.assert_allclose(corner, gram[[-2, -2, -1], [-2, -1, -1]], rtol=1e-7)
        expected = t.T @ exact_solve(covariance, right).astype(float)
        np.testing.assert_allclose(products, expected, atol=1e-7 * np.abs(expected).max())
