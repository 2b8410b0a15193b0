"""The models that can be trained, for a person."""

from __future__ import annotations

from rtcan_cli.results.overview.models import ModelList
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table


def page(result: ModelList) -> Page:
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
    return Page(
        tables=[Table("Models that rtcan train --model knows", columns, rows)],
        notes=note_lines(result.notes),
    )
