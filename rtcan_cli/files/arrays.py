"""An array in the bytes of an ``.npy`` file, of which nothing is ever executed."""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
"""What reads the header of each version of the format that is read."""

DAMAGED = (
    *(zipfile.BadZipFile, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError),
    *(struct.error, OverflowError, SyntaxError, MemoryError, TypeError, tokenize.TokenError),
)
"""What zipfile and NumPy raise on damaged ``.npy`` and ``.npz`` files in memory."""


def array_of(content: bytes) -> NDArray[Any]:
    """The array in an ``.npy`` file; never an object, nor more than there are bytes for.

    NumPy's own reader sets memory aside for whatever a header claims.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    ndarray

    Raises
    ------
    Exception
        One of `DAMAGED`, if it is not such a file.
    """
    stream = io.BytesIO(content)
    shape, fortran, dtype = HEADERS[npy.read_magic(stream)](stream)
    if dtype.hasobject:
        raise ValueError("objects would have to be unpickled")
    offset, count = stream.tell(), math.prod(shape)
    if min(shape, default=0) < 0 or (count and not dtype.itemsize):
        raise ValueError("such an array is not possible")
    if offset + count * dtype.itemsize != len(content):
        raise ValueError("its length is not the one it states")
    array = np.frombuffer(bytearray(content), dtype, count, offset) if count else np.empty(0, dtype)
    return array.reshape(shape, order="F" if fortran else "C")
