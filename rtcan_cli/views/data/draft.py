"""A first table of trials, for a person."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.errors import some
from rtcan_cli.results.data.draft import TrialsDraft
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table

_HEADS = {
    "signal": "file",
    "format": "format",
    "channel": "channel",
    "unit": "unit",
    "sampling_rate": "rate [Hz]",
    "seconds": "seconds",
    "lowest": "lowest",
    "highest": "highest",
    "n_markers": "markers",
}

#: More rows help nobody; `--json` has all.
_SHOWN = 30
_FEW_FILES = 3


def page(result: TrialsDraft) -> Page:
    """What was found, what was not understood, and what is to be filled in."""
    found = result.recordings
    is_used = found["problem"].isna()
    tables = []
    if is_used.any():
        n_used = int(is_used.sum())
        title = f"The first {_SHOWN} of {n_used} recordings" if n_used > _SHOWN else "Recordings"
        rows = [
            [None if pd.isna(row[name]) else row[name] for name in _HEADS]
            for row in found[is_used].head(_SHOWN).to_dict("records")
        ]
        tables.append(Table(title, list(_HEADS.values()), rows))
    if not is_used.all():
        # Other files of a study are often left out for one reason.
        problems = found[~is_used].groupby("problem", sort=False)["signal"]
        rows = [[some(files.tolist(), _FEW_FILES), problem] for problem, files in problems]
        tables.append(Table("Not in the table", ["files", "because"], rows))
    return Page(
        facts={
            "folder": result.folder,
            "recordings": result.n_recordings,
            "trials": result.n_trials,
            "subjects": result.n_subjects,
            "with audio": result.n_audio,
        },
        tables=tables,
        notes=note_lines(result.notes),
        files=list(result.files),
    )
