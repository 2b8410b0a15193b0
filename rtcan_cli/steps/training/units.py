"""Fit the networks of one or many runs, several at a time, with one display of the progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial as bind
from threading import Event, Thread
from typing import Any

import joblib
import numpy as np
import torch
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.parallel import map_unordered
from rtcan_cli.steps.training.plan import Unit
from rtcan_cli.training.environment import hardware, software
from rtcan_cli.training.fit import FoldResult, NotFinite, Sink
from rtcan_cli.training.run import fit
from rtcan_cli.training.stacked.fit import even_parts, fit_stacked
from rtcan_cli.training.stacked.members import Member

_CPU = torch.device("cpu")
_ON_CLUSTER = 0  # as the number of the process that asked: there is none of that number
#: Kept of a candidate whose loss is not finite any more: it is never chosen.
_DIVERGED: dict[str, NDArray[Any]] = {
    "history.validation_loss": np.array([np.inf]),
    "best_epoch": np.array(0),
    "seconds": np.array(0.0),
    "cpu_seconds": np.array(0.0),
}
_LOOK_SECONDS = 0.5  # between two looks at the progress of the workers


def fit_units(
    units: Sequence[Unit],
    device: torch.device | None,
    jobs: int | Cluster,
    on_finished: Callable[[Unit], None],
    stack: int = 1,
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
        Networks trained at the same time on the CPU; or the cluster that trains them. Its workers
        keep no epochs: a fold whose worker is lost starts from the beginning.
    on_finished : callable
        Called with each unit as soon as its result is kept, also with those that had one before,
        and with candidates of a fold that cannot be trained: the others may.
    stack : int
        Networks of one shape that are trained together as one program, at most. With 1, whatever
        the device, each is trained by itself (`rtcan_cli.training.fit.fit_fold`).

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
    on_cpu = device is None or device.type == "cpu"
    workers = jobs
    if not isinstance(jobs, Cluster):
        workers = min(jobs, joblib.cpu_count()) if on_cpu else 1
    failed: list[tuple[Unit, NotFinite]] = []
    pace = Pace(units)
    finished = [unit for unit, there in zip(units, kept, strict=True) if there]
    for unit in finished:
        pace.finish(unit)
    total = sum(unit.settings.epochs for unit in units)
    with console.progress(total, "training", "epoch") as bar, _watching(pace, bar):
        for unit in finished:
            on_finished(unit)
        stacks = alike(missing, stack)
        with closing(_outcomes(stacks, device, workers, stack, pace, bar)) as results:
            for unit, outcome in results:
                if isinstance(outcome, NotFinite):
                    console.warn(f"{unit.partial.store.stem}, {unit.target}: {outcome}")
                    if len(unit.settings.model.grid) == 1:
                        failed.append((unit, outcome))
                        continue
                    outcome = _DIVERGED
                unit.partial.put(unit.result, outcome)
                pace.finish(unit)
                unit.partial.remove(unit.checkpoint)
                on_finished(unit)
    return failed


def alike(units: Sequence[Unit], stack: int) -> list[list[Unit]]:
    """Put networks of one shape and recipe that see signals together, at most `stack` of them."""
    groups: dict[object, list[Unit]] = {}
    for unit in units:
        settings, shape = unit.settings, unit.data.eda.shape[1:]
        # Signals are the same for all folds; features are standardised for each.
        stackable = settings.recipe is not None and unit.data.eda.ndim == 3
        key = (settings.spec, settings.recipe, shape) if stackable else id(unit)
        groups.setdefault(key, []).append(unit)
    return [part for group in groups.values() for part in even_parts(group, stack)]


@dataclass(frozen=True)
class PartialSink:
    """Keeps the last finished epoch of a unit beside its run store.

    Parameters
    ----------
    unit : Unit
        The network in training.
    caller : int, optional
        Process that asked for it. A worker whose caller was killed stops at its next epoch.
    pace : Pace, optional
        Is told of each epoch, where it is of this process.
    """

    unit: Unit
    caller: int | None = None
    pace: Pace | None = None

    def load(self, fold: int) -> dict[str, Any] | None:
        """Return the last checkpoint."""
        return self.unit.partial.get(self.unit.checkpoint)

    def save(self, fold: int, checkpoint: Mapping[str, Any]) -> None:
        """Keep a checkpoint in place of the last one."""
        if self.caller not in (None, os.getpid(), os.getppid()):
            os._exit(1)  # nobody is left to report to, and an exception would only be queued
        self.unit.partial.put(self.unit.checkpoint, checkpoint)

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        """Report the progress to the pace; without one, it is read from the checkpoints."""
        if self.pace is not None:
            self.pace.tell(self.unit, epoch + 1)


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
    stacks: Sequence[list[Unit]],
    device: torch.device | None,
    workers: int | Cluster,
    stack: int,
    pace: Pace,
    bar: console.Progress,
) -> Generator[tuple[Unit, Outcome], None, None]:
    """Train the units of each stack together, several stacks at a time, and yield the results."""
    if workers == 1:
        for units in stacks:
            yield from _fit(units, device, stack, None, pace)
        return
    caller = _ON_CLUSTER if isinstance(workers, Cluster) else os.getpid()
    work = bind(_fit_in_worker, device=device, stack=stack, caller=caller)

    def name(position: int) -> str:
        return " and ".join(unit.title for unit in stacks[position])

    results = map_unordered(work, stacks, workers, name=name, show=bar.set_postfix_str)
    with closing(results):
        for index, outcomes in results:
            yield from zip(stacks[index], outcomes, strict=True)


def _fit_in_worker(
    units: list[Unit], device: torch.device | None, stack: int, caller: int
) -> list[Outcome]:
    """Outcomes of units, in their order; they themselves need not be sent back."""
    outcomes = {id(unit): outcome for unit, outcome in _fit(units, device, stack, caller, None)}
    return [outcomes[id(unit)] for unit in units]


def _fit(
    units: list[Unit],
    device: torch.device | None,
    stack: int,
    caller: int | None,
    pace: Pace | None,
) -> Iterator[tuple[Unit, Outcome]]:
    """Train models of one shape, perhaps in a worker process.

    On the CPU it takes one thread, however many are trained at the same time: the number of
    threads decides the order of sums, and so the last bits of a result.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        where = device if device is not None and units[0].settings.recipe is not None else _CPU
        for unit, result in _results(units, device, stack, caller, pace):
            yield unit, _as_arrays(result, where) if isinstance(result, FoldResult) else result
    finally:
        torch.set_num_threads(threads)


def _results(
    units: list[Unit],
    device: torch.device | None,
    stack: int,
    caller: int | None,
    pace: Pace | None,
) -> Iterator[tuple[Unit, FoldResult | NotFinite]]:
    """Train a unit by itself, or several as a stack."""
    sinks: list[Sink] = [
        ClusterSink() if caller == _ON_CLUSTER else PartialSink(unit, caller, pace)
        for unit in units
    ]
    spec, recipe = units[0].settings.spec, units[0].settings.recipe
    if recipe is not None and len(units) > 1:
        members = [
            Member(unit.data, unit.parts, unit.fold, unit.settings.seed, sink)
            for unit, sink in zip(units, sinks, strict=True)
        ]
        for i, outcome in fit_stacked(members, spec, recipe, device=device, stack=stack):
            yield units[i], outcome
        return
    (unit,), (sink,) = units, sinks
    settings = unit.settings
    try:
        result = fit(
            unit.data,
            unit.parts,
            settings.spec,
            settings.recipe,
            fold=unit.fold,
            seed=settings.seed,
            device=device,
            sink=sink,
        )
    except NotFinite as error:
        yield unit, error
    else:
        yield unit, result


def _as_arrays(result: FoldResult, device: torch.device) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "best_epoch": np.array(result.best_epoch),
        "seconds": np.array(result.seconds),
        "cpu_seconds": np.array(result.cpu_seconds),
        "threads": np.array(torch.get_num_threads()),
        "device": np.array(str(device)),
        "hardware": np.array(hardware(device)),
        "software": np.array(software()),
        "n_parameters": np.array(result.n_parameters),
        "temperature": np.array(result.temperature),
        "test_probability": result.test_probability,
    }
    arrays |= {f"history.{name}": values for name, values in result.history.items()}
    for group in (result.weights, result.scales):
        arrays |= {f"weights.{name}": values for name, values in group.items()}
    return arrays


class Pace:
    """Counts finished epochs. Those of workers show in their checkpoints, which are looked at."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = units
        self._finished: set[int] = set()
        self._told: dict[int, int] = {}

    def finish(self, unit: Unit) -> None:
        """Take a unit as done with all its epochs, also those that it stopped before."""
        self._finished.add(id(unit))

    def tell(self, unit: Unit, epochs: int) -> None:
        """Take notice of the finished epochs of a unit in training."""
        self._told[id(unit)] = epochs

    def epochs(self) -> int:
        """Epochs that are finished by now."""
        total = 0
        for unit in self._units:
            if id(unit) in self._finished:
                total += unit.settings.epochs
            elif id(unit) in self._told:
                total += self._told[id(unit)]
            else:
                losses = unit.partial.peek(unit.checkpoint, "history.train_loss")
                total += 0 if losses is None else len(losses)
        return total


@contextmanager
def _watching(pace: Pace, bar: console.Progress) -> Iterator[None]:
    """Move the bar by the epochs that are finished."""
    bar.initial = bar.n = pace.epochs()  # the pace shown is that of this call
    stop = Event()

    def look() -> None:
        bar.update(max(0, pace.epochs() - bar.n))

    def watch() -> None:
        while not stop.wait(_LOOK_SECONDS):
            look()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        look()
