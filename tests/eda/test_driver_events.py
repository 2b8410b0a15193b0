"""The events of the recovered driver are the true ones, as far as noise lets them be."""

from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.choices import Solver
from rtcan_cli.eda.cvxeda.parameters import PUBLISHED, USUAL, CvxedaParameters
from rtcan_cli.eda.cvxeda.solve import decompose
from rtcan_cli.eda.preprocess import zscore
from tests.eda.events import Score, Simulated, events, score, simulate
from tests.eda.other_skin import SHAPES, Sensor, record

RATE, SECONDS = 25.0, 60.0


def test_score_of_known_events():
    true = [np.array([1.0, 10.0, 20.0, 30.0, 59.0])]
    # One late, one missed, one invented; those near the edges do not count.
    found = [np.array([10.2, 20.0, 40.0, 58.9])]
    result = score(found, true, SECONDS)
    assert (result.precision, result.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert result.timing_error == pytest.approx(0.1)
    assert result.f1 == pytest.approx(2 / 3)


def test_one_true_event_is_matched_once():
    result = score([np.array([10.0, 10.3])], [np.array([10.1])], SECONDS)
    assert (result.precision, result.recall) == (0.5, 1.0)


def test_events_of_a_known_driver():
    driver = np.zeros(1000)
    driver[[200, 203, 500, 800]] = np.array([0.3, 0.3, 1.0, 0.01]) * RATE
    # Neighbours are one event; the last one makes a response of less than 0.05 uS.
    np.testing.assert_allclose(events(driver, RATE, 2.0, 0.7), [8.04, 20.0], atol=0.05)


def of_solver(
    noise: float,
    solver: Solver,
    count: int = 12,
    parameters: CvxedaParameters = PUBLISHED,
    rate: float = RATE,
) -> Score:
    recordings = simulate(count, rate, SECONDS, noise, seed=1)
    return found_in(recordings, rate, parameters, solver)


def found_in(
    recordings: list[Simulated], rate: float, parameters: CvxedaParameters, solver: Solver = "auto"
) -> Score:
    found = []
    for each in recordings:
        driver = decompose(zscore(each.eda), rate, parameters, solver).driver
        found.append(events(driver * each.eda.std(), rate, 2.0, 0.7))
    return score(found, [each.times for each in recordings], SECONDS)


@pytest.mark.parametrize(("noise", "least"), [(0.0, 0.9), (0.01, 0.85), (0.03, 0.6)])
def test_recovered_events_are_the_true_ones(noise, least):
    result = of_solver(noise, "structured")
    assert result.f1 > least
    assert result.timing_error <= 0.1


@pytest.mark.parametrize(("rate", "noise", "least"), [(4.0, 0.03, 0.9), (50.0, 0.1, 0.85)])
def test_a_penalty_that_follows_the_noise_finds_the_events_that_the_published_one_does_not(
    rate, noise, least
):
    usual, published = (
        of_solver(noise, "structured", parameters=each, rate=rate) for each in (USUAL, PUBLISHED)
    )
    assert usual.f1 > least
    assert usual.f1 > published.f1 + 0.3


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_on_skin_of_another_generator(shape):
    recordings = record(8, 4.0, SECONDS, Sensor(0.03), shape)
    usual, published = (found_in(recordings, 4.0, each).f1 for each in (USUAL, PUBLISHED))
    assert usual > published + 0.25


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_events_are_as_good_as_those_of_the_authors_package(noise):
    package = pytest.importorskip("cvxeda")
    recordings = simulate(12, RATE, SECONDS, noise, seed=1)
    found = []
    for each in recordings:
        _, driver, *_ = package.cvxEDA(zscore(each.eda), 1 / RATE, options={"show_progress": False})
        found.append(events(np.ravel(driver) * each.eda.std(), RATE, 2.0, 0.7))
    theirs = score(found, [each.times for each in recordings], SECONDS)
    ours = of_solver(noise, "structured")
    assert ours.f1 >= theirs.f1 - 0.005
