"""`rtcan decompose`: raw EDA -> components.h5, the phasic and tonic part of every recording."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import options
from rtcan_cli.extras import require

if TYPE_CHECKING:
    from rtcan_cli.results.signals.decomposition import Decomposition


def _alpha(text: str) -> choices.Alpha:
    if text == "auto":
        return "auto"
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise typer.BadParameter(f"--alpha '{text}' is neither auto nor a number of 0 or more")
    return number


def decompose(
    context: typer.Context,
    dataset: options.Dataset = None,
    method: Annotated[
        choices.DecompositionName,
        typer.Option(
            help="cvxEDA by convex optimisation; continuous (cda) or discrete (dda) "
            "decomposition analysis by deconvolution; or a high-pass filter or a "
            "moving median, which have no driver."
        ),
    ] = choices.DECOMPOSITION,
    solver: Annotated[
        choices.Solver | None,
        typer.Option(
            help="For cvxeda. structured is fast and specific to cvxEDA; cvxopt is "
            "general; auto uses cvxopt if structured does not prove an optimum. "
            f"Default: {choices.SOLVER}",
            show_default=False,
        ),
    ] = None,
    alpha: Annotated[
        str | None,
        typer.Option(
            metavar="auto|NUMBER",
            help="For cvxeda: penalty on the driver; larger gives fewer responses. auto follows "
            f"the noise of each recording; {choices.PUBLISHED_ALPHA:g} is the published number. "
            f"Default: {choices.ALPHA}",
            show_default=False,
        ),
    ] = None,
    gamma: Annotated[
        float | None,
        typer.Option(
            help="For cvxeda: penalty on the tonic part, above 0; larger gives a flatter "
            f"one. Default: {choices.GAMMA}",
            show_default=False,
        ),
    ] = None,
    time_constants: Annotated[
        choices.TimeConstants | None,
        typer.Option(
            help="For cda and dda: time constants of the response, fitted to each "
            "recording or as published, 0.75 s and 20 s. Default: "
            f"{choices.TIME_CONSTANTS}",
            show_default=False,
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=2.0,
            metavar="HZ",
            help="First resample recordings with a higher sampling rate to this rate. "
            "Default: no resampling",
            show_default=False,
        ),
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="SUBJECT:STIMULUS[:REPETITION]",
            help="Also draw the decomposition of this trial.",
            show_default=False,
        ),
    ] = None,
    figures: options.PlotFigures = options.NO_FIGURE_OPTIONS,
    jobs: options.Jobs = -1,
    cluster: options.ClusterAddress = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    input: options.RecordingsStore = None,
    output: options.Output = None,
    force: options.Force = False,
) -> Decomposition:
    """Split EDA into phasic and tonic part, with cvxEDA or another method.

    Each recording is z-scored and decomposed, by default by convex optimisation (Greco et al.
    2016), with a proof that the optimum was found. All cores are used. If interrupted, the same
    command continues where it stopped.

    \b
    Examples:
      rtcan decompose --dataset pmemo
      rtcan decompose --dataset pmemo --plot 100184:1
      rtcan decompose --dataset deap --rate 16
      rtcan decompose --dataset deap --method cda --jobs 4
      rtcan decompose --dataset pmemo --cluster tcp://10.0.0.5:8786
    """
    workers = options.workers(context, jobs, cluster)
    if method != "cvxeda":
        for option, given in (("--solver", solver), ("--alpha", alpha), ("--gamma", gamma)):
            if given is not None:
                raise typer.BadParameter(f"{option} is for --method cvxeda only")
    if method not in ("cda", "dda") and time_constants is not None:
        raise typer.BadParameter("--time-constants is for --method cda and dda only")
    penalty = choices.ALPHA if alpha is None else _alpha(alpha)
    if penalty == 0 and solver == "structured":
        raise typer.BadParameter("--solver structured needs an --alpha above 0")
    if method == "cvxeda" and (solver == "cvxopt" or penalty == 0):
        require("the general solver", "cvxopt")
    if plot is None:
        figures.refuse("without --plot, nothing is drawn")
    # Before long work, as it may be refused; but not where matplotlib would be loaded for nothing.
    look = None if plot is None else figures.look()

    from rtcan_cli.eda import methods
    from rtcan_cli.eda.cvxeda.parameters import CvxedaParameters
    from rtcan_cli.steps.following import after_step
    from rtcan_cli.steps.signals.decompose import decompose_recordings

    if method == "cvxeda":
        chosen = methods.cvxeda_method(
            CvxedaParameters(
                alpha=penalty,
                gamma=choices.GAMMA if gamma is None else gamma,
            ),
            solver or choices.SOLVER,
        )
    elif method in ("cda", "dda"):
        chosen = methods.deconvolution_method(method, time_constants or choices.TIME_CONSTANTS)
    else:
        chosen = methods.method(method)
    name = options.dataset_of(workspace, dataset, input, "recordings")
    source = options.store_path(workspace, input, name, "recordings")
    target = options.store_path(workspace, output, name, "components")
    if plot is None or look is None:
        done = decompose_recordings(source, target, chosen, rate, workers, force)
        return after_step(done, target)

    from rtcan_cli.steps.signals.decomposed_trial import plot_trial, require_trial

    require_trial(source, plot)
    result = decompose_recordings(source, target, chosen, rate, workers, force)
    files = plot_trial(target, plot, figures.folder, look)
    return after_step(replace(result, files=(*result.files, *files)), target)
