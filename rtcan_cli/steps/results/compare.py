"""Run stores -> their scores and how far these differ, beside the paper's if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.plots.comparison import comparison
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import Seeds, group_seeds, seed_note, seed_table
from rtcan_cli.steps.paper.rows import is_eligible
from rtcan_cli.steps.results.differences import add_differences, pairing_notes
from rtcan_cli.steps.results.simple_rivals import rival_notes
from rtcan_cli.steps.results.table_files import write_tables
from rtcan_cli.training.folds.protocols import PROTOCOLS

COLUMNS = {
    "run": "run",
    "recipe": "recipe",
    "folds": "folds",
    "accuracy": "acc. [%]",
    "accuracy_sd": "sd",
    "balanced_accuracy": "bal. [%]",
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
    against: Path | None = None,
) -> Report:
    """Put the test scores of several runs side by side, and test their differences.

    Parameters
    ----------
    paths : sequence of Path
        Run stores.
    figures : Path, optional
        Folder for the tables (CSV, Markdown, LaTeX) and a figure for each dataset and target.
    paper : bool
        Add the paper's figure for the same network on the same dataset, where it prints one.
    only_complete : bool
        Leave out runs that were not trained on all of their folds; they are named.
    against : Path, optional
        The run that all others are compared with; by default the first of each protocol.

    Raises
    ------
    RtcanError
        If there is no run, or ``against`` has no held-out scores.
    """
    every = [*paths, *([against] if against is not None else [])]
    loaded = {path.resolve(): Run.load(path) for path in every}
    reference = loaded[against.resolve()] if against is not None else None
    if reference is not None and reference.is_imported:
        raise RtcanError(
            f"{reference.path}: holds an imported network, which has no held-out scores",
            "--against with a run that was trained here",
        )
    runs = [run for run in loaded.values() if not run.is_imported]
    if not runs:
        line = next((run.line_of_the_network() for run in loaded.values()), command_line("train"))
        raise RtcanError("there is no run to compare", line)
    partial = [
        run for run in runs if only_complete and not run.is_complete and run is not reference
    ]
    runs = [run for run in runs if run not in partial] or runs
    # Own recordings have no figures in the paper to stand beside.
    paper = paper and any(run.dataset.published_trials is not None for run in runs)
    rows = [_row(run, target, paper) for run in runs for target in run.settings.targets]
    columns = COLUMNS | (PAPER_COLUMNS if paper else {})
    keys = ["dataset", "target", "protocol", "network", *columns, "simulated"]
    table = pd.DataFrame(rows).reindex(columns=keys)
    table = table.sort_values(["dataset", "target", "accuracy"], ascending=[True, False, False])
    report = Report("compare")
    # A table for each protocol: what is asked of the networks differs, so the scores do.
    by = ["dataset", "target", "protocol"]
    for (dataset, target, protocol), part in table.groupby(by, sort=False):
        cells = part[list(columns)].astype(object).to_numpy().tolist()
        tests = PROTOCOLS[protocol].tests
        title = f"{dataset}, {target}: mean over the test folds, {tests}"
        report.tables.append(Table(title, list(columns.values()), cells))
    several = _add_seeds(report, runs)
    with console.heard() as warnings:
        differences = add_differences(report, runs, reference)
        pairing = pairing_notes(runs)
    if several:
        report.notes.append(several)
    report.notes += rival_notes(group_seeds(runs))
    simulated = table["simulated"].any()
    if paper:
        report.notes.append(
            "paper: Yin et al., ACM TOMM 18(3), 2022, on the real dataset"
            + ("; these data are simulated, so the two are not comparable" if simulated else "")
        )
    report.notes += pairing
    imported = [run.name for run in loaded.values() if run.is_imported]
    if imported:
        report.notes.append(
            f"left out, because imported networks are not held out: {', '.join(imported)}"
        )
    if partial and partial[0] not in runs:
        names = ", ".join(run.name for run in partial)
        report.notes.append(f"left out, because not all of their folds were trained: {names}")
    if figures is not None:
        # Readers of the files have not seen the terminal.
        written = replace(report, notes=[*warnings, *report.notes])
        report.files = _write(table, differences, written, figures)
    return report


def _add_seeds(report: Report, runs: Sequence[Run]) -> str:
    """Add the means over seeds where runs differ in nothing else; say what their spread is of."""
    several = [group for group in group_seeds(runs) if len(group.runs) > 1]
    about: dict[tuple[str, str], list[Seeds]] = {}
    for group in several:
        for target in group.first.settings.targets:
            mark = " (simulated)" if group.first.simulated else ""
            title = f"{group.first.dataset.title}{mark}"
            about.setdefault((title, target), []).append(group)
    report.tables += [
        seed_table(groups, target, title) for (title, target), groups in about.items()
    ]
    return seed_note(several) if several else ""


def _row(run: Run, target: str, paper: bool) -> dict[str, object]:
    folds, summary = run.scores(target)
    row: dict[str, object] = {
        "dataset": run.dataset.title + (" (simulated)" if run.simulated else ""),
        "target": target,
        "protocol": run.protocol.name,
        "run": run.name,
        "network": run.network,
        "recipe": run.settings.training,
        "folds": f"{summary.n_folds} of {run.n_folds}",
        "accuracy": 100 * summary.accuracy_mean,
        "accuracy_sd": 100 * summary.accuracy_sd,
        "balanced_accuracy": 100 * float(folds["balanced_accuracy"].mean()),
        "f1": 100 * summary.f1_mean,
        "f1_sd": 100 * summary.f1_sd,
        "majority": 100 * summary.majority_mean,
        "simulated": run.simulated,
    }
    share = run.settings.subjects or "100%"
    if paper and is_eligible(run) and share.endswith("%"):
        spec = run.settings.spec
        found = published.matching_rows(
            run.provenance.dataset,
            target,
            fused=run.settings.fusion != "none",
            model=spec.model,
            variant=spec.variant,
            depth=spec.depth,
            channels=spec.channels,
            percent=float(share[:-1]),
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


def _write(
    table: pd.DataFrame, differences: pd.DataFrame, report: Report, folder: Path
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    csv = folder / "comparison.csv"
    write_whole(csv, table.to_csv(index=False))
    files = [csv, *write_tables(report, folder / "comparison")]
    if len(differences):
        files.append(folder / "differences.csv")
        write_whole(files[-1], differences.to_csv(index=False))
    for (dataset, target, protocol), rows in table.groupby(["dataset", "target", "protocol"]):
        other = [] if protocol == choices.PROTOCOL else [protocol]
        bars = rows.assign(run=rows["network"])
        if bars["run"].duplicated().any():
            bars["run"] = rows["run"]
        figure = comparison(
            bars,
            title=", ".join([dataset, target, *other]),
            simulated=bool(rows["simulated"].any()),
        )
        stem = "_".join(["comparison", dataset.split()[0].lower(), target, *other])
        files += save(figure, folder / stem)
    return files
