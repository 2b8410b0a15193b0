"""The state of a workspace, for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rtcan_cli.console import duration
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.overview.workspace import WorkspaceState
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import mark


def page(result: WorkspaceState) -> Page:
    """A table of stores for each dataset, and what to run next."""
    facts = {
        "workspace": result.workspace,
        "datasets": ", ".join(result.datasets) or "none yet",
    }
    by_dataset = result.next_steps["dataset"].notna()
    if not by_dataset.all():
        others = result.next_steps[~by_dataset].to_dict("records")
        facts["next"] = "; or ".join(map(_next, others))
    nexts = [
        f"{profile(row['dataset']).title}, next: {_next(row)}"
        for row in result.next_steps[by_dataset].to_dict("records")
    ]
    shown = set(result.next_steps["command"])
    stopped = [
        f"{row['run']} was stopped; goes on with: {row['command']}"
        for row in result.trainings.to_dict("records")
        if row["command"] is not None and row["command"] not in shown
    ]
    return Page(
        facts=facts,
        tables=[*(_step_table(result, name) for name in result.datasets), *_fold_tables(result)],
        notes=[*nexts, *stopped, *note_lines(result.notes)],
    )


def _next(row: dict[Any, Any]) -> str:
    """The command, and what else there is to say."""
    return "; ".join(row[name] for name in ("command", "text") if row[name] is not None)


def _step_table(result: WorkspaceState, dataset: str) -> Table:
    steps = result.steps[result.steps["dataset"] == dataset].to_dict("records")
    trainings = result.trainings[result.trainings["dataset"] == dataset]
    known = {row["run"]: row for row in trainings.to_dict("records")}
    rows = [
        [row["store"], row["state"], row["run"] or "", _detail(row, known.get(row["run"]))]
        for row in steps
    ]
    return Table(profile(dataset).title, ["store", "state", "run", "detail"], rows)


def _fold_tables(result: WorkspaceState) -> Iterator[Table]:
    """Networks in training; those of simulated data apart."""
    columns = ["run", "target", "fold", "epoch", "of", "loss", "val. acc. [%]", "best epoch"]
    for simulated, rows in result.folds.groupby("simulated"):
        cells = [
            [
                *(row["run"], row["target"], row["fold"], row["epoch"], row["n_epochs"]),
                *(row["train_loss"], 100 * row["validation_accuracy"], row["best_epoch"]),
            ]
            for row in rows.to_dict("records")
        ]
        yield Table("Unfinished folds" + mark(bool(simulated)), columns, cells)


def _unfinished(row: dict[Any, Any], training: dict[Any, Any] | None) -> str:
    """Who makes it now, or that it goes on; and how far it is, if it tells."""
    folds = f"{training['n_trained']} of {training['n_planned']} folds" if training else ""
    if not row["process"]:
        return f"stopped after {folds}" if folds else "begun, goes on when run again"
    words = [f"by {row['process']}", *([f"{folds} trained"] if folds else [])]
    if training and training["seconds_left"] is not None:
        words.append(f"about {duration(training['seconds_left'])} left")
    return ", ".join(words)


def _detail(row: dict[Any, Any], training: dict[Any, Any] | None) -> str:
    """When it was made, or what is wrong; of a run also how many of its folds were trained."""
    if row["state"] in ("partial", "running"):
        return _unfinished(row, training)
    made = f"made {(row['created'] or '')[:16].replace('T', ' ')} UTC"
    told = row["detail"] or (made if row["state"] == "done" else "")
    if row["unfinished"] and row["state"] in ("done", "stale"):
        told += "; unfinished work on another one is kept"
    if row["process"]:
        told += f"; {row['process']} makes it again now"
    if not pd.isna(row["n_trained"]) and row["n_trained"] < row["n_folds"]:
        told += f", {row['n_trained']} of {row['n_folds']} folds"
    return told
