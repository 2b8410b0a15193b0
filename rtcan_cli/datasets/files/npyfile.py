"""Numbers in NumPy's ``.npy`` files, of which nothing is ever executed."""

from __future__ import annotations

import math
import tokenize
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rtcan_cli.datasets.files.raw import RawFile, unreadable
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.arrays import HEADERS
from rtcan_cli.files.kinds import NPY


def open_npy(file: RawFile) -> NDArray[Any]:
    """Map a file of real numbers into memory: samples are read when they are looked at.

    Parameters
    ----------
    file : RawFile
        A file of its own.

    Returns
    -------
    ndarray of int or float, shape (n_samples,) or (n_samples, n_columns)
        Not to be written to.

    Raises
    ------
    RtcanError
        If it is not such a file, holds anything but real numbers, or is smaller than its header
        claims.
    """
    if other := file.of_another_kind("a NumPy file (.npy)", NPY.name):
        raise other
    try:
        with file.open() as stream:
            version = npy.read_magic(stream)
            if version not in HEADERS:
                raise RtcanError(f"{file} has an unknown version of the NPY format: {version}")
            shape, fortran, dtype = HEADERS[version](stream)
            offset = stream.tell()
            size = stream.seek(0, 2)
    except (ValueError, MemoryError, RecursionError, tokenize.TokenError) as error:
        raise unreadable(file, error) from error
    # Booleans, complex numbers, text, dates, records, and objects, which would be unpickled.
    if dtype.kind not in "iuf":
        raise RtcanError(
            f"{file} holds values of the type {str(dtype)[:40]}, not real numbers",
            hint="numpy.save(FILE, values.astype(float))",
        )
    if len(shape) not in (1, 2) or min(shape) < 0:
        raise RtcanError(
            f"{file} has the shape {str(shape)[:60]}, not samples or samples x columns",
            hint="save one value a sample, or one row a sample",
        )
    needed = offset + math.prod(shape) * dtype.itemsize
    if needed > size:
        raise RtcanError(
            f"{file} claims to hold {needed:,} bytes, but has {size:,}",
            hint="the file is incomplete or damaged: copy or save it again",
        )
    if math.prod(shape) == 0:
        return np.empty(shape)
    order: Any = "F" if fortran else "C"
    try:
        return np.memmap(file.path, dtype, mode="r", offset=offset, shape=shape, order=order)
    except (OSError, ValueError) as error:
        raise unreadable(file, error) from error
