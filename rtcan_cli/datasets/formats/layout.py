"""How a table of text is laid out: preamble, names, units, columns, rows and footer.

The rows in the middle of a file show what separates its columns, and which of these hold numbers.
From there the first row of numbers is found, and what stands above it is told apart.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets import names
from rtcan_cli.datasets.clocks import Column, is_time_name, time_unit
from rtcan_cli.datasets.files.csvfile import has_thousands, read_number
from rtcan_cli.datasets.time_text import is_time_text
from rtcan_cli.datasets.units import is_unit, split_unit
from rtcan_cli.errors import RtcanError

_SAMPLED = 60
_SEPARATORS = ("\t", ";", ",", "|", " ")
_SEP_LINE = re.compile(r'\ufeff?"?sep=(\\t|.)"?\s*', re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_GROUPED = re.compile(r"\s*[1-9]\d{0,2}([.,]\d{3})+\s*", re.ASCII)
_GROUPED_OR_BELOW = re.compile(r"(?:[1-9]\d{0,2}(?:[.,]\d{3})+|[1-9]\d\d)?", re.ASCII)
_FOOTER = 30
_BLOCK = 50_000
_FEW = 0.01
_SHOWN = 40
_LONGEST_UNIT = 16
# What spreadsheets write for a value that they do not have; other lines with # are comments.
_ERROR_VALUE = re.compile(r"#(?:N/A|NUM!|VALUE!|DIV/0!|REF!|NAME\?|NULL!|#+)", re.IGNORECASE)
_NO_VALUE = {"off", "lead off", "leads off", "lead-off", "overflow", "overrange", "out of range"}
_NO_VALUE |= {
    "saturated",
    "invalid",
    "error",
    "err",
    "lost",
    "missing",
    "disconnected",
    "no signal",
}


@dataclass(frozen=True)
class Layout:
    """A table of text.

    Attributes
    ----------
    preamble : tuple of str
        Lines above the names of the columns.
    columns : tuple of Column
        All columns; those that hold nothing and have no name are left out.
    lines : ndarray of int, shape (n_rows,)
        The line of each row in the file, from 1.
    same : ndarray of bool, shape (n_rows,)
        Rows that are the same as the row before.
    notes : tuple of str
        What was not read.
    """

    preamble: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: NDArray[np.intp]
    same: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def read_layout(text: str, decimal: str, source: object) -> Layout:
    """Read a table of text.

    Parameters
    ----------
    text : str
        All of it, with line feeds alone at the ends of lines.
    decimal : {".", ","}
        The decimal mark. With a comma, a point is understood too.
    source : object
        What to call the file.

    Raises
    ------
    RtcanError
        If too many of its rows are not like the others.
    """
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()  # But a separator at the end of the last row belongs to it.
    separator, skipped = "", 0
    if lines and (match := _SEP_LINE.fullmatch(lines[0])):
        separator, skipped = "\t" if match[1] == "\\t" else match[1], 1
    body = [i for i in range(skipped, len(lines)) if lines[i].strip() and not _is_comment(lines[i])]
    below = body[len(body) // 4 :]
    sampled = [lines[i] for i in below[:: max(1, len(below) // _SAMPLED)]]
    separator = separator or _separator(sampled, lines[body[0]] if body else "", decimal)
    rows = _Rows(separator, decimal)
    width = Counter(len(rows.cells(line)) for line in sampled).most_common(1)
    if not width:
        return _empty((), ())
    rows.width = width[0][0]
    rows.learn(sampled)
    first = next(
        (i for i in body if rows.is_data(lines[i]) and _goes_on(rows, lines, body, i)), None
    )
    if first is None:
        # Nothing looks like a row of numbers: the first line may hold names, or there are no rows.
        rows.text.clear()
        if len(body) == 1 and not rows.is_data(lines[body[0]]):
            return _empty([cell.strip() for cell in rows.cells(lines[body[0]])], lines[: body[0]])
        first = body[1] if len(body) > 1 and not rows.is_data(lines[body[0]]) else body[0]
    notes: list[str] = []
    lead = _lost_above(rows, lines, first, skipped)
    if lead:
        first = min(lead)
        notes.append(
            f"rows without a number above the first number, read as missing: {len(lead)} (the "
            f"first is line {first + 1}: {lines[first][:_SHOWN]!r})"
        )
    header, units, top = _header(rows, lines, [i for i in body if i < first], first, source)
    last = len(lines)
    while last - 1 > first and len(lines) - last < _FOOTER and rows.is_prose(lines[last - 1]):
        last -= 1
    footer = [line.strip() for line in lines[last:] if line.strip()]
    if footer:
        notes.append(
            f"lines below the table that were not read: {len(footer)} (the first: "
            f"{footer[0][:_SHOWN]!r})"
        )
    span = first, last
    return _parse(rows, lines, span, lead, header, units, tuple(lines[:top]), notes, source)


def _is_comment(line: str) -> bool:
    """Whether a line is a comment: it begins with #, and is not the error of a spreadsheet."""
    if line[:1] != "#":
        return False
    cell = re.split(r"[,;\t|]", line, maxsplit=1)[0].strip()
    return not _ERROR_VALUE.fullmatch(cell)


def _empty(names: Sequence[str], preamble: Sequence[str]) -> Layout:
    nothing = np.empty(0)
    columns = tuple(
        Column(*split_unit(name), nothing, None, i + 1) for i, name in enumerate(names or [""])
    )
    return Layout(tuple(preamble), columns, np.empty(0, np.intp), np.empty(0, bool))


def _separator(sampled: Sequence[str], first: str, decimal: str) -> str:
    """What separates the columns of most rows."""
    if not sampled:
        return "\t"
    if all(_is_number(line, decimal) for line in sampled):
        # A comma in the one number of a line is its decimal mark, where that was said.
        return "\t"
    for separator in _SEPARATORS:
        counts = Counter(
            len(line.split()) - 1 if separator == " " else line.count(separator) for line in sampled
        )
        most, often = counts.most_common(1)[0]
        if most == 0 or often < 0.8 * len(sampled):
            continue
        if separator == " " and not all(
            _is_value(cell, decimal) for line in sampled for cell in line.split()
        ):
            continue
        return separator
    return next((each for each in ("\t", ";", ",") if each in first), "\t")


def _is_number(cell: str, decimal: str) -> bool:
    try:
        read_number(cell.strip(), decimal)
    except ValueError:
        return False
    return True


def _is_value(cell: str, decimal: str) -> bool:
    """Whether a cell is a number, says that there is none, or is a time."""
    return _is_number(cell, decimal) or is_time_text(cell)


class _Rows:
    """What rows of numbers look like."""

    def __init__(self, separator: str, decimal: str) -> None:
        self.separator, self.decimal = separator, decimal
        self.width = 1
        self.text: set[int] = set()
        self.times: set[int] = set()
        self.ends_empty = False

    def cells(self, line: str) -> list[str]:
        """The cells of one line."""
        if self.separator == " ":
            return line.split() or [""]
        if '"' in line:
            try:
                return next(csv.reader([line], delimiter=self.separator), [""]) or [""]
            except csv.Error:  # a quoted cell that is too long for csv is not a number
                return [line]
        return line.split(self.separator)

    def _fits(self, cell: str) -> bool:
        return _is_value(cell, self.decimal) or bool(_COMMA.fullmatch(cell.strip()))

    def learn(self, sampled: Sequence[str]) -> None:
        """Which columns hold text, and which of these times."""
        rows = [cells for cells in map(self.cells, sampled) if len(cells) == self.width]
        self.ends_empty = not any(row[-1].strip() for row in rows)
        for column in range(self.width):
            cells = [row[column] for row in rows if row[column].strip()]
            if 2 * sum(self._fits(cell) for cell in cells) < len(cells):
                self.text.add(column)
            elif 2 * sum(is_time_text(cell) for cell in cells) > len(cells):
                self.times.add(column)

    def is_data(self, line: str) -> bool:
        """Whether a line is one of them."""
        cells = self.cells(line)
        if len(cells) != self.width:
            return False
        plain = [cell for i, cell in enumerate(cells) if i not in self.text]
        return any(cell.strip() for cell in plain) and all(self._fits(cell) for cell in plain)

    def plain(self, line: str) -> list[str] | None:
        """The cells of a line in columns of numbers and times; None if it has too few or many."""
        cells = self.cells(line)
        if len(cells) != self.width:
            return None
        return [cell.strip() for i, cell in enumerate(cells) if i not in self.text]

    def blanked(self, cells: list[str]) -> list[str]:
        """The cells of a row, without text in columns of numbers."""
        return [cell if i in self.text or self._fits(cell) else "" for i, cell in enumerate(cells)]

    def fits(self, cell: str) -> bool:
        """Whether a cell that is not empty is a number or a time."""
        return bool(cell) and self._fits(cell)

    def is_prose(self, line: str) -> bool:
        """Whether a line below the rows belongs to something else: it is empty, or words."""
        cells = self.cells(line)
        if self.width == 1:
            return bool(re.search(r"[^\W\d_]{2}", line)) and not self.is_data(line)
        return not line.strip() or (0 not in self.text and not self._fits(cells[0]))


def _goes_on(rows: _Rows, lines: Sequence[str], body: Sequence[int], start: int) -> bool:
    """Whether most of the lines behind one are rows, too."""
    place = body.index(start) if len(body) < 200 else int(np.searchsorted(body, start))
    behind = body[place : place + 5]
    return 2 * sum(rows.is_data(lines[i]) for i in behind) >= len(behind)


def _lost_above(rows: _Rows, lines: Sequence[str], first: int, top: int) -> set[int]:
    """Lines between the header and the first number: samples that were lost.

    A sensor that is not worn yet, or a converter that is out of range, leaves cells empty or puts
    text there. Such a line is as wide as the others. Text is told from the names of the columns
    by known words, by numbers beside it, and by being there several times.
    """
    found: list[int] = []
    unsure: list[int] = []
    beside = False
    for i in range(first - 1, top - 1, -1):
        line = lines[i]
        if _is_comment(line) or (rows.width > 1 and not line.strip()):
            continue
        cells = rows.plain(line)
        if cells is None or cells[0].endswith(("=", ":")):  # a statement about the file
            break
        text = [cell for cell in cells if cell and not rows.fits(cell)]
        if not all(cell.casefold() in _NO_VALUE or _ERROR_VALUE.fullmatch(cell) for cell in text):
            number = any(rows.fits(cell) for cell in cells)
            if not number and line != lines[i - 1] and line not in lines[i + 1 :]:
                return set(found)  # the names, or their units
            beside = beside or number
            unsure.append(i)
        found.append(i)
    if unsure:
        # No names were found above: the uppermost line may hold them, unless these are other facts.
        names = max(unsure) if beside else min(unsure)
        found = [i for i in found if i > names]
    return set(found)


def _header(
    rows: _Rows, lines: Sequence[str], above: Sequence[int], first: int, source: object
) -> tuple[list[str], list[str], int]:
    """Names and units of the columns, and the first line that belongs to them."""
    nothing = [""] * rows.width
    if not above:
        return nothing, nothing, first

    def fitted(line: str) -> list[str] | None:
        cells = [cell.strip() for cell in rows.cells(line)]
        if len(cells) == rows.width - 1:
            # A separator at the end of each row, or, as R writes it, no name for the rows.
            cells = [*cells, ""] if rows.ends_empty else ["", *cells]
        if len(cells) > rows.width and not any(cells[rows.width :]):
            cells = cells[: rows.width]
        return cells if len(cells) == rows.width else None

    lowest = fitted(lines[above[-1]])
    if lowest is None:
        _check_number(rows, lines[above[-1]], above[-1], source)
    if lowest is None or all(not cell or _is_value(cell, rows.decimal) for cell in lowest):
        return nothing, nothing, first
    if len(above) > 1 and _are_units(lowest):
        names = fitted(lines[above[-2]])
        if names and not _are_units(names) and any(names):
            return names, lowest, above[-2]
    return lowest, nothing, above[-1]


def _check_number(rows: _Rows, line: str, at: int, source: object) -> None:
    """Refuse names of columns that are not as many as the columns: units would be lost."""
    cells = [cell.strip() for cell in rows.cells(line)]
    found = [split_unit(cell) for cell in cells]
    if len(cells) > 1 and any(
        unit or names.is_eda(name) or names.is_resistance(name) or is_time_name(name)
        for name, unit in found
    ):
        raise RtcanError(
            f"{source}: line {at + 1} has {len(cells)} names, but the rows below have {rows.width} "
            f"column{'s' * (rows.width != 1)}",
            hint="one name for each column; a name with a separator in it belongs into quotes, and "
            "numbers with decimal commas need another separator than the comma",
        )


def _are_units(cells: Sequence[str]) -> bool:
    """Whether cells are a row of units; some are spelled out: ``Degrees Celsius`` (Consensys)."""
    known = [cell for cell in cells if cell]
    return any(is_unit(cell) or time_unit(cell) for cell in known) and all(
        len(cell) <= _LONGEST_UNIT for cell in known
    )


def _parse(
    rows: _Rows,
    lines: Sequence[str],
    span: tuple[int, int],
    lead: set[int],
    header: Sequence[str],
    units: Sequence[str],
    preamble: tuple[str, ...],
    notes: list[str],
    source: object,
) -> Layout:
    """The columns of the rows."""
    first, last = span
    comments = [i for i in range(first, last) if _is_comment(lines[i])]
    at = np.setdiff1d(np.arange(first, last), comments).astype(np.intp)
    if comments:
        notes.append(
            f"comments between the rows, not read: {len(comments)} (the first: "
            f"{lines[comments[0]][:_SHOWN]!r} in line {comments[0] + 1})"
        )
    parts: list[list[NDArray[np.float64] | list[str]]] = [[] for _ in range(rows.width)]
    broken: list[int] = []
    wrong: list[tuple[int, str]] = []
    for start in range(0, len(at), _BLOCK):
        block = at[start : start + _BLOCK].tolist()
        cells = []
        for i in block:
            found = rows.cells(lines[i])
            if len(found) != rows.width:
                broken.append(i + 1)
                found = [""] * rows.width
            cells.append(rows.blanked(found) if i in lead else found)
        plain = all("_" not in lines[i] and lines[i].isascii() for i in block)
        for j, column in enumerate(zip(*cells, strict=True)):
            if j in rows.text or j in rows.times:
                parts[j].append(list(column))
            else:
                if rows.decimal == ",":
                    _refuse_thousands(column, source)
                parts[j].append(_numbers(column, rows, plain, block, wrong))
    if len(broken) > _FEW * len(at):
        width = len(rows.cells(lines[broken[0] - 1]))
        raise RtcanError(
            f"{source}: line {broken[0]} has {width} column{'s' * (width != 1)} instead of "
            f"{rows.width}",
            hint="the file is incomplete or damaged, or not one table: copy or export it again",
        )
    wrong.sort()
    if len(wrong) > _FEW * len(at):
        line, cell = wrong[0]
        raise RtcanError(
            f"{source}: line {line} has text instead of a number: {cell[:_SHOWN]!r}",
            hint=_hint_number(cell),
        )
    if broken:
        notes.append(
            f"lines with too few or too many columns, read as missing: {len(broken)} (the first "
            f"is line {broken[0]})"
        )
    if wrong:
        notes.append(
            f"cells with text instead of a number, read as missing: {len(wrong)} (the first: "
            f"{wrong[0][1][:_SHOWN]!r} in line {wrong[0][0]})"
        )
    columns = []
    for j in range(rows.width):
        name, unit = split_unit(header[j])
        unit = _told(units[j]) or unit
        if j in rows.text or j in rows.times:
            text = [cell for part in parts[j] for cell in part]
            columns.append(Column(name, unit, None, [str(cell) for cell in text], j + 1))
            continue
        numbers = np.concatenate([np.asarray(part, np.float64) for part in parts[j]])
        if name or rows.width == 1 or not np.isnan(numbers).all():
            columns.append(Column(name, unit, numbers, None, j + 1))
    same = np.r_[False, np.array([lines[i] == lines[j] for i, j in pairwise(at)], bool)]
    return Layout(preamble, tuple(columns), at + 1, same, tuple(notes))


def _hint_number(cell: str) -> str | None:
    """What to do about a cell that is nearly a number."""
    hints = ["--decimal , if that is a decimal comma"] if _COMMA.fullmatch(cell) else []
    if has_thousands(cell):
        hints.append("if it separates thousands, write the numbers without it")
    return "; ".join(hints) or None


def _refuse_thousands(cells: Sequence[str], source: object) -> None:
    """Refuse 987 beside 1.012: with a decimal comma, that would be 1012 a thousand times too low.

    Decimals would not always be three, and not be lacking only where a number has three digits.
    """
    of_kind = {bool(_GROUPED.fullmatch(cell)): cell for cell in cells if cell.strip()}
    if len(of_kind) == 2 and all(_GROUPED_OR_BELOW.fullmatch(cell.strip()) for cell in cells):
        raise RtcanError(
            f"{source}: {of_kind[True].strip()!r} beside {of_kind[False].strip()!r} seems to have "
            "a separator between thousands",
            hint="write the numbers without it",
        )


def _told(unit: str) -> str:
    """A unit of a row of units; empty for what says that there is none."""
    return "" if unit.casefold() in ("-", "n/a", "local") else unit.strip("[]()")


def _numbers(
    column: Sequence[str],
    rows: _Rows,
    plain: bool,
    block: Sequence[int],
    wrong: list[tuple[int, str]],
) -> NDArray[np.float64]:
    """Numbers of one column in some rows; what is none is added to `wrong`, with its line."""
    if plain:
        try:
            # Nearly all cells are plain numbers, which float() reads ten times as fast.
            found = np.array(list(map(float, column)))
            return np.where(np.isinf(found), np.nan, found)
        except ValueError:
            pass
    numbers = np.full(len(column), np.nan)
    for place, cell in enumerate(column):
        try:
            numbers[place] = read_number(cell.strip(), rows.decimal)
        except ValueError:
            wrong.append((block[place] + 1, cell.strip()))
    return numbers
