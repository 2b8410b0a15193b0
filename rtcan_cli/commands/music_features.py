"""`rtcan music-features`: songs -> music.h5, one vector of features for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import options

if TYPE_CHECKING:
    from rtcan_cli.results.signals.music_features import MusicFeatures


def music_features(
    context: typer.Context,
    dataset: options.Dataset = None,
    import_: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            help="Use features from a file instead of the audio: PMEmo's static_features.csv, or "
            "the folder or zip that contains it; with --model any table (CSV) or .npz file with "
            "one vector for each song.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --import: name and version of the model that made the vectors. Runs "
            "record it.",
            show_default=False,
        ),
    ] = None,
    feature_set: Annotated[
        choices.FeatureSet,
        typer.Option(
            help="Set of openSMILE: 6373, 88, 62 or 988 features, in this order. The paper uses "
            "the first."
        ),
    ] = choices.FEATURE_SET,
    mixdown: Annotated[
        bool,
        typer.Option(
            "--mixdown",
            help="Average the channels of stereo audio, as the SMILExtract command does. "
            "Default: use the first channel, as the opensmile package does.",
        ),
    ] = False,
    jobs: options.Jobs = -1,
    cluster: options.ClusterAddress = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    input: options.RecordingsStore = None,
    output: options.Output = None,
    force: options.Force = False,
) -> MusicFeatures:
    """Describe songs by openSMILE functionals, or by vectors of another model.

    Computes the 6373 features of the ComParE 2016 set, or those of --feature-set. A run records
    which features it was trained on, and refuses others.

    Reads MP3, WAV, FLAC, OGG, AIFF or AU files to their end, also inside a zip file, one song per
    process. If interrupted, the same command continues where it stopped.

    \b
    Examples:
      rtcan music-features --dataset pmemo
      rtcan music-features --dataset pmemo --feature-set eGeMAPSv02
      rtcan music-features --dataset pmemo --import PMEmo/static_features.csv
      rtcan music-features --dataset pmemo --import mert.npz --model MERT-v1-95M
    """
    if model is not None and (import_ is None or not model.strip()):
        raise typer.BadParameter("--model names what made the vectors of --import FILE")
    if import_ is not None and options.was_typed(context, "feature_set"):
        raise typer.BadParameter("--feature-set applies to audio: leave it out with --import")
    if import_ is not None and mixdown:
        raise typer.BadParameter("--mixdown applies to audio: leave it out with --import")
    for option, given in (("cluster", cluster), ("jobs", options.was_typed(context, "jobs"))):
        if import_ is not None and given:
            raise typer.BadParameter(f"--import computes nothing: leave --{option} out")
    workers = options.workers(context, jobs, cluster)

    from rtcan_cli.steps.following import after_step
    from rtcan_cli.steps.signals.music_features import extract_features, import_features

    name = options.dataset_of(workspace, dataset, input, "recordings")
    source = options.store_path(workspace, input, name, "recordings")
    target = options.store_path(workspace, output, name, "music")
    if import_ is not None:
        return after_step(import_features(source, import_, target, force, model), target)
    return after_step(
        extract_features(source, target, mixdown, workers, force, feature_set), target
    )
