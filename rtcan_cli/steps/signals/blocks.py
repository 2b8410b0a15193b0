"""Recordings in blocks: what worker processes read, work on and keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.cluster import Cluster
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_unordered, works_in_processes
from rtcan_cli.stores import Partial, Store
from rtcan_cli.trial_key import TRIAL_KEY, trial_name

T = TypeVar("T")

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


def names_in(store: Store, rows: range) -> dict[str, NDArray[Any]]:
    """What neighbouring recordings are called: the columns of the trial, and target."""
    names = (*TRIAL_KEY, "song", "target")
    return {name: store.rows(f"recordings/{name}", rows) for name in names}


def missing_blocks(blocks: Sequence[range], partial: Partial) -> list[int]:
    """Positions of the blocks that are not kept; what a power cut left unreadable is not."""
    kept = {name for name in partial.names() if partial.get(name) is not None}
    return [i for i, rows in enumerate(blocks) if name_of(rows) not in kept]


@dataclass(frozen=True)
class BlockWork(Generic[T]):
    """What is done with blocks, in two forms.

    Parameters
    ----------
    keep : callable
        Reads the recordings of a range, works on them and keeps the result: for a process of this
        machine. The samples travel by the disk, for a process to read and to write them costs less
        than to have them sent. It can be pickled.
    work : callable
        Works on what `read` has read, and returns what is to be kept: for this process, or for a
        cluster, whose workers may not see our disk. It can be pickled.
    read : callable
        Reads the recordings of a range.
    """

    keep: Callable[[range], None]
    work: Callable[[T], dict[str, NDArray[Any]]]
    read: Callable[[range], T]


def keep_blocks(
    blocks: Sequence[range],
    work: BlockWork[T],
    partial: Partial,
    jobs: int | Cluster,
    store: Store,
    show: Callable[[str], Any],
) -> Iterator[range]:
    """Work on blocks, several at a time, and keep the results.

    Parameters
    ----------
    blocks : sequence of range
        Their recordings.
    work : BlockWork
        What is done.
    partial : Partial
        Where results are kept.
    jobs : int or Cluster
        Processes that work, -1 for all cores; or the cluster that does.
    store : Store
        Has these recordings; for messages.
    show : callable
        Called now and then with a few words on the state of a cluster.

    Yields
    ------
    range
        Each block whose result has just been kept, in any order.
    """

    def title(position: int) -> str:
        called = names_in(store, blocks[position])
        names = [trial_name(*(called[name][row] for name in TRIAL_KEY)) for row in (0, -1)]
        return f"trial {names[0]}" if len(blocks[position]) == 1 else f"trials {' to '.join(names)}"

    if works_in_processes(jobs, len(blocks)):
        partial.make()
        for position, _ in map_unordered(work.keep, blocks, jobs, name=title, show=show):
            yield blocks[position]
        return
    items = _Read(work.read, blocks)
    for position, arrays in map_unordered(work.work, items, jobs, name=title, show=show):
        partial.put(name_of(blocks[position]), arrays)
        yield blocks[position]


class _Read(Sequence[T]):
    """Blocks of recordings, each read when its turn comes, so that few are in memory."""

    def __init__(self, read: Callable[[range], T], blocks: Sequence[range]) -> None:
        self._read, self._blocks = read, blocks

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, position: Any) -> Any:
        return self._read(self._blocks[position])


def open_same(path: Path, kind: str, content: str) -> Store:
    """Open a store in a worker process.

    Raises
    ------
    RtcanError
        If it is not what the caller read any more.
    """
    store = Store(path, kind)
    if store.content_id != content:
        raise RtcanError(f"{path}: was replaced while it was read", "the same command again")
    return store
