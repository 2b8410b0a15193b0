"""Decomposition of electrodermal activity by convex optimisation.

Greco, Valenza, Lanata, Scilingo & Citi, *cvxEDA: A Convex Optimization Approach to Electrodermal
Activity Processing*, IEEE Transactions on Biomedical Engineering 63(4), 2016,
doi 10.1109/TBME.2015.2474131.

A z-scored recording is the sum of a phasic part, a tonic part and a residual::

    sudomotor driver --[ Bateman response ]--> phasic  -.
    cubic spline on knots + offset + drift --> tonic   -+--> recording
    noise, artefacts, model error ---------> residual  -'

The Bateman response exp(-t / tau0) - exp(-t / tau1) becomes an ARMA filter by the bilinear
transform. With its taps on the diagonals of the lower-banded Toeplitz matrices A (AR) and M (MA),
and q for the state between the two, the driver is A q and the phasic part M q. The tonic part is
B l + C d: B holds the spline bumps, C an offset and a linear drift. Then q, l and d minimise

    1/2 |M q + B l + C d - y|^2 + alpha sum(A q) + gamma/2 |l|^2    subject to    A q >= 0,

a convex quadratic program: it has one optimum, and the solver proves how close it came.

The matrices are not altered in their first two rows, which means that the sweat glands are at
rest before the first sample. A response already under way when the recording begins shows as a
burst of the driver in its first samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from cvxopt import matrix, solvers, spmatrix
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from rtcan_cli.choices import ALPHA, GAMMA
from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.errors import RtcanError

# What the solver aims at, so that machines agree to many digits. Rounding errors stop it earlier at
# sensor spikes and steps; then a gap of at most this share of the objective is enough, and
# constraints that hold as well.
_AIM = {"abstol": 1e-8, "reltol": 1e-10, "feastol": 1e-8}
_ENOUGH = 1e-6
_MAX_ITERATIONS = 100


@dataclass(frozen=True)
class CvxedaParameters:
    """What the decomposition assumes; the defaults are those published.

    Attributes
    ----------
    tau0, tau1 : float
        Slow and fast time constant of the Bateman response, in seconds.
    knot_interval : float
        Seconds between the knots of the tonic spline.
    alpha : float
        Penalty on the driver: the larger, the sparser.
    gamma : float
        Penalty on the spline coefficients: the larger, the flatter the tonic part.

    Raises
    ------
    RtcanError
        For a value the model has no meaning for.
    """

    tau0: float = 2.0
    tau1: float = 0.7
    knot_interval: float = 10.0
    alpha: float = ALPHA
    gamma: float = GAMMA

    def __post_init__(self) -> None:
        if not (self.tau0 > 0 and self.tau1 > 0 and self.tau0 != self.tau1):
            raise RtcanError(
                f"tau0 = {self.tau0:g} and tau1 = {self.tau1:g} make no response",
                hint="give two different time constants above 0 s",
            )
        if not self.knot_interval >= 1:
            raise RtcanError(
                f"knots every {self.knot_interval:g} s would let the tonic part follow the "
                "responses",
                hint="give at least 1 s",
            )
        if not (self.alpha >= 0 and self.gamma > 0):
            raise RtcanError(
                f"alpha = {self.alpha:g} and gamma = {self.gamma:g} are no penalties",
                hint="alpha must not be negative, gamma must be above 0",
            )


PUBLISHED = CvxedaParameters()


@dataclass(frozen=True)
class Decomposition:
    """The parts of one recording; phasic + tonic + residual is the recording.

    Attributes
    ----------
    phasic, tonic, residual : ndarray of float64, shape (n_samples,)
        In units of the recording.
    driver : ndarray of float64, shape (n_samples,)
        Sudomotor nerve activity, never negative, in units of the recording per second: its
        convolution over time with the Bateman response is the phasic part.
    objective : float
        Value of the minimised function.
    gap : float
        Proven bound of how far `objective` is above the optimum.
    iterations : int
        Steps the solver took.
    """

    phasic: NDArray[np.float64]
    tonic: NDArray[np.float64]
    driver: NDArray[np.float64]
    residual: NDArray[np.float64]
    objective: float
    gap: float
    iterations: int


def decompose(
    y: ArrayLike, sampling_rate: float, parameters: CvxedaParameters = PUBLISHED
) -> Decomposition:
    """Split a recording into phasic part, tonic part and residual.

    Parameters
    ----------
    y : array_like, shape (n_samples,)
        The z-scored recording; the published penalties are meant for this scale.
    sampling_rate : float
        In Hz.
    parameters : CvxedaParameters, optional
        Time constants, knots and penalties.

    Returns
    -------
    Decomposition
        Driver samples below zero, which the solver admits within its tolerance, are set to zero.

    Raises
    ------
    RtcanError
        If the recording cannot be decomposed (see `rtcan_cli.eda.preprocess.find_problem`), or
        if the solver did not reach the optimum.
    """
    signal = np.asarray(y, dtype=np.float64)
    problem = find_problem(signal, sampling_rate)
    if problem is not None:
        raise RtcanError(f"cannot decompose a recording: {problem}")
    n = signal.size
    program = _program(n, sampling_rate, parameters)
    solution = solvers.qp(
        program.quadratic,
        matrix(program.penalty - program.design.T @ signal),
        program.inequality,
        matrix(0.0, (n, 1)),
        options={**_AIM, "maxiters": _MAX_ITERATIONS, "show_progress": False},
    )
    x = np.array(solution["x"]).ravel()
    phasic = program.moving_average @ x[:n]
    tonic = program.design[:, n:] @ x[n:]
    residual = signal - phasic - tonic
    objective = residual @ residual / 2 + program.penalty @ x + program.ridge @ x**2 / 2
    infeasibility = max(solution["primal infeasibility"], solution["dual infeasibility"])
    proven = solution["gap"] <= _ENOUGH * objective and infeasibility <= _ENOUGH
    if solution["status"] != "optimal" and not proven:
        raise RtcanError(
            f"cvxEDA found no optimum for a recording of {n} samples "
            f"(solver status: {solution['status']})",
            hint="look for artefacts in the recording, and z-score it first",
        )
    return Decomposition(
        phasic=phasic,
        tonic=tonic,
        driver=np.maximum(program.autoregressive @ x[:n], 0.0),
        residual=residual,
        objective=float(objective),
        gap=float(solution["gap"]),
        iterations=int(solution["iterations"]),
    )


def arma_taps(
    sampling_rate: float, tau0: float, tau1: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Discretise the Bateman response by the bilinear transform.

    Parameters
    ----------
    sampling_rate : float
        In Hz.
    tau0, tau1 : float
        Time constants in seconds, in either order.

    Returns
    -------
    ar, ma : ndarray, shape (3,)
        Denominator and numerator of the filter from driver to phasic part.
    """
    step = 1 / sampling_rate
    fast, slow = 1 / min(tau0, tau1), 1 / max(tau0, tau1)
    ar = np.array(
        [
            (fast * step + 2) * (slow * step + 2),
            2 * fast * slow * step**2 - 8,
            (fast * step - 2) * (slow * step - 2),
        ]
    )
    return ar / ((fast - slow) * step**2), np.array([1.0, 2.0, 1.0])


def spline_bumps(n_samples: int, spacing: int) -> sparse.csc_array:
    """Cubic B-spline bumps, one on every knot.

    A bump is a box as long as the knot interval, convolved with itself four times over, with its
    peak scaled to 1. Knots lie on the first sample and every `spacing` samples after it; the last
    is the one nearest to the end of the recording, so that the curve is as free there as at the
    beginning.

    Parameters
    ----------
    n_samples : int
        Length of the recording.
    spacing : int
        Samples between two knots.

    Returns
    -------
    sparse array, shape (n_samples, n_knots)
    """
    box = np.ones(spacing)
    triangle = np.convolve(box, box)
    bump = np.convolve(triangle, triangle)
    bump /= bump.max()
    offsets = np.arange(bump.size) - bump.size // 2
    knots = np.arange(0, n_samples + spacing // 2, spacing)
    rows = knots[:, None] + offsets
    inside = (rows >= 0) & (rows < n_samples)
    columns, places = np.nonzero(inside)
    return sparse.csc_array((bump[places], (rows[inside], columns)), shape=(n_samples, knots.size))


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
def _program(n: int, sampling_rate: float, parameters: CvxedaParameters) -> _Program:
    ar, ma = arma_taps(sampling_rate, parameters.tau0, parameters.tau1)
    diagonals = {"offsets": [0, -1, -2], "shape": (n, n), "format": "csc"}
    autoregressive = sparse.diags_array(list(ar), **diagonals)
    moving_average = sparse.diags_array(list(ma), **diagonals)
    bumps = spline_bumps(n, round(parameters.knot_interval * sampling_rate))
    drift = sparse.csc_array(np.column_stack([np.ones(n), np.arange(1, n + 1) / n]))
    design = sparse.hstack([moving_average, bumps, drift], format="csc")

    n_rest = design.shape[1] - n
    ridge = np.concatenate([np.zeros(n), np.full(bumps.shape[1], parameters.gamma), np.zeros(2)])
    penalty = np.concatenate([parameters.alpha * autoregressive.sum(axis=0), np.zeros(n_rest)])
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
