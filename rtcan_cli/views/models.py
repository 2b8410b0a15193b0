"""The models that can be trained, for a person."""

from __future__ import annotations

from rtcan_cli.report import Report, Table
from rtcan_cli.results.models import ModelList
from rtcan_cli.views.notes import lines_of


def page(result: ModelList) -> Report:
    """One row for each model."""
    rows = [
        [
            row["model"],
            row["title"],
            row["source"],
            None if row["eda"] == "none" else row["eda"],
            row["fusion"].replace(",", ", "),
        ]
        for row in result.models.to_dict("records")
    ]
    columns = ["model", "what it is", "source", "EDA", "--fusion"]
    return Report(
        result.command,
        tables=[Table("Models that rtcan train --model knows", columns, rows)],
        notes=[lines_of(note) for note in result.notes],
    )
