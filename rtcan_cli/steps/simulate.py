"""Simulated listeners -> raw files in a publisher's layout."""

from __future__ import annotations

import json
from pathlib import Path

from rtcan_cli import console
from rtcan_cli.datasets.files import MARKER
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulate import simulate
from rtcan_cli.datasets.simulate.sizes import Size
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report


def simulate_raw(
    dataset: str, folder: Path, size: Size, seed: int = 0, force: bool = False
) -> Report:
    """Write a simulated dataset, unless the very same one is there.

    Parameters
    ----------
    dataset : str
        Whose layout to write.
    folder : Path
        New, empty, or an earlier simulation.
    size : Size
        How much.
    seed : int
        What chance is drawn from.
    force : bool
        Replace an earlier simulation.

    Raises
    ------
    RtcanError
        If a size is out of range, or the folder holds anything else.
    """
    known = profile(dataset)
    wanted = {
        "dataset": known.name,
        "subjects": size.subjects,
        "stimuli": size.stimuli,
        "duration": size.duration,
        "seed": seed,
    }
    report = Report("simulate", files=[folder])
    report.facts = {
        "dataset": f"{known.title} (simulated)",
        "subjects": size.subjects,
        f"{known.stimulus_word}s": size.stimuli,
        "seconds each": size.duration,
    }
    there = _marker(folder)
    if there and not force and not wanted.items() <= there.items():
        differs = [name for name, value in wanted.items() if there.get(name) != value]
        raise RtcanError(
            f"{folder}: holds another simulation (of other {', '.join(differs)})",
            "another folder, or --force to replace it",
        )
    if there and not force:
        console.say(f"{folder}: already done, nothing changed (--force does it again)")
    else:
        with console.progress(1, f"simulating {known.title}", "part") as bar:

            def advance(done: int, total: int) -> None:
                bar.total = total
                bar.update()

            made = simulate(
                known.name, folder, size.subjects, size.stimuli, size.duration, seed, advance
            )
        report.facts |= {
            "trials": made.trials,
            "EDA recordings": made.recordings,
            "raw files": made.files,
            "megabytes": round(made.size / 1e6, 1),
        }
    report.notes.append(f"next: rtcan ingest {known.name} {folder}")
    return report


def _marker(folder: Path) -> dict[str, object]:
    """What the marker of an earlier simulation says; empty if there is none that can be read."""
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
