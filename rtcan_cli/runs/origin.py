"""How the stores that a run was trained on were made, and whether others were made alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from rtcan_cli.eda.quality.rules import Rules
from rtcan_cli.errors import BlockedError, RtcanError
from rtcan_cli.results.base import Note
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store, Workspace

#: Parameters of steps by the kind of store that they make.
Settings = dict[str, dict[str, Any]]
_KINDS = ("components", "features", "music", "labels", "recordings")


def trained_on(run: Run, workspace: Workspace) -> Settings:
    """Settings of the stores that a run was trained on, as far as the workspace still holds them.

    Of EDA features also those of the components that they were computed from.

    Raises
    ------
    BlockedError
        If a store cannot be read now.
    """
    return _settings(run.provenance.inputs, run.dataset.name, workspace)


def _settings(ids: Mapping[str, str], dataset: str, workspace: Workspace) -> Settings:
    found: Settings = {}
    for kind in _KINDS:
        if kind not in ids:
            continue
        try:
            with Store(workspace.store(dataset, kind), kind) as store:
                if store.content_id == ids[kind]:
                    made = store.provenance
                    found[kind] = made.parameters
                    found |= _settings(made.inputs, dataset, workspace)
        except BlockedError:
            raise  # it may be the very store: to go on without it may give another answer
        except RtcanError:
            continue
    return found


def sees_within_subject(run: Run) -> bool:
    """Whether a run was trained on features relative to those of the same subject."""
    return "within_subject" in run.provenance.eda


class Recorded(NamedTuple):
    """What the recordings were like that a run was trained on.

    Attributes
    ----------
    rates, seconds : tuple of float
        Least and largest sampling rate in Hz, and length.
    median_seconds : float
        Length of half of them.
    by_target : bool
        Whether subjects listened once for each target.
    """

    rates: tuple[float, float]
    seconds: tuple[float, float]
    median_seconds: float
    by_target: bool


def recorded(run: Run, workspace: Workspace) -> Recorded | None:
    """What a run's recordings were like; None if the workspace does not hold them any more."""
    name = run.dataset.name
    try:
        made_from = _recordings_behind(run.provenance.inputs, name, workspace)
        with Store(workspace.store(name, "recordings"), "recordings") as store:
            if made_from != store.content_id:
                return None
            problem, target = (store.array(f"recordings/{name}") for name in ("problem", "target"))
            rates = store.array("recordings/sampling_rate")
            seconds = store.seconds(range(len(rates)))
    except BlockedError:
        raise
    except RtcanError:
        return None
    sound = problem == ""
    rates, seconds = rates[sound], seconds[sound]
    return Recorded(
        (float(rates.min()), float(rates.max())),
        (float(seconds.min()), float(seconds.max())),
        float(np.median(seconds)),
        bool((target != "both").any()),
    )


def _recordings_behind(inputs: Mapping[str, str], dataset: str, workspace: Workspace) -> str | None:
    """Content id of the recordings that inputs of a run were made from, if that is known."""
    if "recordings" in inputs:
        return inputs["recordings"]
    kind = next((each for each in ("components", "features") if each in inputs), None)
    if kind is None:
        return None
    with Store(workspace.store(dataset, kind), kind) as store:
        if store.content_id != inputs[kind]:
            return None
        return store.provenance.inputs.get("recordings")


def made_with(sources: Sources, workspace: Workspace) -> Settings:
    """Settings that some stores were made with; of features also those of their components."""
    paths = {"components": sources.components, "features": sources.features, "music": sources.music}
    found: Settings = {}
    for kind, path in paths.items():
        if path is not None:
            with Store(path, kind) as store:
                made = store.provenance
                found[kind] = made.parameters
                found |= _settings(made.inputs, made.dataset, workspace)
    return found


def notes_on_settings(run: Run, trained: Settings, new: Settings) -> list[Note]:
    """What is not, or may not be, alike between the stores of a run and others."""
    notes = []
    for kind, parameters in new.items():
        if kind == "recordings":  # other raw files, of course, but by the same rules?
            if "components" in new:
                notes += _notes_on_rules(run, trained, parameters)
            continue
        if kind not in trained:
            # Components behind features are not inputs of the run: nothing is missing then.
            if kind in run.provenance.inputs:
                text = (
                    f"the {kind} that {run.name} was trained on are not in the workspace any more, "
                    "so it is not known whether these were made with the same settings"
                )
                notes.append(Note("stores_missing", text))
            continue
        different = differences(trained[kind], parameters)
        if different:
            text = (
                f"these {kind} were made with other settings than those that {run.name} was "
                f"trained on: {'; '.join(different)}"
            )
            notes.append(Note("other_settings", text))
    return notes


def _notes_on_rules(run: Run, trained: Settings, new: Mapping[str, Any]) -> list[Note]:
    """Whether recordings were repaired and left out as those of a run were."""
    if "recordings" not in trained:
        text = (
            f"the recordings that {run.name} was trained on are not in the workspace any more, so "
            "it is not known whether these were repaired and left out by the same rules"
        )
        return [Note("stores_missing", text)]
    old_rules, new_rules = (asdict(Rules.of(made)) for made in (trained["recordings"], new))
    if different := differences(old_rules, new_rules):
        text = (
            f"these recordings were repaired and left out by other rules than those that "
            f"{run.name} was trained on: {'; '.join(different)}"
        )
        return [Note("other_settings", text)]
    return []


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Each setting that differs, in words."""
    return [
        f"{name} {_word(new.get(name))} instead of {_word(old.get(name))}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _word(value: object) -> str:
    if value is None:
        return "not given"
    return f"{value:g}" if isinstance(value, float) else str(value)
