"""`rtcan import-checkpoint`: a network of the published code -> a run store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import options

if TYPE_CHECKING:
    from rtcan_cli.results.training.imported import ImportedNetwork


def import_checkpoint(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="File saved by the published training code (.pt or .pth), or its state dict as "
            ".safetensors.",
        ),
    ],
    dataset: options.Dataset = None,
    target: Annotated[
        choices.Rating | None,
        typer.Option(
            help="What it predicts. Default: read from the file name, or else valence.",
            show_default=False,
        ),
    ] = None,
    trained_on: Annotated[
        Literal["pmemo", "deap", "amigos"] | None,
        typer.Option(
            help="Dataset it was trained on, which determines the order of its EDA "
            "channels. Default: recognised from the weights, or else the dataset it "
            "is used on.",
            show_default=False,
        ),
    ] = None,
    onset: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds to leave out at the start of each recording. Default: those of "
            "the dataset.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the run. Default: made from the file's content.", show_default=False
        ),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    components: options.ComponentsStore = None,
    labels: options.LabelsStore = None,
    music: options.MusicStore = None,
    output: options.Output = None,
    force: options.Force = False,
) -> ImportedNetwork:
    """Use a network that was trained with the authors' published code.

    Writes a run with its weights and its predictions for all trials of the workspace.

    The variant and the inputs are derived from the names and shapes of the weights. Nothing in the
    file is executed. It is not known which trials the network was trained on, so its scores are not
    held out, and are marked.

    \b
    Examples:
      rtcan import-checkpoint pmemo_arousal.pt --dataset pmemo
      rtcan import-checkpoint best.pt --dataset table --trained-on deap --target valence
    """
    if name is not None and output is not None:
        raise typer.BadParameter("--output names the run, too: leave --name out")

    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.runs.inputs import Sources
    from rtcan_cli.steps.training.import_checkpoint import import_checkpoint as run_step
    from rtcan_cli.steps.training.import_checkpoint import read_checkpoint
    from rtcan_cli.stores import Workspace

    known = profile(options.dataset_of(workspace, dataset, components, "components"))
    checkpoint = read_checkpoint(file, known.name, target, trained_on)
    if music is not None and not checkpoint.model.n_music:
        raise typer.BadParameter("--music-store: the network of this file hears no music")
    stores = Workspace(workspace)
    sources = Sources(
        components or stores.store(known.name, "components"),
        labels or stores.store(known.name, "labels"),
        (music or stores.store(known.name, "music")) if checkpoint.model.n_music else None,
    )
    used = known.onset if onset is None else onset
    path = output or stores.run(known.name, (name or checkpoint.run_name(used)).removesuffix(".h5"))
    return run_step(checkpoint, sources, path, used, force)
