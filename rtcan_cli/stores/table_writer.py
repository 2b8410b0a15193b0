"""Writing a table of a store a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import h5py
from numpy.typing import NDArray

from rtcan_cli.stores.datasets import Growing
from rtcan_cli.stores.schema import Field

_ROWS = 4096  # rows collected before they are written, and rows in one HDF5 chunk


class TableWriter:
    """A table that grows; rows wait here until there are enough to be packed together.

    Parameters
    ----------
    h5 : h5py.File
        The store.
    fields : sequence of Field
        Columns of the table.
    written : callable
        Called whenever rows have been written.
    """

    def __init__(
        self, h5: h5py.File, fields: Sequence[Field], written: Callable[[], object]
    ) -> None:
        self._columns = {field.path: Growing(h5, field, _ROWS) for field in fields}
        self._waiting: dict[str, list[Any]] = {field.path.partition("/")[2]: [] for field in fields}
        self._written = written
        self.rows = 0  # those that wait included

    def append(self, **values: Any) -> None:
        """Add one row: a value for each column."""
        self.extend({name: (value,) for name, value in values.items()})

    def extend(self, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> None:
        """Add rows: equally many values for each column.

        Raises
        ------
        ValueError
            If columns are missing, unknown or of different lengths.
        """
        if columns.keys() != self._waiting.keys():
            raise ValueError(f"columns {sorted(columns)} are not {sorted(self._waiting)}")
        lengths = {len(values) for values in columns.values()}
        if len(lengths) != 1:
            raise ValueError(f"columns of one table differ in length: {sorted(lengths)}")
        for name, values in columns.items():
            self._waiting[name].extend(values)
        self.rows += lengths.pop()
        while self._n_waiting() >= _ROWS:
            self._write(_ROWS)

    def _n_waiting(self) -> int:
        return len(next(iter(self._waiting.values())))

    def _write(self, rows: int) -> None:
        for column, values in zip(self._columns.values(), self._waiting.values(), strict=True):
            column.append(values[:rows])
            del values[:rows]
        self._written()

    def finish(self) -> dict[str, str]:
        """Write the rows that wait, be there any or not; return a fingerprint of each dataset."""
        if self._n_waiting() or not self.rows:
            self._write(_ROWS)
        return {path: column.finish() for path, column in self._columns.items()}
