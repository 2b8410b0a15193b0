"""How one HDF5 dataset of a store is laid out: its filters, its text, and how it grows."""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rtcan_cli.stores.content import running_digest, update_digest
from rtcan_cli.stores.packing import deflated, packed_chunk
from rtcan_cli.stores.schema import Field

# Gzip at its fastest level; the checksum makes HDF5 notice damaged bytes on reading.
FILTERS: dict[str, Any] = {
    "compression": "gzip",
    "compression_opts": 1,
    "shuffle": True,
    "fletcher32": True,
}
#: Bytes of unpacked chunks that HDF5 keeps for each open dataset: room for one of the largest. Left
#: to itself it keeps 8 MB, which for all columns of the tables is more than all else in memory.
CHUNK_CACHE = 1 << 19
_COPIED = 1 << 16  # values moved at a time when a text column gets wider


def stored(values: Any, field: Field) -> NDArray[Any]:
    """Values as HDF5 takes them for a field of the schema."""
    if field.dtype == "str":
        return _encoded(values)
    return np.asarray(values, dtype=field.dtype or None)


def describe(dataset: h5py.Dataset, field: Field) -> None:
    """Write the meaning of a dataset next to it."""
    dataset.attrs["shape"] = ", ".join(field.shape)
    dataset.attrs["unit"] = field.unit
    dataset.attrs["meaning"] = field.meaning


class Growing:
    """A dataset that is written a piece at a time, so that it never is in memory as a whole.

    Parameters
    ----------
    h5 : h5py.File
        The store.
    field : Field
        The dataset.
    chunk : int
        Rows in one chunk, fewer where so many would not fit into `CHUNK_CACHE`.
    """

    def __init__(self, h5: h5py.File, field: Field, chunk: int) -> None:
        self._h5, self._field, self._chunk = h5, field, chunk
        self._dataset: h5py.Dataset | None = None
        self._shuffle = True
        self._waiting: list[NDArray[Any]] = []  # numbers that do not fill a chunk yet
        self._digest = running_digest()

    def append(self, values: Any) -> None:
        """Write further rows."""
        rows = stored(values, self._field)
        if self._dataset is None:
            self._dataset = self._create(rows)
        elif self._field.dtype == "str" and rows.itemsize > self._dataset.dtype.itemsize:
            self._widen(rows)
        if self._field.dtype == "str":
            self._write(self._dataset, rows)
        else:
            self._pack(self._dataset, rows.astype(self._dataset.dtype, copy=False))
        # While the rows are at hand: they need not be read again for the content id.
        update_digest(self._digest, rows)

    def finish(self) -> str:
        """Write the rows that wait for others; return a fingerprint of all."""
        if self._dataset is not None and self._waiting:
            self._write(self._dataset, np.concatenate(self._waiting))
            self._waiting.clear()
        return self._digest.hexdigest()

    @staticmethod
    def _write(dataset: h5py.Dataset, rows: NDArray[Any]) -> None:
        """Leave it to HDF5 to pack rows."""
        start = dataset.shape[0]
        dataset.resize(start + len(rows), axis=0)
        if len(rows):
            dataset[start:] = rows

    def _pack(self, dataset: h5py.Dataset, rows: NDArray[Any]) -> None:
        """Write whole chunks; what is left waits for further rows."""
        chunk, start = dataset.chunks[0], dataset.shape[0]
        if sum(map(len, self._waiting)) + len(rows) < chunk:
            self._waiting.append(rows.copy())
            return
        rows = np.concatenate([*self._waiting, rows])
        whole = len(rows) - len(rows) % chunk
        self._waiting = [rows[whole:].copy()]
        dataset.resize(start + whole, axis=0)
        for first in range(0, whole, chunk):
            packed = packed_chunk(rows[first : first + chunk], self._shuffle)
            dataset.id.write_direct_chunk((start + first, *[0] * (rows.ndim - 1)), packed)

    def _create(self, first: NDArray[Any]) -> h5py.Dataset:
        text, shape = self._field.dtype == "str", first.shape[1:]
        dtype = _text(first.itemsize) if text else first.dtype
        most = CHUNK_CACHE // max(1, dtype.itemsize * math.prod(shape))
        self._shuffle = text or _packs_better_shuffled(first[: self._chunk])
        dataset = self._h5.create_dataset(
            self._field.path,
            shape=(0, *shape),
            maxshape=(None, *shape),
            dtype=dtype,
            chunks=(max(1, min(self._chunk, most)), *shape),
            **{**FILTERS, "shuffle": self._shuffle},
        )
        describe(dataset, self._field)
        return dataset

    def _widen(self, rows: NDArray[Any]) -> None:
        """Make room for longer text: HDF5 cannot change the length of the text in a dataset."""
        narrow, before = self._dataset, f"{self._field.path}-narrow"
        assert narrow is not None
        self._h5.move(self._field.path, before)
        self._dataset = wide = self._create(rows)
        wide.resize(narrow.shape[0], axis=0)
        for start in range(0, narrow.shape[0], _COPIED):
            wide[start : start + _COPIED] = narrow[start : start + _COPIED]
        del self._h5[before]


def _encoded(values: Any) -> NDArray[np.bytes_]:
    """Text as UTF-8 of equal length: HDF5 has checksums for it, and can compress it."""
    encoded = [str(value).encode() for value in values]
    if any(b"\0" in each for each in encoded):
        raise ValueError("text must not contain NUL, where HDF5 would end it")
    longest = max(map(len, encoded), default=1) or 1
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", longest))


def _text(length: int) -> np.dtype[Any]:
    """Text of at least that length, and of twice as much at most, so that it seldom gets wider."""
    return h5py.string_dtype("utf-8", 1 << (length - 1).bit_length())


def _packs_better_shuffled(sample: NDArray[Any]) -> bool:
    """Whether gzip makes less of values whose first bytes come first, then their second, ...

    True of what was computed. Not of what a device recorded with a few decimals: there whole values
    come again, and half the size is left without shuffling (benchmarks/store_filters.py).
    """
    return len(deflated(sample, shuffle=True)) < len(deflated(sample, shuffle=False))
