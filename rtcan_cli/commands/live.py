"""`rtcan live`: a trained run on a recording that is still being made."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rtcan_cli.commands.shell import options

if TYPE_CHECKING:
    from rtcan_cli.results.deployment.live import Live


def live(
    run: options.RunName = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="A text file (.csv, .tsv, .txt) that another program writes to.",
            show_default=False,
        ),
    ] = None,
    lsl: Annotated[
        str | None,
        typer.Option("--lsl", help="Name of a stream of LabStreamingLayer.", show_default=False),
    ] = None,
    sampling_rate: Annotated[
        float | None,
        typer.Option(
            min=1e-3,
            help="Sampling rate of the file in Hz; may be left out if the file contains it.",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        str,
        typer.Option(
            help="Column of the EDA in the file, or channel of the stream: its name, or its number "
            "from 1.",
            show_default=False,
        ),
    ] = "",
    unit: Annotated[
        str | None,
        typer.Option(
            help="Unit of the EDA if the file or stream does not state it, such as uS or kOhm. "
            "Default: that of the run's recordings.",
            show_default=False,
        ),
    ] = None,
    decimal: Annotated[Literal[".", ","], typer.Option(help="Decimal mark of the file.")] = ".",
    audio: Annotated[
        Path | None,
        typer.Option(help="The song, for a run that fuses music.", show_default=False),
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=86_400,
            help="Seconds of the recording that each answer is about. Default: the median of the "
            "recordings that the run was trained on.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two answers.")] = 5.0,
    stop_after: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds until the end. Default: until Ctrl-C.",
            show_default=False,
        ),
    ] = None,
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Do not calibrate the probabilities.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            help="CSV file to record the stream to. Default: eda-<time>.csv.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="New CSV file for all answers; each is written at once.",
            show_default=False,
        ),
    ] = None,
    lsl_out: Annotated[
        str | None,
        typer.Option(
            "--lsl-out",
            help="Also send the probabilities as a stream of LabStreamingLayer with this name.",
            show_default=False,
        ),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
) -> Live:
    """Answer about a recording while it is being made.

    Reads EDA from a file that another program is writing, or from a stream of LabStreamingLayer,
    which it also records. Every few seconds the last window is repaired, checked and decomposed in
    the same way as the run's own recordings, and the models of all folds are asked: the answer is
    the mean of their calibrated probabilities of high, with their range. Ctrl-C ends, and shows a
    summary.

    \b
    Examples:
      rtcan live --file EDA.csv
      rtcan live Rf-eda-both-1a2b3c --lsl Shimmer --column GSR --unit kOhm --output answers.csv
      rtcan live --lsl EDA --window 60 --every 2 --lsl-out Emotion
    """
    if (file is None) == (lsl is None):
        raise typer.BadParameter("give either --file FILE or --lsl NAME")
    if lsl_out is not None and not lsl_out.strip():
        raise typer.BadParameter("--lsl-out needs a name")
    if file is not None and record is not None:
        raise typer.BadParameter("--record is for a stream (--lsl)")
    if lsl is not None and (sampling_rate is not None or decimal != "."):
        raise typer.BadParameter("--sampling-rate and --decimal are for a file (--file)")
    from rtcan_cli.steps.deployment.live import Pace, Sinks, follow_file, follow_stream
    from rtcan_cli.steps.deployment.new_recording import NewRecording
    from rtcan_cli.stores import Workspace

    path = options.find_run(workspace, run, None)
    recorded = record or Path(f"eda-{datetime.now():%Y%m%dT%H%M%S}.csv")
    recording = NewRecording(
        recorded if file is None else file,
        math.nan if sampling_rate is None else sampling_rate,
        column,
        decimal,
        audio=audio,
        unit=unit,
    )
    pace = Pace(window, every, math.inf if stop_after is None else stop_after)
    sinks, stores = Sinks(output, lsl_out), Workspace(workspace)
    calibrated = not uncalibrated
    if lsl is None:
        return follow_file(path, stores, recording, pace=pace, calibrated=calibrated, sinks=sinks)
    return follow_stream(
        path, stores, lsl, recording, pace=pace, calibrated=calibrated, sinks=sinks
    )
