"""Proof of how far a decomposition is from the optimum, for any solver.

The primal and the dual program (see `rtcan_cli.eda.cvxeda.structured`) bound each other: for any
driver p >= 0 and any u = (l, d), and for any e' with C' e' = 0 and z' = alpha - H' e' >= 0, the
objective at (p, u) exceeds the optimum by at most::

    p' z' + 1/2 |e - e'|^2 + 1/(2 gamma) |gamma l - B' e'|^2,    e = y - H p - T u

Every term is computed afresh from the arguments, and none is a difference of large numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.cvxeda.matrices import (
    ResponseFilter,
    respond,
    respond_transposed,
    spline_curve,
    spline_products,
)

# A slack as little below zero as this, times its own size, is a rounding error.
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Certificate:
    """The parts that a driver and tonic coefficients make, and what they are worth.

    Attributes
    ----------
    phasic, tonic, residual : ndarray of float64, shape (n_samples,)
        Their sum is the recording.
    objective : float
        Value of the minimised function.
    gap : float
        Proven bound of how far `objective` is above the optimum; infinite if nothing is proven.
    """

    phasic: NDArray[np.float64]
    tonic: NDArray[np.float64]
    residual: NDArray[np.float64]
    objective: float
    gap: float


def certify(
    y: NDArray[np.float64],
    driver: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    dual: NDArray[np.float64],
    response: ResponseFilter,
    spacing: int,
    alpha: float,
    gamma: float,
) -> Certificate:
    """Compute the parts, the objective and a bound of its distance from the optimum.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
        The recording.
    driver : ndarray, shape (n_samples,)
        p, nowhere below zero.
    coefficients : ndarray, shape (n_knots + 2,)
        u: spline coefficients, offset, drift.
    dual : ndarray, shape (n_samples,)
        e', as the solver has it. It is first made to fulfil the dual constraints.
    response : ResponseFilter
        H.
    spacing : int
        Samples between knots.
    alpha, gamma : float
        The penalties.
    """
    phasic = respond(driver, response)
    spline, (offset, drift) = coefficients[:-2], coefficients[-2:]
    tonic = spline_curve(spline, y.size, spacing)
    tonic += offset + drift / y.size * np.arange(1, y.size + 1)
    residual = y - phasic - tonic
    objective = residual @ residual / 2 + alpha * driver.sum() + gamma / 2 * (spline @ spline)
    feasible, slack = _dual_feasible(dual, response, alpha)
    distance = residual - feasible
    ridge = gamma * spline - spline_products(feasible, spacing)
    gap = float(driver @ slack + distance @ distance / 2 + ridge @ ridge / (2 * gamma))
    if not (np.isfinite(gap) and driver.min() >= 0):
        gap = np.inf
    return Certificate(phasic, tonic, residual, float(objective), float(gap))


def _dual_feasible(
    dual: NDArray[np.float64], response: ResponseFilter, alpha: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Projected on what is orthogonal to offset and drift, then shrunk until no slack is negative.
    ramp = np.arange(dual.size) - (dual.size - 1) / 2
    feasible = dual - dual.mean()
    feasible -= float(ramp @ feasible / (ramp @ ramp)) * ramp
    correlation = respond_transposed(feasible, response)
    rounding = _ROUNDING * (alpha + respond_transposed(np.abs(feasible), response).max())
    most = correlation.max()
    if most > alpha + rounding:
        share = alpha / most
        feasible, correlation = share * feasible, share * correlation
    return feasible, np.maximum(alpha - correlation, 0.0)
