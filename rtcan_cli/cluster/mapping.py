"""Apply a function to many items on the workers of a Dask cluster."""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Callable, Generator, Sequence
from functools import partial as bind
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, TypeVar

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.cluster.connection import connected
from rtcan_cli.cluster.crew import LOOK_SECONDS, PATIENCE_SECONDS, Crew, first_line, lost
from rtcan_cli.cluster.shipping import pack
from rtcan_cli.cluster.versions import versions
from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    from distributed import Client, Future
    from numpy.typing import NDArray

T = TypeVar("T")
R = TypeVar("R")

#: A task that raises this many times has failed.
ATTEMPTS = 3


def map_on_cluster(
    function: Callable[[T], R],
    items: Sequence[T],
    cluster: Cluster,
    keep_errors: bool,
    name: Callable[[int], str],
    show: Callable[[str], Any],
) -> Generator[tuple[int, R | RtcanError], None, None]:
    """As `rtcan_cli.parallel.map_unordered`, on the workers of a cluster.

    Raises
    ------
    RtcanError
        If the cluster cannot be used, or, after all other results, if tasks have failed.
    """
    if not items:
        return
    with connected(cluster) as client:
        crew = Crew(client, cluster.gpu, show)
        crew.wait()
        tasks = _Tasks(client, function, items, cluster.gpu)
        failures: list[str] = []
        while tasks.fill(crew.capacity) or tasks.pending:
            crew.look()
            ended = tasks.next_ended()
            if ended is None:
                continue
            index, outcome = ended
            if isinstance(outcome, _Failed):
                failures.append(f"{name(index)}: {outcome.reason}")
                console.warn(failures[-1])
                continue
            if isinstance(outcome, RtcanError) and not keep_errors:
                raise outcome
            tasks.fill(crew.capacity)  # workers go on while the caller takes this result
            yield index, outcome
    if failures:
        raise RtcanError(
            f"{len(failures)} of {len(items)} tasks failed on the cluster; {failures[0]}",
            "the same command again does only what is missing; everything else is kept",
        )


class _Failed:
    """What became of a task that has no result."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _Tasks:
    """Items on their way: sent in their order, few at a time, and taken as they end."""

    def __init__(
        self, client: Client, function: Callable[..., Any], items: Sequence[Any], gpu: bool
    ) -> None:
        self._client, self._function, self._items = client, function, items
        self._resources = {"GPU": 1} if gpu else None
        # Shown on Dask's dashboard.
        plain = function.func if isinstance(function, bind) else function
        self._prefix = f"rtcan-{getattr(plain, '__name__', 'task')}-{uuid.uuid4().hex[:8]}"
        self._sent = 0
        self._ended: Queue[str] = Queue()
        self._shared: dict[int, tuple[weakref.ref[NDArray[Any]], Future]] = {}
        self.pending: dict[str, tuple[int, Future | RtcanError]] = {}

    def fill(self, capacity: int) -> bool:
        """Send as many items as there may be under way; return whether more are to be sent."""
        while self._sent < len(self._items) and len(self.pending) < capacity:
            index, self._sent = self._sent, self._sent + 1
            key = f"{self._prefix}-{index}"
            try:
                future = self._send(key, self._items[index])
            except RtcanError as error:  # the item cannot be read
                self.pending[key] = index, error
                self._ended.put(key)
            else:
                self.pending[key] = index, future
                future.add_done_callback(lambda done: self._ended.put(done.key))
        return self._sent < len(self._items)

    def _send(self, key: str, item: Any) -> Future:
        from rtcan_cli.cluster.worker import run

        packed, arrays = pack((self._function, item))
        return self._client.submit(
            run,
            packed,
            [self._share(array) for array in arrays],
            versions(),
            key=key,
            retries=ATTEMPTS - 1,
            resources=self._resources,
        )

    def _share(self, array: NDArray[Any]) -> Future:
        """An array on the cluster, sent once and kept there as long as the caller has it."""
        from rtcan_cli.cluster.worker import keep

        known = self._shared.get(id(array))
        if known is None or known[0]() is not array:
            future = self._client.submit(keep, array, key=f"rtcan-array-{uuid.uuid4().hex}")
            forget = bind(_forget, self._shared, id(array))
            known = self._shared[id(array)] = weakref.ref(array, forget), future
        return known[1]

    def next_ended(self) -> tuple[int, Any] | None:
        """Item that ended, and its result or `_Failed`; None if none did within a moment."""
        from distributed.scheduler import KilledWorker

        try:
            key = self._ended.get(timeout=LOOK_SECONDS)
        except Empty:
            return None
        index, future = self.pending.pop(key)
        if isinstance(future, RtcanError):
            return index, future
        try:
            # If its worker is lost before the result is here, Dask repeats the task.
            return index, future.result(timeout=PATIENCE_SECONDS)
        except KilledWorker:
            return index, _Failed("every worker that ran it was lost; out of memory?")
        except Exception as error:
            if future.status != "error":
                raise lost(error) from error
            return index, _Failed(f"failed {ATTEMPTS} times, {first_line(error)}")


def _forget(shared: dict[int, Any], key: int, _: object) -> None:
    shared.pop(key, None)
