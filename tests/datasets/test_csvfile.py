from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets.csvfile import read_numbers, read_rows, sampling_grid
from rtcan_cli.datasets.files import RawFile
from rtcan_cli.errors import RtcanError

FILE = RawFile(Path("x.csv"), PurePosixPath("x.csv"))


@given(arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 4))))
def test_numbers_survive_being_written(table: np.ndarray) -> None:
    text = pd.DataFrame(table).to_csv(index=False, header=False)
    # Pandas writes two quotes for an empty line, which a table of numbers has no use for.
    lines = text.replace('""', "").splitlines()
    assert_array_equal(read_numbers(lines, table.shape[1], FILE, first=1), table)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1", r"x\.csv: line 8 has 1 columns instead of 2"),
        ("1,2,3", r"x\.csv: line 8 has 3 columns instead of 2"),
        ("1,x", r"x\.csv: line 8 holds something else than numbers: 1,x"),
    ],
)
def test_bad_lines_are_named(line: str, message: str) -> None:
    with pytest.raises(RtcanError, match=message):
        read_numbers(["1,2", line], 2, FILE, first=7)


def test_rows_may_have_quotes_and_gaps(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('id,title\r\n\r\n1, "Hey, ya" \n2,"a, b"\n', encoding="utf-8-sig")
    rows = read_rows(RawFile(path, PurePosixPath("x.csv")))
    assert rows == [["id", "title"], ["1", '"Hey', 'ya"'], ["2", "a, b"]]


def test_even_times_are_kept() -> None:
    time = np.round(np.arange(100) / 50, 2)
    grid, rate = sampling_grid(time, "x.csv")
    assert grid is time
    assert rate == 50


@given(arrays(np.float64, st.integers(2, 30), elements=st.floats(0.01, 1)))
def test_uneven_times_give_an_even_grid_over_the_same_span(steps: np.ndarray) -> None:
    time = np.cumsum(steps)
    grid, rate = sampling_grid(time, "x.csv")
    assert len(grid) == len(time)
    assert_allclose(grid[[0, -1]], time[[0, -1]])
    assert_allclose(np.diff(grid), 1 / rate, rtol=0.02, atol=1e-4)


@pytest.mark.parametrize("time", [[], [1.0], [0, 1, 1, 2], [0, 2, 1], [0, np.nan, 2]])
def test_times_must_increase(time: list[float]) -> None:
    with pytest.raises(RtcanError, match=r"x\.csv: the times in the first column do not increase"):
        sampling_grid(np.array(time), "x.csv")
