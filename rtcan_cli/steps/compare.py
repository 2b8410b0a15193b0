"""Run stores -> one table of scores, beside the paper's if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rtcan_cli import console
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.plots.comparison import comparison
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.runs import Run

COLUMNS = {
    "run": "run",
    "recipe": "recipe",
    "folds": "folds",
    "accuracy": "acc. [%]",
    "accuracy_sd": "sd",
    "f1": "F1 [%]",
    "majority": "majority",
}
PAPER_COLUMNS = {
    "paper_accuracy": "paper acc.",
    "accuracy_difference": "acc. diff.",
    "paper_f1": "paper F1",
    "f1_difference": "F1 diff.",
}


def compare_runs(
    paths: Sequence[Path],
    figures: Path | None = None,
    paper: bool = False,
    only_complete: bool = False,
) -> Report:
    """Put the test scores of several runs side by side.

    Parameters
    ----------
    paths : sequence of Path
        Run stores.
    figures : Path, optional
        Folder for the table (CSV) and a figure for each dataset and target.
    paper : bool
        Add the paper's figure for the same network on the same dataset, where it prints one.
    only_complete : bool
        Leave out runs that were not trained on all of their folds; they are named.

    Raises
    ------
    RtcanError
        If there is no run.
    """
    runs = [Run.load(path) for path in paths]
    if not runs:
        raise RtcanError("there is no run to compare", "rtcan train --dataset pmemo")
    partial = [run for run in runs if only_complete and not run.is_complete]
    runs = [run for run in runs if run not in partial] or runs
    rows = [_row(run, target, paper) for run in runs for target in run.settings.targets]
    columns = COLUMNS | (PAPER_COLUMNS if paper else {})
    keys = ["dataset", "target", "network", *columns, "simulated"]
    table = pd.DataFrame(rows).reindex(columns=keys)
    table = table.sort_values(["dataset", "target", "accuracy"], ascending=[True, False, False])
    report = Report("compare")
    for (dataset, target), part in table.groupby(["dataset", "target"], sort=False):
        cells = part[list(columns)].astype(object).to_numpy().tolist()
        title = f"{dataset}, {target}: mean over the test folds, unseen subjects"
        report.tables.append(Table(title, list(columns.values()), cells))
    simulated = table["simulated"].any()
    if paper:
        report.notes.append(
            "paper: Yin et al., ACM TOMM 18(3), 2022, on the real dataset"
            + ("; the data here are simulated, so the two are not comparable" if simulated else "")
        )
    report.notes += _pairing_notes(runs)
    if partial and partial[0] not in runs:
        names = ", ".join(run.name for run in partial)
        report.notes.append(f"left out, because not all of their folds were trained: {names}")
    if figures is not None:
        report.files = _write(table, figures)
    return report


def _row(run: Run, target: str, paper: bool) -> dict[str, object]:
    _, summary = run.scores(target)
    row: dict[str, object] = {
        "dataset": run.dataset.title + (" (simulated)" if run.simulated else ""),
        "target": target,
        "run": run.name,
        "network": run.network,
        "recipe": run.settings.recipe.name,
        "folds": f"{summary.n_folds} of {run.settings.n_folds}",
        "accuracy": 100 * summary.accuracy_mean,
        "accuracy_sd": 100 * summary.accuracy_sd,
        "f1": 100 * summary.f1_mean,
        "f1_sd": 100 * summary.f1_sd,
        "majority": 100 * summary.majority_mean,
        "simulated": run.simulated,
    }
    if paper:
        spec = run.settings.spec
        found = published.matching_rows(
            run.provenance.dataset,
            target,
            variant=spec.variant,
            fused=run.settings.fusion == "music",
            depth=spec.depth,
            channels=spec.channels,
        )
        if len(found):
            first = found.iloc[0]
            row |= {
                "paper_accuracy": float(first["paper_accuracy"]),
                "accuracy_difference": 100 * summary.accuracy_mean - first["paper_accuracy"],
                "paper_f1": float(first["paper_f1"]),
                "f1_difference": 100 * summary.f1_mean - first["paper_f1"],
                "paper_table": ", ".join(str(number) for number in found["table"]),
            }
    return row


def _pairing_notes(runs: list[Run]) -> list[str]:
    """Say whether runs of one dataset share their labels and their folds."""
    notes = []
    for name in sorted({run.provenance.dataset for run in runs}):
        same = [run for run in runs if run.provenance.dataset == name]
        if len(same) < 2:
            continue
        if len({run.provenance.inputs["labels"] for run in same}) > 1:
            console.warn(f"the {name} runs were trained on different labels")
        deals = [run.predictions[["subject", "fold"]].drop_duplicates() for run in same]
        folds = {frozenset(deal.itertuples(index=False, name=None)) for deal in deals}
        if len(folds) == 1:
            notes.append(f"all {len(same)} {name} runs test the same subjects in the same folds")
        else:
            console.warn(f"the {name} runs deal subjects into different folds")
    return notes


def _write(table: pd.DataFrame, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    csv = folder / "comparison.csv"
    table.to_csv(csv, index=False)
    files = [csv]
    for (dataset, target), rows in table.groupby(["dataset", "target"]):
        bars = rows.assign(run=rows["network"])
        if bars["run"].duplicated().any():
            bars["run"] = rows["run"]
        figure = comparison(
            bars, title=f"{dataset}, {target}", simulated=bool(rows["simulated"].any())
        )
        files += save(figure, folder / f"comparison_{dataset.split()[0].lower()}_{target}")
    return files
