"""Single cells and whole columns of a table, as texts."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from rtcan_cli.views.parts import Table

#: What is smaller is what rounding leaves of zero.
_NOTHING = 1e-14
#: Digits of a number that its computation leaves right: 76.55 may come out as 76.54999999999998.
_DIGITS = 12


def column_texts(table: Table) -> list[tuple[list[str], bool]]:
    """Cells of each column as they are shown, and whether it is one of numbers."""
    columns = [[row[index] for row in table.rows] for index in range(len(table.columns))]
    return [
        (
            _p_values(column)
            if _holds_p_values(head)
            else [cell(value, _decimals(column)) for value in column],
            all(isinstance(value, int | float | None) for value in column),
        )
        for head, column in zip(table.columns, columns, strict=True)
    ]


def _holds_p_values(head: str) -> bool:
    return head == "p" or head.startswith("p (")


def _p_values(column: list[Any]) -> list[str]:
    """As papers write them: never zero, and without digits that nothing supports."""
    small = [isinstance(value, float) and value < 0.001 for value in column]
    return ["< 0.001" if low else cell(value) for value, low in zip(column, small, strict=True)]


def _decimals(column: list[Any]) -> int | None:
    """Decimals that suit all numbers of a column; None where each is better shown on its own."""
    sizes = [abs(x) for x in column if isinstance(x, float) and math.isfinite(x) and x]
    if not sizes or max(sizes) <= 1:
        return None
    decimals = 1 if max(sizes) >= 10 else 2
    # Beside large numbers a small one would lose its digits, or be shown as zero.
    return None if min(sizes) < 10**-decimals else decimals


def cell(value: object, decimals: int | None = None) -> str:
    """A table cell: short numbers, a dash for what is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        value = 0.0 if abs(value) < _NOTHING else float(f"{value:.{_DIGITS}g}")
        if decimals is not None:
            return _rounded(value, f",.{decimals}f")
        return _rounded(value, ".3g" if abs(value) < 999.5 else ",.0f")
    return str(value)


def _rounded(value: float, form: str) -> str:
    """A number as text. Its shortest decimal is rounded, to even; float would round its bits."""
    if math.isfinite(value):
        # Decimal writes large and small numbers in another way, so that float writes the text.
        value = float(format(Decimal(repr(value)), form.lstrip(",")))
    return format(value, form)
