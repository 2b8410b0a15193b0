"""Run store -> scores of each fold, the leakage check, figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from rtcan_cli.evaluation.metrics import confusion, overlap
from rtcan_cli.plots import confusion as confusion_plot
from rtcan_cli.plots.learning_curves import FoldHistory, learning_curves
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.runs import Run


def evaluate_run(path: Path, figures: Path | None = None) -> Report:
    """Score the test folds of a run.

    Parameters
    ----------
    path : Path
        Run store.
    figures : Path, optional
        Folder for the fold table (CSV), learning curves and confusion matrices; none are made if
        not given.

    Raises
    ------
    RtcanError
        If a subject that tests has also trained or validated: such scores are not shown.
    """
    run = Run.load(path)
    report = Report("evaluate")
    report.facts = {
        "run": run.name,
        "dataset": run.dataset.title + (" (simulated)" if run.simulated else ""),
        "network": run.network,
        "recipe": run.settings.recipe.name,
    }
    mark = ", simulated data" if run.simulated else ""
    tables = []
    for target in run.settings.targets:
        folds, summary = run.scores(target)
        tables.append(folds.assign(target=target))
        rows: list[list[object]] = [
            [
                str(row.fold),
                row.n,
                *(100 * x for x in (row.accuracy, row.f1, row.majority_accuracy)),
                *(row.true_high, row.false_high, row.true_low, row.false_low),
            ]
            for row in folds[folds["n"] > 0].itertuples()
        ]
        total = folds[["true_high", "false_high", "true_low", "false_low"]].sum()
        rows.append(
            [
                "mean",
                summary.n_trials,
                *(100 * x for x in (summary.accuracy_mean, summary.f1_mean, summary.majority_mean)),
                *total,
            ]
        )
        sd = (summary.accuracy_sd, summary.f1_sd, summary.majority_sd)
        rows.append(["sd", None, *(100 * x for x in sd), None, None, None, None])
        columns = ["fold", "trials", "accuracy [%]", "F1 high [%]", "majority [%]"]
        columns += ["true high", "false high", "true low", "false low"]
        report.tables.append(Table(f"{target}: unseen subjects{mark}", columns, rows))
        if summary.n_untested:
            report.notes.append(
                f"{target}: {summary.n_untested} trials are in folds that were not trained"
            )
    report.notes.append(_songs_note(run))
    if figures is not None:
        report.files = _write_figures(run, pd.concat(tables), figures / run.dataset.name / run.name)
    return report


def _songs_note(run: Run) -> str:
    target = run.settings.targets[0]
    table = overlap(run.roles(target), run.trials(target)["stimulus"], "stimulus")
    shared = int(table["train_test"].sum()), int(table["test"].sum())
    word = run.dataset.stimulus_word
    note = (
        f"checked: in all {len(table)} trained folds no subject is shared between training, "
        f"validation and test"
    )
    if shared[0]:
        note += (
            f"; the {word}s are ({shared[0]} of {shared[1]} test {word}s, counted fold by fold, "
            "were also played in training)"
        )
    return note


def _write_figures(run: Run, folds: pd.DataFrame, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    csv = folder / "scores.csv"
    folds.assign(simulated=run.simulated).to_csv(csv, index=False)
    files = [csv]
    for target in run.settings.targets:
        title = f"{run.dataset.title}, {target}: {run.network}"
        models = run.models[run.models["target"] == target]
        histories = []
        for model in models.itertuples():
            rows = run.epochs[(run.epochs["target"] == target) & (run.epochs["fold"] == model.fold)]
            histories.append(
                FoldHistory(
                    fold=model.fold,
                    train_loss=rows["train_loss"].to_numpy(),
                    validation_loss=rows["validation_loss"].to_numpy(),
                    best_epoch=model.best_epoch - 1,
                )
            )
        curves = learning_curves(histories, title=title, simulated=run.simulated)
        files += save(curves, folder / f"learning_curves_{target}")
        counts = confusion(folds[folds["target"] == target])
        figure = confusion_plot.confusion(counts, title=title, simulated=run.simulated)
        files += save(figure, folder / f"confusion_{target}")
    return files
