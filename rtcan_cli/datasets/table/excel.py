"""Tables of trials in Excel workbooks (``.xlsx``), with `openpyxl`: the cells as a CSV has them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.files.zips import member_names, open_archive, open_member
from rtcan_cli.datasets.formats.reading import DamagedError, reading
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import OFFICE, ZIP

SUFFIX = ".xlsx"

_MOST_ROWS = 100_000
_MOST_COLUMNS = 200
_LARGEST = 200_000_000
_ZEROS = re.compile("0{2,}")
_WITHOUT_TIME = re.compile("[hs]", re.IGNORECASE)


def read_cells(file: RawFile) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet that are not empty, as text.

    Parameters
    ----------
    file : RawFile
        A workbook.

    Yields
    ------
    line : int
        Number of the row, from 1.
    cells : list of str
        Numbers are written with a point, whole numbers without; one that the sheet shows with
        leading zeros has these. Dates and times are in ISO 8601.

    Raises
    ------
    RtcanError
        If `openpyxl` is missing, the file is damaged or no workbook, the sheet is far larger than
        a table of trials, or a formula in it has no value.
    """
    with reading(file, "an Excel workbook (.xlsx)", OFFICE.name, ZIP.name):
        import openpyxl

        content = file.content()
        _check_members(content, file)
        books = [
            openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
            for data_only in (True, False)
        ]
        if not books[0].worksheets:
            raise DamagedError("it has no sheet with cells")
        # What a sheet says about its size may be wrong, and openpyxl would stop there.
        for book in books:
            book.worksheets[0].reset_dimensions()
        sheets = [book.worksheets[0].iter_rows() for book in books]
        rows = list(_rows(zip(*sheets, strict=True), file))
    yield from rows


def _check_members(content: bytes, file: RawFile) -> None:
    archive = open_archive(io.BytesIO(content))
    names = member_names(archive, str(file))
    if sum(member.file_size for member in archive.infolist()) > _LARGEST:
        raise DamagedError(f"it unpacks to more than {_LARGEST / 1e6:.0f} MB")
    for name in names:
        with open_member(archive, name, str(file)) as member:
            # Entities of XML can stand for far more than they are.
            if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in member.read():
                raise DamagedError("a part of it defines entities")


def _rows(pairs: Any, file: RawFile) -> Iterator[tuple[int, list[str]]]:
    for line, (values, formulas) in enumerate(pairs, start=1):
        if line > _MOST_ROWS or len(values) > _MOST_COLUMNS:
            raise RtcanError(
                f"{file}: its first sheet has more than {_MOST_ROWS} rows or {_MOST_COLUMNS} "
                "columns",
                hint="put the table of trials alone on the first sheet",
            )
        for value, formula in zip(values, formulas, strict=True):
            if value.value is None and formula.data_type == "f":
                raise RtcanError(
                    f"{file}: the formula in {formula.coordinate} has no value",
                    hint="open the workbook in Excel or LibreOffice and save it again",
                )
        cells = [_text(cell) for cell in values]
        if any(cells):
            yield line, cells


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        text = str(int(value))
        shown = str(cell.number_format or "")
        return text.zfill(len(shown)) if _ZEROS.fullmatch(shown) else text
    if isinstance(value, datetime):
        if value.time() == time() and not _WITHOUT_TIME.search(str(cell.number_format or "")):
            return value.date().isoformat()
        return value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value).strip()
