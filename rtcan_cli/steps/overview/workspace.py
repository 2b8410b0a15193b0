"""The state of a workspace: which steps are done, which are stale, and what to run next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.overview.workspace import NEXT_COLUMNS, STEP_COLUMNS, WorkspaceState
from rtcan_cli.steps.repeat import options_of
from rtcan_cli.stores import Step, Store, Workspace


def workspace_state(root: Path) -> WorkspaceState:
    """State of every step of every dataset, and what to run next."""
    workspace = Workspace(root)
    datasets = workspace.datasets()
    rows: list[dict[str, Any]] = []
    nexts: list[tuple[str | None, str | None, str | None]] = []
    for name in datasets:
        steps = workspace.steps(name)
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
        next_steps=pd.DataFrame(nexts, columns=list(NEXT_COLUMNS), dtype=object),
    )


def _row(step: Step) -> dict[str, Any]:
    """What is to be said of a step; of a run also how many of its folds were trained."""
    row: dict[str, Any] = {
        "store": step.kind,
        "run": step.path.stem if step.kind == "run" else None,
        "state": step.state,
        "created": step.created,
        "n_trained": None,
        "n_folds": None,
        "unfinished": step.unfinished,
        "detail": step.detail,
    }
    if step.kind == "run" and step.state in ("done", "stale"):
        try:
            with Store(step.path, "run") as store:
                row["n_trained"] = len(np.unique(store.array("models/fold")))
                row["n_folds"] = store.shape("membership/role")[1]
        except RtcanError as error:
            row["detail"] = str(error)
    return row


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
        if step.state == "unreadable":
            detail = (step.detail or "").removeprefix(f"{step.path}: ")
            return None, f"first {step.path.name}: {detail}"
        if step.kind == "labels" and step.state == "missing" and not _has_ratings(steps[0].path):
            words = "or with --import TABLE instead: there are no ratings of single subjects"
            return step.line(method="stimulus-mean"), words
        return step.line(**_options(step)), None
    for step in runs:
        if step.state == "stale":
            # They load PyTorch, which takes long.
            from rtcan_cli.runs.run import Run
            from rtcan_cli.steps.training.import_checkpoint import import_line

            try:
                run = Run.load(step.path)
            except RtcanError as error:  # of an earlier network, for instance
                return None, error.hint or str(error)
            return import_line(run) if run.is_imported else run.line(), None
        if step.state == "partial":
            return None, f"the `rtcan train` line that began {step.path.stem}, again"
    finished = [step for step in runs if step.state == "done"]
    if not finished:
        fusion = "music" if _wants("music", dataset, steps[0].path) else None
        return workspace.line("train", dataset=dataset, fusion=fusion), None
    several = len([step for step in finished if not _is_imported(step.path)]) > 1
    return workspace.line("compare" if several else "evaluate", dataset=dataset), None


def _is_imported(run: Path) -> bool:
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
