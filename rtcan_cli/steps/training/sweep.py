"""Many runs that differ in a few settings: what differs, and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.report import Report
from rtcan_cli.runs.check import settings_of
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.training.notes import training_notes
from rtcan_cli.steps.training.plan import RunRequest
from rtcan_cli.steps.training.train import (
    at_chosen_epoch,
    train_runs,
    training_facts,
    validation_table,
)
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import line_on_runs


def train_sweep(
    requests: Sequence[RunRequest],
    device: torch.device | None = None,
    jobs: int | Cluster = 1,
    force: bool = False,
    stack: int = 1,
) -> Report:
    """Train several runs in one go, and put their validation folds side by side.

    Parameters
    ----------
    requests : sequence of RunRequest
        Runs of one dataset, each with a store of its own.
    device, jobs, force, stack
        As of `rtcan_cli.steps.training.train.train_run`.

    Raises
    ------
    RtcanError
        As of `rtcan_cli.steps.training.train.train_runs`.
    """
    train_runs(requests, device, jobs, force, stack)
    return summarise_sweep([request.output for request in requests])


def summarise_sweep(paths: Sequence[Path]) -> Report:
    """Describe finished runs by their validation folds; `compare` looks at the test folds.

    Parameters
    ----------
    paths : sequence of Path
        Run stores of one dataset.
    """
    settings, tables, models = [], [], []
    for path in paths:
        with Store(path, "run") as store:
            made = store.provenance
            models.append(store.table("models"))
            settings.append(settings_of(store))
            tables.append(at_chosen_epoch(store, settings[-1].model.step))
    varied = differences(settings)
    report = Report("train", files=list(paths))
    report.facts = {
        "runs": len(paths),
        "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
        "varied": ", ".join(varied) or "nothing",
        **training_facts(pd.concat(models)),
    }
    rows = [
        [target, path.stem, *(column[i] for column in varied.values()), *numbers]
        for i, path in enumerate(paths)
        for target, *numbers in tables[i]
    ]
    rows.sort(key=lambda row: TARGETS.index(row[0]))  # runs keep their order within a target
    steps = [each.model.step for each in settings]
    first = ["target", "run", *varied]
    report.tables.append(validation_table(steps, first, rows, made.simulated))
    report.notes += [
        f"{path.stem}, {note.text}" for path in paths for note in training_notes(Run.load(path))
    ]
    report.notes.append(f"next: {line_on_runs('compare', paths)}")
    return report


def differences(settings: Sequence[RunSettings]) -> dict[str, list[Any]]:
    """Name each setting that is not the same in all runs, and give its value in each."""
    found: dict[str, list[Any]] = {
        "model": [each.spec.model for each in settings],
        "fusion": [each.fusion for each in settings],
        "variant": [each.spec.variant or None for each in settings],
        "layout": [each.spec.layout for each in settings],
        "depth": [each.spec.depth for each in settings],
        "channels": [",".join(map(str, each.spec.channels)) for each in settings],
        "protocol": [each.protocol for each in settings],
        "subjects": [each.subjects or "100%" for each in settings],
        "recipe": [each.training for each in settings],
        "seed": [each.seed for each in settings],
    }
    return {name: values for name, values in found.items() if len(set(values)) > 1}
