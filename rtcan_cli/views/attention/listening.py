"""One trial over time, for a person."""

from __future__ import annotations

from rtcan_cli.results.attention.listening import Listening
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.overview.recording import facts, ratings_table
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import mark


def page(result: Listening) -> Page:
    """Which trial it is, and what the networks say of it; the rest is in the file."""
    shown = {**facts(result.trial), "responses": len(result.responses)}
    if result.audio:
        shown["audio"] = result.audio
    return Page(
        facts=shown,
        tables=[
            ratings_table(result.ratings),
            *([networks_table(result)] if len(result.networks) else []),
        ],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def networks_table(result: Listening) -> Table:
    """What each network says of the whole recording."""
    names = ["target", "network", "fold", "true_class", "probability", "calibrated", "peak"]
    heads = ["target", "network", "fold", "true", "P(high)", "calibrated", "attention peak [s]"]
    title = "Networks not trained on this subject" + mark(result.trial.simulated)
    rows = result.networks[names].astype(object).to_numpy().tolist()
    return Table(title, heads, rows)
