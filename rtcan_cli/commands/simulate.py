"""`rtcan simulate`: raw files in a publisher's layout, from a model whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import complete, options
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.simulate.sizes import DEFAULT_SIZES, Scale, choose_size

if TYPE_CHECKING:
    from rtcan_cli.results.data.simulation import Simulation


def _default(number: str) -> str:
    return "At demo scale: " + ", ".join(
        f"{getattr(size, number):g} for {profile(name).title}"
        for name, size in DEFAULT_SIZES.items()
    )


def simulate(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            autocompletion=complete.known,
            help=f"{', '.join(DEFAULT_SIZES)}.",
            show_default=False,
        ),
    ],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write.", show_default=False)
    ],
    subjects: Annotated[
        int | None,
        typer.Option(min=1, help=f"Listeners. {_default('subjects')}", show_default=False),
    ] = None,
    stimuli: Annotated[
        int | None,
        typer.Option(min=1, help=f"Songs or videos. {_default('stimuli')}", show_default=False),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(help=f"Seconds of each. {_default('duration')}", show_default=False),
    ] = None,
    scale: Annotated[
        Scale,
        typer.Option(help="A small dataset, or one of the published size."),
    ] = "demo",
    faults: Annotated[
        bool,
        typer.Option("--faults", help="Add the faults of real files; listed in FAULTS.json."),
    ] = False,
    truth: Annotated[
        bool,
        typer.Option("--truth", help="Also write the ground truth to the folder truth/."),
    ] = False,
    seed: options.Seed = choices.SEED,
    jobs: options.Jobs = -1,
    force: options.Force = False,
) -> Simulation:
    """Write simulated raw files in the layout of a dataset.

    The listeners are simulated. Use it to try the chain without the real data, and for tests. Songs
    determine their audio and what listeners feel; feelings determine EDA and ratings. Scores on
    such data are marked as simulated.

    \b
    Examples:
      rtcan simulate pmemo raw/pmemo
      rtcan simulate deap raw/deap --subjects 10 --stimuli 8 --duration 30
      rtcan simulate amigos raw/amigos --scale full --faults --truth
    """
    from rtcan_cli.steps.data.simulate import simulate_raw

    size = choose_size(profile(dataset).name, scale, subjects, stimuli, duration)
    return simulate_raw(dataset, folder, size, seed, force, scale, faults, truth, jobs)
