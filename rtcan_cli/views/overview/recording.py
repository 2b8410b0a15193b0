"""One recording, for a person."""

from __future__ import annotations

import json

import pandas as pd

from rtcan_cli.datasets.absolute import axis_unit
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.data.quality import MEASURES
from rtcan_cli.results.overview.recording import AboutTrial, OneRecording
from rtcan_cli.views.data.quality import HEADS, shown
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title
from rtcan_cli.views.signals.shared import eda_in_words

#: Responses that a terminal shows; the page and the CSV file hold all.
_FEW = 12
#: What settings and outcomes of a decomposition are called.
_SETTINGS = {
    "decomposed_at": "decomposed at [Hz]",
    "tau0": "slow time constant [s]",
    "tau1": "fast time constant [s]",
    "knot_interval": "knot interval [s]",
    "grid": "knot interval [s]",
    "smoothing": "smoothing [s]",
    "significance": "significance [z]",
    "cutoff": "cutoff [Hz]",
    "window": "window [s]",
    "raised": "times that alpha was raised",
    "noise": "noise [z]",
    "gap": "duality gap",
    "phasic_variance": "variance of the phasic part [z^2]",
    "tonic_variance": "variance of the tonic part [z^2]",
    "residual_variance": "variance of the residual [z^2]",
}


def page(result: OneRecording) -> Page:
    """Which recording it is, its ratings, its quality, its decomposition and its responses."""
    responses = responses_table(result.responses, result.trial)
    few = Table(responses.title, responses.columns, responses.rows[:_FEW])
    notes = note_lines(result.notes)
    if len(responses.rows) > _FEW:
        text = f"the first {_FEW} of {len(responses.rows)} responses; all are in the CSV file"
        notes.insert(0, text)
    tables = [ratings_table(result.ratings), quality_table(result)]
    if result.decomposition:
        tables += [decomposition_table(result), few]
    return Page(facts=facts(result.trial), tables=tables, notes=notes, files=list(result.files))


def facts(trial: AboutTrial) -> dict[str, object]:
    """Which recording it is, in a few lines."""
    word = profile(trial.dataset).stimulus_word
    found: dict[str, object] = {
        "dataset": dataset_title(trial.dataset, trial.simulated),
        "subject": trial.subject,
        word: f"{trial.stimulus} ({trial.title})" if trial.title else trial.stimulus,
    }
    if trial.repetition > 1:
        found["repetition"] = trial.repetition
    if trial.hearing != "both":
        found["hearing"] = f"for {trial.hearing}"
    found["recording"] = f"{trial.seconds:.1f} s at {trial.sampling_rate:g} Hz"
    found["EDA"] = eda_in_words(trial.dataset, trial.eda_unit, trial.eda_polarity)
    found["used"] = "yes" if trial.problem is None else f"no: {trial.problem}"
    return found


def ratings_table(ratings: pd.DataFrame) -> Table:
    """What the subject said."""
    columns = ["target", "rating", "threshold", "label"]
    rows = [list(row) for row in ratings.itertuples(index=False)]
    return Table("Ratings and labels", columns, rows)


def quality_table(result: OneRecording) -> Table:
    """Each measure that was taken, beside the median of all recordings."""
    rows = [
        [HEADS[row.measure], shown(row.measure, row.value), shown(row.measure, row.median)]
        for row in result.quality.itertuples()
        if row.value == row.value
    ]
    return Table("Signal quality", ["measure", "here", "median of all"], rows)


def quality_meanings(result: OneRecording) -> list[str]:
    """What each measure of `quality_table` means."""
    return [MEASURES[row.measure].meaning for row in result.quality.dropna().itertuples()]


def setting_in_words(name: str) -> str:
    """What a setting or outcome of a decomposition is called, with its unit if it has one."""
    return _SETTINGS.get(name, name.replace("_", " "))


def decomposition_table(result: OneRecording) -> Table:
    """Settings and outcome of the decomposition."""
    rows = [
        [
            setting_in_words(name),
            found if isinstance(found, int | float | str) else json.dumps(found),
        ]
        for name, found in result.decomposition.items()
    ]
    return Table("Decomposition", ["setting", "value"], rows)


def shown_unit(trial: AboutTrial) -> str:
    """Unit of the EDA in heads of columns and on axes."""
    return axis_unit(trial.eda_unit, profile(trial.dataset))


def responses_table(responses: pd.DataFrame, trial: AboutTrial) -> Table:
    """All responses in the order of time."""
    unit = shown_unit(trial)
    columns = ["SCR", "onset [s]", "peak [s]", "amplitude [z]", f"amplitude [{unit}]"]
    columns += ["rise time [s]", "half recovery [s]"]
    rows = [[n, *row] for n, row in enumerate(responses.itertuples(index=False), 1)]
    return Table(f"{len(rows)} skin conductance responses", columns, rows)
