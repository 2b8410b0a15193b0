"""`rtcan evaluate`: a run's scores on trials it has never seen, and the audit of its folds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli.commands.shell import complete, options

if TYPE_CHECKING:
    from rtcan_cli.results.scores.cross_dataset import CrossDatasetEvaluation
    from rtcan_cli.results.scores.evaluation import Evaluation
    from rtcan_cli.results.training.imported import ImportedEvaluation


def evaluate(
    run: options.RunName = None,
    dataset: options.Dataset = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="DATASET",
            autocompletion=complete.ingested,
            help=f"Test on another dataset of the workspace instead: {options.DATASETS}.",
            show_default=False,
        ),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    figures: options.Figures = options.NO_FIGURE_OPTIONS,
) -> Evaluation | CrossDatasetEvaluation | ImportedEvaluation:
    """Score a run on its test folds.

    By default, these are subjects that the run was not trained on. For each fold: accuracy, F1 of
    the high class, the confusion matrix, and the accuracy of the majority class. For all folds
    together: more scores, each with its 95 % interval over subjects, and the subjects that are
    recognised worst. A note names the main score. If the run has other seeds: their mean and
    standard deviation.

    Checks that each fold holds out what its protocol promises, and counts the test trials whose
    subject, or song, was also in training. Writes tables as CSV, and figures: learning curves,
    confusion matrices, ROC, reliability, accuracy of each subject.

    With --on, all models of the run answer to all labelled trials of another dataset, and their
    mean probability is scored. Labels are relative to each listener, so rating scales may differ.
    For other listeners of the same dataset, give their workspace and the path of the run.

    \b
    Examples:
      rtcan evaluate
      rtcan evaluate Rf-eda+music-both-1a2b3c
      rtcan evaluate Rf-eda-both-1a2b3c --on hku956
      rtcan evaluate rtcan-stores/hku956/runs/Rf-eda-both-1a2b3c.h5 --on hku956 -w other-listeners
      rtcan evaluate --column-width 85mm --dpi 300
    """
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.stores import Workspace

    look = figures.look_if_possible()
    path: Path = options.find_run(workspace, run, dataset)
    if on is not None:
        from rtcan_cli.steps.scores.cross_dataset import evaluate_on

        return evaluate_on(path, Workspace(workspace), profile(on).name, figures.folder, look)
    from rtcan_cli.steps.following import after_scores
    from rtcan_cli.steps.scores.evaluate import evaluate_run

    return after_scores(evaluate_run(path, figures.folder, look), path)
