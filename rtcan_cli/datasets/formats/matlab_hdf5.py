"""Variables of MATLAB files of version 7.3, which are HDF5.

Read are numbers and text, by themselves or as the fields of one struct. Cells and struct arrays
are references to what lies elsewhere in the file, and are not followed. MATLAB's first axis varies
fastest, that of HDF5 slowest, so that shapes are the other way round.

Source: "MAT-File Versions" by The MathWorks; the attribute ``MATLAB_class`` says what a variable
is.
"""

from __future__ import annotations

import io
from typing import Any

import h5py
import numpy as np

from rtcan_cli.datasets.files.matlab import Variable
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.reading import DamagedError
from rtcan_cli.files.hdf5 import attribute, lies_elsewhere, reason_to_refuse

_MOST_VARIABLES = 1000
_LONGEST_TEXT = 1_000_000


def load_variables(file: RawFile, largest: int) -> dict[str, Variable]:
    """Read all variables.

    Parameters
    ----------
    file : RawFile
        The file.
    largest : int
        How many bytes the file, and all arrays together, may have.

    Raises
    ------
    DamagedError
        If it is larger, or a variable is none that MATLAB writes.
    OSError
        If it is incomplete or damaged.
    """
    with file.open() as stream:
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise DamagedError(f"it is larger than {largest / 1e6:.0f} MB")
    with h5py.File(io.BytesIO(content), "r") as h5:
        return _Reader(largest).group(h5, deeper=True)


class _Reader:
    """Reads variables until these are too many, or too large."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._left, self._n_variables = largest, 0

    def group(self, group: h5py.Group, deeper: bool) -> dict[str, Variable]:
        """The variables of a file, or the fields of a struct; links to elsewhere are none."""
        found = {}
        for name in group:
            self._n_variables += 1
            if self._n_variables > _MOST_VARIABLES:
                raise DamagedError(f"it holds more than {_MOST_VARIABLES} variables")
            if isinstance(group.get(name, getlink=True), h5py.HardLink) and name[:1] != "#":
                found[name] = self._variable(group[name], name, deeper)
        return found

    def _variable(self, item: Any, name: str, deeper: bool) -> Variable:
        kind = attribute(item, "MATLAB_class")
        kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind or "")
        if isinstance(item, h5py.Group):
            fields = (self.group(item, deeper=False),) if deeper else ()
            return Variable("a struct", (1, 1), structs=fields)
        if not isinstance(item, h5py.Dataset) or lies_elsewhere(item):
            raise DamagedError(f"its variable {name} lies elsewhere")
        if item.dtype.hasobject:
            return Variable("cells", item.shape[::-1])
        if reason := reason_to_refuse(item):
            raise DamagedError(f"its variable {name} {reason}")
        if attribute(item, "MATLAB_empty"):
            return Variable("text" if kind == "char" else "numbers", (0, 0))
        if item.dtype.kind not in "fiu":
            return Variable(f"numbers of another kind ({item.dtype})"[:60], item.shape[::-1])
        self._left -= item.size * item.dtype.itemsize
        if self._left < 0:
            raise DamagedError(f"its arrays have more than {self._largest / 1e6:.0f} MB")
        values = np.asarray(item[()]).T
        if kind != "char":
            return Variable("numbers", values.shape, values)
        if values.size > _LONGEST_TEXT or values.ndim != 2:
            raise DamagedError(f"its variable {name} is a text of {values.size} letters")
        rows = tuple("".join(map(chr, row)) for row in values.tolist())
        return Variable("text", values.shape, rows=rows)
