"""`rtcan relabel`: ratings -> labels.h5, high or low valence and arousal for each trial."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import options

if TYPE_CHECKING:
    from rtcan_cli.results.data.labels import Labels


def relabel(
    dataset: options.Dataset = None,
    method: Annotated[
        choices.LabelMethod | None,
        typer.Option(
            help="Threshold of high: the midpoint of the subject's two k-means clusters "
            "(the paper's four steps), the centre of the rating scale, or the "
            "subject's median or mean. stimulus-mean does not need ratings of single "
            "subjects: every listener gets the label of the stimulus's published "
            "mean, high above the centre of the scale. Default: "
            f"{choices.LABEL_METHOD}",
            show_default=False,
        ),
    ] = None,
    import_: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="CSV",
            help="Use labels from a table instead: subject, stimulus, arousal and valence "
            "label (1 high, 0 low), in this order or with a header that names them; "
            "also repetition, if a subject heard a stimulus more than once.",
            show_default=False,
        ),
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="SUBJECT",
            help="Also draw the four steps (the paper's Fig. 3) for this subject; k-means only.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2**32 - 1,
            help=f"Seed for the initialisation of k-means. Default: {choices.SEED}",
            show_default=False,
        ),
    ] = None,
    figures: options.PlotFigures = options.NO_FIGURE_OPTIONS,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    input: options.RecordingsStore = None,
    output: options.Output = None,
    force: options.Force = False,
) -> Labels:
    """Turn ratings into high and low labels, or take labels from a table.

    Subjects use a rating scale in different ways, so each subject has a separate threshold (Yin et
    al. 2022, sec. 4.2). Prints class counts and the correlation of the two ratings; for real data,
    next to the paper's Tables 1 and 2.

    \b
    Examples:
      rtcan relabel --dataset pmemo
      rtcan relabel --dataset deap --method fixed
      rtcan relabel --dataset pmemo --plot 100184
      rtcan relabel --dataset pmemo --import value_all.csv
    """
    if import_ is not None and method is not None:
        raise typer.BadParameter("--import reads finished labels: leave --method out")
    if import_ is not None or method not in (None, "kmeans"):
        for option, given in (("--plot", plot), ("--seed", seed)):
            if given is not None:
                raise typer.BadParameter(f"{option} is for --method kmeans only")
    if plot is None:
        figures.refuse("without --plot, nothing is drawn")
    look = None if plot is None else figures.look()

    from rtcan_cli.steps.data.relabel import few_ratings, import_labels, relabel_ratings
    from rtcan_cli.steps.following import after_step

    name = options.dataset_of(workspace, dataset, input, "recordings")
    target = options.store_path(workspace, output, name, "labels")
    source = options.store_path(workspace, input, name, "recordings")
    if import_ is not None:
        return after_step(import_labels(source, import_, target, force), target)
    chosen = choices.LABEL_METHOD if method is None else method
    result = relabel_ratings(source, target, chosen, choices.SEED if seed is None else seed, force)
    if plot is None or look is None:
        return after_step(result, target)
    from rtcan_cli.steps.data.relabel_figure import plot_steps  # loads Matplotlib

    files = plot_steps(source, target, plot, figures.folder, look)
    notes = few_ratings(target, plot)
    drawn = replace(result, notes=(*result.notes, *notes), files=(*result.files, *files))
    return after_step(drawn, target)
