"""The labels of a dataset, for a person."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.results.data.labels import Labels
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title


def page(result: Labels) -> Page:
    """How labels were made, the classes, and the correlation of the ratings."""
    imported = result.imported
    facts: dict[str, object] = {
        "dataset": dataset_title(result.dataset, result.simulated),
        "method": f"{result.method} of {imported.file}" if imported else result.method,
        "subjects": result.n_subjects,
        "trials with a label": result.n_labelled,
    }
    lacking = result.classes.set_index("target")["n_unlabelled"]
    if lacking.any():
        facts["trials without a label"] = ", ".join(f"{name} {n}" for name, n in lacking.items())
    if result.n_few_ratings is not None:
        facts["subjects with too few distinct ratings"] = result.n_few_ratings
    if imported:
        facts["rows of the table used"] = f"{imported.n_used} of {imported.n_rows}"
        facts["rows of trials that are not in the recordings"] = imported.n_foreign
        facts["trials that the table does not have"] = imported.n_missing
    return Page(
        facts=facts,
        tables=[_class_table(result), *_correlation_tables(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _class_table(result: Labels) -> Table:
    columns = ["target", "high", "low", "high share [%]"]
    names = ["target", "n_high", "n_low"]
    compared = bool(result.classes["paper_n_high"].notna().any())
    rows: list[list[object]] = []
    for row in result.classes.to_dict("records"):
        cells = [*(row[name] for name in names), 100 * row["high_share"]]
        rows.append([*cells, row["paper_n_high"], row["paper_n_low"]] if compared else cells)
    if compared:
        columns += ["paper high", "paper low"]
    return Table("Labels", columns, rows)


def _correlation_tables(result: Labels) -> list[Table]:
    found = result.ratings
    if found is None:
        return []
    columns, row = ["Spearman r", "p", "trials"], [found.spearman_r, found.p_value, found.n_trials]
    if not pd.isna(found.paper_spearman_r):
        columns, row = [*columns, "paper r"], [*row, found.paper_spearman_r]
    # Those of one subject are not, so that p is too small; the paper has the same one.
    title = "Correlation of valence and arousal ratings, trials taken as independent"
    return [Table(title, columns, [row])]
