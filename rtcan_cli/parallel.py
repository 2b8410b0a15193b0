"""The one place that fans work out: over processes of this machine, or to a cluster."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache, lru_cache
from multiprocessing import resource_tracker as pythons_tracker
from typing import Any, Literal, TypeVar, overload

import joblib
from joblib.externals.loky import process_executor
from joblib.externals.loky.backend import resource_tracker as lokys_tracker
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import ThreadpoolController

from rtcan_cli.cluster import Cluster
from rtcan_cli.errors import RtcanError
from rtcan_cli.platforms import wait_for_end_of_parent
from rtcan_cli.signals import held_back

#: What loky warns of when it replaces a worker that has had nothing to do for long, in the words of
#: loky 3.6 and 3.7. No work is lost, and there is nothing to do about it.
_REPLACED = r"A worker (stopped|was restarted) while some jobs were given to the executor"

T = TypeVar("T")
R = TypeVar("R")


@overload
def map_unordered(
    function: Callable[[T], R],
    items: Sequence[T],
    jobs: int | Cluster,
    *,
    keep_errors: Literal[False] = False,
    start_up: float = ...,
    name: Callable[[int], str] = ...,
    show: Callable[[str], Any] = ...,
) -> Generator[tuple[int, R], None, None]: ...
@overload
def map_unordered(
    function: Callable[[T], R],
    items: Sequence[T],
    jobs: int | Cluster,
    *,
    keep_errors: Literal[True],
    start_up: float = ...,
    name: Callable[[int], str] = ...,
    show: Callable[[str], Any] = ...,
) -> Generator[tuple[int, R | RtcanError], None, None]: ...
def map_unordered(
    function: Callable[[T], R],
    items: Sequence[T],
    jobs: int | Cluster,
    *,
    keep_errors: bool = False,
    start_up: float = 0.0,
    name: Callable[[int], str] = "item {}".format,
    show: Callable[[str], Any] = str,
) -> Generator[tuple[int, R], None, None] | Generator[tuple[int, R | RtcanError], None, None]:
    """Apply a function to every item, in parallel, and yield each result as it is ready.

    Nothing starts before the first result is asked for, and closing the iterator early stops the
    workers. Ctrl-C ends the wait in the caller with `KeyboardInterrupt`; the workers never see
    it, they are ended by the caller. Each worker computes on one thread, and so does linear algebra
    in this process, whose last bits depend on the number of threads.

    On a cluster, the work of a worker that is lost is done again by another one. An item whose
    work raises something else than an `RtcanError` is tried three times, then reported; the others
    go on, and an `RtcanError` comes after the last result.

    Parameters
    ----------
    function : callable
        Called with one item. It must be picklable, as must items and results. Arrays above 1 MB
        in the function or the item reach a process as memory maps, which all share until one
        writes to its own, and are sent to a cluster once, however many items have them.
    items : sequence
        What to work on. At most two items per worker are under way at a time.
    jobs : int or Cluster
        Number of processes; 1 works in this process, -1 takes every core. Or the cluster that
        works.
    keep_errors : bool, optional
        Yield an `RtcanError` raised for an item as that item's result, and go on with the others.
        By default it ends the whole work.
    start_up : float, optional
        Seconds that a process takes to load what the function needs, such as PyTorch. If given,
        work that would not end sooner in several processes stays in this one: the items that are
        done first tell how long the others take.
    name : callable, optional
        What to call the item at a position in messages.
    show : callable, optional
        Called now and then with a few words on the state of the cluster.

    Yields
    ------
    index : int
        Position of the item in `items`.
    result : object
        What the function returned for it, or its `RtcanError` with `keep_errors`.

    Raises
    ------
    RtcanError
        For a number of jobs that means nothing, or if a worker was killed from outside. For a
        cluster see `rtcan_cli.cluster`.
    """
    if isinstance(jobs, Cluster):
        from rtcan_cli.cluster.mapping import map_on_cluster

        return map_on_cluster(function, items, jobs, keep_errors, name, show)
    workers = _count_workers(jobs, len(items))
    if workers <= 1:
        return (_here(function, i, item, keep_errors) for i, item in enumerate(items))
    if start_up:
        return _here_while_short(function, items, workers, keep_errors, start_up)
    return _in_processes(function, items, workers, keep_errors)


def works_in_processes(jobs: int | Cluster, n_items: int) -> bool:
    """Whether `map_unordered` hands so many items to other processes of this machine."""
    return not isinstance(jobs, Cluster) and _count_workers(jobs, n_items) > 1


def _count_workers(jobs: int, n_items: int) -> int:
    if jobs < 1 and jobs != -1:
        raise RtcanError(
            f"{jobs} jobs are not possible",
            hint="give 1 or more, or -1 for every core of the machine",
        )
    return min(joblib.effective_n_jobs(jobs), n_items)


def map_ordered(
    function: Callable[[T], R], items: Sequence[T], jobs: int
) -> Iterator[R | RtcanError]:
    """Like `map_unordered` with `keep_errors`, but the results come in the order of the items.

    A result waits until those before it are there, so that what is written from them does not
    depend on which process was faster.
    """
    waiting: dict[int, R | RtcanError] = {}
    following = 0
    for index, result in map_unordered(function, items, jobs, keep_errors=True):
        waiting[index] = result
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def _numbered(
    function: Callable[[T], R], index: int, item: T, keep_errors: bool
) -> tuple[int, R | RtcanError]:
    try:
        return index, function(item)
    except RtcanError as error:
        if not keep_errors:
            raise
        return index, error


def _here(
    function: Callable[[T], R], index: int, item: T, keep_errors: bool
) -> tuple[int, R | RtcanError]:
    # As in a worker: OpenBLAS sums the parts of a long scalar product that its threads took.
    with _linear_algebra(len(sys.modules)).limit(limits=1, user_api="blas"):
        return _numbered(function, index, item, keep_errors)


@lru_cache(maxsize=1)
def _linear_algebra(n_modules: int) -> ThreadpoolController:
    """The libraries of linear algebra in this process, which come with modules.

    To look for them takes a millisecond and leaves garbage, too much for each item.
    """
    return ThreadpoolController()


def _here_while_short(
    function: Callable[[T], R],
    items: Sequence[T],
    workers: int,
    keep_errors: bool,
    start_up: float,
) -> Generator[tuple[int, R | RtcanError], None, None]:
    quickest = 0.0  # how long the others may take
    for index, item in enumerate(items):
        saved = (len(items) - index) * quickest * (1 - 1 / workers)
        if saved > start_up:
            others = _in_processes(function, items[index:], workers, keep_errors)
            with closing(others):
                yield from ((index + place, result) for place, result in others)
            return
        started = time.process_time()  # a busy machine also starts processes slowly
        result = _here(function, index, item, keep_errors)
        seconds = time.process_time() - started
        if index > 1:
            quickest = min(quickest, seconds)
        else:  # the first also loads what a process would, which takes about as long as here
            quickest = seconds if index else max(0.0, seconds - start_up)
        yield result


def _in_worker(
    function: Callable[[T], R], index: int, item: T, keep_errors: bool
) -> tuple[int, R | RtcanError]:
    _spare_the_collector()
    return _numbered(function, index, item, keep_errors)


@cache
def _spare_the_collector() -> None:
    # A worker collects garbage every second. To look through all that the numerical libraries have
    # loaded takes 0.1 s each time, and they are there to stay.
    gc.freeze()


def _begin(caller: int) -> None:
    """Prepare this worker, before its first item."""
    _end_with(caller)
    # Where psutil is installed, loky replaces a worker that has grown by 300 MB since its first
    # item, as if it leaked. Here it has only gone on to longer recordings or a larger network, and
    # a new one loads all libraries again. `LOKY_MAX_MEMORY_LEAK_SIZE` is there from loky 3.7 on,
    # and would reach the caller's own processes, too.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize


def _end_with(caller: int) -> None:
    """End this worker if the process that started it was killed: nobody waits for its results."""
    if sys.platform == "win32":
        # A console tells all its processes of Ctrl-C, and no signals can be blocked.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        wait_for_end_of_parent(caller)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _in_processes(
    function: Callable[[T], R], items: Sequence[T], workers: int, keep_errors: bool
) -> Generator[tuple[int, R | RtcanError], None, None]:
    # The context is left again before the first result is yielded: it would otherwise apply to
    # whatever the caller does between two results.
    # The watch starts with the worker: one that has no work yet must end with its caller, too.
    begun = {"initializer": _begin, "initargs": (os.getpid(),)}
    with joblib.parallel_config("loky", inner_max_num_threads=1, **begun):
        # One item per batch, so that a killed job loses no more than the items in hand.
        # Arrays can be written to, but are not shared any more then: PyTorch would copy others.
        parallel = joblib.Parallel(
            n_jobs=workers,
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="2*n_jobs",
            mmap_mode="c",
        )
    # For good: a thread of loky's own warns, at any time.
    warnings.filterwarnings("ignore", _REPLACED, UserWarning)
    results = None
    try:
        with _interrupts_held_back():
            results = parallel(
                joblib.delayed(_in_worker)(function, i, item, keep_errors)
                for i, item in enumerate(items)
            )
        # Not "yield from": that would close the results before the warning below is silenced.
        for result in results:  # noqa: UP028
            yield result
    except TerminatedWorkerError as error:
        # joblib names the signals that ended its workers.
        if crash := re.search(r"SIG(SEGV|ABRT|BUS|FPE|ILL)\b", str(error)):
            raise RtcanError(
                f"a worker process crashed ({crash[0]}), most likely in a library on one of the "
                "files",
                "the same command again: if it crashes again, one of the next files is to blame",
            ) from error
        raise RtcanError(
            "a worker process was killed, most likely because the machine ran out of memory",
            hint="run again with fewer --jobs",
        ) from error
    finally:
        if results is not None:
            with warnings.catch_warnings(), _dropped_items_forgotten():
                # Leaving early is a normal end here; joblib warns about the unused results.
                warnings.simplefilter("ignore")
                results.close()


@contextmanager
def _dropped_items_forgotten() -> Iterator[None]:
    """Keep loky's traceback from the user if its thread looks for an item that it has dropped.

    Told to stop, it drops what waits and kills the workers, and then takes the next number from
    its queue all the same (`_ExecutorManagerThread.add_call_item_to_queue` in loky 3.6).
    """
    usual = threading.excepthook

    def hook(failed: threading.ExceptHookArgs) -> None:
        name = failed.thread.name if failed.thread is not None else ""
        if not (name == "ExecutorManagerThread" and failed.exc_type is KeyError):
            usual(failed)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = usual


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Delay Ctrl-C until the workers are started, and keep it from them for good.

    Ctrl-C reaches the whole process group, and each worker would answer with a traceback: a
    signal that is blocked while they are started stays blocked in them. Here the handler waits,
    because an exception during the start would leave workers running.
    """
    if sys.platform == "win32":  # where workers ignore it by themselves, see `_end_with`
        with held_back():
            yield
        return
    # Python unblocks the signal when it starts this process, and so does loky before 3.6 with its
    # own one, so they have to run already.
    pythons_tracker.ensure_running()
    lokys_tracker.ensure_running()
    with held_back():
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
