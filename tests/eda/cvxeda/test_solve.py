from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import cvxopt
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import signal, stats
from scipy.linalg import toeplitz

from rtcan_cli.eda.cvxeda import reference as cvxeda_reference
from rtcan_cli.eda.cvxeda import solve as cvxeda
from rtcan_cli.eda.cvxeda import structured as cvxeda_structured
from rtcan_cli.eda.cvxeda.parameters import PUBLISHED, CvxedaParameters
from rtcan_cli.errors import RtcanError
from tests.eda.recordings import ALPHA, GAMMA, KINDS, TAU0, TAU1, awkward, simulated


def decompose(y, sampling_rate, parameters=PUBLISHED, solver="auto"):
    """With the penalty as published; `test_penalty.py` has the other."""
    return cvxeda.decompose(y, sampling_rate, parameters, solver)


def assert_agrees_with_package(y, sampling_rate, parameters=PUBLISHED):
    package = pytest.importorskip("cvxeda")
    phasic, driver, tonic, spline, _, residual, _ = (
        np.ravel(each)
        for each in package.cvxEDA(
            y,
            1 / sampling_rate,
            tau0=parameters.tau0,
            tau1=parameters.tau1,
            delta_knot=parameters.knot_interval,
            alpha=parameters.alpha,
            gamma=parameters.gamma,
            options={"show_progress": False, "reltol": 1e-9},
        )
    )
    objective = residual @ residual / 2 + parameters.alpha * driver.sum()
    objective += parameters.gamma / 2 * spline @ spline
    ours = decompose(y, sampling_rate, parameters)
    assert ours.objective == pytest.approx(objective, rel=1e-6)
    np.testing.assert_allclose(ours.phasic, phasic, atol=1e-3)
    np.testing.assert_allclose(ours.tonic, tonic, atol=1e-3)


@pytest.mark.parametrize(
    ("sampling_rate", "seconds", "seed"),
    [(50, 38, 1), (50, 41, 2), (128, 60, 3), (4, 120, 4), (13.26, 45.25, 5), (13.26, 45.17, 6)],
)
def test_agrees_with_the_authors_package(sampling_rate, seconds, seed):
    assert_agrees_with_package(simulated(sampling_rate, seconds, seed), sampling_rate)


@pytest.mark.parametrize("song", ["108", "634"])
def test_agrees_with_the_authors_package_on_real_recordings(song):
    if "RTCAN_REAL_DATA" not in os.environ:
        pytest.skip("RTCAN_REAL_DATA is not set")
    folder = Path(os.environ["RTCAN_REAL_DATA"]) / "pmemo_site_sample" / "EDA"
    table = pd.read_csv(folder / f"{song}_EDA.csv")
    seconds = table["time"].to_numpy()
    grid = np.arange(seconds[0], seconds[-1], 1 / 50)
    for subject in table.columns[1:]:
        eda = stats.zscore(np.interp(grid, seconds, table[subject]))
        assert_agrees_with_package(eda, 50)


@pytest.mark.parametrize("seed", range(5))
def test_solution_fulfils_the_optimality_conditions(seed):
    # In p instead of q the phasic part is H p, H the Toeplitz matrix of the sampled response. The
    # conditions for the minimum then speak of the residual e only: alpha - H'e is nowhere
    # negative, and zero wherever the driver is not; B'e = gamma l; C'e = 0.
    rate, n = 10.0, 160
    y = simulated(rate, n / rate, seed)
    result = decompose(y, rate)

    a1, a0 = 1 / TAU1, 1 / TAU0
    numerator, denominator = signal.bilinear([a1 - a0], [1, a0 + a1, a0 * a1], rate)
    impulse = signal.lfilter(numerator, denominator, np.r_[1, np.zeros(n - 1)])
    response = toeplitz(impulse, np.zeros(n))
    box = np.ones(100)
    bump = np.convolve(np.convolve(np.convolve(box, box), box), box)
    peak = np.argmax(bump)
    padded = np.pad(bump / bump.max(), n)
    bumps = np.column_stack([padded[n + peak - k : 2 * n + peak - k] for k in (0, 100, 200)])
    trend = np.column_stack([np.ones(n), np.arange(n)])

    slack = ALPHA - response.T @ result.residual
    assert slack.min() > -1e-9
    assert result.driver.max() > 0.5
    assert result.driver @ slack < 1e-6
    np.testing.assert_allclose(response @ result.driver, result.phasic, atol=1e-7)

    coefficients = np.linalg.lstsq(np.hstack([bumps, trend]), result.tonic, rcond=None)[0]
    np.testing.assert_allclose(bumps.T @ result.residual, GAMMA * coefficients[:3], atol=1e-6)
    np.testing.assert_allclose(trend.T @ result.residual, 0, atol=1e-5)
    value = result.residual @ result.residual / 2 + ALPHA * result.driver.sum()
    value += GAMMA / 2 * coefficients[:3] @ coefficients[:3]
    assert result.objective == pytest.approx(value, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([2.0, 4.0, 13.26, 50.0, 128.0, 1000.0]),
    st.floats(6, 25),
    st.sampled_from(KINDS),
)
def test_parts_add_up_and_prove_themselves(seed, rate, seconds, kind):
    y = awkward(kind, rate, seconds, seed)
    result = decompose(y, rate)
    assert result.solver == "structured"
    np.testing.assert_allclose(result.phasic + result.tonic + result.residual, y, atol=1e-12)
    assert result.driver.min() >= 0
    assert 0 <= result.gap <= 1e-8 * result.objective + 1e-12 * y.size
    assert result.iterations > 0
    # Never worse than a tonic part alone.
    assert result.objective <= y @ y / 2


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([4.0, 10.0, 50.0]),
    st.floats(6, 25),
    st.sampled_from(KINDS),
)
def test_both_solvers_find_the_same(seed, rate, seconds, kind):
    y = awkward(kind, rate, seconds, seed)
    fast = decompose(y, rate, solver="structured")
    try:
        general = decompose(y, rate, solver="cvxopt")
    except RtcanError:
        assume(False)  # now and then CVXOPT gives up on steps, which the other one solves
    assert (fast.solver, general.solver) == ("structured", "cvxopt")
    assert fast.objective <= general.objective * (1 + 1e-6) + 1e-7
    # Twice the gap bounds the squared distance of the residuals.
    far = np.sqrt(2 * (general.gap + fast.gap)) + 1e-3
    np.testing.assert_allclose(fast.residual, general.residual, atol=far)


@pytest.mark.parametrize(
    ("rate", "seconds"), [(4.0, 6.0), (128.0, 1500.0), (1000.0, 30.0), (2.0, 3600.0)]
)
def test_short_long_slow_and_fast_recordings(rate, seconds):
    y = simulated(rate, seconds, 7)
    result = decompose(y, rate, solver="structured")
    assert result.gap <= 1e-8 * result.objective
    assert result.driver.max() > 0.5


@pytest.mark.parametrize("seed", range(3))
def test_offset_and_drift_belong_to_the_tonic_part(seed):
    y = simulated(20.0, 30, seed)
    drift = 4 - 0.01 * np.arange(y.size)
    plain, drifting = decompose(y, 20.0), decompose(y + drift, 20.0)
    np.testing.assert_allclose(drifting.phasic, plain.phasic, atol=1e-4)
    np.testing.assert_allclose(drifting.tonic, plain.tonic + drift, atol=1e-4)


def test_finds_the_responses_that_were_put_in():
    rate, n = 50.0, 2500
    planted = {300: 1.0, 1000: 3.0, 1700: 2.0}
    driver = np.zeros(n)
    driver[list(planted)] = list(planted.values())
    t = np.arange(n) / rate
    y = np.convolve(driver, np.exp(-t / TAU0) - np.exp(-t / TAU1))[:n] + 0.02 * t
    result = decompose(stats.zscore(y), rate)
    for at, size in planted.items():
        area = result.driver[at - 10 : at + 11].sum() / rate
        # A sample of the driver is a rate: its area is the size, here in units of y's spread.
        assert area == pytest.approx(size / np.std(y), rel=0.05)
    quiet = np.ones(n, dtype=bool)
    for at in planted:
        quiet[at - 10 : at + 11] = False
    assert result.driver[quiet].sum() < 0.02 * result.driver.sum()


@pytest.mark.parametrize(
    "parameters",
    [
        replace(PUBLISHED, tau0=4.0, tau1=1.0),
        replace(PUBLISHED, tau0=0.5, tau1=3.0),
        replace(PUBLISHED, knot_interval=4.0, gamma=0.3),
        replace(PUBLISHED, alpha=0.05),
        replace(PUBLISHED, tau0=9.0, knot_interval=3.0),
    ],
)
def test_parameters_mean_what_they_mean_in_the_authors_package(parameters):
    y = simulated(20.0, 40, 0)
    assert_agrees_with_package(y, 20.0, parameters)
    published = decompose(y, 20.0)
    assert np.abs(decompose(y, 20.0, parameters).phasic - published.phasic).max() > 0.01


def test_same_input_gives_the_same_bits():
    y = simulated(20.0, 30, 1)
    first, second = decompose(y, 20.0), decompose(y, 20.0)
    assert np.array_equal(first.driver, second.driver)
    assert np.array_equal(first.tonic, second.tonic)


@pytest.mark.parametrize("solver", ["structured", "cvxopt"])
def test_solvers_are_silent_and_leave_global_options_alone(solver, capfd):
    before = dict(cvxopt.solvers.options)
    decompose(simulated(20.0, 30, 1), 20.0, solver=solver)
    assert cvxopt.solvers.options == before
    assert capfd.readouterr() == ("", "")


def test_takes_the_general_solver_where_the_fast_one_proves_nothing(monkeypatch):
    y = simulated(20.0, 30, 1)
    proven = decompose(y, 20.0)

    def spoilt(*arguments):
        solutions = structured_solve(*arguments)
        return [each._replace(driver=each.driver * 1.01) for each in solutions]

    structured_solve = cvxeda_structured.solve
    monkeypatch.setattr(cvxeda_structured, "solve", spoilt)
    result = decompose(y, 20.0)
    assert (proven.solver, result.solver) == ("structured", "cvxopt")
    np.testing.assert_allclose(result.phasic, proven.phasic, atol=1e-3)
    with pytest.raises(RtcanError, match=r"of 600 samples \(structured: gap .* after \d+ steps\)"):
        decompose(y, 20.0, solver="structured")


def test_no_optimum_is_an_error_that_says_what_each_solver_said(monkeypatch):
    monkeypatch.setattr(cvxeda_reference, "_MAX_ITERATIONS", 2)
    monkeypatch.setattr(cvxeda, "_ENOUGH", 0.0)
    monkeypatch.setattr(cvxeda, "_NEGLIGIBLE", 0.0)
    with pytest.raises(
        RtcanError, match=r"\(structured: gap .*, cvxopt: status unknown\)"
    ) as raised:
        decompose(simulated(20.0, 30, 1), 20.0)
    assert raised.value.hint


@pytest.mark.parametrize("solver", ["auto", "cvxopt"])
def test_without_cvxopt_only_the_recordings_that_need_it_fail(monkeypatch, solver):
    package = sys.modules[cvxeda_reference.__name__.rpartition(".")[0]]
    monkeypatch.delattr(package, "reference")
    monkeypatch.delitem(sys.modules, cvxeda_reference.__name__)
    monkeypatch.setitem(sys.modules, "cvxopt", None)
    y = simulated(10.0, 30, 1)
    (outcome,) = cvxeda.decompose_all([y], 10.0, CvxedaParameters(alpha=0.0), solver)
    assert isinstance(outcome, RtcanError)
    assert "cvxopt: the general solver needs CVXOPT, which is not installed" in str(outcome)
    assert outcome.hint == "pip install 'rtcan-cli[solvers]'"
    (fine,) = cvxeda.decompose_all([y], 10.0)
    assert fine.solver == "structured"


def test_without_a_penalty_on_the_driver_the_general_solver_works():
    y = simulated(10.0, 30, 1)
    result = decompose(y, 10.0, CvxedaParameters(alpha=0.0))
    assert result.solver == "cvxopt"
    assert result.objective < decompose(y, 10.0).objective


def test_refuses_what_cannot_be_decomposed():
    y = simulated(20.0, 30, 1)
    y[100] = np.nan
    with pytest.raises(RtcanError, match="1 of 600 samples are missing"):
        decompose(y, 20.0)
    with pytest.raises(RtcanError, match="flat"):
        decompose(np.zeros(600), 20.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tau0": 0.7},
        {"tau1": -1.0},
        {"tau0": float("nan")},
        {"knot_interval": 0.0},
        {"alpha": -1e-3},
        {"alpha": float("inf")},
        {"alpha": float("nan")},
        {"alpha": "automatic"},
        {"noise_factor": 0.0},
        {"most_phasic": float("nan")},
        {"gamma": float("inf")},
        {"gamma": 0.0},
    ],
)
def test_refuses_parameters_without_a_meaning(wrong):
    with pytest.raises(RtcanError):
        CvxedaParameters(**wrong)
