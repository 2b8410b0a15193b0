"""Simulated listeners -> raw files in a publisher's layout."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from rtcan_cli import console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_unordered
from rtcan_cli.results.base import Note
from rtcan_cli.results.data.simulation import Simulation, WrittenFiles
from rtcan_cli.simulate import settings_of, simulate
from rtcan_cli.simulate.design import Written
from rtcan_cli.simulate.folder import read_settings
from rtcan_cli.simulate.sizes import Scale, Size


def simulate_raw(
    dataset: str,
    folder: Path,
    size: Size,
    seed: int = 0,
    force: bool = False,
    scale: Scale = "demo",
    faults: bool = False,
    truth: bool = False,
    jobs: int = -1,
) -> Simulation:
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
    scale : Scale
        At ``"full"`` PMEmo's songs have the published numbers, and as few listeners as in life.
    faults : bool
        Give the files faults, as real ones have.
    truth : bool
        Write what the data were made from, too.
    jobs : int
        Number of processes; -1 takes every core. The files do not depend on it.

    Raises
    ------
    RtcanError
        If a size is out of range, or the folder holds anything else.
    """
    known = profile(dataset)
    wanted = settings_of(known.name, size, seed, scale, faults, truth)
    there = read_settings(folder)
    if there and not force and wanted != there:
        differs = [name for name in {**wanted, **there} if wanted.get(name) != there.get(name)]
        raise RtcanError(
            f"{folder}: holds another simulation (of other {', '.join(differs)})",
            "another folder, or --force to replace it",
        )
    if there and not force:
        written = None
        console.say(f"{folder}: already done, nothing changed (--force does it again)")
    else:
        # PMEmo is written song by song, the others subject by subject.
        unit = known.stimulus_word if known.name == "pmemo" else "subject"
        with console.progress(1, f"simulating {known.title}", unit) as bar:

            def advance(done: int, total: int) -> None:
                bar.total = total
                bar.update()

            def fan_out(
                function: Callable[[Any], Written], items: Sequence[Any]
            ) -> Generator[tuple[int, Written], None, None]:
                yield from map_unordered(function, items, jobs)

            made = simulate(
                *(known.name, folder, size.subjects, size.stimuli, size.duration, seed, advance),
                scale=scale,
                faults=faults,
                truth=truth,
                fan_out=fan_out,
            )
        written = WrittenFiles(
            n_trials=made.trials,
            n_recordings=made.recordings,
            n_files=made.files,
            n_bytes=made.size,
            n_faults=made.faults if faults else None,
        )
    return Simulation(
        dataset=known.name,
        n_subjects=size.subjects,
        n_stimuli=size.stimuli,
        seconds=size.duration,
        written=written,
        notes=(Note("next_step", "next", command_line("ingest", known.name, folder)),),
        files=(folder,),
    )
