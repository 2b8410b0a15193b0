"""What is said of an imported network: where it comes from, and its scores on all trials."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli.evaluation.metrics import confusion, fold_scores
from rtcan_cli.files.links import folder_below
from rtcan_cli.models.rtcan.facts import CHANNEL_ORDER
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.training.imported import (
    IMPORTED_SCORE_COLUMNS,
    AboutCheckpoint,
    ImportedEvaluation,
    ImportedNetwork,
)
from rtcan_cli.runs.labels import label_of
from rtcan_cli.runs.run import Run, about
from rtcan_cli.stores.lines import line_on_runs


def imported_network(path: Path, notes: tuple[Note, ...] = ()) -> ImportedNetwork:
    """Describe the run of an imported network.

    Parameters
    ----------
    path : Path
        Run store.
    notes : tuple of Note
        What was noticed when its file was read.
    """
    run = Run.load(path)
    following = Note("next_step", "next", line_on_runs("evaluate", [path]))
    return ImportedNetwork(
        **_described(run, _scores(run)), notes=(*notes, _NOT_HELD_OUT, following), files=(path,)
    )


def evaluate_imported(
    run: Run, figures: Path | None = None, look: Look | None = PAPER
) -> ImportedEvaluation:
    """Score an imported network on all trials, marked as not held out.

    Parameters
    ----------
    run : Run
        A run that `import_checkpoint` wrote.
    figures : Path, optional
        Folder for the scores (CSV) and the confusion matrix; none are made if not given.
    look : Look, optional
        Size, colours and resolution of the figure; if None, only the scores are written.
    """
    scores = _scores(run)
    result = ImportedEvaluation(**_described(run, scores), notes=(_NOT_HELD_OUT,))
    if figures is None:
        return result
    folder = folder_below(figures, run.dataset.name, run.name)
    files = write_csv(result, folder, simulated=run.simulated)
    if look is None:
        return replace(result, files=tuple(files))
    from rtcan_cli.plots import confusion as confusion_plot  # these need Matplotlib
    from rtcan_cli.plots.save import save

    (target,) = run.settings.targets
    title = f"{run.dataset.title}, {target}: {label_of(run)}, not held out"
    figure = confusion_plot.confusion(
        confusion(scores), title=title, simulated=run.simulated, look=look
    )
    return replace(result, files=(*files, *save(figure, folder / f"confusion_{target}", look)))


_NOT_HELD_OUT = Note(
    "not_held_out",
    "not held out: it is not known which trials it was trained on; if they are among these, "
    "the scores are those of a network on its own training trials",
)


def _described(run: Run, scores: pd.DataFrame) -> dict[str, Any]:
    origin = run.provenance.parameters["checkpoint"]
    (target,) = run.settings.targets
    named = scores.rename(columns={"n": "n_trials", "f1": "f1_high"})
    return {
        "run": about(run),
        "checkpoint": AboutCheckpoint(
            **origin,
            channels=tuple(CHANNEL_ORDER[origin["trained_on"]]),
            fusion=run.settings.fusion,
        ),
        "held_out": False,
        "scores": named.assign(target=target, held_out=False)[list(IMPORTED_SCORE_COLUMNS)],
    }


def _scores(run: Run) -> pd.DataFrame:
    """One row over all trials, with the majority class of these trials."""
    label = run.predictions["label"].to_numpy()
    everywhere = np.ones(len(label), np.int64)
    return fold_scores(label, run.predictions["probability"], everywhere)
