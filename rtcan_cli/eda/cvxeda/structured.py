"""The quadratic program of cvxEDA, solved in time and memory that grow with the length only.

With the driver p = A q as unknown, the program is a non-negative least-squares problem::

    minimise  1/2 |e|^2 + alpha sum(p) + gamma/2 |l|^2    over  p >= 0, u = (l, d)
    with      e = y - H p - T u

where H is the response filter and T = [B C] holds bumps, offset and drift. Its dual variables are
e, once more, and z = alpha - H' e >= 0, with B' e = gamma l and C' e = 0.

A primal-dual interior-point method with Mehrotra's predictor and corrector (Nocedal & Wright,
*Numerical Optimization*, 2nd ed., 2006, sec. 16.6) starts from e = 0, which fulfils all dual
equations, and keeps them fulfilled. What is left of e = y - H p - T u shrinks with every step.
For each step, S = I + H V H' with V = diag(p / z) is inverted by a Kalman filter and smoother,
and u follows from a small system with T' S^-1 T, a band with an arrow.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.compiled import compiled
from rtcan_cli.eda.cvxeda.kernels import (
    LANES,
    Array,
    smooth_sum,
    subtract_model,
    tonic_transposed,
    whiten_difference,
    whiten_tonic,
)
from rtcan_cli.eda.cvxeda.matrices import BUMP_INTERVALS, ResponseFilter, Tonic

# A share of the objective: where to stop, so that machines agree to many digits.
_AIM = 1e-11
_MAX_ITERATIONS = 100
# Steps in a row that may bring nothing before rounding errors are taken to be in charge.
_PATIENCE = 4
# A step goes this share of the way to where a driver sample or its slack would become zero.
_SHORT_OF_BOUNDARY = 0.995
# Driver to begin with, everywhere, in standard deviations of the recording per second: much.
_FIRST_DRIVER = 10.0
# Whitened columns are dropped when the response has faded to exp(-10). This slows the solver down
# by nothing, and changes only its steps, not where they lead.
_FADED = 10.0


class Solution(NamedTuple):
    """What the structured solver found; see the module for the symbols.

    Attributes
    ----------
    driver : ndarray, shape (n_samples,)
        p, above zero.
    coefficients : ndarray, shape (n_knots + 2,)
        u: spline coefficients, offset, drift.
    dual : ndarray, shape (n_samples,)
        e as a dual variable: equal to y - H p - T u at the optimum.
    iterations : int
        Steps taken.
    """

    driver: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    dual: NDArray[np.float64]
    iterations: int


def solve(
    y: NDArray[np.float64],
    response: ResponseFilter,
    tonic: Tonic,
    alpha: float,
    gamma: float,
    memory: float,
) -> Solution:
    """Minimise as well as rounding errors allow.

    Whether that is well enough is not said here: see `rtcan_cli.eda.cvxeda.certificate`.

    Parameters
    ----------
    y : ndarray of float64, shape (n_samples,)
        The z-scored recording.
    response, tonic
        The model.
    alpha, gamma : float
        The penalties, both above 0: without alpha, e = 0 leaves no slack to begin with.
    memory : float
        How long the response lasts: the slower time constant over the knot interval.
    """
    ended = math.ceil(_FADED * memory)
    width = -(-(ended + BUMP_INTERVALS + 2) // LANES) * LANES
    driver, coefficients, dual, iterations = _interior_point(
        y, response, tonic, alpha, gamma, _FIRST_DRIVER * y.std(), width
    )
    return Solution(driver, coefficients, dual, iterations)


@compiled("reassoc")
def _interior_point(
    y: Array,
    response: ResponseFilter,
    tonic: Tonic,
    alpha: float,
    gamma: float,
    first_driver: float,
    width: int,
) -> tuple[Array, Array, Array, int]:
    n, knots = y.size, tonic.n_knots
    p, z, e = np.full(n, first_driver), np.full(n, alpha), np.zeros(n)
    u = np.zeros(knots + 2)
    missing, white = np.empty(n), np.empty((n, width))
    variance, scale, gain_c, gain_s = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    target, innovations, dp, dz, de = (
        np.empty(n),
        np.empty(n),
        np.zeros(n),
        np.zeros(n),
        np.empty(n),
    )
    band, arrow, corner = np.empty((knots, width - 2)), np.empty((knots, 2)), np.empty(3)
    columns, du = np.empty(knots + 2), np.empty(knots + 2)
    best_gap, waited = np.inf, 0
    best_p, best_u, best_e = p.copy(), u.copy(), e.copy()
    iterations = 0
    while True:
        subtract_model(y, p, u, response, tonic, missing)
        complementarity = distance = squares = penalty = 0.0
        for t in range(n):
            complementarity += p[t] * z[t]
            penalty += p[t]
            squares += missing[t] * missing[t]
            missing[t] -= e[t]
            distance += missing[t] * missing[t]
        objective = 0.5 * squares + alpha * penalty
        for k in range(knots):
            objective += 0.5 * gamma * u[k] * u[k]
        gap = complementarity + 0.5 * distance
        if gap < best_gap:
            best_gap, waited = gap, 0
            best_p[:], best_u[:], best_e[:] = p, u, e
        else:
            waited += 1
        if not gap > _AIM * objective or waited == _PATIENCE or iterations == _MAX_ITERATIONS:
            return best_p, best_u, best_e, iterations
        iterations += 1

        for t in range(n):
            variance[t] = p[t] / z[t]
        whiten_tonic(variance, response, tonic, scale, gain_c, gain_s, white, band, arrow, corner)
        for k in range(knots):
            band[k, 0] += gamma
        if not _factorise(band, arrow, corner):
            return best_p, best_u, best_e, iterations
        tonic_transposed(e, tonic, columns)

        mean = complementarity / n
        aim = 0.0  # the predictor goes for the optimum, the corrector for the central path
        for corrector in range(2):
            for t in range(n):
                target[t] = -p[t] + (aim - dp[t] * dz[t]) / z[t] if corrector else -p[t]
            whiten_difference(
                target, missing, white, response, tonic, scale, gain_c, gain_s, innovations, du
            )
            for k in range(knots):
                du[k] = columns[k] - gamma * u[k] - du[k]
            du[knots], du[knots + 1] = (
                columns[knots] - du[knots],
                columns[knots + 1] - du[knots + 1],
            )
            _solve_factorised(band, arrow, corner, du)
            smooth_sum(innovations, white, du, response, tonic, scale, gain_c, gain_s, de, dz)
            for t in range(n):
                dp[t] = target[t] - variance[t] * dz[t]
            step = min(1.0, _SHORT_OF_BOUNDARY**corrector / _inverse_step(p, z, dp, dz))
            if not corrector:
                after = 0.0
                for t in range(n):
                    after += (p[t] + step * dp[t]) * (z[t] + step * dz[t])
                aim = mean * (after / complementarity) ** 3
        for t in range(n):
            p[t] += step * dp[t]
            z[t] += step * dz[t]
            e[t] -= step * de[t]
        for k in range(knots + 2):
            u[k] += step * du[k]


@compiled("nnan", "reassoc", "nsz")
def _inverse_step(p: Array, z: Array, dp: Array, dz: Array) -> float:
    """One over the longest step that keeps p and z above zero."""
    most = 1e-300
    for t in range(p.size):
        most = max(most, -dp[t] / p[t])
        most = max(most, -dz[t] / z[t])
    return most


@compiled()
def _factorise(band: Array, arrow: Array, corner: Array) -> bool:
    """Cholesky factor, in place, of a band matrix with two full rows below it."""
    n, width = band.shape
    for i in range(n):
        for j in range(max(0, i - width + 1), i + 1):
            value = band[i, i - j]
            for k in range(max(0, i - width + 1), j):
                value -= band[i, i - k] * band[j, j - k]
            if j < i:
                band[i, i - j] = value / band[j, 0]
            elif value > 0:
                band[i, 0] = math.sqrt(value)
            else:
                return False
        for row in range(2):
            value = arrow[i, row]
            for k in range(max(0, i - width + 1), i):
                value -= arrow[k, row] * band[i, i - k]
            arrow[i, row] = value / band[i, 0]
        corner[0] -= arrow[i, 0] * arrow[i, 0]
        corner[1] -= arrow[i, 0] * arrow[i, 1]
        corner[2] -= arrow[i, 1] * arrow[i, 1]
    if not corner[0] > 0:
        return False
    corner[0] = math.sqrt(corner[0])
    corner[1] /= corner[0]
    corner[2] -= corner[1] * corner[1]
    if not corner[2] > 0:
        return False
    corner[2] = math.sqrt(corner[2])
    return True


@compiled()
def _solve_factorised(band: Array, arrow: Array, corner: Array, x: Array) -> None:
    """Solve, in place, with what `_factorise` left."""
    n, width = band.shape
    for i in range(n):
        for k in range(max(0, i - width + 1), i):
            x[i] -= band[i, i - k] * x[k]
        x[i] /= band[i, 0]
        x[n] -= arrow[i, 0] * x[i]
        x[n + 1] -= arrow[i, 1] * x[i]
    x[n] /= corner[0]
    x[n + 1] = (x[n + 1] - corner[1] * x[n]) / (corner[2] * corner[2])
    x[n] = (x[n] - corner[1] * x[n + 1]) / corner[0]
    for i in range(n - 1, -1, -1):
        x[i] -= arrow[i, 0] * x[n] + arrow[i, 1] * x[n + 1]
        for k in range(i + 1, min(n, i + width)):
            x[i] -= band[k, k - i] * x[k]
        x[i] /= band[i, 0]
