"""Trained runs by their validation folds, for a person."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.results.training.runs import Training
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, mark, run_facts


def page(result: Training) -> Page:
    """One run in a few lines, or what differs between many; and their validation folds."""
    settings = result.settings
    facts = _facts_of_one(result) if len(result.runs) == 1 else _facts_of_many(result)
    devices = {name for each in settings["device"] for name in each.split(", ")}
    facts["device"] = ", ".join(sorted(devices))
    facts["training time, all folds [s]"] = round(float(settings["training_seconds"].sum()), 1)
    return Page(
        facts=facts,
        tables=[_validation_table(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _facts_of_one(result: Training) -> dict[str, object]:
    (run,), settings = result.runs, result.settings.iloc[0]
    facts = run_facts(run)
    if not pd.isna(settings["epochs"]):
        facts["recipe"] = f"{run.recipe}, {settings['epochs']} epochs"
    return facts | {"subjects": settings["n_subjects"]}


def _facts_of_many(result: Training) -> dict[str, object]:
    first = result.runs[0]
    return {
        "runs": len(result.runs),
        "dataset": dataset_title(first.dataset, first.simulated),
        "varied": ", ".join(result.varied) or "nothing",
    }


def _validation_table(result: Training) -> Table:
    """A row a target and run; the settings that differ name the runs."""
    settings = result.settings.set_index("run")
    several = len(result.runs) > 1
    rows: list[list[object]] = []
    for row in result.validation.to_dict("records"):
        names = [row["run"], *(_cell(settings, row["run"], name) for name in result.varied)]
        rows.append(
            [
                row["target"],
                *(names if several else []),
                row["n_trials"],
                row["n_folds"],
                row["chosen_step"],
                row["loss"],
                100 * row["accuracy"],
            ]
        )
    taken = " or ".join(sorted(result.validation["step"].dropna().unique()))
    columns = ["target", *(["run", *result.varied] if several else []), "trials", "folds"]
    columns += [f"median {taken or 'step'}", "loss", "accuracy [%]"]
    title = "Validation folds" + (f" at the chosen {taken}" if taken else "")
    return Table(title + mark(result.runs[0].simulated), columns, rows)


def _cell(settings: pd.DataFrame, run: str, name: str) -> object:
    """A setting of a run; those of all subjects and of no recipe have words."""
    found: object = settings.loc[run, name]
    if pd.isna(found):
        return {"subjects": "100%", "recipe": "its own"}.get(name)
    return found
