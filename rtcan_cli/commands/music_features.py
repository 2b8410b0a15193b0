"""`rtcan music-features`: songs -> music.h5, openSMILE functionals of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
            metavar="CSV",
            help="Use published features instead of the audio: PMEmo's "
            "static_features.csv, or the folder or zip that contains it.",
            show_default=False,
        ),
    ] = None,
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
    """Describe songs by openSMILE functionals.

    Computes the 6373 features of the ComParE 2016 set.

    Reads MP3, WAV, FLAC, OGG, AIFF or AU files to their end, also inside a zip file, one song per
    process. If interrupted, the same command continues where it stopped.

    \b
    Examples:
      rtcan music-features --dataset pmemo
      rtcan music-features --dataset pmemo --import PMEmo/static_features.csv
    """
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
        return after_step(import_features(source, import_, target, force), target)
    return after_step(extract_features(source, target, mixdown, workers, force), target)
