"""One recording -> a figure, CSV files, and a result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from rtcan_cli.datasets.absolute import axis_unit
from rtcan_cli.eda.features.scr import MIN_AMPLITUDE
from rtcan_cli.eda.features.stretch import RATE
from rtcan_cli.files.links import folder_below
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.plots.recording import recording_figure
from rtcan_cli.plots.save import save
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.overview.recording import (
    RESPONSE_COLUMNS,
    OneRecording,
)
from rtcan_cli.steps.signals.one_recording import (
    Decomposed,
    decomposition_of,
    find_recording,
    ratings_of,
    small_responses,
)
from rtcan_cli.stores.schema import IMPLAUSIBLE

#: Width of the figure for a phone, in inches: a column of a journal.
_NARROW = 85 / 25.4


def show_recording(
    recordings: Path,
    components: Path,
    labels: Path,
    trial: str,
    figures: Path,
    *,
    repetition: int | None = None,
    target: str | None = None,
    look: Look = PAPER,
) -> OneRecording:
    """Draw one recording with its decomposition and responses, and say what is known of it.

    Parameters
    ----------
    recordings, components, labels : Path
        Stores; the last two may be missing.
    trial, repetition, target
        As of `find_recording`; of the ratings, that of the target alone is shown.
    figures : Path
        Folder to write to.
    look : Look
        Size, colours, resolution and formats of the figure.

    Raises
    ------
    RtcanError
        If there is no such recording, or a store is damaged.
    """
    found = find_recording(recordings, trial, repetition, target)
    decomposed = decomposition_of(found, components)
    ratings, notes = ratings_of(found, labels, target)
    notes = [*found.notes(), *notes]
    settings: dict[str, Any] = {}
    responses, parts = pd.DataFrame(columns=list(RESPONSE_COLUMNS)), None
    if isinstance(decomposed, Decomposed):
        responses, parts, settings = decomposed.responses, decomposed.parts, decomposed.settings
        notes += small_responses(found, responses)
        onset = found.dataset.onset
        if onset and (responses["onset"] < onset).any():
            n = int((responses["onset"] < onset).sum())
            text = (
                f"of the {len(responses)} responses, {n} began in the first {onset:g} s, which "
                "features and networks leave out"
            )
            notes.append(Note("before_onset", text))
    else:
        notes.append(decomposed)
    position = f", {found.about['position']}" if found.about["position"] else ""
    result = OneRecording(
        trial=found.trial(),
        ratings=ratings,
        responses=responses,
        scr_rate=RATE,
        scr_prominence=MIN_AMPLITUDE,
        source=f"{found.about['source']}{position}",
        remark=found.remark,
        quality=found.quality,
        decomposition=settings,
        notes=tuple(notes),
    )
    subject, stimulus, stem = *found.key[:2], result.trial.stem
    folder = folder_below(figures, found.dataset.name)
    files: list[Path] = []
    # The second one is for narrow screens.
    narrow = replace(look, size=None, width=_NARROW, formats=("svg",))
    for each, name in ((look, "recording"), (narrow, "recording_narrow")):
        figure = recording_figure(
            found.eda,
            found.marks % IMPLAUSIBLE == 1,
            found.marks >= IMPLAUSIBLE,
            found.rate,
            parts,
            responses,
            title=f"{found.dataset.title}, subject {subject}, {found.dataset.stimulus_word} "
            f"{stimulus}",
            name=found.kind.name,
            unit=axis_unit(found.kind.axis_unit, found.dataset),
            onset=found.dataset.onset,
            simulated=found.simulated,
            look=each,
        )
        files += save(figure, folder / f"{name}_{stem}", each)
    stems = {"responses": f"responses_{stem}", "quality": f"quality_{stem}"}
    files += write_csv(result, folder, simulated=found.simulated, stems=stems)
    return replace(result, files=tuple(files))
