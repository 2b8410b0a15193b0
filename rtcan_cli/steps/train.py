"""Components, labels and music -> run store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial as bind
from pathlib import Path
from threading import Event, Thread
from typing import Any

import joblib
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_unordered
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.assemble import Sources, training_data
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.run_settings import RunSettings
from rtcan_cli.steps.runs import INPUTS, PARTS
from rtcan_cli.stores import Partial, Provenance, Store, create
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.fit import HISTORY, FoldResult, fit_fold
from rtcan_cli.training.run import checked_roles
from rtcan_cli.training.splits import Roles, roles, subject_folds

_LOOK_SECONDS = 0.5  # between two looks at the progress of the workers


def train_run(
    sources: Sources,
    output: Path,
    settings: RunSettings,
    device: torch.device | None = None,
    jobs: int = 1,
    force: bool = False,
) -> Report:
    """Train all folds of all targets of a run; go on where an interrupted call stopped.

    Parameters
    ----------
    sources : Sources
        Stores to train on.
    output : Path
        Run store to write.
    settings : RunSettings
        Network, recipe, targets and folds.
    device : torch.device, optional
        Where to train; the CPU by default.
    jobs : int
        Folds trained at the same time on the CPU, at most one on each core, -1 for as many.
    force : bool
        Train again even if the same run is there.

    Raises
    ------
    RtcanError
        If the stores do not belong together, too few subjects or classes are there for the
        folds, or the loss is not finite any more.
    """
    inputs, made = sources.check()
    provenance = Provenance("train", made.dataset, settings.parameters(), inputs, made.simulated)
    if not is_current(output, "run", provenance, force):
        plans = _plan(sources, settings)
        partial = Partial(output, provenance.digest())
        _fit_missing(plans, settings, partial, device, jobs)
        _assemble(plans, settings, partial, output, provenance)
        partial.discard()
    return summarise(output)


@dataclass(frozen=True)
class TargetPlan:
    """What is to be trained for one target: its trials, their folds, and which folds to train."""

    target: str
    data: TrainingData
    fold_of: NDArray[np.intp]
    folds: list[int]


def _plan(sources: Sources, settings: RunSettings) -> list[TargetPlan]:
    """Load the trials of each target and deal them into folds, the same for both targets."""
    fold_of = _deal_subjects(sources.labels, settings)
    folds = list(range(settings.n_folds))
    if settings.test_subject is not None:
        if settings.test_subject not in fold_of:
            raise RtcanError(
                f"{sources.labels}: has no subject '{settings.test_subject}' to test",
                f"--test-subject {min(fold_of)}, for example",
            )
        folds = [fold_of[settings.test_subject]]
    plans = []
    for target in settings.targets:
        data, left_out = training_data(sources, target, settings.onset, settings.spec.length)
        for reason, count in left_out.items():
            console.say(f"{target}: left out {count} recordings: {reason}")
        own = np.array([fold_of[subject] for subject in data.subject])
        plans.append(TargetPlan(target, data, own, folds))
    return plans


def _deal_subjects(labels: Path, settings: RunSettings) -> dict[str, int]:
    """Fold of each subject, drawn from all labelled trials so that both targets share it."""
    with Store(labels, "labels") as store:
        table = store.table("labels")
    table = table[(table[list(TARGETS)] >= 0).any(axis=1)]
    joint = table["valence"].astype(int) * 3 + table["arousal"].astype(int)
    subjects = table["subject"].to_numpy(str)
    folds = subject_folds(subjects, joint.to_numpy(), settings.n_folds, settings.seed)
    return dict(zip(subjects.tolist(), folds.tolist(), strict=True))


@dataclass(frozen=True)
class PartialSink:
    """Keeps the last finished epoch of each fold of a target beside the run store.

    Parameters
    ----------
    partial : Partial
        Where to.
    target : str
        ``valence`` or ``arousal``.
    caller : int, optional
        Process that asked for the fold. A worker whose caller was killed stops at its next epoch.
    """

    partial: Partial
    target: str
    caller: int | None = None

    def name(self, fold: int) -> str:
        """Name of a fold's checkpoint."""
        return f"checkpoint-{self.target}-{fold}"

    def load(self, fold: int) -> dict[str, Any] | None:
        """Return the last checkpoint of a fold."""
        return self.partial.get(self.name(fold))

    def save(self, fold: int, checkpoint: Mapping[str, Any]) -> None:
        """Keep a checkpoint in place of the last one."""
        if self.caller not in (None, os.getpid(), os.getppid()):
            os._exit(1)  # nobody is left to report to, and an exception would only be queued
        self.partial.put(self.name(fold), checkpoint)

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        """Show nothing: whoever watches the checkpoints does, see `_watching`."""


@dataclass(frozen=True)
class Unit:
    """One network to train: a fold of a target."""

    plan: TargetPlan
    fold: int
    parts: Roles

    @property
    def name(self) -> str:
        """Name of its kept result."""
        return f"result-{self.plan.target}-{self.fold}"


def _fit_missing(
    plans: list[TargetPlan],
    settings: RunSettings,
    partial: Partial,
    device: torch.device | None,
    jobs: int,
) -> None:
    """Train the folds whose result is not kept yet, several at a time, and keep it."""
    units = [
        Unit(plan, k, parts)
        for plan in plans
        for k, parts in checked_roles(plan.data, plan.fold_of, settings.n_folds, plan.folds).items()
    ]
    missing = [unit for unit in units if partial.get(unit.name) is None]
    if len(missing) < len(units) or any(name.startswith("checkpoint") for name in partial.names()):
        kept = len(units) - len(missing)
        console.say(f"going on: {kept} of {len(units)} folds are trained, others perhaps begun")
    on_cpu = device is None or device.type == "cpu"
    workers = min(jobs, joblib.cpu_count()) if on_cpu else 1
    work = bind(_fit, settings=settings, partial=partial, device=device, caller=os.getpid())
    total = settings.recipe.epochs * len(units)
    with console.progress(total, "training", "epoch") as bar, _watching(partial, units, bar):
        for index, arrays in map_unordered(work, missing, workers):
            unit = missing[index]
            partial.put(unit.name, arrays)
            partial.remove(PartialSink(partial, unit.plan.target).name(unit.fold))


def _fit(
    unit: Unit, settings: RunSettings, partial: Partial, device: torch.device | None, caller: int
) -> dict[str, NDArray[Any]]:
    """Train one fold, perhaps in a worker process.

    On the CPU it takes one thread, however many folds are trained at the same time: the number of
    threads decides the order of sums, and so the last bits of a result.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        result = fit_fold(
            unit.plan.data,
            unit.parts,
            replace(settings.spec, n_music=unit.plan.data.n_music),
            settings.recipe,
            fold=unit.fold,
            seed=settings.seed,
            device=device,
            sink=PartialSink(partial, unit.plan.target, caller),
        )
    finally:
        torch.set_num_threads(threads)
    return _as_arrays(result, device)


@contextmanager
def _watching(partial: Partial, units: list[Unit], bar: console.Progress) -> Iterator[None]:
    """Move the bar by the epochs that workers have finished, which their checkpoints tell."""
    begun = _epochs_kept(partial, units)
    bar.initial = bar.n = begun  # the pace shown is that of this call
    stop = Event()

    def watch() -> None:
        while not stop.wait(_LOOK_SECONDS):
            bar.update(max(0, _epochs_kept(partial, units) - bar.n))

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        bar.update(max(0, _epochs_kept(partial, units) - bar.n))


def _epochs_kept(partial: Partial, units: list[Unit]) -> int:
    total = 0
    for unit in units:
        checkpoint = PartialSink(partial, unit.plan.target).name(unit.fold)
        for name in (unit.name, checkpoint):
            losses = partial.peek(name, "history.train_loss")
            if losses is not None:
                total += len(losses)
                break
    return total


def _as_arrays(result: FoldResult, device: torch.device | None) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "best_epoch": np.array(result.best_epoch),
        "seconds": np.array(result.seconds),
        "device": np.array(str(device or "cpu")),
        "test_probability": result.test_probability,
    }
    arrays |= {f"history.{name}": values for name, values in result.history.items()}
    arrays |= {f"weights.{name}": values for name, values in result.weights.items()}
    if result.music_mean is not None and result.music_sd is not None:
        arrays |= {"weights.music_mean": result.music_mean, "weights.music_sd": result.music_sd}
    return arrays


def _assemble(
    plans: list[TargetPlan],
    settings: RunSettings,
    partial: Partial,
    output: Path,
    provenance: Provenance,
) -> None:
    """Write the run store from the kept results, one fold in memory at a time."""
    predictions, membership, epochs, models = [], [], [], []
    with create(output, "run", provenance) as store:
        for plan in plans:
            n = len(plan.data.label)
            probability = np.full(n, np.nan)
            member = np.zeros((n, settings.n_folds), np.int8)
            for k in range(settings.n_folds):
                for code, part in enumerate(PARTS):
                    member[getattr(roles(plan.fold_of, k, settings.n_folds), part), k] = code
            for position, k in enumerate(plan.folds):
                item = partial.get(f"result-{plan.target}-{k}")
                assert item is not None, f"fold {k} of {plan.target} was trained above"
                probability[member[:, k] == PARTS.index("test")] = item["test_probability"]
                for name, values in item.items():
                    if name.startswith("weights."):
                        path = f"weights/{plan.target}/{name.removeprefix('weights.')}"
                        store.write_slice(path, position, len(plan.folds), values)
                history = {name: item[f"history.{name}"] for name in HISTORY}
                n_epochs = len(history["train_loss"])
                epochs.append(
                    pd.DataFrame(history).assign(
                        target=plan.target, fold=k + 1, epoch=np.arange(n_epochs) + 1
                    )
                )
                models.append(
                    {
                        "target": plan.target,
                        "fold": k + 1,
                        "best_epoch": int(item["best_epoch"]) + 1,
                        "seconds": float(item["seconds"]),
                        "device": str(item["device"]),
                    }
                )
            membership.append(member)
            predictions.append(
                pd.DataFrame(
                    {
                        "target": plan.target,
                        "subject": plan.data.subject.astype(object),
                        "stimulus": plan.data.stimulus.astype(object),
                        "label": plan.data.label,
                        "fold": plan.fold_of + 1,
                        "probability": probability,
                    }
                )
            )
        store.write_table("predictions", pd.concat(predictions))
        store.write("membership/role", np.concatenate(membership))
        store.write_table("epochs", pd.concat(epochs))
        store.write_table("models", pd.DataFrame(models))


def summarise(path: Path) -> Report:
    """Describe a finished run by its validation folds; `evaluate` looks at the test folds."""
    with Store(path, "run") as store:
        models, epochs = store.table("models"), store.table("epochs")
        predictions, made = store.table("predictions"), store.provenance
    settings = RunSettings.from_parameters(made.parameters)
    report = Report("train", files=[path])
    report.facts = {
        "run": path.stem,
        "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
        "network": f"{settings.spec.variant}, " + INPUTS[settings.fusion],
        "recipe": f"{settings.recipe.name}, {settings.recipe.epochs} epochs",
        "subjects": predictions["subject"].nunique(),
        "device": ", ".join(sorted(set(models["device"]))),
        "training time [s]": round(float(models["seconds"].sum()), 1),
    }
    chosen = models.merge(
        epochs, left_on=["target", "fold", "best_epoch"], right_on=["target", "fold", "epoch"]
    )
    rows = [
        [
            target,
            int((predictions["target"] == target).sum()),
            len(part),
            float(part["best_epoch"].median()),
            float(part["validation_loss"].mean()),
            100 * float(part["validation_accuracy"].mean()),
        ]
        for target, part in chosen.groupby("target", sort=False)
    ]
    columns = ["target", "trials", "folds", "median epoch", "loss", "accuracy [%]"]
    title = "Validation folds at the chosen epoch" + (", simulated data" if made.simulated else "")
    report.tables.append(Table(title, columns, rows))
    report.notes.append(f"next: rtcan evaluate {path.stem}")
    return report
