"""Recordings in blocks: what a worker process reads, decomposes and keeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.blocks import Item, decompose_block
from rtcan_cli.eda.methods import Method
from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Partial, Store

#: Recordings are worked on in blocks of about so many samples: a block takes a worker a fraction
#: of a second, which makes the cost of handing it over and of keeping it small.
_BLOCK = 1 << 16


def cut(offsets: NDArray[np.int64]) -> list[range]:
    """Runs of recordings of at most `_BLOCK` samples, or of one longer recording."""
    blocks, start = [], 0
    for row in range(1, len(offsets)):
        if row == len(offsets) - 1 or offsets[row + 1] - offsets[start] > _BLOCK:
            blocks.append(range(start, row))
            start = row
    return blocks


def name_of(rows: range) -> str:
    """A block's name among the finished ones."""
    return f"{rows.start}-{rows.stop}"


class Reader:
    """Reads recordings of a store.

    Parameters
    ----------
    store : Store
        Of recordings.
    rate : float, optional
        The highest sampling rate wanted, in Hz.

    Attributes
    ----------
    sampling_rate : ndarray, shape (n_recordings,)
        What each recording is decomposed at, in Hz.
    """

    def __init__(self, store: Store, rate: float | None) -> None:
        self._store = store
        self._recorded_rate = store.array("recordings/sampling_rate")
        self.sampling_rate = np.minimum(self._recorded_rate, rate or np.inf)
        self._problem = store.array("recordings/problem")

    def read(self, rows: range) -> list[Item]:
        """Read neighbouring recordings."""
        return [
            Item(
                eda,
                float(self._recorded_rate[row]),
                float(self.sampling_rate[row]),
                str(self._problem[row]),
            )
            for row, eda in zip(rows, self._store.signals("eda", rows), strict=True)
        ]


class Blocks(Sequence[list[Item]]):
    """Blocks of recordings, each read when its turn comes, so that few are in memory."""

    def __init__(self, reader: Reader, rows: Sequence[range]) -> None:
        self._reader, self._rows = reader, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, position: Any) -> Any:
        return self._reader.read(self._rows[position])


class Source(NamedTuple):
    """What a process needs to read blocks for itself.

    Attributes
    ----------
    recordings : Path
        The store.
    content_id : str
        What is in it.
    rate : float or None
        The highest sampling rate wanted, in Hz.
    """

    recordings: Path
    content_id: str
    rate: float | None


@lru_cache(maxsize=1)
def _opened(source: Source) -> Reader:
    """A reader of a store, which stays open: a process reads many blocks one after the other."""
    store = Store(source.recordings, "recordings")
    if store.content_id != source.content_id:
        raise RtcanError(
            f"{source.recordings}: was replaced while it was decomposed", "the same command again"
        )
    return Reader(store, source.rate)


def decompose_and_keep(rows: range, source: Source, method: Method, partial: Partial) -> None:
    """Decompose a block and keep the result: what a process of this machine does.

    The samples travel by the disk, for a process to read and to write them costs less than to have
    them sent.
    """
    partial.put(name_of(rows), decompose_block(_opened(source).read(rows), method))
