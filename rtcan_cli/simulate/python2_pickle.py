"""Arrays in pickles as Python 2 writes them, which is how DEAP is published."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping
from typing import IO

import numpy as np
from numpy.typing import NDArray


def dump_arrays(stream: IO[bytes], arrays: Mapping[str, NDArray[np.float64]]) -> None:
    """Write a dictionary of arrays as Python 2's cPickle does with protocol 2.

    The bytes equal those of ``cPickle.dump(arrays, stream, protocol=2)`` under Python 2.7 with
    NumPy 1.16, so that ``pickle.load(stream, encoding="latin1")`` reads them with any NumPy.

    Parameters
    ----------
    stream : binary file
        Written to.
    arrays : mapping of str to ndarray of float64
        In the order in which they are to be written; at least two.
    """
    numbers = itertools.count(1)
    memo: dict[str, bytes] = {}

    def once(name: str, spelled: bytes) -> bytes:
        """Spell an object out where it comes first, refer to it from then on."""
        if name in memo:
            return b"h" + memo[name]
        memo[name] = bytes([next(numbers)])
        return spelled + b"q" + memo[name]

    stream.write(b"\x80\x02" + once("the dictionary", b"}") + b"(")
    for count, (key, array) in enumerate(arrays.items()):
        stream.write(once(f"key {key}", _string_head(len(key)) + key.encode("ascii")))
        reconstruct = once("_reconstruct", b"cnumpy.core.multiarray\n_reconstruct\n")
        empty = reconstruct + once("ndarray", b"cnumpy\nndarray\n") + b"K\x00\x85U\x01b\x87R"
        stream.write(once(f"array {key}", empty) + b"(K\x01" + _tuple(array.shape))
        stream.write(once("f8", once("dtype", b"cnumpy\ndtype\n") + b"U\x02f8K\x00K\x01\x87R"))
        if count == 0:
            stream.write(b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb")
        stream.write(b"\x89" + _string_head(8 * array.size))
        stream.write(np.ascontiguousarray(array, dtype="<f8").data)
        stream.write(b"tb")
    stream.write(b"u.")


def _string_head(length: int) -> bytes:
    if length < 256:
        return b"U" + bytes([length])
    return b"T" + struct.pack("<i", length)


def _tuple(values: tuple[int, ...]) -> bytes:
    items = b"".join(map(_integer, values))
    if 1 <= len(values) <= 3:
        return items + {1: b"\x85", 2: b"\x86", 3: b"\x87"}[len(values)]
    return b"(" + items + b"t" if values else b")"


def _integer(value: int) -> bytes:
    if value < 256:
        return b"K" + bytes([value])
    if value < 65536:
        return b"M" + struct.pack("<H", value)
    return b"J" + struct.pack("<i", value)
