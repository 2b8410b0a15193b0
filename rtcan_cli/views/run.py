"""What a run is, and the tables that several results share."""

from __future__ import annotations

import pandas as pd

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.run import AboutRun
from rtcan_cli.views.parts import Table

_SEED_SCORES = {"accuracy": "acc. [%]", "balanced_accuracy": "bal. [%]", "f1_high": "F1 [%]"}


def run_facts(run: AboutRun) -> dict[str, object]:
    """A run in a few lines."""
    return {
        "run": run.name,
        "dataset": dataset_title(run.dataset, run.simulated),
        "model": run.model,
        "recipe": run.recipe,
        "protocol": protocol_in_words(run),
        **folds_fact(run),
    }


def folds_fact(run: AboutRun) -> dict[str, object]:
    """How many of the folds of a run were trained, unless all were."""
    if run.n_trained_folds == run.n_folds:
        return {}
    return {"trained": f"{run.n_trained_folds} of {run.n_folds} folds"}


def dataset_title(name: str, simulated: bool) -> str:
    """Name of a dataset, with the mark of simulated data."""
    return profile(name).title + (" (simulated)" if simulated else "")


def mark(simulated: bool) -> str:
    """What the title of a table of scores adds where data are simulated."""
    return ", simulated data" if simulated else ""


def protocol_in_words(run: AboutRun) -> str:
    """Protocol of a run, and where its folds come from."""
    words = [run.protocol]
    if run.thresholds != choices.THRESHOLDS:
        words.append(f"thresholds from {run.thresholds} trials")
    if run.subjects is not None:
        words.append(f"{run.subjects} of the subjects")
    if run.splits_from is not None:
        words.append(f"folds of {run.splits_from}")
    return ", ".join(words)


def seed_tables(seeds: pd.DataFrame) -> list[Table]:
    """A table a dataset and target: mean over seeds, and standard deviation between them.

    Parameters
    ----------
    seeds : DataFrame
        With the columns of `rtcan_cli.results.run.SEED_COLUMNS`.
    """
    tables = []
    columns = ["run", "seeds", "folds"]
    for shown in _SEED_SCORES.values():
        columns += [shown, "sd"]
    by = ["dataset", "simulated", "target"]
    for (dataset, simulated, target), part in seeds.groupby(by, sort=False):
        rows = []
        for _, row in part.iterrows():
            cells = [row["run"], row["seeds"], "same" if row["same_folds"] else "others"]
            for name in _SEED_SCORES:
                cells += [100 * row[name], 100 * row[f"{name}_sd"]]
            rows.append(cells)
        title = dataset_title(dataset, simulated)
        caption = f"{title}, {target}: mean over seeds, sd between seeds"
        tables.append(Table(caption, columns, rows))
    return tables
