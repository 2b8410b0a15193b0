"""Arrays in an ``.npz`` file that this package has written, and that may have been replaced."""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
from collections.abc import Collection
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
#: What zipfile and NumPy raise on damaged files.
_DAMAGED = (
    *(zipfile.BadZipFile, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError),
    *(struct.error, OverflowError, SyntaxError, MemoryError, TypeError, tokenize.TokenError),
)


def read_item(
    file: IO[bytes], only: Collection[str] | None = None
) -> dict[str, NDArray[Any]] | None:
    """Read arrays of an ``.npz`` file; never an object, nor more than the file has bytes for.

    NumPy's own reader sets memory aside for whatever a header claims, and unpacks whatever was
    packed. `numpy.savez` packs nothing.

    Parameters
    ----------
    file : file
        Open for reading.
    only : collection of str, optional
        The arrays that are wanted; all by default.

    Returns
    -------
    dict of str to ndarray, or None
        None if it is not whole, or claims to contain more than it has.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            size = file.seek(0, io.SEEK_END)
            packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
            if packed or sum(member.file_size for member in members) > size:
                return None
            named = {member.filename.removesuffix(".npy"): member for member in members}
            # Read whole: their checksums are compared on the way.
            return {
                name: _array(archive.read(member))
                for name, member in named.items()
                if only is None or name in only
            }
    except _DAMAGED:
        return None


def _array(content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    shape, fortran, dtype = _HEADERS[npy.read_magic(stream)](stream)
    if dtype.hasobject:
        raise ValueError("objects would have to be unpickled")
    offset, count = stream.tell(), math.prod(shape)
    if min(shape, default=0) < 0 or (count and not dtype.itemsize):
        raise ValueError("such an array is not possible")
    if offset + count * dtype.itemsize != len(content):
        raise ValueError("its length is not the one it states")
    array = np.frombuffer(bytearray(content), dtype, count, offset) if count else np.empty(0, dtype)
    return array.reshape(shape, order="F" if fortran else "C")
