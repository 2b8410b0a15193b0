"""Recordings in blocks: what worker processes read, work on and keep."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.eda.rows import SAMPLES_IN_ROWS
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_unordered, works_in_processes
from rtcan_cli.stores import Partial, Store
from rtcan_cli.stores.schema import OFFSETS
from rtcan_cli.trial_key import TRIAL_KEY, trial_name

T = TypeVar("T")

#: Recordings are worked on in blocks of about so many samples: a block takes a worker a fraction
#: of a second, which makes the cost of handing it over and of keeping it small.
_BLOCK = 1 << 16
#: Blocks of the usual size that a worker of a cluster gets at a time, at most: a task costs Dask
#: 10 ms, whatever its size.
_SENT_TOGETHER = 4
#: With fewer tasks than this blocks are sent one by one, so that each worker gets some.
_ENOUGH_TASKS = 100


def cut(offsets: NDArray[np.int64], in_rows: bool = False) -> list[range]:
    """Runs of recordings of so many samples at most, or of one longer recording.

    Parameters
    ----------
    offsets : ndarray of int64
        Where the samples of each recording begin, and the end of the last.
    in_rows : bool
        Whether recordings of a block are worked on in lockstep by NumPy.
    """
    most = SAMPLES_IN_ROWS if in_rows else _BLOCK  # a row of many takes hardly longer than one
    blocks, start = [], 0
    for row in range(1, len(offsets)):
        if row == len(offsets) - 1 or offsets[row + 1] - offsets[start] > most:
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


def missing_blocks(blocks: Sequence[range], partial: Partial, done: str) -> list[range]:
    """The blocks that are not kept; what a power cut left unreadable is not.

    Where some are, it is said for how many recordings the work is `done`.
    """
    kept = {name for name in partial.names() if partial.get(name) is not None}
    missing = [rows for rows in blocks if name_of(rows) not in kept]
    n, n_missing = (sum(map(len, some)) for some in (blocks, missing))
    if 0 < n_missing < n:
        console.say(f"going on: {n - n_missing} of {n} recordings are already {done}")
    return missing


@dataclass(frozen=True)
class BlockWork(Generic[T]):
    """What is done with blocks.

    Parameters
    ----------
    stores : tuple of Store
        What is read. Blocks are cut by the samples of the first one; the last one names the
        recordings in messages.
    read : callable
        Reads the recordings of a range from these stores. It can be pickled.
    work : callable
        Works on what `read` has read, and returns what is to be kept. It can be pickled.
    """

    stores: tuple[Store, ...]
    read: Callable[[tuple[Store, ...], range], T]
    work: Callable[[T], dict[str, NDArray[Any]]]


def keep_blocks(
    blocks: Sequence[range],
    work: BlockWork[T],
    partial: Partial,
    jobs: int | Cluster,
    show: Callable[[str], Any],
) -> Iterator[range]:
    """Work on blocks, several at a time, and keep the results.

    Processes of this machine read and keep for themselves. The samples travel by the disk: for a
    process to read and to write them costs less than to have them sent. The workers of a cluster
    may not see our disk, so they get the samples.

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
    show : callable
        Called now and then with a few words on the state of a cluster.

    Yields
    ------
    range
        Each block whose result has just been kept, in any order.
    """

    def title(position: int) -> str:
        return _title(work.stores[-1], blocks[position])

    if works_in_processes(jobs, len(blocks)):
        partial.make()
        places = tuple(
            _Place(store.path.absolute(), store.schema.kind, store.content_id)
            for store in work.stores
        )
        keep = functools.partial(_keep, places=places, read=work.read, work=work.work, kept=partial)
        for position, _ in map_unordered(keep, blocks, jobs, name=title, show=show):
            yield blocks[position]
        return
    groups: list[list[range]] = [[rows] for rows in blocks]
    if isinstance(jobs, Cluster):
        groups = _together(blocks, work.stores[0].array(OFFSETS))

    def title_of_group(position: int) -> str:
        group = groups[position]
        return _title(work.stores[-1], group[0], group[-1])

    each, items = functools.partial(_each, work=work.work), _Read(work, groups)
    for position, results in map_unordered(each, items, jobs, name=title_of_group, show=show):
        for rows, arrays in zip(groups[position], results, strict=True):
            partial.put(name_of(rows), arrays)
            yield rows


def _together(blocks: Sequence[range], offsets: NDArray[np.int64]) -> list[list[range]]:
    """Blocks that one task of a cluster is to work on: not many samples, unless one block has."""
    size = min(max(len(blocks) // _ENOUGH_TASKS, 1), _SENT_TOGETHER)
    groups, samples = list[list[range]](), 0
    for rows in blocks:
        more = int(offsets[rows.stop] - offsets[rows.start])
        if not groups or len(groups[-1]) == size or samples + more > _SENT_TOGETHER * _BLOCK:
            groups.append([])
            samples = 0
        groups[-1].append(rows)
        samples += more
    return groups


def _each(
    group: list[T], work: Callable[[T], dict[str, NDArray[Any]]]
) -> list[dict[str, NDArray[Any]]]:
    return [work(block) for block in group]


def _title(store: Store, first: range, last: range | None = None) -> str:
    """The trials of a block, or of several that follow each other."""
    ends = (
        range(first.start, first.start + 1),
        range((last or first).stop - 1, (last or first).stop),
    )
    names = [
        trial_name(*(called[name][0] for name in TRIAL_KEY))
        for called in (names_in(store, rows) for rows in ends)
    ]
    return f"trial {names[0]}" if ends[0] == ends[1] else f"trials {' to '.join(names)}"


class _Read(Sequence[list[T]]):
    """Groups of blocks, each read when its turn comes, so that few are in memory."""

    def __init__(self, work: BlockWork[T], groups: Sequence[Sequence[range]]) -> None:
        self._work, self._groups = work, groups

    def __len__(self) -> int:
        return len(self._groups)

    def __getitem__(self, position: Any) -> Any:
        return [self._work.read(self._work.stores, rows) for rows in self._groups[position]]


class _Place(NamedTuple):
    """Where a process finds a store, and what is in it."""

    path: Path
    kind: str
    content_id: str


def _keep(
    rows: range,
    places: tuple[_Place, ...],
    read: Callable[[tuple[Store, ...], range], T],
    work: Callable[[T], dict[str, NDArray[Any]]],
    kept: Partial,
) -> None:
    # Opened for each block: a worker outlives the command, and on Windows a store that is open
    # anywhere cannot be replaced.
    with ExitStack() as opened:
        stores = tuple(opened.enter_context(open_same(*place)) for place in places)
        found = read(stores, rows)
    kept.put(name_of(rows), work(found), in_worker=True)


def open_same(path: Path, kind: str, content: str) -> Store:
    """Open a store in a worker process.

    Raises
    ------
    RtcanError
        If it is not what the caller read any more.
    """
    store = Store(path, kind)
    if store.content_id != content:
        store.close()
        raise RtcanError(f"{path}: was replaced while it was read", "the same command again")
    return store
