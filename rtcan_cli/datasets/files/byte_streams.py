"""Reading a file from front to back: exact pieces, skips, and one column of an array.

Files may come from someone else, and say how long their pieces are. Nothing here sets aside memory
for what a file only claims to hold.
"""

from __future__ import annotations

import io
import math
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

Bytes = bytes | bytearray

_PIECE = 1 << 20
_SMALL = 1 << 16


class Source(Protocol):
    """What can be read forward."""

    def read(self, n: int) -> Bytes:
        """The next `n` bytes, all of them. Raises EOFError if there are fewer."""

    def skip(self, n: int) -> None:
        """Pass over `n` bytes. Raises EOFError if there are fewer."""


class Forward:
    """An opened file.

    Parameters
    ----------
    stream : binary file
        A file on disk or in memory is skipped through; any other is read for that.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._jumps = isinstance(stream, (io.BufferedReader, io.BytesIO))

    def read(self, n: int) -> Bytes:
        """The next `n` bytes, all of them. Raises EOFError if there are fewer."""
        piece = self.read_up_to(n)
        if len(piece) < n:
            raise EOFError
        return piece

    def read_up_to(self, n: int) -> Bytes:
        """The next `n` bytes, or what is left."""
        if n <= _PIECE:
            return self._stream.read(n)
        # Grows with what comes: a length of many GB in a file of ten bytes costs nothing.
        pieces = bytearray()
        while len(pieces) < n:
            piece = self._stream.read(min(_PIECE, n - len(pieces)))
            if not piece:
                break
            pieces += piece
        return pieces

    def read_line(self) -> bytes:
        """The rest of the line, without its end. Raises EOFError if it has none."""
        line = self._stream.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return line[:-1]

    def skip(self, n: int) -> None:
        """Pass over `n` bytes. Raises EOFError if there are fewer."""
        if self._jumps and n:
            self._stream.seek(n - 1, io.SEEK_CUR)
            n = 1
        while n:
            piece = self._stream.read(min(_PIECE, n))
            if not piece:
                raise EOFError
            n -= len(piece)


class Part:
    """The next bytes of something; nothing beyond them is ever read.

    Parameters
    ----------
    source : Source
        Positioned where the part begins.
    size : int
        Its length, in bytes.
    """

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self.left = size

    def read(self, n: int) -> Bytes:
        """The next `n` bytes, all of them. Raises ValueError if the part has fewer."""
        self._take(n)
        return self._source.read(n)

    def skip(self, n: int) -> None:
        """Pass over `n` bytes. Raises ValueError if the part has fewer."""
        self._take(n)
        self._source.skip(n)

    def _take(self, n: int) -> None:
        if n > self.left:
            raise ValueError("a piece is longer than what it lies in")
        self.left -= n


def read_column(
    source: Source, dtype: np.dtype[Any], shape: tuple[int, ...], fortran: bool, column: int
) -> NDArray[Any]:
    """Read ``array[:, column]`` of an array, passing over the rest.

    Parameters
    ----------
    source : Source
        Positioned at the first byte of the array; on return, behind its last.
    dtype : dtype
        Of the array.
    shape : tuple of int
        Of the array; two axes at least, none of them empty.
    fortran : bool
        Whether the first axis varies fastest, and not the last.
    column : int
        Index on the second axis.

    Returns
    -------
    ndarray of dtype, shape (shape[0], *shape[2:])

    Raises
    ------
    EOFError
        If the source ends within the array.
    """
    first, width, rest = shape[0], shape[1], shape[2:]
    n_blocks, n_items = (math.prod(rest), first) if fortran else (first, math.prod(rest))
    size = n_items * dtype.itemsize
    # Small blocks are read many at a time.
    together = min(n_blocks, max(1, _SMALL // (width * size)))
    pieces: list[Bytes] = []
    if together > 1:
        for start in range(0, n_blocks, together):
            n = min(together, n_blocks - start)
            blocks = np.frombuffer(source.read(n * width * size), np.uint8)
            pieces.append(blocks.reshape(n, width, size)[:, column].tobytes())
    else:
        for _ in range(n_blocks):
            source.skip(column * size)
            pieces.append(source.read(size))
            source.skip((width - 1 - column) * size)
    items = np.frombuffer(b"".join(pieces), dtype)
    if fortran:
        return items.reshape((first, *rest), order="F")
    return items.reshape((first, *rest))
