"""Subjects and stimuli of trials, as users of scikit-learn hand them over: one `groups`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import column_or_1d

from rtcan_cli.datasets.identifiers import check_distinct
from rtcan_cli.errors import RtcanError

#: Columns that groups may have, in the order of an array without names.
COLUMNS = ("subject", "stimulus", "repetition", "song")


@contextmanager
def as_value_error() -> Iterator[None]:
    """Raise what rtcan says about data and parameters as scikit-learn does: as a ValueError."""
    try:
        yield
    except RtcanError as error:
        hint = error.hint or ""
        known = bool(hint) and "--" not in hint  # options are for the command line
        raise ValueError(f"{error}; {hint}" if known else str(error)) from error


@dataclass(frozen=True)
class Groups:
    """Columns of `groups`, as far as they were given.

    Parameters
    ----------
    subject, stimulus, repetition, song : NDArray (n,), optional
        As of `rtcan_cli.training.folds.protocols.FoldProtocol.split`.
    """

    subject: NDArray[Any] | None = None
    stimulus: NDArray[Any] | None = None
    repetition: NDArray[Any] | None = None
    song: NDArray[Any] | None = None

    @property
    def held_out_stimulus(self) -> NDArray[Any] | None:
        """What is held out with a stimulus (n,): the song, where stimuli have several names."""
        return self.stimulus if self.song is None else self.song


def read_groups(groups: Any, n: int, single: str) -> Groups:
    """Read the subject and the stimulus of each trial.

    Parameters
    ----------
    groups : array-like (n,), array-like (n, 2) or DataFrame
        One column is what `single` says, two are subject and stimulus. The columns of a data frame
        are known by their names, which are among `COLUMNS`.
    n : int
        Number of trials.
    single : str
        What one column without a name is.

    Raises
    ------
    ValueError
        If it has other columns, another number of rows, or missing values; or if two names differ
        in case, spaces or leading zeros only, which `rtcan ingest` refuses, too.
    """
    if isinstance(groups, pd.DataFrame):
        names = list(groups.columns)
        unknown = [str(name) for name in names if name not in COLUMNS]
        if unknown or not names:
            raise ValueError(
                f"the columns of groups must be among {', '.join(COLUMNS)}, got "
                f"{', '.join(unknown) or 'none'}"
            )
        if len(set(names)) < len(names):
            raise ValueError("groups has a column twice")
        columns = {str(name): groups[name].to_numpy() for name in names}
    else:
        array = np.asarray(groups)
        if array.ndim == 2 and array.shape[1] == 2:
            columns = {"subject": array[:, 0], "stimulus": array[:, 1]}
        else:  # a single column, or scikit-learn's error
            columns = {single: column_or_1d(array)}
    for name, column in columns.items():
        if len(column) != n:
            raise ValueError(f"groups has {len(column)} rows, but there are {n} trials")
        if pd.isna(column).any():
            raise ValueError(f"groups has trials without a {name}")
    # The command line has names as text, and sorts them as text.
    as_text = {k: v if k == "repetition" else v.astype(str) for k, v in columns.items()}
    for name, column in as_text.items():
        found, first = np.unique(column, return_index=True)
        if name != "repetition":
            places = (f"trial {i}" for i in first)
            with as_value_error():
                check_distinct(dict(zip(found.tolist(), places, strict=True)), name)
    return Groups(**as_text)
