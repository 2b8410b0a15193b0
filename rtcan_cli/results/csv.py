"""The tables of a result as CSV files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.base import Result

if TYPE_CHECKING:
    import pandas as pd


def write_csv(result: Result, folder: Path, *, simulated: bool) -> list[Path]:
    """Write each table that has rows as ``<name of its field>.csv``.

    Parameters
    ----------
    result : Result
    folder : Path
        Where to; made if it is not there.
    simulated : bool
        Whether the data are simulated: a column of every file, which may be read far from here.

    Returns
    -------
    list of Path
        The files.
    """
    files = []
    for each in dataclasses.fields(result):
        table = getattr(result, each.name)
        if "columns" in each.metadata and table is not None and len(table):
            files.append(write_table(table, folder / f"{each.name}.csv", simulated=simulated))
    return files


def write_table(table: pd.DataFrame, path: Path, *, simulated: bool) -> Path:
    """Write one table, or some of its rows; see `write_csv`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, table.assign(simulated=simulated).to_csv(index=False))
    return path
