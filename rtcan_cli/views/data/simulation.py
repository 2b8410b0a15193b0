"""A simulated dataset, for a person."""

from __future__ import annotations

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.data.simulation import Simulation
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page
from rtcan_cli.views.run import dataset_title


def page(result: Simulation) -> Page:
    """How much was simulated, and what to do with it."""
    facts: dict[str, object] = {
        "dataset": dataset_title(result.dataset, result.simulated),
        "subjects": result.n_subjects,
        profile(result.dataset).stimuli_word: result.n_stimuli,
        "seconds each": "as published" if result.seconds is None else result.seconds,
    }
    if result.written is not None:
        megabytes = result.written.n_bytes / 1e6
        facts |= {
            "trials": result.written.n_trials,
            "EDA recordings": result.written.n_recordings,
            "raw files": result.written.n_files,
            "megabytes": round(megabytes, 1) if megabytes < 100 else round(megabytes),
        }
        if result.written.n_faults is not None:
            facts["faults"] = result.written.n_faults
    return Page(
        facts=facts,
        notes=note_lines(result.notes),
        files=list(result.files),
    )
