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
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.compiled import IS_COMPILED, compiled
from rtcan_cli.eda.cvxeda.kernels import (
    Array,
    smooth_sum,
    subtract_model,
    tonic_transposed,
    whiten_difference,
    whiten_tonic,
)
from rtcan_cli.eda.cvxeda.matrices import (
    BUMP_INTERVALS,
    COLUMNS,
    ResponseFilter,
    Tonic,
    count_knots,
    tonic_columns,
)
from rtcan_cli.eda.lockstep import (
    FEWEST,
    at,
    at_a_time,
    choose,
    each,
    inside,
    larger,
    largest,
    like,
    put,
    root,
    total,
    zeros,
)

# A share of the objective: where to stop, so that machines agree to many digits.
_AIM = 1e-11
_MAX_ITERATIONS = 100
# A share of the objective: what is not as near as that is not worth keeping, be it the best yet.
_NEAR = 1e-3
# Steps in a row that may bring nothing before rounding errors are taken to be in charge.
_PATIENCE = 4
# A step goes this share of the way to where a driver sample or its slack would become zero.
_SHORT_OF_BOUNDARY = 0.995
# Driver to begin with, everywhere, in standard deviations of the recording per second: much.
_FIRST_DRIVER = 10.0
# Whitened columns are dropped when the response has faded to exp(-10). This slows the solver down
# by nothing, and changes only its steps, not where they lead.
_FADED = 10.0
#: Recordings of more samples are not worked on in lockstep: blocks have too few of them.
LONG = 1 << 14


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
    recordings: Sequence[NDArray[np.float64]],
    response: ResponseFilter,
    spacing: int,
    alphas: Sequence[float],
    gamma: float,
    memory: float,
) -> list[Solution]:
    """Minimise as well as rounding errors allow.

    Whether that is well enough is not said here: see `rtcan_cli.eda.cvxeda.certificate`. What is
    found for a recording does not depend on the others: they are only worked on in lockstep.

    Parameters
    ----------
    recordings : sequence of ndarray of float64, shape (n_samples,)
        Z-scored recordings of any lengths.
    response : ResponseFilter
        The model's filter.
    spacing : int
        Samples between knots of the model's spline.
    alphas : sequence of float
        The penalty on the driver of each, above 0: without it, e = 0 leaves no slack to begin with.
    gamma : float
        The penalty on the spline, above 0.
    memory : float
        How long the response lasts: the slower time constant over the knot interval.
    """
    solutions: dict[int, Solution] = {}
    # By length, so that none in lockstep has to wait long for the end of another.
    order = sorted(range(len(recordings)), key=lambda index: recordings[index].size)
    while order:
        longest = recordings[order[-1]].size
        alone = IS_COMPILED and longest > LONG
        most = 1 if alone else at_a_time(longest)
        group = [order.pop() for _ in range(min(most, len(order)))]
        # Lanes that are left work on a recording once more.
        filled = group + group[-1:] * (0 if alone else FEWEST - len(group))
        lengths = [recordings[index].size for index in filled]
        y = np.zeros((lengths[0], len(filled)))
        for lane, index in enumerate(filled):
            y[: lengths[lane], lane] = recordings[index]
        first = [_FIRST_DRIVER * recordings[index].std() for index in filled]
        shape = (-1,) if alone else (-1, len(filled))
        with np.errstate(all="ignore"):  # as compiled code, which the certificate judges, too
            found = _interior_point(
                y.reshape(shape),
                response,
                tonic_columns(lengths[0] if alone else lengths, spacing),
                np.array([alphas[index] for index in filled]).reshape(shape),
                gamma,
                np.array(first).reshape(shape),
                _width(memory),
            )
        for lane, index in enumerate(group):
            solutions[index] = _of_lane(*found, lane, lengths[lane], spacing)
    return [solutions[index] for index in range(len(recordings))]


def _width(memory: float) -> int:
    """How many columns the kernels whiten at a time."""
    columns = math.ceil(_FADED * memory) + BUMP_INTERVALS + 2
    return -(-columns // (2 * COLUMNS)) * 2 * COLUMNS


def _of_lane(
    driver: Array,
    coefficients: Array,
    dual: Array,
    iterations: NDArray[np.int64],
    lane: int,
    n: int,
    spacing: int,
) -> Solution:
    p, u, e = (np.asarray(x).reshape(len(x), -1)[:, lane] for x in (driver, coefficients, dual))
    own = np.concatenate([u[: count_knots(n, spacing)], u[-2:]])
    return Solution(p[:n].copy(), own, e[:n].copy(), int(iterations[lane]))


@compiled("reassoc")
def _interior_point(
    y: Array,
    response: ResponseFilter,
    tonic: Tonic,
    alphas: Array,
    gamma: float,
    first_driver: Array,
    width: int,
) -> tuple[Array, Array, Array, NDArray[np.int64]]:
    n, knots = len(y), tonic.n_knots
    end, alpha = at(tonic.samples, 0), at(alphas, 0)
    p, z, e, u = zeros(y, n), zeros(y, n), zeros(y, n), zeros(y, knots + 2)
    best_p, best_e, best_u = zeros(y, n), zeros(y, n), zeros(y, knots + 2)
    for t in each(0, n):
        # After the end of a recording, nothing ever changes.
        put(p, t, choose(inside(t, end), at(first_driver, 0), 1.0))
        put(z, t, alpha)
    missing, white = zeros(y, n), zeros(y, n * width)
    per_p, per_z, variance = zeros(y, n), zeros(y, n), zeros(y, n)
    scale, gain_c, gain_s = zeros(y, n), zeros(y, n), zeros(y, n)
    dp, dz, de = zeros(y, n), zeros(y, n), zeros(y, n)
    band, arrow, corner = zeros(y, knots * (width - 2)), zeros(y, knots * 2), zeros(y, 3)
    columns, du = zeros(y, knots + 2), zeros(y, knots + 2)
    energy = like(y, 0.0)
    for t in each(0, n):
        energy += total(at(y, t) * at(y, t))

    # What differs from lane to lane: numbers that are looked at one by one, and rows of them.
    state = zeros(y, 5)
    lanes = state.size // 5
    (gap_of, aim_of, near_of, active, keep) = state.reshape((5, lanes))
    best_gap, waited = np.full(lanes, np.inf), np.zeros(lanes)
    iterations = np.zeros(lanes, dtype=np.int64)
    active[:] = 1.0
    step_number = 0
    while True:
        subtract_model(y, p, u, response, tonic, missing)
        complementarity = distance = squares = penalty = like(y, 0.0)
        for t in each(0, n):
            there = inside(t, end)
            pt, zt, mt = at(p, t), at(z, t), at(missing, t)
            complementarity += total(there * pt * zt)
            penalty += total(there * pt)
            squares += total(mt * mt)
            mt = mt - at(e, t)
            put(missing, t, mt)
            distance += total(mt * mt)
            put(per_p, t, 1.0 / pt)
            put(per_z, t, 1.0 / zt)
            put(variance, t, there * pt * at(per_z, t))
        objective = 0.5 * squares + alpha * penalty
        for k in range(knots):
            objective += 0.5 * gamma * at(u, k) * at(u, k)
        put(state, 0, complementarity + 0.5 * distance)
        put(state, 1, _AIM * objective)
        put(state, 2, _NEAR * (objective + 1e-3 * energy))
        for lane in range(lanes):
            keep[lane] = 0.0
            if active[lane] == 0:
                continue
            gap = gap_of[lane]
            if gap < best_gap[lane]:
                best_gap[lane], waited[lane] = gap, 0
                keep[lane] = 1.0 if gap <= near_of[lane] else 0.0
            else:
                waited[lane] += 1
            if (
                not gap > aim_of[lane]
                or waited[lane] == _PATIENCE
                or step_number == _MAX_ITERATIONS
            ):
                active[lane], iterations[lane] = 0.0, step_number
        if keep.any():
            _keep(at(state, 4), p, best_p)
            _keep(at(state, 4), e, best_e)
            _keep(at(state, 4), u, best_u)
        if not active.any():
            return best_p, best_u, best_e, iterations
        step_number += 1

        whiten_tonic(variance, response, tonic, scale, gain_c, gain_s, white, band, arrow, corner)
        for k in range(knots):
            place = k * (width - 2)
            put(band, place, at(band, place) + gamma)
        # Rounding errors are in charge where there is no factor.
        put(state, 0, _factorise(band, arrow, corner))
        for lane in range(lanes):
            if active[lane] != 0 and gap_of[lane] == 0:
                active[lane], iterations[lane] = 0.0, step_number
        if not active.any():
            return best_p, best_u, best_e, iterations
        tonic_transposed(e, tonic, columns)

        step = aim = like(y, 0.0)
        for corrector in range(2):
            # The predictor goes for the optimum, the corrector for the central path. First, dp is
            # what it would be without dz, and de the whitened innovations: that saves memory.
            for t in each(0, n):
                there = inside(t, end)
                pull = (aim - at(dp, t) * at(dz, t)) * at(per_z, t) if corrector else 0.0 * aim
                put(dp, t, there * (pull - at(p, t)))
            whiten_difference(dp, missing, white, response, tonic, scale, gain_c, gain_s, de, du)
            for k in range(knots):
                put(du, k, at(columns, k) - gamma * at(u, k) - at(du, k))
            put(du, knots, at(columns, knots) - at(du, knots))
            put(du, knots + 1, at(columns, knots + 1) - at(du, knots + 1))
            _solve_factorised(band, arrow, corner, du)
            smooth_sum(de, white, du, response, tonic, scale, gain_c, gain_s, de, dz)
            # How far to go, and what p'z is then: its parts that grow with the step and its square.
            most, linear, square = like(y, 0.0), like(y, 0.0), like(y, 0.0)
            for t in each(0, n):
                zt = at(dz, t)
                pt = at(dp, t) - at(variance, t) * zt
                put(dp, t, pt)
                most = larger(largest(-pt * at(per_p, t)), most)
                most = larger(largest(-zt * at(per_z, t)), most)
                linear += total(pt * at(z, t) + at(p, t) * zt)
                square += total(pt * zt)
            short = _SHORT_OF_BOUNDARY if corrector else 1.0
            step = short / larger(most, short)
            left = 1 + step * (linear + step * square) / complementarity
            aim = choose(left, left * left * left, 0.0) * complementarity / end
        step = choose(at(state, 3), step, 0.0)
        for t in each(0, n):
            put(p, t, at(p, t) + step * at(dp, t))
            put(z, t, at(z, t) + step * at(dz, t))
            put(e, t, at(e, t) - step * at(de, t))
        for k in range(knots + 2):
            put(u, k, at(u, k) + step * at(du, k))


@compiled()
def _keep(which: float, values: Array, kept: Array) -> None:
    """Copy the lanes of a recording that is to be kept."""
    for t in each(0, len(values)):
        put(kept, t, choose(which, at(values, t), at(kept, t)))


@compiled()
def _factorise(band: Array, arrow: Array, corner: Array) -> float:
    """Cholesky factor, in place, of a band matrix with two full rows below it; 0 if it has none."""
    n = len(arrow) // 2
    width = len(band) // n
    fine = like(band, 1.0)
    for i in range(n):
        for j in range(max(0, i - width + 1), i + 1):
            value = at(band, i * width + i - j)
            for k in range(max(0, i - width + 1), j):
                value -= at(band, i * width + i - k) * at(band, j * width + j - k)
            if j < i:
                put(band, i * width + i - j, value / at(band, j * width))
            else:
                fine = choose(value, fine, 0.0)
                put(band, i * width, root(value))
        for row in range(2):
            value = at(arrow, 2 * i + row)
            for k in range(max(0, i - width + 1), i):
                value -= at(arrow, 2 * k + row) * at(band, i * width + i - k)
            put(arrow, 2 * i + row, value / at(band, i * width))
        put(corner, 0, at(corner, 0) - at(arrow, 2 * i) * at(arrow, 2 * i))
        put(corner, 1, at(corner, 1) - at(arrow, 2 * i) * at(arrow, 2 * i + 1))
        put(corner, 2, at(corner, 2) - at(arrow, 2 * i + 1) * at(arrow, 2 * i + 1))
    fine = choose(at(corner, 0), fine, 0.0)
    put(corner, 0, root(at(corner, 0)))
    put(corner, 1, at(corner, 1) / at(corner, 0))
    put(corner, 2, at(corner, 2) - at(corner, 1) * at(corner, 1))
    fine = choose(at(corner, 2), fine, 0.0)
    put(corner, 2, root(at(corner, 2)))
    return fine


@compiled()
def _solve_factorised(band: Array, arrow: Array, corner: Array, x: Array) -> None:
    """Solve, in place, with what `_factorise` left."""
    n = len(arrow) // 2
    width = len(band) // n
    first, second = at(x, n), at(x, n + 1)
    for i in range(n):
        value = at(x, i)
        for k in range(max(0, i - width + 1), i):
            value -= at(band, i * width + i - k) * at(x, k)
        value = value / at(band, i * width)
        put(x, i, value)
        first -= at(arrow, 2 * i) * value
        second -= at(arrow, 2 * i + 1) * value
    first = first / at(corner, 0)
    second = (second - at(corner, 1) * first) / (at(corner, 2) * at(corner, 2))
    first = (first - at(corner, 1) * second) / at(corner, 0)
    put(x, n, first)
    put(x, n + 1, second)
    for i in range(n - 1, -1, -1):
        value = at(x, i) - (at(arrow, 2 * i) * first + at(arrow, 2 * i + 1) * second)
        for k in range(i + 1, min(n, i + width)):
            value -= at(band, k * width + k - i) * at(x, k)
        put(x, i, value / at(band, i * width))
