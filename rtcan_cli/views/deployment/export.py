"""Exported networks, for a person."""

from __future__ import annotations

from rtcan_cli.results.deployment.export import Export
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title

_FORMATS = {"onnx": "ONNX", "torchscript": "TorchScript", "safetensors": "safetensors"}


def page(result: Export) -> Page:
    """What the files hold, and how far they are from rtcan's own answers."""
    run = result.run
    folds = ",".join(map(str, result.folds))
    facts = {
        "run": run.name,
        "dataset": dataset_title(run.dataset, run.simulated),
        "model": run.model,
        "target": result.target,
        "folds": folds + (", their mean" if len(result.folds) > 1 else ""),
        "probabilities": "calibrated" if result.calibrated else "not calibrated",
        **{f"input {name}": words for name, words in result.inputs.items()},
    }
    exports = result.exports
    rows = [
        [_FORMATS[row["format"]], row["size"] / 1e6, f"{row['largest_difference']:.1e}"]
        for row in exports.to_dict("records")
    ]
    title = f"Largest difference from rtcan's P(high), {exports['n_trials'].iloc[0]} random trials"
    return Page(
        facts=facts,
        tables=[Table(title, ["format", "size [MB]", "difference"], rows)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )
