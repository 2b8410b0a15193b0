"""What a user should know of the lengths of the recordings that are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.base import Note
from rtcan_cli.runs.durations import lengths_of, unlike
from rtcan_cli.steps.training.plan import RunRequest
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import place_of

_LENGTH_ALONE = "duration-prior"


def length_notes(requests: Sequence[RunRequest]) -> list[Note]:
    """Say where recordings of unlike lengths are stretched to one, and where windows differ.

    Parameters
    ----------
    requests : sequence of RunRequest
        Runs of one dataset.

    Returns
    -------
    list of Note
        The stretched recordings, with the command that shows all models the same seconds, and the
        command that trains on the length alone, unless that is trained too; and runs of signals
        and of features that do not see the same part of the recordings.
    """
    return [*_stretched(requests), *_other_window(requests)]


def _stretched(requests: Sequence[RunRequest]) -> list[Note]:
    for request in requests:
        settings, components = request.settings, request.sources.components
        if components is None or settings.window is not None:
            continue
        found = unlike(lengths_of(components, settings.onset))
        if found is None:
            continue
        place = place_of(request.output)
        workspace = place[0] if place else None
        with Store(components, "components") as store:
            dataset = store.provenance.dataset
        text = (
            f"{found.description}, and each is stretched to {settings.spec.length} samples: a "
            "network sees slower responses where a recording was shorter, and can tell its length"
        )
        notes = [Note("lengths_differ", text)]
        if found.window:
            text += f". To use {found.first_part}"
            line = settings.line(dataset, workspace, window=found.window)
            notes = [Note("lengths_differ", text, line)]
        if all(each.settings.spec.model != _LENGTH_ALONE for each in requests):
            text = "where listeners decide how long to listen, see what the length alone tells"
            spec = ModelSpec(model=_LENGTH_ALONE)
            alone = replace(settings, spec=spec, recipe=None, fusion="none")
            line = alone.line(dataset, workspace)
            notes.append(Note("length_alone", text, line))
        return notes
    return []


def _other_window(requests: Sequence[RunRequest]) -> list[Note]:
    """Windows of signals, and those that the features were made with, where they differ."""
    windows = {
        str(each.settings.window or "all")
        for each in requests
        if each.sources.components is not None
    }
    described = set()
    for path in {each.sources.features for each in requests} - {None}:
        assert path is not None
        with Store(path, "features") as store:
            described.add(str(store.provenance.parameters.get("window", "all")))
    if not windows or not described or windows == described:
        return []
    text = (
        f"models of signals see {' or '.join(sorted(windows))} of each recording, those of EDA "
        f"features {' or '.join(sorted(described))}: eda-features --window makes features of the "
        "same part"
    )
    return [Note("other_window", text)]
