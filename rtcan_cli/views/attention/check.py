"""How far maps can be trusted, for a person."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.results.attention.check import AttentionCheck
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, mark

_ORDERS = {"map": "map", "input_size": "size of the input", "random": "random"}


def page(result: AttentionCheck) -> Page:
    """How much maps change with the weights, and decisions with what the maps mark."""
    run = result.run
    facts = {
        "dataset": dataset_title(run.dataset, run.simulated),
        "run": run.name,
        "map": result.map_name,
        "class explained": result.explained,
    }
    return Page(
        facts=facts,
        tables=[_similarity(result), _areas(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _similarity(result: AttentionCheck) -> Table:
    curves = result.curves[result.curves["test"].isin(["similarity", "other_subject"])]
    rows: list[list[object]] = []
    for (target, stage), each in curves.groupby(["target", "stage"], sort=False, dropna=False):
        mean = each.set_index("curve")["mean"]
        name = "(another subject)" if pd.isna(stage) else stage
        rows.append([target, name, float(mean["rank_correlation"]), float(mean["top_overlap"])])
    columns = ["target", "randomised down to", "rank correlation", "overlap of the highest tenth"]
    title = f"Similarity to the original map, mean over subjects{mark(result.run.simulated)}"
    return Table(title, columns, rows)


def _areas(result: AttentionCheck) -> Table:
    shown = result.areas.assign(order=result.areas["order"].map(_ORDERS))
    columns = ["target", "test", "order", "mean P", "map less this", "95 % from", "to"]
    title = "Mean P(class explained) under deletion and insertion, 95 % over subjects"
    return Table(title + mark(result.run.simulated), columns, shown.to_numpy(object).tolist())
