"""Where in one trial networks looked, for a person."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.attention.trial import TrialAttention
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, mark


def page(result: TrialAttention) -> Page:
    """What each network says of the trial, and where its attention is highest."""
    run = result.run
    facts: dict[str, object] = {
        "dataset": dataset_title(run.dataset, run.simulated),
        "subject": result.subject,
        profile(run.dataset).stimulus_word: result.stimulus,
    }
    if result.repetition > 1 or result.n_repetitions > 1:
        facts["repetition"] = result.repetition
    facts["runs"] = ", ".join(result.decisions["run"].unique())
    facts["map"] = map_in_words(result.map_name, result.relative)
    return Page(
        facts=facts,
        tables=[_decisions(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def map_in_words(name: str, relative: bool) -> str:
    """A map, and what it is relative to."""
    return name + (", relative to untrained networks" if relative else "")


def _decisions(result: TrialAttention) -> Table:
    which = "called" if result.explained == "predicted" else "explained"
    names = ["target", "variant", "fold", "true_class", f"{which}_class", f"{which}_probability"]
    heads = ["target", "variant", "fold", "true", which, f"P({which})", "attention peak [s]"]
    shown = result.decisions[[*names, "peak"]].astype(object)
    rows = shown.where(pd.notna(shown), None).to_numpy().tolist()
    title = "The network of the fold that tests this subject"
    if result.imported:
        title = "An imported network, which may have been trained on this trial"
    return Table(title + mark(result.run.simulated), heads, rows)
