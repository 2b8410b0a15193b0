"""The state of a workspace: which steps are done, which are stale, and what to run next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.overview.workspace import (
    FOLD_COLUMNS,
    NEXT_COLUMNS,
    STEP_COLUMNS,
    TRAINING_COLUMNS,
    WorkspaceState,
)
from rtcan_cli.steps.repeat import options_of
from rtcan_cli.steps.training.begun import unfinished
from rtcan_cli.stores import Step, Store, Workspace


def workspace_state(root: Path) -> WorkspaceState:
    """State of every step of every dataset, and what to run next."""
    workspace = Workspace(root)
    datasets = workspace.datasets()
    rows: list[dict[str, Any]] = []
    nexts: list[tuple[str | None, str | None, str | None]] = []
    trainings: list[dict[str, Any]] = []
    folds: list[dict[str, Any]] = []
    for name in datasets:
        steps = workspace.steps(name)
        for step in steps:
            if step.kind == "run" and step.state in ("partial", "running"):
                _add_training(workspace, name, step, trainings, folds)
        rows += [
            {"dataset": name, **_row(step)}
            for step in steps
            if step.state != "missing" or _wants(step.kind, name, steps[0].path)
        ]
        nexts.append((name, *next_step(workspace, name, steps)))
    if not datasets:
        nexts = [
            (None, workspace.line("ingest", "pmemo", "RAW"), None),
            (None, command_line("simulate", "pmemo", "raw/pmemo"), "for simulated raw files"),
        ]
    return WorkspaceState(
        workspace=str(root.resolve()),
        datasets=tuple(datasets),
        # Numbers that are missing must not turn the others into fractions.
        steps=pd.DataFrame(rows, columns=list(STEP_COLUMNS), dtype=object),
        trainings=pd.DataFrame(trainings, columns=list(TRAINING_COLUMNS), dtype=object),
        folds=pd.DataFrame(folds, columns=list(FOLD_COLUMNS), dtype=object),
        next_steps=pd.DataFrame(nexts, columns=list(NEXT_COLUMNS), dtype=object),
    )


def _add_training(
    workspace: Workspace,
    dataset: str,
    step: Step,
    trainings: list[dict[str, Any]],
    folds: list[dict[str, Any]],
) -> None:
    """Say how far an unfinished run is, if it tells."""
    found = unfinished(step.path)
    if found is None:
        return
    about = {"dataset": dataset, "run": step.path.stem, "simulated": found.begun.simulated}
    running = step.state == "running"
    trainings.append(
        {
            **about,
            "running": running,
            "n_trained": found.n_trained,
            "n_planned": found.n_planned,
            "seconds_left": found.seconds_left if running else None,
            "command": None if running else workspace.line("train", **found.begun.options),
        }
    )
    n_epochs = found.begun.n_epochs
    folds += [{**about, **asdict(fold), "n_epochs": n_epochs} for fold in found.in_training]


def _row(step: Step) -> dict[str, Any]:
    """What is to be said of a step; of a run also how many of its folds were trained."""
    return {
        "store": step.kind,
        "run": step.path.stem if step.kind == "run" else None,
        "state": step.state,
        "created": step.created,
        "n_trained": step.n_trained,
        "n_folds": step.n_folds,
        "process": step.process,
        "unfinished": step.unfinished,
        "detail": step.detail,
    }


def next_step(
    workspace: Workspace, dataset: str, steps: list[Step]
) -> tuple[str | None, str | None]:
    """What a user would do next: the line to type, and what else could be done; or words alone.

    The first step before training that is not done, else a run that is stale or was begun, else
    training or the use of its runs.
    """
    runs = [step for step in steps if step.kind == "run"]
    for step in steps:
        unwanted = step.state == "missing" and not _wants(step.kind, dataset, steps[0].path)
        if step in runs or step.state == "done" or unwanted:
            continue
        if step.state == "running":
            return None, f"wait until {step.process} has made {step.path.name}, or stop it"
        if step.state == "unreadable":
            detail = (step.detail or "").removeprefix(f"{step.path}: ")
            return None, f"first {step.path.name}: {detail}"
        if step.kind == "labels" and step.state == "missing" and not _has_ratings(steps[0].path):
            words = "or with --import TABLE instead: there are no ratings of single subjects"
            return step.line(method="stimulus-mean"), words
        return step.line(**_options(step)), None
    for step in runs:
        if step.state == "stale":
            from rtcan_cli.runs.run import Run  # slow to load, as is PyTorch

            try:
                run = Run.load(step.path)
            except RtcanError as error:  # of an earlier network, for instance
                return None, error.hint or str(error)
            if not run.is_imported:
                return run.line(), None
            from rtcan_cli.steps.training.import_checkpoint import import_line

            return import_line(run), None
        if step.state == "partial":
            found = unfinished(step.path)
            if found is None:
                return None, f"the `rtcan train` line that began {step.path.stem}, again"
            line = workspace.line("train", **found.begun.options)
            return line, f"which goes on with {step.path.stem}"
    finished = [step for step in runs if step.state == "done"]
    running = next((step for step in runs if step.state == "running"), None)
    if running is not None and not finished:
        return None, f"wait until {running.process} has trained {running.path.stem}, or stop it"
    if not finished:
        fusion = "music" if _wants("music", dataset, steps[0].path) else None
        return workspace.line("train", dataset=dataset, fusion=fusion), None
    several = are_several(step.path for step in finished)
    return workspace.line("compare" if several else "evaluate", dataset=dataset), None


def are_several(runs: Iterable[Path]) -> bool:
    """Whether some of these runs can be compared: two at least were trained here."""
    trained_here = (run for run in runs if not is_imported(run))
    return len(list(islice(trained_here, 2))) > 1


def is_imported(run: Path) -> bool:
    """Whether a run was not trained here, so that there is nothing to compare."""
    with Store(run, "run") as store:
        return store.provenance.command != "train"


def _wants(kind: str, dataset: str, recordings: Path) -> bool:
    """Whether a store of this kind belongs to the usual way to a trained network."""
    if kind == "music":
        # PMEmo's features are published, too.
        return dataset == "pmemo" or _has_audio(recordings)
    return kind != "features"


def _has_audio(recordings: Path) -> bool:
    try:
        with Store(recordings, "recordings") as store:
            return bool((store.array("stimuli/audio") != "").any())
    except RtcanError:
        return False  # ingest comes first


def _has_ratings(recordings: Path) -> bool:
    try:
        with Store(recordings, "recordings") as store:
            return bool(store.table("trials", TARGETS).notna().any(axis=None))
    except RtcanError:
        return True  # ingest comes first


def _options(step: Step) -> dict[str, object]:
    """Options that a stale store was made with, where they are not the usual ones."""
    if step.state != "stale":
        return {}
    with Store(step.path, step.kind) as store:
        return options_of(store.provenance)
