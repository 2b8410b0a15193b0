"""`rtcan relabel`: ratings -> labels.h5, high or low valence and arousal for each trial."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands import options
from rtcan_cli.report import Report


def relabel(
    dataset: options.Dataset = None,
    method: Annotated[
        choices.LabelMethod,
        typer.Option(
            help="Where high begins: between the subject's two k-means clusters (the paper's four "
            "steps), at the centre of the rating scale, or at the subject's median or mean."
        ),
    ] = choices.LABEL_METHOD,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="SUBJECT",
            help="Also draw the four steps (the paper's Fig. 3) for this subject.",
            show_default=False,
        ),
    ] = None,
    figures: Annotated[Path, typer.Option(help="Folder for --plot.")] = options.DEFAULT_FIGURES,
    seed: options.Seed = choices.SEED,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    input: options.Recordings = None,
    output: options.Output = None,
    force: options.Force = False,
) -> Report:
    """Turn ratings into high and low labels.

    Every subject uses a rating scale in an own way, so the threshold is each subject's own
    (Yin et al. 2022, sec. 4.2). Prints class counts and the correlation of the two ratings; for
    real data, beside the paper's Tables 1 and 2.

    \b
    Examples:
      rtcan relabel --dataset pmemo
      rtcan relabel --dataset deap --method fixed
      rtcan relabel --dataset pmemo --plot 100184
    """
    from rtcan_cli.steps.relabel import plot_steps, relabel_ratings

    name = options.dataset_of(workspace, dataset, input, "recordings")
    target = options.store_path(workspace, output, name, "labels")
    source = options.store_path(workspace, input, name, "recordings")
    report = relabel_ratings(source, target, method, seed, force)
    if plot is not None:
        report.files += plot_steps(source, target, plot, figures)
    return report
