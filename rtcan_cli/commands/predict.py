"""`rtcan predict`: a trained run on new recordings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli.commands.shell import complete, options

if TYPE_CHECKING:
    from rtcan_cli.results.deployment.prediction import Prediction


def predict(
    run: options.RunName = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            "-d",
            help=f"Dataset in the workspace to predict: {options.DATASETS}.",
            autocompletion=complete.ingested,
            show_default=False,
        ),
    ] = None,
    eda: Annotated[
        Path | None,
        typer.Option(
            help="One EDA recording to predict: a table of text, NPY, or an Empatica E4 session.",
            show_default=False,
        ),
    ] = None,
    sampling_rate: options.SamplingRate = None,
    column: Annotated[str, options.column_of("in the file")] = "",
    unit: options.RecordingUnit = None,
    decimal: options.DecimalMark = ".",
    start: Annotated[
        str | None,
        typer.Option(
            help="Start of the trial in the file: seconds, Unix time, or a time as trials.csv may "
            "have it (2024-05-01T10:00:00Z, 10:00:00).",
            show_default=False,
        ),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(min=1e-3, help="Duration of the trial in seconds.", show_default=False),
    ] = None,
    audio: options.Song = None,
    subject: Annotated[
        str, typer.Option(help="Name of the subject, if the run may have been trained on them.")
    ] = "new",
    stimulus: Annotated[str, typer.Option(help="Name of the stimulus, in the same case.")] = "new",
    repetition: Annotated[
        int,
        typer.Option(min=1, help="Which hearing of the stimulus by the subject, in the same case."),
    ] = 1,
    components: options.ComponentsStore = None,
    features: options.FeaturesStore = None,
    music: options.MusicStore = None,
    recordings: options.RecordingsStore = None,
    uncalibrated: options.Uncalibrated = False,
    all_folds: Annotated[
        bool,
        typer.Option("--all-folds", help="Also use models on trials that they were trained on."),
    ] = False,
    all_new: Annotated[
        bool,
        typer.Option(
            "--all-new",
            help="For a dataset: treat all subjects and stimuli as new, even if they have "
            "the same names as the run's (another study).",
        ),
    ] = False,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File for all answers: .csv, .tsv or .json.", show_default=False
        ),
    ] = None,
) -> Prediction:
    """Predict new recordings with a trained run.

    Predicts either a dataset whose stores are in the workspace, or one EDA file and, if the run
    fuses music, an audio file. The file is repaired, checked and decomposed in the same way as the
    run's own recordings.

    The model of each fold gives a probability of high, calibrated on its validation trials; the
    prediction is their mean. For trials that the run was trained with, only the fold that tested
    them is used.

    \b
    Examples:
      rtcan predict --dataset table --output answers.csv
      rtcan predict --eda EDA.csv --audio song.mp3
      rtcan predict Rf-eda+music-both-1a2b3c --eda session.csv --sampling-rate 50 --audio song.mp3
    """
    given = {
        "components": components,
        "features": features,
        "music": music,
        "recordings": recordings,
    }
    in_stores = dataset is not None or any(given.values())
    in_file = eda is not None or audio is not None
    if all_new and in_file:
        raise typer.BadParameter(
            "--all-new is for a dataset: a file is new unless --subject and --stimulus say so"
        )
    if in_stores and not in_file:
        of_a_file = {
            "--sampling-rate": sampling_rate is not None,
            "--column": bool(column),
            "--unit": unit is not None,
            "--decimal": decimal != ".",
            "--start": start is not None,
            "--duration": duration is not None,
            "--subject": subject != "new",
            "--stimulus": stimulus != "new",
            "--repetition": repetition != 1,
        }
        unread = [name for name, is_given in of_a_file.items() if is_given]
        if unread:
            raise typer.BadParameter(f"{', '.join(unread)}: only for a recording given by --eda")
    if in_stores and in_file:
        raise typer.BadParameter(
            "--eda and --audio are for a single recording, --dataset and the options that name "
            "stores for a dataset: give only one of the two"
        )
    from rtcan_cli.errors import RtcanError
    from rtcan_cli.stores import Workspace

    path = options.find_run(workspace, run, None)
    if not in_stores and not in_file:
        raise RtcanError("there is nothing to predict", "--dataset NAME, or --eda FILE")
    from rtcan_cli.steps.deployment.new_recording import NewRecording
    from rtcan_cli.steps.deployment.predict import (
        dataset_of_stores,
        predict_recording,
        predict_stores,
    )

    stores, calibrated = Workspace(workspace), not uncalibrated
    if in_stores:
        name = options.chosen_dataset(workspace, dataset or dataset_of_stores(given))
        return predict_stores(
            path,
            stores,
            name,
            given,
            calibrated=calibrated,
            all_folds=all_folds,
            all_new=all_new,
            output=output,
        )
    recording = NewRecording(
        eda,
        options.or_nan(sampling_rate),
        column,
        decimal,
        math.nan if start is None else start,
        options.or_nan(duration),
        audio,
        subject,
        stimulus,
        unit,
        repetition,
    )
    return predict_recording(
        path, stores, recording, calibrated=calibrated, all_folds=all_folds, output=output
    )
