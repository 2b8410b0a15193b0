"""The tables of a result as CSV files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.base import Result


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
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for each in dataclasses.fields(result):
        table = getattr(result, each.name)
        if "columns" in each.metadata and table is not None and len(table):
            files.append(folder / f"{each.name}.csv")
            write_whole(files[-1], table.assign(simulated=simulated).to_csv(index=False))
    return files
