"""What a worker of `decompose` does: read some recordings, decompose and keep them."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.blocks import Undecomposed, decompose_block
from rtcan_cli.eda.methods import Method
from rtcan_cli.steps.signals.blocks import BlockWork, name_of, open_same
from rtcan_cli.stores import Partial, Store


class Source(NamedTuple):
    """What a process needs to read recordings for itself.

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


class Reader:
    """Reads recordings of a store.

    Parameters
    ----------
    store : Store
        Of recordings.
    rate : float, optional
        The highest sampling rate wanted, in Hz.
    """

    def __init__(self, store: Store, rate: float | None) -> None:
        self._store = store
        self._highest = np.inf if rate is None else rate

    def read(self, rows: range) -> list[Undecomposed]:
        """Read neighbouring recordings."""
        recorded_at = self._store.rows("recordings/sampling_rate", rows)
        return [
            Undecomposed(eda, float(recorded), float(wanted), str(problem))
            for eda, recorded, wanted, problem in zip(
                self._store.signals("eda", rows),
                recorded_at,
                self.sampling_rate(rows),
                self._store.rows("recordings/problem", rows),
                strict=True,
            )
        ]

    def sampling_rate(self, rows: range) -> NDArray[np.float64]:
        """What neighbouring recordings are decomposed at, in Hz."""
        return np.minimum(self._store.rows("recordings/sampling_rate", rows), self._highest)


@lru_cache(maxsize=1)
def _opened(source: Source) -> Reader:
    """A reader of a store, which stays open: a process reads many blocks one after the other."""
    return Reader(open_same(source.recordings, "recordings", source.content_id), source.rate)


def _keep(rows: range, source: Source, method: Method, kept: Partial) -> None:
    arrays = decompose_block(_opened(source).read(rows), method)
    kept.put(name_of(rows), arrays, in_worker=True)


def decompose_work(
    store: Store, reader: Reader, rate: float | None, method: Method, kept: Partial
) -> BlockWork[list[Undecomposed]]:
    """What `decompose` does with blocks of the recordings of a store."""
    source = Source(store.path.absolute(), store.content_id, rate)
    return BlockWork(
        keep=partial(_keep, source=source, method=method, kept=kept),
        work=partial(decompose_block, method=method),
        read=reader.read,
    )
