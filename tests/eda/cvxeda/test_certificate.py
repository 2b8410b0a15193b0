from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.eda.cvxeda.certificate import certify
from rtcan_cli.eda.cvxeda.matrices import response_filter, spline_bumps
from rtcan_cli.eda.cvxeda.structured import solve
from tests.eda.recordings import ALPHA, GAMMA, TAU0, TAU1, simulated

RATE, SPACING = 10.0, 100
RESPONSE = response_filter(RATE, TAU0, TAU1)
Y = simulated(RATE, 40, 3)
(BEST,) = solve([Y], RESPONSE, SPACING, [ALPHA], GAMMA, 0.2)


def certificate(driver, coefficients, dual, alpha=ALPHA):
    return certify(Y, driver, coefficients, dual, RESPONSE, SPACING, alpha, GAMMA)


def test_optimum_is_proven():
    proof = certificate(*BEST[:3])
    assert 0 <= proof.gap <= 1e-9 * proof.objective
    np.testing.assert_allclose(proof.phasic + proof.tonic + proof.residual, Y, atol=1e-13)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-8, 1), st.floats(-8, 1))
def test_bound_holds_for_any_guess(seed, primal, dual):
    # No guess, however far off in any of its arguments, is ever proven better than it is.
    rng = np.random.default_rng(seed)
    driver = np.abs(BEST.driver + 10**primal * rng.standard_normal(Y.size))
    coefficients = BEST.coefficients + 10**primal * rng.standard_normal(BEST.coefficients.size)
    guess = BEST.dual + 10**dual * rng.standard_normal(Y.size)
    proof = certificate(driver, coefficients, guess)
    optimum = certificate(*BEST[:3])
    assert proof.gap >= proof.objective - optimum.objective - 1e-12
    assert proof.gap > optimum.gap


def test_nothing_is_proven_of_what_is_not_allowed_or_not_a_number():
    negative = BEST.driver.copy()
    negative[5] = -1e-9
    assert certificate(negative, *BEST[1:3]).gap == np.inf
    missing = BEST.dual.copy()
    missing[5] = np.nan
    with np.errstate(invalid="ignore"):
        assert certificate(BEST.driver, BEST.coefficients, missing).gap == np.inf


def test_bound_is_that_of_the_dual_function():
    # Weak duality, with the dual function written out.
    proof = certificate(BEST.driver, BEST.coefficients, 0.5 * BEST.dual)
    half = 0.5 * BEST.dual
    bumps = spline_bumps(Y.size, SPACING)
    value = Y @ half - half @ half / 2 - np.sum((bumps.T @ half) ** 2) / (2 * GAMMA)
    assert proof.gap == pytest.approx(proof.objective - value, rel=1e-9)
