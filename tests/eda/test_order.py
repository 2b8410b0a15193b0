from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcan_cli.eda.order import median, quantile

NUMBERS = st.floats(-1e6, 1e6, width=64)


@given(arrays(np.float64, st.integers(1, 60), elements=NUMBERS), st.floats(0, 1))
@example(np.array([3.0]), 0.05)
@example(np.array([1.0, 1e-17, 0.3]), 0.5)
def test_numbers_are_those_of_numpy(values, share):
    before = values.copy()
    assert median(values) == np.median(values)
    assert quantile(values, share) == np.quantile(values, share)
    assert np.array_equal(values, before)


def test_of_long_arrays_too():
    values = np.random.default_rng(0).standard_normal(100_001)
    for size in (100_001, 100_000):
        assert median(values[:size]) == np.median(values[:size])
        assert quantile(values[:size], 0.05) == np.quantile(values[:size], 0.05)
