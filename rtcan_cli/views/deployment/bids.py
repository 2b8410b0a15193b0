"""A dataset in BIDS that was written, for a person."""

from __future__ import annotations

from rtcan_cli.results.deployment.bids import BidsExport
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page
from rtcan_cli.views.run import dataset_title


def page(result: BidsExport) -> Page:
    """How much was written."""
    return Page(
        facts={
            "dataset": dataset_title(result.dataset, result.simulated),
            "subjects": result.n_subjects,
            "trials": result.n_trials,
            "recordings": result.n_recordings,
            "unit that is written": result.unit,
            "files written": result.n_files,
        },
        notes=note_lines(result.notes),
        files=list(result.files),
    )
