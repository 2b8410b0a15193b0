"""Chunks packed as HDF5's own filters pack them, so that HDF5 reads them like any other.

HDF5 packs with zlib, which takes most of the time that it takes to write a store. ISA-L makes the
same kind of stream, of nearly the same size, in a small part of that time
(benchmarks/store_filters.py). Where it is not installed, zlib does it.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

_deflater: Any = zlib
with suppress(ImportError):  # on a processor that it is not made for
    _deflater = import_module("isal.isal_zlib")
_FASTEST = 1
#: Words whose checksum is exact in double precision: their weighted sum is below 2^53.
_EXACT = 1 << 18


def deflated(values: NDArray[Any], shuffle: bool) -> bytes:
    """Values packed by deflate; shuffled means the first bytes of all values first, and so on."""
    plain = np.ascontiguousarray(values).view(np.uint8).reshape(-1, values.dtype.itemsize)
    return bytes(_deflater.compress(np.ascontiguousarray(plain.T if shuffle else plain), _FASTEST))


def packed_chunk(values: NDArray[Any], shuffle: bool) -> bytes:
    """What a chunk with the filters shuffle (or not), deflate and Fletcher's checksum consists of.

    Parameters
    ----------
    values : ndarray
        A whole chunk.
    shuffle : bool
        Whether the dataset has that filter.
    """
    data = deflated(values, shuffle)
    return data + fletcher32(data).to_bytes(4, "little")


def fletcher32(data: bytes) -> int:
    """Fletcher's checksum as HDF5 takes it: of big-endian words of 16 bits, however many."""
    words = np.frombuffer(data + b"\0" * (len(data) % 2), dtype=">u2")
    plain = weighted = 0
    for start in range(0, words.size, _EXACT):
        block = words[start : start + _EXACT].astype(np.float64)
        weighted += plain * block.size + int(block @ np.arange(block.size, 0.0, -1.0))
        plain += int(block.sum())
    # Carries are added at the other end, so a sum that is not zero never becomes it.
    low, high = ((total - 1) % 65535 + 1 if total else 0 for total in (plain, weighted))
    return high << 16 | low
