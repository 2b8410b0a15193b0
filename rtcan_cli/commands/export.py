"""`rtcan export`: a run's networks for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from rtcan_cli.commands.shell import options
from rtcan_cli.results.export import Export


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
            help="What it tells; may be left out if the run has only one.", show_default=False
        ),
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Fold whose network it is; all of them, and their mean, if left out.",
            show_default=False,
        ),
    ] = None,
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Without the temperatures of the folds.")
    ] = False,
    dataset: options.Dataset = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
) -> Export:
    """Write the networks of a run as ONNX or TorchScript.

    The file takes z-scored EDA channels and openSMILE features as they are, and gives a calibrated
    probability of high: standardisation, softmax and temperature are inside. The batch is of any
    size, the length that of the run. Facts about the run are in its metadata.

    Each file is then asked about random inputs, as other programs would, and only kept if it says
    what rtcan says. ONNX needs: pip install 'rtcan-cli[export]'.

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
        raise typer.BadParameter("a file is needed: --onnx FILE or --torchscript FILE")
    path = options.find_run(workspace, run, dataset)
    from rtcan_cli.steps.results.export import export_run
    from rtcan_cli.stores import Workspace

    return export_run(path, Workspace(workspace), files, target, fold, not uncalibrated)
