"""Tables of text whose first samples were lost, and lines between the samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from rtcan_cli.datasets.formats.layout import Layout, read_layout
from rtcan_cli.errors import RtcanError

VALUES = np.round(2 + np.sin(np.arange(200) / 9), 4)
TEXT = [f"{value}" for value in VALUES]


def layout(*lines: str) -> Layout:
    return read_layout("\n".join(lines) + "\n", ".", "x.csv")


@pytest.mark.parametrize("lost", ['""', "", "OVERFLOW", "off", "NaN", "no contact", "#N/A"])
@pytest.mark.parametrize("n_lost", [1, 40])
def test_lost_samples_below_the_name_stay_samples(lost: str, n_lost: int) -> None:
    n_lost += lost == "no contact"  # one unknown text may be the name
    found = layout("EDA", *[lost] * n_lost, *TEXT)
    (column,) = found.columns
    assert column.name == "EDA"
    assert column.numbers is not None
    assert_array_equal(column.numbers, [*[np.nan] * n_lost, *VALUES])
    assert lost == "NaN" or f"read as missing: {n_lost} (the first is line 2" in found.notes[0]


def test_what_pandas_writes_for_lost_samples_comes_back() -> None:
    values = np.r_[[np.nan] * 40, VALUES]
    text = pd.DataFrame({"EDA": values}).to_csv(index=False)
    (column,) = read_layout(text, ".", "x.csv").columns
    assert_array_equal(column.numbers, values)


@pytest.mark.parametrize("lost", [",", "OVERFLOW,OVERFLOW", ",OVERFLOW", "off,31.5"])
def test_two_columns_that_begin_lost(lost: str) -> None:
    rows = [f"{x},31.5" for x in TEXT]
    found = layout("Subject: 7", "EDA,TEMP", *[lost] * 40, *rows)
    assert [column.name for column in found.columns] == ["EDA", "TEMP"]
    assert_array_equal(found.columns[0].numbers, [*[np.nan] * 40, *VALUES])


def test_a_preamble_as_wide_as_the_table_is_no_sample() -> None:
    rows = [f"{x},31.5" for x in TEXT]
    for above in (["Subject,7", "Session,2"], ["Subject,7", "", "EDA,TEMP"], ["EDA,TEMP", "uS,C"]):
        found = layout(*above, *rows)
        assert_array_equal(found.columns[0].numbers, VALUES)


@pytest.mark.parametrize("mark", [",", "."])
def test_separators_between_thousands_are_not_decimal_marks(mark: str) -> None:
    cells = [f"{value:,}".replace(",", mark) for value in range(900, 1100)]
    with pytest.raises(RtcanError, match=rf"'1\{mark}099' beside '999' seems to have a separator"):
        read_layout("\n".join(["t;EDA", *(f"0;{cell}" for cell in cells)]), ",", "x.csv")
    # Decimals that a spreadsheet shortens: 1,25 for 1,250.
    cells = [f"{value / 1000:g}".replace(".", mark) for value in range(100_000, 102_000, 5)]
    found = read_layout("\n".join(["t;EDA", *(f"0;{cell}" for cell in cells)]), ",", "x.csv")
    assert_array_equal(found.columns[1].numbers, np.arange(100_000, 102_000, 5) / 1000)


def test_comments_between_samples_are_named_and_errors_of_spreadsheets_are_lost_samples() -> None:
    found = layout("EDA", *TEXT[:50], "# song starts", *TEXT[50:])
    assert_array_equal(found.columns[0].numbers, VALUES)
    assert found.notes == (
        "comments between the rows, not read: 1 (the first: '# song starts' in line 52)",
    )
    found = layout("EDA", *TEXT[:50], "#NUM!", *TEXT[50:])
    assert_array_equal(found.columns[0].numbers, np.insert(VALUES, 50, np.nan))


def test_a_quoted_cell_that_is_too_long_is_not_a_number() -> None:
    """Of CSV that was written from lists: `csv` takes 131,072 characters."""
    long = ", ".join(["0.25"] * 30_000)
    with pytest.raises(RtcanError, match="line 2 has text instead of a number"):
        layout("start,values", *[f'{i},"[{long}]"' for i in range(3)])
