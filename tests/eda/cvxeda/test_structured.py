from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.eda.cvxeda import structured
from rtcan_cli.eda.cvxeda.certificate import certify
from rtcan_cli.eda.cvxeda.matrices import response_filter
from rtcan_cli.eda.lanes import LANES
from tests.eda.recordings import ALPHA, GAMMA, TAU0, TAU1, awkward, simulated

RATE, SPACING = 8.0, 80
RESPONSE = response_filter(RATE, TAU0, TAU1)
KINDS = ("simulated", "walk", "spike", "noise", "still", "ramp", "steps", "bridged", "simulated")


def solve(recordings, alphas=None):
    alphas = alphas or [ALPHA] * len(recordings)
    return structured.solve(recordings, RESPONSE, SPACING, alphas, GAMMA, TAU0 / 10)


def gap(y, solution, alpha=ALPHA):
    found = solution.driver, solution.coefficients, solution.dual
    proof = certify(y, *found, RESPONSE, SPACING, alpha, GAMMA)
    return proof.gap / (1e-6 * proof.objective + 1e-12 * (y @ y))


def test_recordings_in_lockstep_do_not_change_each_other():
    # Neighbours of other lengths, that need more steps, and that are never solved.
    lengths = np.random.default_rng(0).integers(25, 90, len(KINDS))
    work = [awkward(kind, RATE, n, n) for kind, n in zip(KINDS, lengths.tolist(), strict=True)]
    work.append(np.full(300, np.nan))
    assert len(work) > 2 * LANES
    alphas = [ALPHA * (1 + index) for index in range(len(work))]
    together = solve(work, alphas)
    for index, found in enumerate(together[:-1]):
        (single,) = solve(work[index : index + 1], alphas[index : index + 1])
        assert found.iterations == single.iterations
        for one, other in zip(found[:3], single[:3], strict=True):
            assert np.array_equal(one, other)
        assert gap(work[index], found, alphas[index]) <= 1


@pytest.mark.parametrize("seconds", [15.0, 40.0, 300.0])
def test_long_recordings_are_solved_one_by_one_with_the_same_result(seconds, monkeypatch):
    work = [simulated(RATE, seconds, seed) for seed in range(2)]
    lockstep = solve(work)
    monkeypatch.setattr(structured, "LONG", 0)
    for y, one, other in zip(work, lockstep, solve(work), strict=True):
        assert max(gap(y, one), gap(y, other)) <= 1e-3
        for first, second in zip(one[:3], other[:3], strict=True):
            np.testing.assert_allclose(first, second, atol=1e-6 * np.abs(first).max())


def test_of_nothing_nothing_is_found():
    assert solve([]) == []
