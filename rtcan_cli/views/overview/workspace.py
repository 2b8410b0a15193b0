"""The state of a workspace, for a person."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.overview.workspace import WorkspaceState
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table


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
    return Page(
        facts=facts,
        tables=[_step_table(result, name) for name in result.datasets],
        notes=[*nexts, *note_lines(result.notes)],
    )


def _next(row: dict[Any, Any]) -> str:
    """The command, and what else there is to say."""
    return "; ".join(row[name] for name in ("command", "text") if row[name] is not None)


def _step_table(result: WorkspaceState, dataset: str) -> Table:
    steps = result.steps[result.steps["dataset"] == dataset].to_dict("records")
    rows = [[row["store"], row["state"], row["run"] or "", _detail(row)] for row in steps]
    return Table(profile(dataset).title, ["store", "state", "run", "detail"], rows)


def _detail(row: dict[Any, Any]) -> str:
    """When it was made, or what is wrong; of a run also how many of its folds were trained."""
    if row["state"] == "partial":
        return "begun, goes on when run again"
    made = f"made {(row['created'] or '')[:16].replace('T', ' ')} UTC"
    told = row["detail"] or (made if row["state"] == "done" else "")
    if row["unfinished"] and row["state"] in ("done", "stale"):
        told += "; unfinished work on another one is kept"
    if not pd.isna(row["n_trained"]) and row["n_trained"] < row["n_folds"]:
        told += f", {row['n_trained']} of {row['n_folds']} folds"
    return told
