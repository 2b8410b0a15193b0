"""`rtcan live`: a trained run on a recording that is still being made."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    sampling_rate: options.SamplingRate = None,
    column: Annotated[str, options.column_of("in the file, or channel of the stream")] = "",
    unit: options.RecordingUnit = None,
    decimal: options.DecimalMark = ".",
    audio: options.Song = None,
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
    uncalibrated: options.Uncalibrated = False,
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
    from rtcan_cli.steps.deployment.live import LiveSettings, choose_run, follow_file, follow_stream
    from rtcan_cli.steps.deployment.new_recording import NewRecording
    from rtcan_cli.stores import Workspace

    stores = Workspace(workspace)
    recording = NewRecording(
        file or record or Path(f"eda-{datetime.now():%Y%m%dT%H%M%S}.csv"),
        options.or_nan(sampling_rate),
        column,
        decimal,
        audio=audio,
        unit=unit,
    )
    settings = LiveSettings(
        window=window,
        every=every,
        stop_after=math.inf if stop_after is None else stop_after,
        calibrated=not uncalibrated,
        output=output,
        stream=lsl_out,
    )
    path = stores.find_run(run, None) if run else choose_run(stores, recording)
    if lsl is None:
        return follow_file(path, stores, recording, settings)
    return follow_stream(path, stores, lsl, recording, settings)
