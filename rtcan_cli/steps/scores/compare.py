"""Run stores -> their scores and how far these differ, beside the paper's if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.scores.comparison import SCORE_COLUMNS, Comparison
from rtcan_cli.runs.labels import labels_of
from rtcan_cli.runs.present import outdated_notes
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import group_seeds, seed_note, seed_scores
from rtcan_cli.steps.paper.rows import is_eligible
from rtcan_cli.steps.scores.differences import differences, pairing_notes
from rtcan_cli.steps.scores.simple_rivals import rival_notes

#: Names of the files of its tables.
STEMS = {"scores": "comparison", "differences": "differences"}


def compare_runs(
    paths: Sequence[Path],
    figures: Path | None = None,
    paper: bool = False,
    only_complete: bool = False,
    against: Path | None = None,
    look: Look | None = PAPER,
) -> Comparison:
    """Put the test scores of several runs side by side, and test their differences.

    Parameters
    ----------
    paths : sequence of Path
        Run stores.
    figures : Path, optional
        Folder for the tables (CSV) and a figure for each dataset and target.
    paper : bool
        Add the paper's figure for the same network on the same dataset, where it prints one.
    only_complete : bool
        Leave out runs that were not trained on all of their folds; they are named.
    against : Path, optional
        The run that all others are compared with; by default the first of each protocol.
    look : Look, optional
        Size, colours and resolution of the figures; if None, only tables are written.

    Raises
    ------
    RtcanError
        If there is no run, or ``against`` has no held-out scores.
    """
    every = [*paths, *([against] if against is not None else [])]
    reading = console.counted(every, "reading", "run")
    loaded = {path.resolve(): Run.load(path) for path in reading}
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
    rows = [
        _row(run, target, paper)
        for run in console.counted(runs, "scores", "run")
        for target in run.settings.targets
    ]
    scores = pd.DataFrame(rows).reindex(columns=list(SCORE_COLUMNS))
    scores = scores.sort_values(
        ["dataset", "target", "accuracy"], ascending=[True, False, False], ignore_index=True
    )
    groups = group_seeds(runs)
    several = [group for group in groups if len(group.runs) > 1]
    notes = outdated_notes(runs)
    apart, found = differences(runs, reference)
    notes += found
    if several:
        notes.append(seed_note(several))
    notes += rival_notes(groups)
    if paper:
        simulated = scores["simulated"].any()
        text = "paper: Yin et al., ACM TOMM 18(3), 2022, on the real dataset" + (
            "; the data here are simulated, so the two are not comparable" if simulated else ""
        )
        notes.append(Note("paper", text))
    notes += pairing_notes(runs)
    imported = [run.name for run in loaded.values() if run.is_imported]
    if imported:
        text = f"left out, because imported networks are not held out: {', '.join(imported)}"
        notes.append(Note("imported", text))
    if partial and partial[0] not in runs:
        names = ", ".join(run.name for run in partial)
        text = f"left out, because not all of their folds were trained: {names}"
        notes.append(Note("untrained_folds", text))
    result = Comparison(
        paper=paper,
        scores=scores,
        seeds=seed_scores(several),
        differences=apart,
        notes=tuple(notes),
    )
    if figures is None:
        return result
    files = write_csv(result, figures, stems=STEMS)
    drawn = [] if look is None else _draw(scores, runs, figures, look)
    return replace(result, files=(*files, *drawn))


def _row(run: Run, target: str, paper: bool) -> dict[str, object]:
    folds, summary = run.scores(target)
    row: dict[str, object] = {
        "dataset": run.dataset.name,
        "simulated": run.simulated,
        "target": target,
        "protocol": run.protocol.name,
        "tests": run.protocol.tests,
        "run": run.name,
        "model": run.network,
        "recipe": run.settings.training,
        "n_folds": summary.n_folds,
        "n_planned_folds": run.n_folds,
        "accuracy": summary.accuracy_mean,
        "accuracy_sd": summary.accuracy_sd,
        "balanced_accuracy": float(folds["balanced_accuracy"].mean()),
        "f1_high": summary.f1_mean,
        "f1_high_sd": summary.f1_sd,
        "majority_accuracy": summary.majority_mean,
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
            accuracy, f1 = found[["paper_accuracy", "paper_f1"]].iloc[0].astype(float) / 100
            row |= {
                "paper_accuracy": accuracy,
                "accuracy_difference": summary.accuracy_mean - accuracy,
                "paper_f1": f1,
                "f1_difference": summary.f1_mean - f1,
                "paper_tables": ",".join(str(number) for number in found["table"]),
            }
    return row


def _draw(scores: pd.DataFrame, runs: Sequence[Run], folder: Path, look: Look) -> list[Path]:
    """A figure for each dataset, target and protocol; simulated and recorded data apart."""
    from rtcan_cli.plots.comparison import comparison  # these need Matplotlib, and tables do not
    from rtcan_cli.plots.save import save

    files = []
    shares = ["accuracy", "accuracy_sd", "majority_accuracy", "paper_accuracy"]
    percent = scores.assign(**{name: 100 * scores[name].astype(float) for name in shares})
    percent = percent.rename(columns={"majority_accuracy": "majority"})
    by = ["dataset", "simulated", "target", "protocol"]
    by_name = {(run.dataset.name, run.name): run for run in runs}
    recorded = set(scores.loc[~scores["simulated"].astype(bool), "dataset"])
    parts = list(percent.groupby(by))
    for (dataset, simulated, target, protocol), rows in console.counted(parts, "drawing", "figure"):
        other = [] if protocol == choices.PROTOCOL else [protocol]
        drawn = [by_name[dataset, name] for name in rows["run"]]
        figure = comparison(
            rows.assign(run=labels_of(drawn)),
            title=", ".join([profile(dataset).title, target, *other]),
            simulated=simulated,
            look=look,
        )
        mark = ["simulated"] if simulated and dataset in recorded else []
        stem = "_".join(["comparison", dataset, *mark, target, *other])
        files += save(figure, folder / stem, look)
    return files
