"""One model, for a person."""

from __future__ import annotations

from rtcan_cli.results.overview.model import ModelDescription
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table


def page(result: ModelDescription) -> Page:
    """What it is, its candidates, and its description."""
    rows = [
        [number, ", ".join(f"{name}={found}" for name, found in candidate.items())]
        for number, candidate in enumerate(result.candidates, 1)
    ]
    title = "Candidates; the validation fold chooses"
    return Page(
        facts={
            "model": result.model,
            "what it is": result.title,
            "source": result.source,
            "EDA": _eda(result),
            "--fusion": ", ".join(result.fusion),
            "--protocol": ", ".join(result.protocols),
            "trained by": "a recipe" if result.needs_recipe else "itself",
        },
        tables=[Table(title, ["candidate", "setting"], rows)] if rows else [],
        # The docstrings mark diagrams for Sphinx; a terminal shows them as they are.
        text=result.text.replace("\n::\n\n", "\n"),
        notes=note_lines(result.notes),
    )


def _eda(result: ModelDescription) -> str:
    if result.eda == "features":
        return f"{len(result.features) or 'all 128'} hand-crafted features"
    words = {"signals": "three channels of samples", "duration": "its length in seconds"}
    return words.get(result.eda, "not seen")
