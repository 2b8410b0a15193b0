"""CSV files: rows of text, and tables of numbers."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError

_MISSING = {"", "na", "n/a", "nan", "null", "none"}
# Python's float takes more, such as 1_000 and Arabic digits.
_NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)", re.I | re.A)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_THOUSANDS = re.compile(
    r"[+-]?\d{1,3}(?P<mark>[.,'’ \u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*"
    r"(?:(?!(?P=mark))[.,]\d+)?",
    re.ASCII,
)
_OTHER_SEPARATORS = re.compile(r"[;\t]")
_SHOWN = 60
_HINT_DAMAGED = "the file is incomplete or damaged: copy or download it again"


@dataclass(frozen=True)
class NumberTable:
    """Numbers from a CSV file.

    Attributes
    ----------
    names : tuple of str
        Names of the columns; empty where the file has no header.
    numbers : ndarray of float64, shape (n_rows, n_columns)
        Correctly rounded. NaN for a missing number (an empty cell, ``nan``, ``NA``) and for an
        infinite one.
    whole_numbers : bool
        Whether no number has a decimal point.
    """

    names: tuple[str, ...]
    numbers: NDArray[np.float64]
    whole_numbers: bool


def numbered_rows(file: RawFile, width: int | None = None) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV file with their line numbers, without the empty ones.

    Parameters
    ----------
    file : RawFile
        What to read.
    width : int, optional
        How many cells of each row are wanted, from the left. What stands behind them is not looked
        at, which saves time in wide tables.

    Yields
    ------
    line : int
        From 1.
    cells : list of str
        Stripped of spaces.

    Raises
    ------
    RtcanError
        If the file cannot be read, is not UTF-8 or no CSV.
    """
    text = _text(file)
    check_ending(text, ",", file)
    if '"' not in text:
        for place, line in enumerate(text.split("\n"), start=1):
            if line.strip(", \t"):
                cells = line.split(",", -1 if width is None else width)[:width]
                yield place, [cell.strip() for cell in cells]
        return
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row[:width]]
    except csv.Error as error:
        raise RtcanError(
            f"{file} is not a CSV file: {error} (line {reader.line_num})", hint=_HINT_DAMAGED
        ) from error


def refuse_repeated(names: Sequence[str], used: Iterable[str], file: object) -> None:
    """Refuse a table in which two columns have the name of one that is used.

    Parameters
    ----------
    names : sequence of str
        Of all columns. Those that are not used may be alike.
    used : iterable of str
        The names by which columns are read.
    file : object
        What the message names.

    Raises
    ------
    RtcanError
        For the first such name.
    """
    for name in used:
        if names.count(name) > 1:
            raise RtcanError(f"{file} has two columns {name}", hint="rename one of them")


def check_ending(text: str, delimiter: str, file: object) -> None:
    """Refuse a table that ends in the middle of a row.

    A last line without an end that has fewer cells than the line before it was cut off: what is
    left of its last cell may be another number.

    Raises
    ------
    RtcanError
        If it is so.
    """
    last = text[text.rfind("\n") + 1 :]
    if last.strip(f"{delimiter} \t\r") and '"' not in last:
        before = text[: -len(last)].rstrip().rpartition("\n")[2]
        if last.count(delimiter) < before.count(delimiter):
            raise RtcanError(
                f"{file} ends in the middle of line {text.count(chr(10)) + 1}: {last[:60]}",
                hint=_HINT_DAMAGED,
            )


def number(cell: str) -> float:
    """A number; NaN for an infinite one, or for a cell that says that there is none.

    Raises
    ------
    ValueError
        For other text.
    """
    cell = cell.strip()
    if cell.lower() in _MISSING:
        return math.nan
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{cell[:_SHOWN]!r} is not a number")
    value = float(cell)
    return value if math.isfinite(value) else math.nan


def finite(cell: str) -> float:
    """A finite number; NaN for a cell that says that there is none.

    Raises
    ------
    ValueError
        For other text, and for an infinite number: a rating cannot be one.
    """
    value = number(cell)
    if math.isnan(value) and cell.strip().lower() not in _MISSING:
        raise ValueError(f"{cell.strip()[:_SHOWN]!r} is not a finite number")
    return value


def read_number(cell: str, decimal: str) -> float:
    """A number with a decimal mark of either kind.

    Raises
    ------
    ValueError
        For other text.
    """
    return number(cell.replace(",", ".") if decimal == "," else cell)


def is_number(cell: str) -> bool:
    """Whether a cell is a number, or says that there is none, so its row is not a header."""
    try:
        number(cell)
    except ValueError:
        return False
    return True


def has_thousands(cell: str) -> bool:
    """Whether a number may have separators between its thousands, as in ``4,512.3``."""
    return bool(_THOUSANDS.fullmatch(cell.strip()))


def read_numbers(file: RawFile) -> NumberTable:
    """A table of numbers, with or without a header.

    Numbers are separated by commas. Empty lines count as missing numbers where the table has one
    column, and as nothing where it has more; at the end they are nothing either way. The first row
    is a header if a cell is not a number, or the first of several is empty, as pandas names an
    index.

    Parameters
    ----------
    file : RawFile
        What to read.

    Returns
    -------
    NumberTable
        With one column and no row for an empty file.

    Raises
    ------
    RtcanError
        If it cannot be read, a row has more or fewer columns than the first one, as the last row
        of a truncated file does, or holds something else than numbers. The line is named.
    """
    text = _text(file).rstrip()
    first = text.partition("\n")[0]
    cells = _cells(first)
    names = tuple(cell.strip() for cell in cells) if _is_header(cells) else ()
    body = text[len(first) + 1 :] if names else text
    if not body:
        return NumberTable(names, np.empty((0, len(cells))), whole_numbers=True)
    values = _read_fast(body, len(cells))
    if values is None:
        values = _read_exactly(body.split("\n"), len(cells), file, first=1 + bool(names))
    values[np.isinf(values)] = np.nan
    if len(cells) > 1:
        values = values[~np.isnan(values).all(axis=1)]
    return NumberTable(names, values, whole_numbers="." not in body)


def decimal_commas(file: RawFile, where: str) -> RtcanError:
    """The error for a file whose numbers have a comma where a point belongs."""
    return RtcanError(
        f"{file}: {where} has a comma as decimal sign",
        hint="save it again with decimal points, and commas between the columns",
    )


def other_marks(file: RawFile, place: int, line: str) -> RtcanError | None:
    """The error for a row of numbers with decimal commas, or with no commas between its columns.

    Parameters
    ----------
    file : RawFile
        Where it is from.
    place : int
        Number of the line, from 1.
    line : str
        The row.

    Returns
    -------
    RtcanError or None
        None if neither is so.
    """
    apart = _OTHER_SEPARATORS.split(line)
    if any(_DECIMAL_COMMA.fullmatch(cell.strip()) for cell in (*_cells(line), *apart)):
        return decimal_commas(file, f"line {place}")
    if len(apart) > 1 and all(is_number(cell) for cell in apart):
        return RtcanError(
            f"{file}: line {place} has {'semicolons' if ';' in line else 'tabs'} between "
            "its columns",
            hint="save it again with commas between the columns",
        )
    return None


def _text(file: RawFile) -> str:
    """All text of a file, with line feeds alone at the ends of lines."""
    text = file.text()
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RtcanError(f"{file}: line {line} has NUL bytes", hint=_HINT_DAMAGED)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _cells(line: str) -> list[str]:
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return [line]


def _is_header(cells: list[str]) -> bool:
    """Whether the first row names the columns; the index that pandas writes has an empty name."""
    text = [cell for cell in cells if not is_number(cell)]
    if len(text) == 0:
        return len(cells) > 1 and not cells[0].strip()
    # Numbers between other separators, or with commas, are not names: what is wrong is told later.
    parts = [part.strip() for cell in text for part in _OTHER_SEPARATORS.split(cell)]
    return not all(is_number(part) or _DECIMAL_COMMA.fullmatch(part) for part in parts)


def _read_fast(text: str, width: int) -> NDArray[np.float64] | None:
    """What NumPy makes of a table; None where it cannot tell, or skips lines that count."""
    if width == 1:
        if text.startswith("\n") or "\n\n" in text:
            return None
    elif ",," in text or ",\n" in text or "\n," in text or text[0] == "," or text[-1] == ",":
        # Empty cells are common in wide tables. Of three commas in a row, one pass takes the first
        # two.
        text = f"\n{text}\n".replace(",,", ",nan,").replace(",,", ",nan,")
        text = text.replace(",\n", ",nan\n").replace("\n,", "\nnan,")
    try:
        table = np.loadtxt(io.StringIO(text), delimiter=",", comments=None, ndmin=2)
    except ValueError:
        return None
    return table if table.shape[1] == width else None


def _read_exactly(lines: list[str], width: int, file: RawFile, first: int) -> NDArray[np.float64]:
    """The same, line by line, so that the one that is wrong can be named."""
    rows: list[list[float]] = []
    for place, line in enumerate(lines, start=first):
        if width > 1 and not line.strip():
            continue
        cells = _cells(line)
        problem = None
        if len(cells) != width:
            problem = f"has {len(cells)} columns instead of {width}"
        else:
            try:
                rows.append([number(cell) for cell in cells])
            except ValueError:
                problem = f"holds something else than numbers: {line.strip()[:_SHOWN]}"
        if problem is None:
            continue
        raise other_marks(file, place, line) or RtcanError(
            f"{file}: line {place} {problem}", hint=_HINT_DAMAGED
        )
    return np.array(rows, dtype=np.float64).reshape(len(rows), width)
