"""`rtcan export`: a run's networks for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rtcan_cli.commands.shell import options

if TYPE_CHECKING:
    from rtcan_cli.results.deployment.export import Export


def export(
    run: options.RunName = None,
    onnx: Annotated[
        Path | None, typer.Option(help="ONNX file to write.", show_default=False)
    ] = None,
    torchscript: Annotated[
        Path | None, typer.Option(help="TorchScript file to write.", show_default=False)
    ] = None,
    target: Annotated[
        Literal["valence", "arousal"] | None,
        typer.Option(
            help="What it predicts; may be left out if the run has only one target.",
            show_default=False,
        ),
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Export the network of this fold. Default: the networks of all folds, "
            "and their mean.",
            show_default=False,
        ),
    ] = None,
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Leave out the temperatures of the folds.")
    ] = False,
    dataset: options.Dataset = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
) -> Export:
    """Write the networks of a run as ONNX or TorchScript.

    The exported network takes z-scored EDA channels and unscaled openSMILE features, and gives a
    calibrated probability of high: standardisation, softmax and temperature are included. The batch
    can have any size; the length is that of the run. The metadata describe the run.

    Each file is then tested on random inputs, and only kept if its probabilities agree with those
    of rtcan. ONNX needs: pip install 'rtcan-cli[export]'.

    \b
    Examples:
      rtcan export --target arousal --onnx arousal.onnx
      rtcan export Rf-eda+music-both-1a2b3c --target valence --fold 1 --torchscript valence.pt
    """
    files = {
        name: path
        for name, path in (("onnx", onnx), ("torchscript", torchscript))
        if path is not None
    }
    if not files:
        raise typer.BadParameter("there is no output file: --onnx FILE or --torchscript FILE")
    path = options.find_run(workspace, run, dataset)
    from rtcan_cli.steps.deployment.export import export_run
    from rtcan_cli.stores import Workspace

    return export_run(path, Workspace(workspace), files, target, fold, not uncalibrated)
