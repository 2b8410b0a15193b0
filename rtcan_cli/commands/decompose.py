"""`rtcan decompose`: raw EDA -> components.h5, the phasic and tonic part of every recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands import options
from rtcan_cli.report import Report


def decompose(
    dataset: options.Dataset = None,
    alpha: Annotated[
        float, typer.Option(min=0.0, help="Penalty on the driver: larger gives fewer responses.")
    ] = choices.ALPHA,
    gamma: Annotated[
        float,
        typer.Option(min=0.0, help="Penalty on the tonic part: larger gives a flatter one."),
    ] = choices.GAMMA,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="SUBJECT:STIMULUS",
            help="Also draw the decomposition of this trial.",
            show_default=False,
        ),
    ] = None,
    figures: Annotated[Path, typer.Option(help="Folder for --plot.")] = options.DEFAULT_FIGURES,
    jobs: options.Jobs = -1,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    input: options.Recordings = None,
    output: options.Output = None,
    force: options.Force = False,
) -> Report:
    """Split EDA into phasic and tonic with cvxEDA.

    Each recording is z-scored and decomposed by convex optimisation (Greco et al. 2015). All cores
    work. Interrupted, it goes on where it stopped when run again.

    \b
    Examples:
      rtcan decompose --dataset pmemo
      rtcan decompose --dataset pmemo --plot 100184:1
      rtcan decompose --dataset deap --jobs 4
    """
    from rtcan_cli.eda.cvxeda import CvxedaParameters
    from rtcan_cli.steps.decompose import decompose_recordings, plot_trial, require_trial

    name = options.dataset_of(workspace, dataset, input, "recordings")
    source = options.store_path(workspace, input, name, "recordings")
    target = options.store_path(workspace, output, name, "components")
    if plot is not None:
        require_trial(source, plot)
    report = decompose_recordings(
        source, target, CvxedaParameters(alpha=alpha, gamma=gamma), jobs, force
    )
    if plot is not None:
        report.files += plot_trial(target, plot, figures)
    return report
