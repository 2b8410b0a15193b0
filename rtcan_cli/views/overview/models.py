"""The models that can be trained, for a person."""

from __future__ import annotations

from typing import Any, get_args

from rtcan_cli import choices
from rtcan_cli.results.overview.models import ModelList
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table

#: Commands that make the stores that a model needs.
_COMMANDS = {
    "components": "decompose",
    "features": "eda-features",
    "music": "music-features",
    "recordings": "ingest",
}


def page(result: ModelList) -> Page:
    """Two tables with a row for each model: what it is, and what it needs."""
    rows = result.models.to_dict("records")
    about = [[row["model"], row["title"], row["source"]] for row in rows]
    inputs = [
        [
            row["model"],
            None if row["eda"] == "none" else row["eda"],
            row["fusion"].replace(",", ", "),
            _needs(row),
            bool(row["needs_recipe"]),
            _restrictions(row),
        ]
        for row in rows
    ]
    return Page(
        tables=[
            Table(
                "Models that rtcan train --model knows", ["model", "what it is", "source"], about
            ),
            Table(
                "What they see, steps they need (in brackets: to see music), what train refuses",
                ["model", "EDA", "--fusion", "needs", "--recipe", "restrictions"],
                inputs,
            ),
        ],
        notes=note_lines(result.notes),
    )


def _needs(row: dict[Any, Any]) -> str | None:
    """Steps that have to be done before a model can be trained."""
    needs = [_COMMANDS[kind] for kind in row["needs"].split(",") if kind]
    if "music" in row["needs_for_music"].split(",") and "music-features" not in needs:
        needs.append("(music-features)")
    return " ".join(needs) or None


def _restrictions(row: dict[Any, Any]) -> str | None:
    """What train refuses to do with a model."""
    words = []
    if set(row["protocols"].split(",")) != set(get_args(choices.Protocol)):
        words.append(f"only --protocol {row['protocols'].replace(',', ' or ')}")
    if "none" not in row["fusion"].split(","):
        words.append("no EDA")
    elif not row["needs_for_music"]:
        words.append("no music")
    return "; ".join(words) or None
