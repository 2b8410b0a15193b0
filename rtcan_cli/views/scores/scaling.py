"""Accuracy by number of subjects, for a person."""

from __future__ import annotations

from rtcan_cli.results.scores.scaling import SubjectScaling
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title

_SHARES = ["accuracy", "low", "high"]
_GAINS = ["gain", "gain_low", "gain_high"]


def page(result: SubjectScaling) -> Page:
    """For each dataset: what was measured, and what the law says of twice the subjects."""
    tables = []
    measured = result.accuracy[result.accuracy["what"] == "measured"]
    for (dataset, simulated), part in measured.groupby(["dataset", "simulated"], sort=False):
        about = dataset_title(dataset, simulated)
        rows: list[list[object]] = [
            [*(row["model"], row["target"], int(row["n_subjects"])), *(100 * row[_SHARES])]
            for _, row in part.iterrows()
        ]
        columns = ["model", "target", "subjects", "acc. [%]", "95 % from", "to"]
        title = f"{about}: accuracy by number of subjects (Fig. 4)"
        tables.append(Table(title, columns, rows))
        far = result.extrapolation
        far = far[(far["dataset"] == dataset) & (far["simulated"] == simulated)]
        if far.empty:
            continue
        rows = [
            [
                *row[["model", "target", "law", "n_subjects"]],
                *(100 * row[_SHARES]),
                *(round(100 * row[name], 2) for name in _GAINS),
            ]
            for _, row in far.iterrows()
        ]
        columns = ["model", "target", "law", *columns[2:], "gain", "gain from", "gain to"]
        tables.append(Table(f"{about}: extrapolated to twice the subjects", columns, rows))
    return Page(
        tables=tables,
        notes=note_lines(result.notes),
        files=list(result.files),
    )
