from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from rtcan_cli.datasets.files import csvfile
from rtcan_cli.datasets.files.csvfile import number, numbered_rows, read_numbers
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError


class Text(RawFile):
    """A file that is in memory only, as hypothesis wants many of them."""

    def __init__(self, content: str) -> None:
        super().__init__(Path("x.csv"), PurePosixPath("x.csv"))
        object.__setattr__(self, "stored", content)

    def text(self) -> str:
        return self.stored  # type: ignore[attr-defined, no-any-return]


def written(table: np.ndarray, header: bool = False) -> str:
    names = [f"column {k}" for k in range(table.shape[1])]
    text = pd.DataFrame(table, columns=names).to_csv(index=False, header=header)
    # Pandas writes two quotes for an empty line, which a table of numbers has no use for.
    return str(text.replace('""', ""))


@given(arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 4))), st.booleans())
@example(np.array([[np.nan], [1.0]]), False)
@example(np.array([[1.0, np.nan, np.nan, np.nan], [np.nan, 2, np.nan, np.nan]]), True)
def test_numbers_survive_being_written(table: np.ndarray, header: bool) -> None:
    # A first row that begins with an empty cell names the columns, as pandas writes them.
    assume(header or table.shape[1] == 1 or not np.isnan(table[0, 0]))
    read = read_numbers(Text(written(table, header)))
    expected = np.where(np.isinf(table), np.nan, table)
    if table.shape[1] > 1:
        expected = expected[~np.isnan(expected).all(axis=1)]
    else:  # empty lines at the end are no samples
        empty = np.isnan(table[:, 0])
        expected = expected[: len(empty) - int(empty[::-1].cumprod().sum())]
    assert read.numbers.shape == (expected if len(expected) else read.numbers).shape
    # Bit for bit, so that -0.0 counts as well.
    assert (
        read.numbers[~np.isnan(read.numbers)].tobytes() == expected[~np.isnan(expected)].tobytes()
    )
    assert_array_equal(np.isnan(read.numbers), np.isnan(expected))
    if len(expected):
        assert read.names == (tuple(f"column {k}" for k in range(table.shape[1])) * header)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
@example([0.1, 5e-324, 1.7976931348623157e308, 9007199254740993.0, 2.2250738585072011e-308])
def test_numbers_are_those_that_python_reads(values: list[float]) -> None:
    """Correctly rounded, however many digits there are."""
    texts = [text for value in values for text in (repr(value), f"{value:.25g}", f"{value:.3f}")]
    expected = np.array([float(text) for text in texts])
    assert read_numbers(Text("\n".join(texts))).numbers.tobytes() == expected.tobytes()


LINES = st.lists(
    st.text(alphabet=" \t.,-+e0123456789naif_x\"'#", max_size=9), min_size=1, max_size=6
)


@given(LINES)
@example(["1", "2_0"])
@example(["1,2", "3,,"])
@example(["1,2", " ", "3,4"])
@example(["1", "", "2"])
@example(["1 ,2", ",", "3, 4"])
def test_both_ways_to_read_agree(lines: list[str]) -> None:
    """Whatever the fast way accepts, the one that names lines reads as the same numbers."""
    file = Text("\n".join(lines))

    def outcome() -> object:
        try:
            read = read_numbers(file)
        except RtcanError as error:
            return str(error)
        return read.names, read.numbers.shape, read.numbers.tobytes()

    fast = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvfile, "_read_fast", lambda text, width: None)
        assert outcome() == fast


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("1\r\n2\r\n", [[1], [2]]),
        ("1\r2\r", [[1], [2]]),
        ("\ufeff1\n2".encode(), [[1], [2]]),
        ("\ufeffEDA\n1\n2", [[1], [2]]),
        ("1\n\n \n2\n\n\n", [[1], [np.nan], [np.nan], [2]]),
        ("\n1\n", [[np.nan], [1]]),
        ("nan\nNaN\ninf\n-Infinity\n1e999\nNA\n1", [[np.nan]] * 6 + [[1]]),
        (" 1 , 2\t\n 3,4", [[1, 2], [3, 4]]),
        ("1,2\n\n3,4\n,\n,,\n".replace(",,", ", "), [[1, 2], [3, 4]]),
        ("a,b,c,d\n,,,1\n2,,,\n", [[np.nan, np.nan, np.nan, 1], [2, np.nan, np.nan, np.nan]]),
        ('"time","EDA"\n0.02,"1.5"\n', [[0.02, 1.5]]),
        (",EDA\n0,1.5\n", [[0, 1.5]]),
        ("", np.empty((0, 1))),
        ("EDA\n", np.empty((0, 1))),
    ],
)
def test_shapes_of_tables(tmp_path: Path, content: str | bytes, expected: list) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert_array_equal(read_numbers(RawFile(path, PurePosixPath("x.csv"))).numbers, expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2\n3,4\n1", "line 3 has 1 columns instead of 2"),
        ("1,2\n1,2,3", "line 2 has 3 columns instead of 2"),
        ("a,b\n\n1,2\n1,x", "line 4 holds something else than numbers: 1,x"),
        ("1\n1_000", "line 2 holds something else than numbers: 1_000"),
        ("1\n١", "line 2 holds something else than numbers: ١"),
        ("1\n0x10", "line 2 holds something else than numbers: 0x10"),
        ("1\n2\n3.\n-", "line 4 holds something else than numbers: -"),
        ("1\n2 # two", "line 2 holds something else than numbers: 2 # two"),
        ("1\n2\0\n3", "line 2 has NUL bytes"),
        ('EDA\n1.5\n"0,123"', "line 3 has a comma as decimal sign"),
        ('"0,123"\n"0,124"', "line 1 has a comma as decimal sign"),
        ("0.5\n0,123", "line 2 has a comma as decimal sign"),
        ("time;EDA\n0,02;1,5", "line 2 has a comma as decimal sign"),
        ("0,02;1,5\n0,04;1,6", "line 1 has a comma as decimal sign"),
        ("time;EDA\n0.02;1.5", "line 2 has semicolons between its columns"),
        ("0.02\t1.5\n0.04\t1.6", "line 1 has tabs between its columns"),
        ("1\n" + "12 " * 10**6, r"line 2 holds something else than numbers: [12 ]{50,60}$"),
        ('1\n"' + "1" * 10**6, r"line 2 holds something else than numbers"),
    ],
)
def test_bad_lines_are_named(content: str, message: str) -> None:
    with pytest.raises(RtcanError, match=rf"^x\.csv: {message}") as caught:
        read_numbers(Text(content))
    assert caught.value.hint
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("cell", ["", " ", "nan", "NA", "n/a", "NULL", "inf", "-Infinity", "1e999"])
def test_cells_without_a_finite_number_are_missing(cell: str) -> None:
    assert np.isnan(number(cell))


@pytest.mark.parametrize("cell", ["1_0", "١", "1,5", "x", "1e", "--1", "0x1", "1 2"])
def test_other_cells_are_no_numbers(cell: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number(cell)


def test_rows_may_have_quotes_and_gaps(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('id,title\r\n\r\n1, "Hey, ya" \n2,"a, b"\n', encoding="utf-8-sig")
    file = RawFile(path, PurePosixPath("x.csv"))
    assert list(numbered_rows(file)) == [
        (1, ["id", "title"]),
        (3, ["1", '"Hey', 'ya"']),
        (4, ["2", "a, b"]),
    ]


@given(st.lists(st.lists(st.sampled_from(["", "a", " b ", "1"]), min_size=1, max_size=5)))
def test_a_few_columns_of_each_row_are_the_first_ones(rows: list[list[str]]) -> None:
    plain = Text("".join(",".join(row) + "\n" for row in rows))
    quoted = Text("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows))
    whole = list(numbered_rows(plain))
    assert list(numbered_rows(quoted)) == whole
    for file in (plain, quoted):
        assert list(numbered_rows(file, width=2)) == [(line, row[:2]) for line, row in whole]
