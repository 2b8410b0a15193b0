"""The registry of models, for a person to read."""

from __future__ import annotations

from rtcan_cli.command_line import command_line
from rtcan_cli.models.registry import Model, every, find
from rtcan_cli.report import Report, Table

_EDA = {"signals": "signals", "features": "features", "none": None}


def list_models() -> Report:
    """One row for each model."""
    columns = ["model", "what it is", "source", "EDA", "--fusion"]
    rows = [
        [each.name, each.title, each.source, _EDA[each.eda], ", ".join(each.fusion)]
        for each in every()
    ]
    report = Report(
        "models", tables=[Table("Models that rtcan train --model knows", columns, rows)]
    )
    report.notes.append(f"to show everything about one of them: {command_line('models', 'NAME')}")
    return report


def describe_model(name: str) -> Report:
    """What one model is, what it sees, and what there is to choose.

    Raises
    ------
    RtcanError
        If there is no such model.
    """
    model = find(name)
    report = Report("models")
    report.facts = {
        "model": model.name,
        "what it is": model.title,
        "source": model.source,
        "EDA": _eda(model),
        "--fusion": ", ".join(model.fusion),
        "--protocol": ", ".join(model.protocols),
        "trained by": "a recipe" if model.network is not None else "itself",
    }
    if len(model.grid) > 1:
        rows = [[number + 1, model.setting(number)] for number in range(len(model.grid))]
        title = "Candidates; the validation fold chooses"
        report.tables.append(Table(title, ["candidate", "setting"], rows))
    # The docstrings mark diagrams for Sphinx; a terminal shows them as they are.
    report.text = model.doc.replace("\n::\n\n", "\n")
    return report


def _eda(model: Model) -> str:
    if model.eda == "features":
        return f"{len(model.features) or 'all 128'} hand-crafted features"
    return "three channels of samples" if model.eda == "signals" else "not seen"
