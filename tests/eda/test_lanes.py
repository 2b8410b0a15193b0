from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.eda.compiled import compiled
from rtcan_cli.eda.lanes import LANES, at, choose, larger, like, put, root, zeros


@compiled()
def formulas(x, out, state):
    """Every operation, and a recursion, on whatever `x` has."""
    carried = like(x, 1.0)
    own = zeros(x, 2)
    for t in range(len(x)):
        value = at(x, t)
        carried = 0.5 * carried + value * 2.0 - 1
        carried -= value / 3.0
        own_value = at(own, 0) + (-carried) / (carried * carried + 1)
        put(own, 0, own_value)
        put(own, 1, 7)
        positive = choose(value, value, 0.0)
        put(out, t, larger(carried, positive) + root(positive) + (2.0 - own_value) * at(own, 1))
    put(state, 0, carried)


def expected(x):
    carried, own, out = 1.0, 0.0, np.empty_like(x)
    for t, value in enumerate(x):
        carried = 0.5 * carried + value * 2.0 - 1
        carried -= value / 3.0
        own += -carried / (carried * carried + 1)
        positive = value if value > 0 else 0.0
        largest = carried if carried > positive else positive
        out[t] = largest + np.sqrt(positive) + (2.0 - own) * 7
    return out, carried


def test_lanes_compute_what_each_would_alone_and_numpy_does():
    x = np.random.default_rng(0).standard_normal((200, LANES))
    together, last = np.empty_like(x), np.empty((1, LANES))
    formulas(x, together, last)
    for lane in range(LANES):
        alone, end = np.empty(len(x)), np.empty(1)
        formulas(x[:, lane].copy(), alone, end)
        reference, carried = expected(x[:, lane])
        np.testing.assert_allclose(alone, reference, rtol=1e-12)
        np.testing.assert_allclose(together[:, lane], reference, rtol=1e-12)
        assert last[0, lane] == pytest.approx(carried)
        assert end[0] == pytest.approx(carried)


def test_a_number_that_is_missing_stays_in_its_lane_and_is_never_chosen():
    @compiled()
    def chosen(x, out):
        put(out, 0, choose(at(x, 0), 1.0, 2.0))
        put(out, 1, larger(at(x, 0), 3.0))
        put(out, 2, at(x, 0) * 2.0)

    x, out = np.full((1, LANES), 4.0), np.empty((3, LANES))
    x[0, 1] = np.nan
    chosen(x, out)
    assert out[:, 0].tolist() == [1.0, 4.0, 8.0]
    assert out[:2, 1].tolist() == [2.0, 3.0]
    assert np.isnan(out[2]).tolist() == [lane == 1 for lane in range(LANES)]


def test_arrays_that_are_not_samples_are_refused():
    @compiled()
    def first(x):
        return at(x, 0)

    for wrong in (np.zeros((2, LANES, 1)), np.zeros((LANES, 3)).T, np.zeros(4, np.float32)):
        with pytest.raises(TypeError, match="neither samples nor"):
            first(wrong)
