"""`rtcan export`: a run's models for other programs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import options
from rtcan_cli.extras import EXPORTS, require

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
    safetensors: Annotated[
        Path | None,
        typer.Option(
            help="File of weights to write (safetensors), with a model card beside it.",
            show_default=False,
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            help="Model card of --safetensors. Default: the same name, ending in .md, if there is "
            "no such file yet.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        choices.Rating | None,
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
    """Write the models of a run as ONNX, TorchScript or safetensors.

    The exported network takes z-scored EDA channels and unscaled openSMILE features, and gives a
    calibrated probability of high: standardisation, softmax and temperature are included. The batch
    can have any size; the length is that of the run. The metadata describe the run.

    --safetensors writes the weights themselves, of any model, and a model card in Markdown: data,
    protocol, scores with intervals as evaluate computes them, calibration, licences, and what the
    models must not be used for.

    Each file is then tested on random inputs, and only kept if its probabilities agree with those
    of rtcan. ONNX and safetensors need: pip install 'rtcan-cli[export]'.

    \b
    Examples:
      rtcan export --target arousal --onnx arousal.onnx
      rtcan export Rf-eda+music-both-1a2b3c --target valence --fold 1 --torchscript valence.pt
      rtcan export --target arousal --safetensors arousal.safetensors --card README.md
    """
    files = {
        name: path
        for name, path in (
            ("onnx", onnx),
            ("torchscript", torchscript),
            ("safetensors", safetensors),
        )
        if path is not None
    }
    if not files:
        raise typer.BadParameter(
            "there is no output file: --onnx FILE, --torchscript FILE or --safetensors FILE"
        )
    if card is not None and safetensors is None:
        raise typer.BadParameter("--card is the model card of --safetensors FILE")
    path = options.find_run(workspace, run, dataset)
    require("export", "torch", *(package for name in files for package in EXPORTS[name]))
    from rtcan_cli.steps.deployment.export import export_run
    from rtcan_cli.stores import Workspace

    stores = Workspace(workspace)
    if safetensors is None:
        return export_run(path, stores, files, target, fold, not uncalibrated)

    from rtcan_cli.errors import RtcanError
    from rtcan_cli.steps.deployment.card import collect_card
    from rtcan_cli.views.deployment.card import write_card

    usual = safetensors.with_suffix(".md")
    if card is None and os.path.lexists(usual) and usual not in files.values():
        raise RtcanError(
            f"{usual} is there already, where the model card would be written",
            f"--card {usual} replaces it, or --card with another name",
        )
    card = card or usual
    if card in files.values():
        raise typer.BadParameter(f"{card} cannot be both weights and card", param_hint="--card")
    # Collected first: without scores, nothing is written.
    about = collect_card(path, stores, target, fold, not uncalibrated)
    done = export_run(path, stores, files, target, fold, not uncalibrated)
    write_card(about, safetensors, card)
    return replace(done, files=(*done.files, card))
