"""Columns of a table, and which of them have to be times: by their names, units or values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.names import EDA_WORDS, is_time_name, words_of
from rtcan_cli.datasets.times.inferred_units import first_day, unit_of_unix
from rtcan_cli.datasets.times.packets import STAMPED
from rtcan_cli.datasets.times.steps import ROWS_TO_TELL, WRONG, rises_evenly, typical_step
from rtcan_cli.datasets.times.text import CLOCK, DATE, is_day, is_of_time, padded, years_first
from rtcan_cli.datasets.times.units import UNITS, time_unit
from rtcan_cli.datasets.units import is_unit


@dataclass(frozen=True)
class Column:
    """One column of a table of text.

    Attributes
    ----------
    name : str
        Without its unit; empty where there is none.
    unit : str
        As it is written; empty where it is not.
    numbers : ndarray of float64, shape (n_rows,), or None
        None where the column holds text.
    cells : sequence of str, or None
        The text, where it is not numbers.
    number : int
        Its place in the table, from 1.
    """

    name: str
    unit: str
    numbers: NDArray[np.float64] | None
    cells: Sequence[str] | None
    number: int

    @property
    def label(self) -> str:
        """How to call it in messages."""
        return f"column {self.name!r}" if self.name else f"column {self.number}"


def has_to_be_times(column: Column) -> bool:
    """Whether a column has to be times: by its name, its unit or its values."""
    named = is_time_name(column.name)
    if column.cells is not None:
        known = [cell.strip() for cell in column.cells if cell.strip()]
        if all(map(is_day, known)):
            return False  # Dates alone belong to the hours of another column.
        of_time = sum(map(is_of_time, known))
        return named or (len(set(known)) > 1 and 2 * of_time > len(column.cells))
    assert column.numbers is not None
    if named and "date" in words_of(column.name) and len(np.unique(column.numbers)) < 2:
        return False
    if column.name.casefold() == "hr" and not rises_evenly(column.numbers):
        return False  # Heart rate, and not hours.
    # uS is written us as well: microseconds need a name that says time, or values that rise so.
    if named and not is_unit(column.name):
        return True
    of_time = named or (time_unit(column.unit) is not None and not is_unit(column.unit))
    if of_time and rises_evenly(column.numbers):
        return True
    return _are_unix_times(column.numbers) or _are_days(column.numbers)


def is_eda(column: Column) -> bool:
    """Whether name or unit say that a column is electrodermal activity, however it rises."""
    return is_unit(column.unit) or bool(EDA_WORDS.intersection(words_of(column.name)))


def with_dates(columns: Sequence[Column]) -> list[Column]:
    """Columns, of which one with hours has the dates of another one before these."""
    found = list(columns)
    texts = [(i, replace(c, cells=years_first(c.cells))) for i, c in enumerate(columns) if c.cells]

    def of_form(form: re.Pattern[str]) -> list[tuple[int, Column]]:
        return [(i, c) for i, c in texts if form.fullmatch(next(filter(None, c.cells or ()), ""))]

    dates, clocks = of_form(DATE), of_form(CLOCK)
    if len(dates) == len(clocks) == 1:
        (index, clock), (_, date) = clocks[0], dates[0]
        assert clock.cells is not None
        assert date.cells is not None
        both = zip(date.cells, clock.cells, strict=True)
        cells = [f"{day} {padded(hour)}" if hour.strip() else "" for day, hour in both]
        found[index] = replace(clock, cells=cells)
    return found


def _are_unix_times(values: NDArray[np.float64]) -> bool:
    """Whether numbers are Unix times of samples: of that size, and they hardly go back."""
    known = values[~np.isnan(values)]
    unit = unit_of_unix(known) if len(known) >= ROWS_TO_TELL else None
    if unit is None:
        return False
    steps = np.diff(known)
    up = steps[steps > 0]
    return (
        len(up) > 0
        and (steps < 0).mean() <= WRONG
        and float(np.median(up)) * UNITS[unit] <= STAMPED
    )


def _are_days(values: NDArray[np.float64]) -> bool:
    """Whether numbers are times in days as Excel or MATLAB count them, and hardly go back."""
    known = values[~np.isnan(values)]
    if len(known) < ROWS_TO_TELL or (np.diff(known) < 0).mean() > WRONG:
        return False
    return first_day(known, typical_step(known)) is not None
