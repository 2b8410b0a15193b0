"""What a user would do next, as a note at the end of a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from rtcan_cli.command_line import CommandLine, command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.base import Note, Result
from rtcan_cli.steps.overview.workspace import are_several, is_imported, next_step
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.stores.lines import line_on_runs, place_of
from rtcan_cli.stores.workspace import STEP_KINDS

R = TypeVar("R", bound=Result)

#: Models that see what eda-features makes, and simple ones that every network has to beat.
OF_FEATURES = "svm-eda,logistic,boosting"
SIMPLE = ("majority", "song-prior")


def then(result: R, line: str | None, words: str = "next") -> R:
    """The result with a line to go on with, if there is one."""
    if not isinstance(line, CommandLine):
        return result
    return replace(result, notes=(*result.notes, Note("next_step", words, line)))


def after_step(result: R, store: Path, *, features: bool = False) -> R:
    """What follows a step before training, by the state of the workspace that its store is in.

    Parameters
    ----------
    result : Result
        Of the step.
    store : Path
        What it has made. Outside of a workspace nothing is known of the other steps.
    features : bool
        Whether it has described EDA by features, which only some models see.
    """
    place = place_of(store)
    if place is None or store.stem not in STEP_KINDS:
        return result
    workspace, dataset = Workspace(place[0]), place[1]
    try:
        line, words = next_step(workspace, dataset, workspace.steps(dataset))
    except RtcanError:  # of another store; `info` tells
        return result
    trains = line is not None and line.split()[1] in ("train", "evaluate", "compare")
    if features and trains:
        return then(result, workspace.line("train", dataset=dataset, model=OF_FEATURES))
    return then(result, line, f"next, {words}" if words else "next")


def after_scores(result: R, run: Path) -> R:
    """What follows the scores of a run: simple models on its folds, or the comparison."""
    place = place_of(run)
    if place is None or is_imported(run):
        return result
    workspace, dataset = Workspace(place[0]), place[1]
    if are_several(workspace.runs(dataset)):
        return then(result, workspace.line("compare", dataset=dataset))
    with Store(run, "run") as store:
        own = store.provenance.parameters.get("model")
    others = [model for model in SIMPLE if model != own]
    words = "next, what it has to beat, on the same folds"
    if own in SIMPLE:
        words = "next, what else needs neither EDA nor music, on the same folds"
    line = workspace.line("train", dataset=dataset, model=",".join(others), splits_from=run.stem)
    return then(result, line, words)


def after_attention(result: R, run: Path, *, every: bool) -> R:
    """What follows the map of one trial: that of all; and then a test of the maps.

    Folds of an imported network are not known, so that it has no test trials.
    """
    if is_imported(run):
        return result
    return then(result, line_on_runs("gradcam", [run], **{"check" if every else "all": True}))


def after_comparison(result: R, stores: Workspace, dataset: str | None, runs: Sequence[str]) -> R:
    """What follows a comparison: all of it on one page."""
    return then(result, command_line("report", *runs, dataset=dataset, workspace=stores.root))
