"""`rtcan simulate`: raw files in a publisher's layout, from a model whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands import options
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulate.sizes import DEFAULT_SIZES, Size
from rtcan_cli.report import Report


def _default(number: str) -> str:
    return "Default: " + ", ".join(
        f"{getattr(size, number):g} for {profile(name).title}"
        for name, size in DEFAULT_SIZES.items()
    )


def simulate(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="deap, amigos or pmemo.", show_default=False)
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
    seed: options.Seed = choices.SEED,
    force: options.Force = False,
) -> Report:
    """Write raw files as a publisher lays them out.

    The listeners are simulated. For trying the chain without the real data, and for testing. Songs
    shape their audio and what their listeners feel; feelings shape EDA and ratings. Scores on such
    data are marked simulated.

    \b
    Examples:
      rtcan simulate pmemo raw/pmemo
      rtcan simulate deap raw/deap --subjects 10 --stimuli 8 --duration 30
    """
    from rtcan_cli.steps.simulate import simulate_raw

    usual = DEFAULT_SIZES[profile(dataset).name]
    size = Size(
        usual.subjects if subjects is None else subjects,
        usual.stimuli if stimuli is None else stimuli,
        usual.duration if duration is None else duration,
    )
    return simulate_raw(dataset, folder, size, seed, force)
