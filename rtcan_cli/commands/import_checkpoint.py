"""`rtcan import-checkpoint`: a network of the published code -> a run store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from rtcan_cli.commands.shell import options
from rtcan_cli.results.imported import ImportedNetwork


def import_checkpoint(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What their training saved: a .pt or .pth file.")
    ],
    dataset: options.Dataset = None,
    target: Annotated[
        Literal["valence", "arousal"] | None,
        typer.Option(
            help="What it tells; read from the file's name if left out, else valence.",
            show_default=False,
        ),
    ] = None,
    trained_on: Annotated[
        Literal["pmemo", "deap", "amigos"] | None,
        typer.Option(
            help="Dataset it was trained on, which decides the order of its EDA channels; told by "
            "the weights if left out, or the one it is used on.",
            show_default=False,
        ),
    ] = None,
    onset: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds dropped at the start of each recording; by dataset if left out.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the run; made from the file's content if left out.", show_default=False
        ),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    components: options.OtherStore = None,
    labels: options.OtherStore = None,
    music: options.OtherStore = None,
    output: options.Output = None,
    force: options.Force = False,
) -> ImportedNetwork:
    """Use a network that the authors' published code has trained.

    Writes a run with its weights and what it says of all trials of the workspace.

    Variant and inputs are read from the weights' names and shapes. Nothing in the file is run.
    Which trials it was trained on is unknown, so its scores are not held out, and are marked.

    \b
    Examples:
      rtcan import-checkpoint pmemo_arousal.pt --dataset pmemo
      rtcan import-checkpoint best.pt --dataset table --trained-on deap --target valence
    """
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.runs.inputs import Sources
    from rtcan_cli.steps.training.import_checkpoint import import_checkpoint as run_step
    from rtcan_cli.steps.training.import_checkpoint import read_checkpoint
    from rtcan_cli.stores import Workspace

    known = profile(options.dataset_of(workspace, dataset, components, "components"))
    checkpoint = read_checkpoint(file, known.name, target, trained_on)
    stores = Workspace(workspace)
    sources = Sources(
        components or stores.store(known.name, "components"),
        labels or stores.store(known.name, "labels"),
        (music or stores.store(known.name, "music")) if checkpoint.model.n_music else None,
    )
    used = known.onset if onset is None else onset
    path = output or stores.run(known.name, (name or checkpoint.run_name(used)).removesuffix(".h5"))
    return run_step(checkpoint, sources, path, used, force)
