"""Numbers in tables keep their digits."""

from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.views.cells import cell, column_texts
from rtcan_cli.views.parts import Table


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ([0.51, 0.042, 0.0], ["0.51", "0.042", "0"]),
        ([51.9, 7.25, 0.0], ["51.9", "7.2", "0.0"]),
        ([5.19, 0.25, None], ["5.19", "0.25", "-"]),
        # A variance of a residual beside that of parts that cancel each other.
        ([3529.38, 12.3, 0.00123], ["3,529", "12.3", "0.00123"]),
        ([1.31, 0.98, 0.0004], ["1.31", "0.98", "0.0004"]),
        ([float("nan"), 2.0, float("inf")], ["-", "2.00", "inf"]),
        ([3, 4000], ["3", "4000"]),
    ],
)
def test_small_numbers_are_not_shown_as_zero_beside_large_ones(numbers, shown):
    texts, right = column_texts(Table("", ["x"], [[x] for x in numbers]))[0]
    assert texts == shown
    assert right


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        # The mean of folds, computed in two ways, and what floats make of it.
        ([76.55, 76.54999999999998, 76.55000000000001], ["76.6"] * 3),
        ([100 * np.mean([0.765, 0.766]), np.mean([76.5, 76.6])], ["76.6", "76.6"]),
        ([76.45, 76.44999999999999, -76.45], ["76.4", "76.4", "-76.4"]),
        ([0.0765499, 0.07655, 0.0765500000000001], ["0.0765", "0.0766", "0.0766"]),
        ([2345.5, 2344.5, 2345.49999999999], ["2,345.5", "2,344.5", "2,345.5"]),
    ],
)
def test_equal_numbers_look_equal_however_they_were_computed(numbers, shown):
    texts, _ = column_texts(Table("", ["x"], [[float(x)] for x in numbers]))[0]
    assert texts == shown


def test_a_number_alone_is_rounded_in_the_same_way():
    assert [cell(x) for x in (76.55, 76.54999999999998, 2345.5, 2344.5, 2346.4999999999998)] == [
        *("76.6", "76.6", "2,346", "2,344", "2,346"),
    ]
    assert [cell(x) for x in (999.49999999999989, 1e-7, 1.5e20, float("-inf"))] == [
        *("1,000", "1e-07", "150,000,000,000,000,000,000", "-inf"),
    ]


@pytest.mark.parametrize("number", [999.4, 999.6, 1234.5, 0.000123, 12345.6])
def test_a_number_on_its_own_has_three_digits_or_none_after_the_point(number):
    text = cell(number)
    assert "+" not in text
    assert float(text.replace(",", "")) == pytest.approx(number, rel=0.005)


@pytest.mark.parametrize("head", ["p", "p (W)"])
def test_p_values_are_never_shown_as_zero(head):
    values = [0.25, 0.0014, 3.4e-56, 0.0, None, float("nan"), 1.0]
    texts, right = column_texts(Table("", [head], [[value] for value in values]))[0]
    assert texts == ["0.25", "0.0014", "< 0.001", "< 0.001", "-", "-", "1"]
    assert right
