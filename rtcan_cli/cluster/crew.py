"""The workers of a cluster: how many there are, whether they fit, and what to say of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rtcan_cli import console
from rtcan_cli.cluster.versions import difference, versions
from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    from distributed import Client

#: Seconds that a cluster may be without a worker.
PATIENCE_SECONDS = 300.0
#: Seconds between two looks at the cluster.
LOOK_SECONDS = 1.0
#: Tasks under way for each worker: one in hand, one that is there when it is done.
TASKS_PER_WORKER = 2

_HINT = "install the same versions there, restart the workers, then repeat the command"


class Crew:
    """Workers that may take our tasks.

    Parameters
    ----------
    client : Client
        Connected to the scheduler.
    gpu : bool
        Only those with a resource ``GPU`` count.
    show : callable
        Called with a few words on the cluster whenever it was looked at.

    Raises
    ------
    RtcanError
        If the scheduler has other versions than this process.
    """

    def __init__(self, client: Client, gpu: bool, show: Callable[[str], Any]) -> None:
        self._client, self._gpu, self._show = client, gpu, show
        self._checked: set[str] = set()
        self._many_threads = False
        self._size = 0
        self._seen = self._looked = time.monotonic()
        self._refuse("the scheduler", client.run_on_scheduler, versions)

    @property
    def capacity(self) -> int:
        """Tasks that may be under way at a time."""
        return TASKS_PER_WORKER * self._size

    def wait(self) -> None:
        """Wait until there is a worker.

        Raises
        ------
        RtcanError
            As of `look`.
        """
        self._look_now()
        if not self._size:
            address = self._client.scheduler.address  # type: ignore[union-attr]
            console.say(
                f"waiting for a worker{self._with_gpu} at {address}, up to {PATIENCE_SECONDS:g} s"
            )
        while not self._size:
            time.sleep(min(LOOK_SECONDS, PATIENCE_SECONDS))
            self._look_now()

    def look(self) -> None:
        """Look who is there, unless that was done a moment ago.

        Raises
        ------
        RtcanError
            If the connection is lost, there has been no worker for long, or a worker has other
            versions than this process.
        """
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._look_now()

    def _look_now(self) -> None:
        self._looked = now = time.monotonic()
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
        except Exception as error:
            # A busy scheduler may answer late. If it is gone, Dask notices by itself.
            if self._client.status == "closed" or now - self._seen >= PATIENCE_SECONDS:
                raise lost(error) from error
            return
        fit = {a: w for a, w in workers.items() if not self._gpu or w["resources"].get("GPU")}
        self._check(fit)
        self._size = len(fit)
        if fit:
            self._seen = now
        elif now - self._seen >= PATIENCE_SECONDS:
            raise RtcanError(
                f"the cluster has had no worker{self._with_gpu} for {PATIENCE_SECONDS:g} s",
                "start workers (dask worker ADDRESS"
                + (" --resources GPU=1" if self._gpu else "")
                + "), then the same command",
            )
        self._show(describe(list(fit.values())))

    def _check(self, workers: dict[str, Any]) -> None:
        """Refuse workers of other versions; each is asked once."""
        for address in sorted(workers.keys() - self._checked):
            self._refuse(f"the worker {address}", self._client.run, versions, workers=[address])
            self._checked.add(address)
            threads = workers[address]["nthreads"]
            if threads > 1 and not self._many_threads:
                self._many_threads = True
                console.warn(
                    f"the worker {address} has {threads} threads, but runs one task at a time: use "
                    f"--nworkers {threads} --nthreads 1 instead"
                )

    def _refuse(self, who: str, ask: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        try:
            there = ask(*arguments, **named)
        except OSError:
            return  # it has just left; each task asks again anyway
        except Exception as error:
            if self._client.status != "running":
                raise lost(error) from error
            raise RtcanError(f"{who} cannot load rtcan: {first_line(error)}", _HINT) from error
        if "workers" in named:
            there = next(iter(there.values()), versions())
        if differs := difference(there):
            raise RtcanError(f"{who} has {differs}: its results could differ", _HINT)

    @property
    def _with_gpu(self) -> str:
        return " with a GPU (--resources GPU=1)" if self._gpu else ""


def describe(workers: list[dict[str, Any]]) -> str:
    """A few words on the workers of a cluster: how many, their threads and memory."""
    threads = sum(worker["nthreads"] for worker in workers)
    used = sum(worker["metrics"].get("memory", 0) for worker in workers) / 1e9
    limit = sum(worker["memory_limit"] or 0 for worker in workers) / 1e9
    of = f" of {limit:.1f}" if limit else ""
    return f"{_many(len(workers), 'worker')}, {_many(threads, 'thread')}, {used:.1f}{of} GB"


def _many(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def first_line(error: BaseException) -> str:
    """What kind of error it is, and the first line of what it says."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def lost(reason: BaseException) -> RtcanError:
    """The error for a scheduler that does not answer any more."""
    return RtcanError(
        f"the connection to the scheduler is lost: {first_line(reason)}",
        "the same command again, when the cluster is back; finished work is kept",
    )
