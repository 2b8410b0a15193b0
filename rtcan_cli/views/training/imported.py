"""An imported network and its scores, for a person."""

from __future__ import annotations

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.training.imported import ImportedEvaluation, ImportedNetwork
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, mark

#: What the probabilities are, by what the network sees.
_PROBABILITY = {
    "none": "softmax of its two outputs behind their ReLU; 0.5, and so low, where both are 0",
    "music": "the output of its softmax",
}
_COUNTS = ["true_high", "false_high", "true_low", "false_low"]


def page(result: ImportedNetwork | ImportedEvaluation) -> Page:
    """Where the network comes from, and a table that says that nothing is held out."""
    run, origin = result.run, result.checkpoint
    return Page(
        facts={
            "run": run.name,
            "dataset": dataset_title(run.dataset, run.simulated),
            "checkpoint": f"{origin.file}, SHA-256 {origin.sha256[:12]}...",
            "network": f"{run.model}, as published",
            "trained on": f"{profile(origin.trained_on).title} (its channels: "
            f"{', '.join(origin.channels)})",
            "P(high)": _PROBABILITY[origin.fusion],
            "target": result.scores["target"].iloc[0],
        },
        tables=[_score_table(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _score_table(result: ImportedNetwork | ImportedEvaluation) -> Table:
    row = result.scores.iloc[0]
    percent = [100 * float(row[name]) for name in ("accuracy", "f1_high", "majority_accuracy")]
    counts = [int(row[name]) for name in ("n_trials", *_COUNTS)]
    columns = ["trials", "accuracy [%]", "F1 high [%]", "majority [%]"]
    columns += [name.replace("_", " ") for name in _COUNTS]
    held_out = "held out" if result.held_out else "NOT held out"
    title = f"{row['target']}: all trials, {held_out}{mark(result.run.simulated)}"
    return Table(title, columns, [[counts[0], *percent, *counts[1:]]])
