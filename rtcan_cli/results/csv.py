"""The tables of a result as CSV files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.base import Result

if TYPE_CHECKING:
    import pandas as pd


def write_csv(
    result: Result,
    folder: Path,
    *,
    simulated: bool | None = None,
    stems: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write each table that has rows as ``<name of its field>.csv``.

    Parameters
    ----------
    result : Result
    folder : Path
        Where to; made if it is not there.
    simulated : bool, optional
        Whether the data are simulated: a column of every file, which may be read far from here.
        Tables of several datasets have that column already.
    stems : mapping of str to str, optional
        Fields to write, and how to name their files; by default all, under their own names.

    Returns
    -------
    list of Path
        The files.
    """
    files = []
    for each in dataclasses.fields(result):
        table = getattr(result, each.name)
        if "columns" in each.metadata and table is not None and len(table):
            if stems is not None and each.name not in stems:
                continue
            path = folder / f"{(stems or {}).get(each.name, each.name)}.csv"
            files.append(write_table(table, path, simulated=simulated))
    return files


def write_table(table: pd.DataFrame, path: Path, *, simulated: bool | None = None) -> Path:
    """Write one table, or some of its rows; see `write_csv`."""
    if "simulated" not in table:
        if simulated is None:
            raise ValueError(f"{path.stem} does not say whether its data are simulated")
        table = table.assign(simulated=simulated)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, table.to_csv(index=False, lineterminator="\n"))
    return path
