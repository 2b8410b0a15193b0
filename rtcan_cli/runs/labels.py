"""What runs are called in figures: model and inputs, and what differs where these are equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtcan_cli import choices
from rtcan_cli.runs.run import Run

_INPUTS = {"EDA alone": "EDA", "EDA and music": "EDA + music", "music alone": "music"}
#: Settings that are in the label already, or that a figure does not show.
_NOT_SAID = {"model", "variant", "fusion", "window", "network", "grid", "test_subject"}
#: How to say some of the others.
_WORDS = {
    "folds": "{} folds",
    "length": "{} samples",
    "protocol": "{}",
    "recipe": "recipe {}",
    "subjects": "{} of subjects",
    "targets": "trained on {}",
}


def label_of(run: Run) -> str:
    """Model and inputs in a few words, such as ``RTCAN-1D, EDA + music``.

    Attention modules are named if they are not those that are usual for the dataset.
    """
    settings = run.settings
    name = settings.spec.model
    if name == choices.MODEL:
        name = settings.model.title
        if settings.spec.variant != run.dataset.variant:
            name += f" ({settings.spec.variant})"
    seen = _INPUTS.get(settings.model.inputs(settings.fusion))
    window = str(settings.window) if settings.window is not None else None
    return ", ".join(part for part in (name, seen, window) if part)


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Label runs that stand beside each other.

    Labels that would be equal also say which settings differ, or else the end of the run's name.

    Parameters
    ----------
    runs : sequence of Run
        In any order.

    Returns
    -------
    list of str
        One a run, no two equal unless the names of the runs are.
    """
    labels = [label_of(run) for run in runs]
    alike = [
        [other for other, name in zip(runs, labels, strict=True) if name == label]
        for label in labels
    ]
    labels = [
        ", ".join([label, *_differing(run, others)])
        for run, label, others in zip(runs, labels, alike, strict=True)
    ]
    return [
        label if labels.count(label) == 1 else f"{label} ({run.name.rpartition('-')[2]})"
        for run, label in zip(runs, labels, strict=True)
    ]


def _differing(run: Run, others: Sequence[Run]) -> list[str]:
    """The settings of a run that are not the same in all of the others."""
    mine, theirs = _said(run), [_said(other) for other in others]
    return [
        _word(name, value)
        for name, value in mine.items()
        if any(other.get(name) != value for other in theirs)
    ]


def _said(run: Run) -> dict[str, Any]:
    settings = run.settings
    found = {
        name: value
        for name, value in settings.parameters().items()
        if name not in _NOT_SAID | {"recipe", "splits_from"}
    }
    # Runs that are alike but for what describes their songs.
    music = {"music": run.provenance.music} if run.provenance.music else {}
    return found | music | {"recipe": settings.training}


def _word(name: str, value: Any) -> str:
    if name == "subjects" and value is None:
        return "all subjects"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return _WORDS.get(name, name.replace("_", " ") + " {}").format(text)
