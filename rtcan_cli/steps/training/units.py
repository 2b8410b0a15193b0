"""Fit the models of one or many runs, several at a time, with one display of the progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial as bind
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.models.model import Model
from rtcan_cli.parallel import map_unordered
from rtcan_cli.steps.training.curves import Taker
from rtcan_cli.steps.training.plan import Unit
from rtcan_cli.steps.training.watch import Watch
from rtcan_cli.training.environment import hardware, software
from rtcan_cli.training.fold import FoldResult, NotFinite
from rtcan_cli.training.run import fit

if TYPE_CHECKING:
    import torch

_ON_CLUSTER = 0  # as the number of the process that asked: there is none of that number
#: Kept of a candidate whose loss is not finite any more: it is never chosen.
_DIVERGED: dict[str, NDArray[Any]] = {
    "history.validation_loss": np.array([np.inf]),
    "best_epoch": np.array(0),
    "seconds": np.array(0.0),
    "cpu_seconds": np.array(0.0),
}


def side_by_side(jobs: int | Cluster) -> int:
    """How many models are trained at the same time; 0 on a cluster, which may grow and shrink."""
    if isinstance(jobs, Cluster):
        return 0
    return int(joblib.effective_n_jobs(jobs) if jobs == -1 else min(jobs, joblib.cpu_count()))


def fit_units(
    units: Sequence[Unit],
    device: torch.device | None,
    jobs: int | Cluster,
    on_finished: Callable[[Unit], None],
    takers: Sequence[Taker] = (),
) -> list[tuple[Unit, NotFinite]]:
    """Train the units whose result is not kept yet, and keep it.

    Units of all runs share the worker processes, so that no core waits for the last fold of a run.

    Parameters
    ----------
    units : sequence of Unit
        Networks to train.
    device : torch.device, optional
        Where to train; the CPU by default.
    jobs : int or Cluster
        Networks trained at the same time, each in a process of its own, also if they share a GPU;
        or the cluster that trains them. Its workers keep no epochs: a fold whose worker is lost
        starts from the beginning.
    on_finished : callable
        Called with each unit as soon as its result is kept, also with those that had one before,
        and with candidates of a fold that cannot be trained: the others may.
    takers : sequence of Taker
        Told of each epoch of a network, kept ones included.

    Returns
    -------
    list of (Unit, NotFinite)
        Units that cannot be trained and are the only candidate of their fold, and why. The others
        go on without them.

    Raises
    ------
    RtcanError
        If anything else than the numbers of a unit is wrong: a full disk, a killed worker.
    """
    kept = [unit.partial.get(unit.result) is not None for unit in units]
    missing = [unit for unit, there in zip(units, kept, strict=True) if not there]
    if any(kept) or any(unit.checkpoint in unit.partial.names() for unit in missing):
        console.say(
            f"going on: {sum(kept)} of {len(units)} models are trained, others may have been "
            "started"
        )
    at_a_time = side_by_side(jobs)
    failed: list[tuple[Unit, NotFinite]] = []
    watch = Watch(units, at_a_time, takers)
    finished = [unit for unit, there in zip(units, kept, strict=True) if there]
    for unit in finished:
        watch.finish(unit)
    with watch.shown() as bar:
        for unit in finished:
            on_finished(unit)
        workers = jobs if isinstance(jobs, Cluster) else at_a_time
        with closing(_outcomes(missing, device, workers, bar)) as results:
            for unit, outcome in results:
                if isinstance(outcome, NotFinite):
                    console.warn(f"{unit.partial.store.stem}, {unit.target}: {outcome}")
                    if len(unit.settings.model.grid) == 1:
                        failed.append((unit, outcome))
                        watch.finish(unit, {})
                        continue
                    outcome = _DIVERGED
                unit.partial.put(unit.result, outcome)
                watch.finish(unit, outcome)
                unit.partial.remove(unit.checkpoint)
                on_finished(unit)
    return failed


@dataclass(frozen=True)
class PartialSink:
    """Keeps the last finished epoch of a unit beside its run store.

    Parameters
    ----------
    unit : Unit
        The network in training.
    caller : int, optional
        Process that asked for it. A worker whose caller was killed stops at its next epoch.
    """

    unit: Unit
    caller: int | None = None

    def load(self, fold: int) -> dict[str, Any] | None:
        """Return the last checkpoint."""
        return self.unit.partial.get(self.unit.checkpoint)

    def save(self, fold: int, checkpoint: Mapping[str, Any]) -> None:
        """Keep a checkpoint in place of the last one."""
        if self.caller not in (None, os.getpid(), os.getppid()):
            os._exit(1)  # nobody is left to report to, and an exception would only be queued
        self.unit.partial.put(self.unit.checkpoint, checkpoint)

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        """Show nothing: the progress is read from the checkpoints."""


class ClusterSink:
    """Keeps nothing, since a worker of a cluster need not see our disk.

    A worker whose caller has left stops at its next epoch.
    """

    def load(self, fold: int) -> None:
        """Return no checkpoint."""

    def save(self, fold: int, checkpoint: Mapping[str, Any]) -> None:
        """Stop if nobody waits for the result."""
        from rtcan_cli.cluster.worker import stop_if_unwanted

        stop_if_unwanted()

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        """Show nothing."""


Outcome = dict[str, NDArray[Any]] | NotFinite


def _outcomes(
    units: Sequence[Unit],
    device: torch.device | None,
    workers: int | Cluster,
    bar: console.Progress,
) -> Generator[tuple[Unit, Outcome], None, None]:
    """Train units, several at a time, and yield the results as they are ready."""
    if workers == 1:
        for unit in units:
            yield unit, _fit(unit, device, None)
        return
    caller = _ON_CLUSTER if isinstance(workers, Cluster) else os.getpid()
    work = bind(_fit, device=device, caller=caller)

    def name(position: int) -> str:
        return units[position].title

    results = map_unordered(work, units, workers, name=name, show=bar.set_postfix_str)
    with closing(results):
        for index, outcome in results:
            yield units[index], outcome


def _fit(unit: Unit, device: torch.device | None, caller: int | None) -> Outcome:
    """Train a model, perhaps in a worker process.

    On the CPU it takes one thread, however many are trained at the same time: the number of
    threads decides the order of sums, and so the last bits of a result.
    """
    settings = unit.settings
    is_network = settings.recipe is not None
    try:
        with _one_thread(settings.model):
            result = fit(
                unit.data,
                unit.parts,
                settings.spec,
                settings.recipe,
                fold=unit.fold,
                seed=settings.seed,
                device=device,
                sink=ClusterSink() if caller == _ON_CLUSTER else PartialSink(unit, caller),
            )
    except NotFinite as error:
        return error
    return _as_arrays(result, device if is_network else None, is_network)


@contextmanager
def _one_thread(model: Model) -> Iterator[None]:
    """Let a network, or another model, compute on one thread of the CPU while the body runs."""
    if not model.is_network:
        model.load()  # only libraries that are loaded are limited
        with threadpool_limits(1):
            yield
        return
    import torch  # other models do without PyTorch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _as_arrays(
    result: FoldResult, device: torch.device | None, is_network: bool
) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "best_epoch": np.array(result.best_epoch),
        "seconds": np.array(result.seconds),
        "cpu_seconds": np.array(result.cpu_seconds),
        "threads": np.array(1),
        "device": np.array(str(device or "cpu")),
        "hardware": np.array(hardware(device)),
        "software": np.array(software(is_network)),
        "n_parameters": np.array(result.n_parameters),
        "temperature": np.array(result.temperature),
        "test_probability": result.test_probability,
    }
    arrays |= {f"history.{name}": values for name, values in result.history.items()}
    for group in (result.weights, result.scales):
        arrays |= {f"weights.{name}": values for name, values in group.items()}
    return arrays
