"""Runs that differ only in their protocol -> how much of a score is memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.command_line import CommandLine, command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.bootstrap import difference_intervals, intervals, paired_trials
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.scores.leakage import PROTOCOL_COLUMNS, Leakage, known_in_words
from rtcan_cli.runs.labels import label_of
from rtcan_cli.runs.run import Run

#: From the protocol whose networks know most of the trials that test them to the one that knows
#: least.
LADDER = ("trial", "stimulus", "subject", "subject+stimulus")


def compare_protocols(
    paths: Sequence[Path], figures: Path | None = None, look: Look | None = PAPER
) -> Leakage:
    """Show what the scores of the same network are by protocol.

    Parameters
    ----------
    paths : sequence of Path
        Run stores. Those count that differ in nothing but their protocol, one of `LADDER`; of two
        with the same protocol the first. Runs whose labels come from thresholds of each fold do not
        count: their labels differ by protocol.
    figures : Path, optional
        Folder for the table (CSV) and a figure for each network.
    look : Look, optional
        Size, colours and resolution of the figures; if None, only the table is written.

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
            "no two runs differ only in their protocol",
            _line_of_all(ladders[0]),
        )
    tables, files, notes = [], [], []
    for series, ladder in enumerate(console.counted(steps, "protocols", "model"), 1):
        run = next(iter(ladder.values()))
        rows = pd.DataFrame(
            [_row(ladder, name, target) for target in run.settings.targets for name in ladder]
        )
        tables.append(rows.assign(series=series))
        if figures is not None and look is not None:
            usual = ladder.get(choices.PROTOCOL, run)  # named after it: two models may be alike
            files += _draw(rows, usual, figures, look)
        for name, line in _missing(ladder).items():
            notes.append(Note("missing_protocol", f"not trained yet, protocol {name}", line))
    notes.append(
        Note(
            "accuracy",
            "accuracy is over all trials that a protocol tests; judge by the differences, which "
            "are over common trials",
        )
    )
    notes.append(
        Note(
            "training_trials",
            "a protocol that holds out more also trains on fewer trials (trains on: mean over "
            "folds), so a lower score is not all memory",
        )
    )
    notes.append(
        Note(
            "intervals",
            "intervals are of these trained networks on new subjects; training again would also "
            "change scores, and that is not in them",
        )
    )
    if left_out:
        notes.append(Note("thresholds", left_out))
    protocols = pd.concat(tables, ignore_index=True).reindex(columns=list(PROTOCOL_COLUMNS))
    result = Leakage(protocols=protocols.astype({"n_common": "Int64"}), notes=tuple(notes))
    if figures is not None:
        files += write_csv(result, figures, stems={"protocols": "leakage"})
    return replace(result, files=tuple(files))


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


def _missing(ladder: dict[str, Run]) -> dict[str, CommandLine]:
    """The protocols that a ladder lacks, and the lines that train them."""
    run = next(iter(ladder.values()))
    able = [name for name in LADDER if name in run.settings.model.protocols]
    return {name: run.line(protocol=name) for name in able if name not in ladder}


def _line_of_all(ladder: dict[str, Run]) -> CommandLine | None:
    """The one line that trains all protocols that a ladder lacks."""
    names = list(_missing(ladder))
    run = next(iter(ladder.values()))
    return run.line(protocol=",".join(names)) if names else None


def _row(ladder: dict[str, Run], name: str, target: str) -> dict[str, object]:
    """Accuracy of one protocol, and how far it is from that of the last one."""
    run, last = ladder[name], list(ladder.values())[-1]
    folds, _ = run.scores(target)  # looks at the folds first
    trials, seed = run.trials(target), run.settings.seed
    scores = intervals(trials, seed=seed)
    accuracy = scores.loc["accuracy"]
    row = {
        "dataset": run.dataset.name,
        "simulated": run.simulated,
        "model": run.network,
        "run": run.name,
        "target": target,
        "protocol": name,
        "subject_known": "subject" not in run.protocol.disjoint,
        "stimulus_known": "stimulus" not in run.protocol.disjoint,
        "n_training": float(run.audit(target)["train"].mean()),
        "n_trials": int(folds["n"].sum()),
        "accuracy": accuracy["estimate"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "majority_accuracy": accuracy["estimate"] - scores.loc["above_majority", "estimate"],
        "last_protocol": last.protocol.name,
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


def _draw(rows: pd.DataFrame, run: Run, folder: Path, look: Look) -> list[Path]:
    from rtcan_cli.plots.leakage import leakage  # these need Matplotlib, and tables do not
    from rtcan_cli.plots.save import save

    percent = ["accuracy", "low", "high", "majority_accuracy"]
    percent += ["difference", "difference_low", "difference_high"]
    drawn = rows.assign(**{name: 100 * rows[name] for name in percent})
    drawn["known"] = [
        known_in_words(*known, run.dataset.stimulus_word)
        for known in zip(rows["subject_known"], rows["stimulus_known"], strict=True)
    ]
    figure = leakage(
        drawn.rename(columns={"majority_accuracy": "majority"}),
        title=f"{run.dataset.title}: {label_of(run)}",
        simulated=run.simulated,
        look=look,
    )
    return save(figure, folder / f"leakage_{run.dataset.name}_{run.name}", look)
