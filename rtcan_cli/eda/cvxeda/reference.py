"""The quadratic program of cvxEDA, solved by a general solver.

Slower than `rtcan_cli.eda.cvxeda.structured`, and independent of it: written from the published
matrices, in the published unknowns, with the interior-point method of CVXOPT.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from cvxopt import matrix, solvers, spmatrix
from numpy.typing import NDArray
from scipy import sparse

from rtcan_cli.eda.cvxeda.matrices import arma_taps, drift_columns, spline_bumps
from rtcan_cli.errors import RtcanError

# What the solver aims at, so that machines agree to many digits. Rounding errors stop it earlier at
# sensor spikes and steps.
_AIM = {"abstol": 1e-8, "reltol": 1e-10, "feastol": 1e-8}
_MAX_ITERATIONS = 100


@dataclass(frozen=True)
class ReferenceSolution:
    """What CVXOPT found.

    Attributes
    ----------
    driver, phasic, tonic : ndarray of float64, shape (n_samples,)
        The driver may be below zero by as much as the solver tolerates.
    objective : float
        Value of the minimised function.
    gap : float
        The solver's bound of how far `objective` is above the optimum.
    infeasibility : float
        Larger of the relative residuals of its primal and dual constraints.
    iterations : int
        Steps taken.
    status : str
        In the solver's words; "optimal" if it reached its aim.
    """

    driver: NDArray[np.float64]
    phasic: NDArray[np.float64]
    tonic: NDArray[np.float64]
    objective: float
    gap: float
    infeasibility: float
    iterations: int
    status: str


def solve(
    y: NDArray[np.float64],
    sampling_rate: float,
    tau0: float,
    tau1: float,
    spacing: int,
    alpha: float,
    gamma: float,
) -> ReferenceSolution:
    """Minimise 1/2 |M q + B l + C d - y|^2 + alpha sum(A q) + gamma/2 |l|^2 for A q >= 0.

    Parameters
    ----------
    y : ndarray of float64, shape (n_samples,)
        The z-scored recording.
    sampling_rate : float
        In Hz.
    tau0, tau1 : float
        Time constants in seconds.
    spacing : int
        Samples between knots.
    alpha, gamma : float
        The penalties.
    """
    n = y.size
    program = _program(n, sampling_rate, tau0, tau1, spacing, alpha, gamma)
    try:
        solution = solvers.qp(
            program.quadratic,
            matrix(program.penalty - program.design.T @ y),
            program.inequality,
            matrix(0.0, (n, 1)),
            options={**_AIM, "maxiters": _MAX_ITERATIONS, "show_progress": False},
        )
    except (ValueError, ArithmeticError) as error:  # a singular system
        raise RtcanError(f"CVXOPT cannot solve it: {error}") from error
    x = np.array(solution["x"]).ravel()
    phasic = program.moving_average @ x[:n]
    tonic = program.design[:, n:] @ x[n:]
    residual = y - phasic - tonic
    objective = residual @ residual / 2 + program.penalty @ x + program.ridge @ x**2 / 2
    return ReferenceSolution(
        driver=program.autoregressive @ x[:n],
        phasic=phasic,
        tonic=tonic,
        objective=float(objective),
        gap=float(solution["gap"]),
        infeasibility=max(solution["primal infeasibility"], solution["dual infeasibility"]),
        iterations=int(solution["iterations"]),
        status=str(solution["status"]),
    )


@dataclass(frozen=True)
class _Program:
    """What the quadratic program of a recording has in common with all others as long.

    Its unknowns are x = (q, l, d), one after the other.
    """

    autoregressive: sparse.csc_array  # A
    moving_average: sparse.csc_array  # M
    design: sparse.csc_array  # [M B C]
    penalty: NDArray[np.float64]  # alpha sum(A q) as a linear function of x
    ridge: NDArray[np.float64]  # gamma where x is l, else 0
    quadratic: spmatrix
    inequality: spmatrix


@lru_cache(maxsize=4)
def _program(
    n: int,
    sampling_rate: float,
    tau0: float,
    tau1: float,
    spacing: int,
    alpha: float,
    gamma: float,
) -> _Program:
    ar, ma = arma_taps(sampling_rate, tau0, tau1)
    diagonals = {"offsets": [0, -1, -2], "shape": (n, n), "format": "csc"}
    autoregressive = sparse.diags_array(list(ar), **diagonals)
    moving_average = sparse.diags_array(list(ma), **diagonals)
    bumps = spline_bumps(n, spacing)
    drift = sparse.csc_array(drift_columns(n))
    design = sparse.hstack([moving_average, bumps, drift], format="csc")

    n_rest = design.shape[1] - n
    ridge = np.concatenate([np.zeros(n), np.full(bumps.shape[1], gamma), np.zeros(2)])
    penalty = np.concatenate([alpha * autoregressive.sum(axis=0), np.zeros(n_rest)])
    return _Program(
        autoregressive=autoregressive,
        moving_average=moving_average,
        design=design,
        penalty=penalty,
        ridge=ridge,
        quadratic=_spmatrix(design.T @ design + sparse.diags_array(ridge)),
        inequality=_spmatrix(sparse.hstack([-autoregressive, sparse.csc_array((n, n_rest))])),
    )


def _spmatrix(array: sparse.sparray) -> spmatrix:
    coo = array.tocoo()
    # cvxopt reads neither NumPy arrays nor 32-bit indices here.
    rows, columns = (matrix(index.astype(np.int64)) for index in (coo.row, coo.col))
    return spmatrix(matrix(coo.data), rows, columns, coo.shape)
