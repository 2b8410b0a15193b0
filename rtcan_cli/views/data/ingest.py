"""What was read from raw files, for a person."""

from __future__ import annotations

from collections.abc import Sequence

from rtcan_cli.datasets.absolute import unit_in_words
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.data.ingest import Ingested
from rtcan_cli.views.data.left_out import left_out_table
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table

_FEW_RATES = 6


def page(result: Ingested) -> Page:
    """How much there is, and what was left out and why."""
    known = profile(result.dataset)
    again = {"of a stimulus heard again": result.n_again} if result.n_again else {}
    facts: dict[str, object] = {
        "dataset": result.edition + (" (simulated)" if result.simulated else ""),
        "files read": result.n_files,
        "subjects": result.n_subjects,
        known.stimuli_word: result.n_stimuli,
        "trials found": result.n_trials_found,
        "trials": result.n_trials,
        **again,
        "trials with both ratings": result.n_rated,
        "usable trials": result.n_usable,
        "EDA recordings": result.n_recordings,
        "hours of EDA": round(result.eda_seconds / 3600, 2),
        "seconds each": _seconds(result),
        "sampling rate [Hz]": _rates(result.sampling_rates),
        "EDA unit": unit_in_words(result.eda_unit, known),
        "EDA polarity": result.eda_polarity,
        "rating scale": f"{result.lowest_rating:g} to {result.highest_rating:g}",
        "stimuli with audio": result.n_with_audio,
        "usable recordings with repaired gaps": result.n_repaired,
        "recordings with implausible samples or steps": result.n_implausible,
        "usable, but hardly above their noise": result.n_below_noise,
        "left out": result.n_left_out,
    }
    kinds = [
        [kind.replace("_", " "), n, n_left_out, samples]
        for kind, n, n_left_out, samples in result.implausible.to_numpy(dtype=object).tolist()
    ]
    heads = ["what cannot come from skin", "recordings", "of these left out", "samples"]
    tables = [Table("Implausible", heads, kinds)] if kinds else []
    tables += left_out_table(result.left_out)
    return Page(
        facts=facts,
        tables=tables,
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _rates(rates: Sequence[float]) -> str:
    if len(rates) <= _FEW_RATES:
        return ", ".join(f"{rate:g}" for rate in rates)
    return f"{rates[0]:g} to {rates[-1]:g}"


def _seconds(result: Ingested) -> str | None:
    if result.shortest is None or result.longest is None:
        return None
    return f"{result.shortest:.1f} to {result.longest:.1f}"
