from __future__ import annotations

import numpy as np

from rtcan_cli.eda import rows

N = 150


def test_slices_of_samples_give_what_single_samples_do():
    rng = np.random.default_rng(0)
    x, end = rng.standard_normal((N, 3)), np.array([N, 10.0, 97.0])
    table = rng.standard_normal((N + 5, 2))
    out, sums, most = np.empty_like(x), 0.0, -np.inf
    for t in rows.each(5, N):
        value = rows.at(x, t) * rows.entry(table, t, 2, 1) * rows.inside(t, end) + rows.place(t)
        rows.put(out, t, value)
        sums += rows.total(value)
        most = rows.larger(rows.largest(value), most)
    for t in range(5, N):
        value = rows.at(x, t) * rows.entry(table, t, 2, 1) * rows.inside(t, end) + rows.place(t)
        assert np.array_equal(value, out[t])
    assert np.array_equal(value, x[-1] * table[-8, 1] * [1, 0, 0] + N - 1)
    np.testing.assert_allclose(sums, out[5:].sum(axis=0))
    assert np.array_equal(most, out[5:].max(axis=0))


def test_sums_do_not_depend_on_how_many_recordings_there_are():
    x = np.random.default_rng(0).standard_normal((N, 9))
    for t in rows.each(0, N):
        for count in range(2, 9):
            assert np.array_equal(rows.total(x[t, :count].copy()), rows.total(x[t])[:count])


def test_what_was_read_stays_as_it_was():
    x = np.arange(6.0).reshape(3, 2)
    value, both = rows.at(x, 1), rows.at(x, slice(0, 2))
    rows.put(x, slice(0, 3), 7.0)
    value += 1
    assert value.tolist() == [3, 4]
    assert both.tolist() == [[0, 1], [2, 3]]
    assert (x == 7).all()


def test_numbers_that_are_missing_are_never_chosen():
    missing = np.array([np.nan, 1.0])
    assert rows.choose(missing, 1.0, 2.0).tolist() == [2, 1]
    assert rows.larger(missing, 0.5).tolist() == [0.5, 1]
    assert rows.largest(np.array([[np.nan, 1], [3, 2.0]])).tolist() == [3, 2]
