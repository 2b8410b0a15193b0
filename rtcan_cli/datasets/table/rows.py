"""The rows of a lab's own table of trials, ``trials.csv``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import PurePosixPath

from rtcan_cli.datasets.files.csvfile import check_ending
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.table import excel
from rtcan_cli.datasets.table.contradictions import refuse_contradictions
from rtcan_cli.datasets.table.header import find_delimiter, read_header
from rtcan_cli.datasets.table.row import Row, WrongRow, read_row
from rtcan_cli.errors import RtcanError


def read_table(
    file: RawFile, decimal: str
) -> tuple[tuple[Row, ...], tuple[RtcanError, ...], tuple[str, ...]]:
    """Read a table of trials.

    Parameters
    ----------
    file : RawFile
        CSV or TSV with a header; comma, semicolon or tab separate the columns. Or an Excel
        workbook, whose first sheet counts.
    decimal : {".", ","}
        The decimal mark. With a comma, a point is understood too.

    Returns
    -------
    rows : tuple of Row
        In their order.
    damaged : tuple of RtcanError
        One for each row that cannot be understood, naming its line.
    unused : tuple of str
        Columns that mean nothing to rtcan.

    Raises
    ------
    RtcanError
        If the file is not such a table, a path leads out of its folder, or rows contradict each
        other, so that no row can be trusted.
    """
    if file.name.suffix.casefold() == excel.SUFFIX:
        records = excel.read_cells(file)
    else:
        text = _text(file)
        records = _records(text, find_delimiter(text), file)
    _, first = next(records, (1, []))
    header = read_header(first, file)
    rows, damaged = [], []
    for line, cells in records:
        try:
            if any(cells[len(header.names) :]):
                raise WrongRow(
                    f"{len(cells)} cells for {len(header.names)} columns",
                    "put text with a separator in it into quotes; if numbers have decimal commas, "
                    "separate columns by ; or tabs and use --decimal ,",
                )
            # Spreadsheets drop empty cells at the end of a row.
            named = dict(zip_longest(header.names, cells[: len(header.names)], fillvalue=""))
            rows.append(read_row(line, named, decimal, header.factors))
        except WrongRow as error:
            damaged.append(RtcanError(f"{file}, line {line}: {error}", hint=error.hint))
    if not rows and not damaged:
        raise RtcanError(f"{file} has no rows below its first line", hint="write one row a trial")
    _check_paths(rows, file)
    refuse_contradictions(rows, file)
    return tuple(rows), tuple(damaged), header.unused


def _text(file: RawFile) -> str:
    text = file.text()
    if "\0" in text:
        raise RtcanError(
            f"{file} is not UTF-8 text: it holds NUL characters",
            hint="iconv -f UTF-16LE -t UTF-8 FILE > NEW, if it is text at all",
        )
    return text


def _records(text: str, delimiter: str, file: RawFile) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty."""
    check_ending(text, delimiter, file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise RtcanError(f"{file} is not a CSV file: line {line}: {error}") from error


def _check_paths(rows: Iterable[Row], file: RawFile) -> None:
    """Refuse a table that names files outside its folder: it may be somebody else's."""
    for row in rows:
        for name, path in (("signal", row.signal), ("audio", row.audio)):
            if (
                path.startswith("/")
                or ".." in PurePosixPath(path).parts
                or re.match("[A-Za-z]:", path)
                or not path.isprintable()
            ):
                raise RtcanError(
                    f"{file}, line {row.line}: the {name} {path!r} does not lie below the folder "
                    f"of {file.name.name}",
                    hint="write paths relative to that folder; copy the files into it",
                )
