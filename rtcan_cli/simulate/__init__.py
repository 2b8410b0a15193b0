"""Raw files in the publishers' layouts, from a generative model whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate.sizes import MOST_STIMULI, SHORTEST, Scale, Size

if TYPE_CHECKING:
    from rtcan_cli.simulate.design import Design, Written

FanOut = Callable[
    [Callable[[Any], "Written"], Sequence[Any]], Generator[tuple[int, "Written"], None, None]
]
"""Applies a function to every item and yields each item's position and result, in any order. Both
can be pickled. Closing the generator ends the work."""


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
    duration : float or None
        Length of a stimulus in seconds; None for the published lengths.
    seed : int
        What all chance was drawn from.
    trials, recordings : int
        Numbers of trials with EDA and both ratings, and of EDA recordings (PMEmo has two a trial).
    files : int
        Number of files.
    size : int
        Their size in bytes.
    faults : int
        How many faults the files have.
    """

    name: str
    folder: Path
    subjects: int
    stimuli: int
    duration: float | None
    seed: int
    trials: int
    recordings: int
    files: int
    size: int
    faults: int


def in_turn(
    function: Callable[[Any], Written], items: Sequence[Any]
) -> Generator[tuple[int, Written], None, None]:
    """The `FanOut` that does one item after the other in this process."""
    for index, item in enumerate(items):
        yield index, function(item)


def simulate(
    name: str,
    folder: Path,
    subjects: int,
    stimuli: int,
    duration: float | None,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    scale: Scale = "demo",
    faults: bool = False,
    truth: bool = False,
    fan_out: FanOut = in_turn,
) -> SimulationSummary:
    """Simulate a dataset and write it as its publisher ships it.

    The same arguments give the same bytes, whatever `fan_out`. The folder appears whole or not at
    all. It carries a file ``SIMULATED.json``, by which readers know that the data are simulated.

    Parameters
    ----------
    name : str
        ``"deap"``, ``"amigos"``, ``"pmemo"``, ``"hku956"`` or ``"table"``.
    folder : Path
        Where to write. It must be new, empty, or an earlier simulation, which is replaced.
    subjects, stimuli : int
        Numbers of listeners and of songs or videos.
    duration : float or None
        Length of a stimulus in seconds; at least `SHORTEST`. None for the published lengths, which
        differ (at full scale).
    seed : int
        What all chance is drawn from; at least 0.
    on_progress : callable, optional
        Called with the number of subjects (PMEmo: songs) done, and of all.
    scale : Scale, optional
        At ``"full"`` PMEmo's songs have the published numbers, and as few listeners as in life.
    faults : bool, optional
        Give the files faults, as real ones have, and list them in ``FAULTS.json``; see
        `rtcan_cli.simulate.faults`.
    truth : bool, optional
        Write what the data were made from to ``truth``; see `rtcan_cli.simulate.truth`.
    fan_out : FanOut, optional
        Who does the work: by default one subject or song after the other.

    Returns
    -------
    SimulationSummary

    Raises
    ------
    RtcanError
        If a size is out of range, the folder holds anything else, or it cannot be written.
    """
    name = profile(name).name
    _check(name, subjects, stimuli, duration, seed, scale)

    from rtcan_cli.simulate.design import Design
    from rtcan_cli.simulate.faults import FAULTS_FILE, as_json
    from rtcan_cli.simulate.folder import new_folder
    from rtcan_cli.simulate.physiology import draw_population, effects_of
    from rtcan_cli.simulate.truth import write_population

    writer = import_module(f"rtcan_cli.simulate.{name}")
    target = folder.expanduser().resolve()
    population = draw_population(subjects, stimuli, seed, effects_of(name, scale))
    design = Design(population, duration, seed, scale, faults, truth)
    settings = settings_of(name, Size(subjects, stimuli, duration), seed, scale, faults, truth)
    with new_folder(target, settings) as root:
        written = _write_units(writer, root, design, fan_out, on_progress)
        for path, header in writer.SHARED_TABLES.items():
            lines = [header, *(each.lines[path] for each in written if path in each.lines)]
            (root / path).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        found = [fault for each in written for fault in each.faults]
        if faults:
            (root / FAULTS_FILE).write_text(as_json(found), encoding="utf-8", newline="\n")
        if truth:
            names = writer.subject_names(subjects), writer.stimulus_names(design)
            write_population(root, population, *names)
        sizes = [path.stat().st_size for path in root.rglob("*") if path.is_file()]
    return SimulationSummary(
        name,
        target,
        subjects,
        stimuli,
        duration,
        seed,
        sum(each.trials for each in written),
        sum(each.recordings for each in written),
        len(sizes),
        sum(sizes),
        len(found),
    )


def settings_of(
    name: str, size: Size, seed: int, scale: Scale, faults: bool, truth: bool
) -> dict[str, Any]:
    """What the marker says about a simulation; what was not asked for is left out."""
    from rtcan_cli.simulate.physiology import LIFELIKE, MODEL_VERSION, effects_of

    asked = {
        "scale": scale if scale != "demo" else "",
        "effects": "lifelike" if effects_of(name, scale) is LIFELIKE else "",
        "faults": faults,
        "truth": truth,
    }
    return {
        "dataset": name,
        "subjects": size.subjects,
        "stimuli": size.stimuli,
        "duration": size.duration,
        "seed": seed,
        "model_version": MODEL_VERSION,
        **{option: value for option, value in asked.items() if value},
    }


def _check(
    name: str, subjects: int, stimuli: int, duration: float | None, seed: int, scale: Scale
) -> None:
    known, most = profile(name), MOST_STIMULI[name]
    word = known.stimulus_word
    if not 1 <= subjects <= 99999:
        raise RtcanError(f"the number of subjects must be between 1 and 99999, not {subjects}")
    if not 1 <= stimuli <= most:
        raise RtcanError(
            f"the number of {known.stimuli_word} must be between 1 and {most}, not {stimuli}"
        )
    if duration is None and (scale != "full" or name == "deap"):
        raise RtcanError(f"the duration of a {word} is missing")
    if duration is not None and not math.isfinite(duration):
        raise RtcanError(f"the duration of a {word} must be a number of seconds, not {duration:g}")
    if duration is not None and duration < SHORTEST:
        raise RtcanError(f"a {word} must last {SHORTEST:g} s or more")
    if seed < 0:
        raise RtcanError(f"the seed must be 0 or more, not {seed}")


def _write_units(
    writer: Any,
    root: Path,
    design: Design,
    fan_out: FanOut,
    on_progress: Callable[[int, int], None] | None,
) -> list[Written]:
    """Write all units and return what was written, in the order of the units."""
    units = writer.units(design)
    written: dict[int, Written] = {}
    # Closed whatever happens, so that nobody writes any more when the folder is removed.
    with closing(fan_out(partial(writer.write_unit, root), units)) as results:
        for index, result in results:
            written[index] = result
            if on_progress is not None:
                on_progress(len(written), len(units))
    return [written[index] for index in range(len(units))]
