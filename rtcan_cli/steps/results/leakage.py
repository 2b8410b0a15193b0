"""Runs that differ only in their protocol -> how much of a score is memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rtcan_cli import choices
from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.bootstrap import difference_intervals, intervals, paired_trials
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.plots.leakage import leakage
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.run import Run
from rtcan_cli.views.files import write_tables

#: From the protocol whose networks know most of the trials that test them to the one that knows
#: least.
LADDER = ("trial", "stimulus", "subject", "subject+stimulus")


def compare_protocols(paths: Sequence[Path], figures: Path | None = None) -> Report:
    """Show what the scores of the same network are by protocol.

    Parameters
    ----------
    paths : sequence of Path
        Run stores. Those count that differ in nothing but their protocol, one of `LADDER`; of two
        with the same protocol the first. Runs whose labels come from thresholds of each fold do not
        count: their labels differ by protocol.
    figures : Path, optional
        Folder for the tables (CSV, Markdown, LaTeX) and a figure for each network.

    Raises
    ------
    RtcanError
        If no two runs differ only in their protocol; the hint says what to train.
    """
    runs = [Run.load(path) for path in paths]
    ladders = _ladders(runs)
    own = [run.name for run in runs if run.settings.thresholds != choices.THRESHOLDS]
    left_out = (
        f"left out, because their labels differ by protocol (--thresholds): {', '.join(own)}"
        if own
        else None
    )
    if not ladders:
        raise RtcanError(
            "there is no run to compare; every protocol needs one that is trained on all folds"
            + (f"; {left_out}" if left_out else ""),
            command_line(
                "train",
                dataset=runs[0].dataset.name if runs else None,
                protocol=f"trial,{choices.PROTOCOL}",
                workspace=runs[0].workspace if runs else None,
            ),
        )
    steps = [ladder for ladder in ladders if len(ladder) > 1]
    if not steps:
        raise RtcanError(
            "no two runs differ only in their protocol", "; ".join(_missing(ladders[0])) or None
        )
    report = Report("compare")
    tables = []
    for ladder in steps:
        run = next(iter(ladder.values()))
        rows = pd.DataFrame(
            [_row(ladder, name, target) for target in run.settings.targets for name in ladder]
        )
        tables.append(rows)
        report.tables += _report_tables(rows, run)
        if figures is not None:
            report.files += _draw(rows, run, figures)
        missing = _missing(ladder)
        if missing:
            report.notes.append(f"not trained yet: {'; '.join(missing)}")
    report.notes.append(
        "accuracy is over all trials that a protocol tests; use the differences, which are "
        "over common trials"
    )
    report.notes.append(
        "a protocol that holds out more also trains on fewer trials (trains on: mean over folds), "
        "so a lower score is not all memory"
    )
    report.notes.append(
        "intervals are of these trained networks on new subjects; training again would also change "
        "scores, and that is not in them"
    )
    if left_out:
        report.notes.append(left_out)
    if figures is not None:
        csv = figures / "leakage.csv"
        write_whole(csv, pd.concat(tables).to_csv(index=False))
        report.files += [csv, *write_tables(report, figures / "leakage")]
    return report


def _ladders(runs: Sequence[Run]) -> list[dict[str, Run]]:
    """Runs by protocol, those together that differ in nothing else."""
    found: dict[str, dict[str, Run]] = {}
    for run in runs:
        settings = run.settings
        own = (
            settings.splits_from is None
            and settings.test_subject is None
            and settings.thresholds == choices.THRESHOLDS  # else labels differ by protocol
        )
        if settings.protocol in LADDER and own and run.is_complete:
            same = {**settings.parameters(), "protocol": None}
            made = run.provenance
            key = json.dumps([made.dataset, made.simulated, made.inputs, same], sort_keys=True)
            found.setdefault(key, {}).setdefault(settings.protocol, run)
    return [{name: group[name] for name in LADDER if name in group} for group in found.values()]


def _missing(ladder: dict[str, Run]) -> list[str]:
    """The lines that train what a ladder lacks."""
    run = next(iter(ladder.values()))
    able = [name for name in LADDER if name in run.settings.model.protocols]
    return [run.line(protocol=name) for name in able if name not in ladder]


def _row(ladder: dict[str, Run], name: str, target: str) -> dict[str, object]:
    """Accuracy of one protocol, and how far it is from that of the last one."""
    run, last = ladder[name], list(ladder.values())[-1]
    folds, _ = run.scores(target)  # looks at the folds first
    trials, seed = run.trials(target), run.settings.seed
    scores = intervals(trials, seed=seed)
    accuracy = scores.loc["accuracy"]
    row = {
        "dataset": run.dataset.title,
        "simulated": run.simulated,
        "network": run.network,
        "run": run.name,
        "target": target,
        "protocol": name,
        "known": _known(run),
        "train": float(run.audit(target)["train"].mean()),
        "n": int(folds["n"].sum()),
        "accuracy": accuracy["estimate"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "majority": accuracy["estimate"] - scores.loc["above_majority", "estimate"],
        "last": last.protocol.name,
    }
    if run is not last:
        other = last.trials(target)
        apart = difference_intervals(trials, other, seed=seed).loc["accuracy"]
        row |= {
            "n_common": len(paired_trials(trials, other)[0]),
            "difference": apart["difference"],
            "difference_low": apart["low"],
            "difference_high": apart["high"],
        }
    return row


def _known(run: Run) -> str:
    """What of a tested trial was in training."""
    words = {"subject": "subject", "stimulus": run.dataset.stimulus_word}
    known = [word for what, word in words.items() if what not in run.protocol.disjoint]
    return f"{' and '.join(known)} known" if known else "both new"


def _report_tables(rows: pd.DataFrame, run: Run) -> list[Table]:
    about = f"{run.dataset.title}{' (simulated)' if run.simulated else ''}, {run.network}"
    tables = []
    columns = ["protocol", "in training", "trains on", "tests", "accuracy [%]", "95 % from", "to"]
    for target, part in rows.groupby("target", sort=False):
        cells: list[list[object]] = [
            [
                row.protocol,
                row.known,
                round(row.train),
                row.n,
                *(100 * x for x in (row.accuracy, row.low, row.high, row.majority)),
            ]
            for row in part.itertuples()
        ]
        title = f"{about}, {target}: accuracy by protocol, 95 % interval over subjects"
        tables.append(Table(title, [*columns, "majority"], cells))
    apart = rows[rows["protocol"] != rows["last"]]
    cells = [
        [
            row.target,
            row.protocol,
            row.n_common,
            *(100 * x for x in (row.difference, row.difference_low, row.difference_high)),
        ]
        for row in apart.astype({"n_common": int}).itertuples()
    ]
    last = rows["last"].iloc[0]
    title = f"{about}: accuracy less that of '{last}', on common trials"
    tables.append(
        Table(title, ["target", "protocol", "common trials", "points", "95 % from", "to"], cells)
    )
    return tables


def _draw(rows: pd.DataFrame, run: Run, folder: Path) -> list[Path]:
    percent = ["accuracy", "low", "high", "majority"]
    percent += ["difference", "difference_low", "difference_high"]
    figure = leakage(
        rows.assign(**{name: 100 * rows[name] for name in percent}),
        title=f"{run.dataset.title}: {run.network}",
        simulated=run.simulated,
    )
    usual = replace(run.settings, protocol=choices.PROTOCOL).name()
    return save(figure, folder / f"leakage_{run.dataset.name}_{usual}")
