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

a convex quadratic program: it has one optimum, and every decomposition comes with a proof of how
close to it is. alpha is a number, or follows the noise of the recording, see
`rtcan_cli.eda.cvxeda.penalty`.

The matrices are not altered in their first two rows, which means that the sweat glands are at
rest before the first sample. A response already under way when the recording begins shows as a
burst of the driver in its first samples.

Two solvers are there: `rtcan_cli.eda.cvxeda.structured`, made for these matrices, and
`rtcan_cli.eda.cvxeda.reference`, a general one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.choices import Solver
from rtcan_cli.eda.cvxeda import structured as cvxeda_structured
from rtcan_cli.eda.cvxeda.certificate import certify
from rtcan_cli.eda.cvxeda.matrices import response_filter
from rtcan_cli.eda.cvxeda.parameters import USUAL, CvxedaComponents, CvxedaParameters
from rtcan_cli.eda.cvxeda.penalty import STEP, noise_aware_alpha
from rtcan_cli.eda.noise import noise_sd
from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import failed_import

# Rounding errors stop a solver before its aim at sensor spikes and steps. Then a gap of at most
# this share of the objective is enough,
_ENOUGH = 1e-6
# or, where the model fits a recording as good as perfectly, this share of the recording's energy.
_NEGLIGIBLE = 1e-12


def decompose(
    y: ArrayLike,
    sampling_rate: float,
    parameters: CvxedaParameters = USUAL,
    solver: Solver = "auto",
) -> CvxedaComponents:
    """Split a recording into phasic part, tonic part and residual.

    Parameters
    ----------
    y : array_like, shape (n_samples,)
        The z-scored recording; the penalties, also the least of an alpha of "auto", are meant for
        this scale.
    sampling_rate : float
        In Hz.
    parameters : CvxedaParameters, optional
        Time constants, knots and penalties.
    solver : {"auto", "structured", "cvxopt"}, optional
        "structured" is made for this problem: time and memory grow with the length only. "cvxopt"
        is general, slower by one to three orders of magnitude, and there for comparison. "auto"
        takes the first, and the second where the first proves no optimum or alpha is 0, which it
        cannot do; `CvxedaComponents.solver` says which it was.

    Returns
    -------
    CvxedaComponents
        Driver samples below zero, which CVXOPT admits within its tolerance, are set to zero.

    Raises
    ------
    RtcanError
        If the recording cannot be decomposed (see `rtcan_cli.eda.preprocess.find_problem`), if
        no solver reached the optimum, or if CVXOPT is needed and cannot be loaded.
    """
    (outcome,) = decompose_all([np.asarray(y)], sampling_rate, parameters, solver)
    if isinstance(outcome, RtcanError):
        raise outcome
    return outcome


def decompose_all(
    recordings: Sequence[NDArray[np.float64]],
    sampling_rate: float,
    parameters: CvxedaParameters = USUAL,
    solver: Solver = "auto",
) -> list[CvxedaComponents | RtcanError]:
    """Split several recordings, which takes far less time than one after the other.

    Parameters
    ----------
    recordings : sequence of ndarray, shape (n_samples,)
        Z-scored recordings of any lengths.
    sampling_rate, parameters, solver
        As for `decompose`.

    Returns
    -------
    list of CvxedaComponents or RtcanError
        What `decompose` returns or raises for each, to the last bit.
    """
    outcomes: dict[int, CvxedaComponents | RtcanError] = {}
    alphas: dict[int, tuple[float, int]] = {}
    signals = [np.ascontiguousarray(y, dtype=np.float64) for y in recordings]
    for index, signal in enumerate(signals):
        problem = find_problem(signal, sampling_rate)
        if problem is not None:
            outcomes[index] = RtcanError(f"cannot decompose a recording: {problem}")
        else:
            alphas[index] = _first_alpha(signal, sampling_rate, parameters), 0
    while alphas:
        tried, alphas = alphas, {}
        found = _decompose(
            [signals[index] for index in tried],
            sampling_rate,
            parameters,
            [alpha for alpha, _ in tried.values()],
            solver,
        )
        for (index, (alpha, raised)), outcome in zip(tried.items(), found, strict=True):
            if isinstance(outcome, RtcanError):
                outcomes[index] = outcome
            elif _cancel(outcome, signals[index], parameters):
                # It ends: above some alpha no driver is left.
                alphas[index] = alpha * STEP, raised + 1
            else:
                outcomes[index] = replace(outcome, raised=raised)
    return [outcomes[index] for index in range(len(signals))]


def _first_alpha(
    y: NDArray[np.float64], sampling_rate: float, parameters: CvxedaParameters
) -> float:
    if not isinstance(parameters.alpha, str):
        return parameters.alpha
    taus = parameters.tau0, parameters.tau1
    return noise_aware_alpha(noise_sd(y), y.size, sampling_rate, *taus, parameters.noise_factor)


def _cancel(found: CvxedaComponents, y: NDArray[np.float64], parameters: CvxedaParameters) -> bool:
    """Whether parts cancel each other, and alpha is to be raised for it."""
    chosen = isinstance(parameters.alpha, str)
    return chosen and bool(found.phasic.var() > parameters.most_phasic * y.var())


def _decompose(
    signals: Sequence[NDArray[np.float64]],
    sampling_rate: float,
    parameters: CvxedaParameters,
    alphas: Sequence[float],
    solver: Solver,
) -> list[CvxedaComponents | RtcanError]:
    """Split each recording with a penalty of its own, by the first solver that proves a result."""
    outcomes: dict[int, CvxedaComponents] = {}
    failures: dict[int, list[str]] = {index: [] for index in range(len(signals))}
    hint: str | None = "look for artefacts in the recording, and z-score it first"
    for name, attempt in (("structured", _structured), ("cvxopt", _reference)):
        left = [index for index in failures if index not in outcomes]
        if left and solver in (name, "auto"):
            some, some_alphas = [signals[i] for i in left], [alphas[i] for i in left]
            found = attempt(some, sampling_rate, parameters, some_alphas)
            for index, outcome in zip(left, found, strict=True):
                if isinstance(outcome, CvxedaComponents):
                    outcomes[index] = outcome
                    continue
                failures[index].append(f"{name}: {outcome}")
                if isinstance(outcome, RtcanError):
                    hint = outcome.hint
    return [
        outcomes[index]
        if index in outcomes
        else RtcanError(
            f"cvxEDA found no optimum for a recording of {signals[index].size} samples "
            f"({', '.join(failures[index])})",
            hint,
        )
        for index in failures
    ]


def _structured(
    signals: Sequence[NDArray[np.float64]],
    sampling_rate: float,
    parameters: CvxedaParameters,
    alphas: Sequence[float],
) -> list[CvxedaComponents | str | RtcanError]:
    response = response_filter(sampling_rate, parameters.tau0, parameters.tau1)
    spacing = round(parameters.knot_interval * sampling_rate)
    levels = [y.mean() for y in signals]  # belong to the offset, whatever their size
    centred = [y - level for y, level in zip(signals, levels, strict=True)]
    possible = [index for index, alpha in enumerate(alphas) if alpha > 0]
    solutions = cvxeda_structured.solve(
        [centred[index] for index in possible],
        response,
        spacing,
        [alphas[index] for index in possible],
        parameters.gamma,
        max(parameters.tau0, parameters.tau1) / parameters.knot_interval,
    )
    outcomes: list[CvxedaComponents | str | RtcanError] = ["needs an alpha above 0"] * len(signals)
    for index, solution in zip(possible, solutions, strict=True):
        certificate = certify(
            centred[index],
            solution.driver,
            solution.coefficients,
            solution.dual,
            response,
            spacing,
            alphas[index],
            parameters.gamma,
        )
        energy = float(centred[index] @ centred[index])
        if not certificate.gap <= _ENOUGH * certificate.objective + _NEGLIGIBLE * energy:
            outcomes[index] = f"gap {certificate.gap:.1e} after {solution.iterations} steps"
            continue
        outcomes[index] = CvxedaComponents(
            phasic=certificate.phasic,
            tonic=certificate.tonic + levels[index],
            driver=solution.driver,
            residual=certificate.residual,
            objective=certificate.objective,
            gap=certificate.gap,
            iterations=solution.iterations,
            solver="structured",
            alpha=alphas[index],
            response=(parameters.tau0, parameters.tau1),
        )
    return outcomes


def _reference(
    signals: Sequence[NDArray[np.float64]],
    sampling_rate: float,
    parameters: CvxedaParameters,
    alphas: Sequence[float],
) -> list[CvxedaComponents | str | RtcanError]:
    return [
        _by_cvxopt(y, sampling_rate, parameters, alpha)
        for y, alpha in zip(signals, alphas, strict=True)
    ]


def _by_cvxopt(
    y: NDArray[np.float64], sampling_rate: float, parameters: CvxedaParameters, alpha: float
) -> CvxedaComponents | str | RtcanError:
    try:
        # Loaded only where it is needed, which is hardly ever.
        from rtcan_cli.eda.cvxeda import reference as cvxeda_reference
    except ImportError as error:
        problem = failed_import("the general solver", error)
        if problem is None:
            raise
        return problem
    solution = cvxeda_reference.solve(
        y,
        sampling_rate,
        parameters.tau0,
        parameters.tau1,
        round(parameters.knot_interval * sampling_rate),
        alpha,
        parameters.gamma,
    )
    proven = solution.gap <= _ENOUGH * solution.objective and solution.infeasibility <= _ENOUGH
    if solution.status != "optimal" and not proven:
        return f"status {solution.status}"
    return CvxedaComponents(
        phasic=solution.phasic,
        tonic=solution.tonic,
        driver=np.maximum(solution.driver, 0.0),
        residual=y - solution.phasic - solution.tonic,
        objective=solution.objective,
        gap=solution.gap,
        iterations=solution.iterations,
        solver="cvxopt",
        alpha=alpha,
        response=(parameters.tau0, parameters.tau1),
    )
