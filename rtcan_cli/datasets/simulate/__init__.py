"""Raw files in the publishers' layouts, from a generative model whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulate.sizes import MOST_STIMULI, SHORTEST
from rtcan_cli.errors import RtcanError


@dataclass(frozen=True)
class SimulationSummary:
    """What was written.

    Attributes
    ----------
    name : str
        The dataset whose layout the files have.
    folder : Path
        Where they are.
    subjects, stimuli : int
        Numbers of listeners and of songs or videos.
    duration : float
        Length of a stimulus in seconds.
    seed : int
        What all chance was drawn from.
    trials, recordings : int
        Numbers of rated trials with EDA, and of EDA recordings (PMEmo has two a trial).
    files : int
        Number of files.
    size : int
        Their size in bytes.
    """

    name: str
    folder: Path
    subjects: int
    stimuli: int
    duration: float
    seed: int
    trials: int
    recordings: int
    files: int
    size: int


def simulate(
    name: str,
    folder: Path,
    subjects: int,
    stimuli: int,
    duration: float,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> SimulationSummary:
    """Simulate a dataset and write it as its publisher ships it.

    The same arguments give the same bytes. The folder appears whole or not at all. It carries a
    file ``SIMULATED.json``, by which readers know that the data are simulated.

    Parameters
    ----------
    name : str
        ``"deap"``, ``"amigos"`` or ``"pmemo"``.
    folder : Path
        Where to write. It must be new, empty, or an earlier simulation, which is replaced.
    subjects, stimuli : int
        Numbers of listeners and of songs or videos.
    duration : float
        Length of a stimulus in seconds; at least `SHORTEST`.
    seed : int
        What all chance is drawn from; at least 0.
    on_progress : callable, optional
        Called with the number of subjects (PMEmo: songs) done, and of all.

    Returns
    -------
    SimulationSummary

    Raises
    ------
    RtcanError
        If a size is out of range, the folder holds anything else, or it cannot be written.
    """
    known = profile(name)
    most = MOST_STIMULI[known.name]
    if not 1 <= subjects <= 99999:
        raise RtcanError(f"the number of subjects must be between 1 and 99999, not {subjects}")
    if not 1 <= stimuli <= most:
        raise RtcanError(
            f"the number of {known.stimulus_word}s must be between 1 and {most}, not {stimuli}"
        )
    if not math.isfinite(duration):
        raise RtcanError(
            f"the duration of a {known.stimulus_word} must be a number of seconds, not {duration:g}"
        )
    if duration < SHORTEST:
        raise RtcanError(f"a {known.stimulus_word} must last {SHORTEST:g} s or more")
    if seed < 0:
        raise RtcanError(f"the seed must be 0 or more, not {seed}")

    from rtcan_cli.datasets.simulate.folder import new_folder
    from rtcan_cli.datasets.simulate.physiology import draw_population

    writer = import_module(f"rtcan_cli.datasets.simulate.{known.name}")
    settings = {
        "dataset": known.name,
        "subjects": subjects,
        "stimuli": stimuli,
        "duration": duration,
        "seed": seed,
    }
    target = folder.expanduser().resolve()
    population = draw_population(subjects, stimuli, seed)
    with new_folder(target, settings) as root:
        trials, recordings = writer.write(
            root, population, duration, seed, on_progress or (lambda done, total: None)
        )
        sizes = [path.stat().st_size for path in root.rglob("*") if path.is_file()]
    return SimulationSummary(
        known.name,
        target,
        subjects,
        stimuli,
        duration,
        seed,
        trials,
        recordings,
        len(sizes),
        sum(sizes),
    )
