"""Text separated by tabs, as BIDS has it: a row a line, and no quotes."""

from __future__ import annotations

import csv
import io

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError


def read_rows(file: RawFile) -> list[list[str]]:
    """The lines of a table, and the cells of each.

    Raises
    ------
    RtcanError
        If it cannot be read as such: a cell is far longer than any that a person fills in.
    """
    lines = io.StringIO(file.text(), newline="")
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    except csv.Error as error:
        raise RtcanError(
            f"{file}, line {len(rows) + 1}: not a table separated by tabs ({error})",
            "one row a line, and no cell of more than "
            f"{csv.field_size_limit()} characters; copy the file again",
        ) from error
    return rows
