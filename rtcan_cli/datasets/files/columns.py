"""A few columns of a large table of numbers, without the rest of it in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError

_TEXT = re.compile(r"could not convert string to float: (.*)")


def read_columns(
    file: RawFile, columns: Sequence[int], separator: str = ",", above: int = 1
) -> NDArray[np.float64]:
    """Read some columns of a table.

    Parameters
    ----------
    file : RawFile
        Text of hundreds of megabytes, or a member of a zip file.
    columns : sequence of int
        Their positions, from 0, increasing.
    separator : str
        What stands between the cells of a row.
    above : int
        How many lines stand above the numbers.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)
        NaN for an empty cell, one that says that there is no number, an infinite number, and a cell
        that a short row has not.

    Raises
    ------
    RtcanError
        If it cannot be read, the first row has too few cells, or a cell of these columns is text.
    """
    with file.open() as stream:
        try:
            table = pd.read_csv(
                stream,
                sep=separator,
                header=None,
                usecols=list(columns),
                skiprows=above,
                dtype=np.float64,
                encoding="utf-8",
            )
        except (ValueError, IndexError) as error:  # pandas raises several kinds of ValueError
            other = file.of_another_kind("a table in text (CSV)")
            raise other or _damaged(file, str(error)) from error
    values = table.to_numpy(copy=True)
    values[np.isinf(values)] = np.nan
    return values


def _damaged(file: RawFile, said: str) -> RtcanError:
    """What pandas says, in words about the file."""
    if match := _TEXT.search(said):
        what = f"a cell holds text instead of a number: {match[1][:60]}"
    elif "No columns to parse" in said:
        what = "it holds no rows"
    else:
        what = "it is not a table of numbers with enough columns"
    return RtcanError(
        f"{file} cannot be read: {what}",
        hint="the file is incomplete or damaged: copy or download it again",
    )
