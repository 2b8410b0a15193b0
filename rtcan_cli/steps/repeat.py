"""Stores and runs -> the lines that make them again, with the options that they were made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtcan_cli import choices
from rtcan_cli.command_line import CommandLine, command_line
from rtcan_cli.datasets.polarity import signal_kind, stored_kind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Provenance, Store, Workspace
from rtcan_cli.stores.lines import line_that_makes, place_of
from rtcan_cli.stores.workspace import STEP_KINDS

if TYPE_CHECKING:  # it loads PyTorch, which takes long
    from rtcan_cli.runs.run import Run

#: Options of the steps before training, as they are unless a user says otherwise.
USUAL = {
    "method": choices.LABEL_METHOD,
    "seed": choices.SEED,
    "decomposition": choices.DECOMPOSITION,
    "solver": choices.SOLVER,
    "time_constants": choices.TIME_CONSTANTS,
    "rate": None,
    "alpha": choices.ALPHA,
    "gamma": choices.GAMMA,
    "mixdown": False,
    "feature_set": choices.FEATURE_SET,
    "window": None,
    "within_subject": False,
}
#: Options that have another name than the parameter they set.
RENAMED = {"decomposition": "method"}
#: Options of `ingest` that are stored as they were given, and are usually left out.
_OF_INGEST: dict[str, object] = {
    "decimal": ".",
    "unit": None,
    "skip_bad": False,
    "follow_links": False,
    "audio": None,
    "device": None,
}


def commands_of(
    stores: Workspace, datasets: Sequence[str], runs: Sequence[Run]
) -> tuple[CommandLine, ...]:
    """The lines that make the stores of datasets and some runs again, in their order.

    Parameters
    ----------
    stores : Workspace
    datasets : sequence of str
        Their stores that can be read.
    runs : sequence of Run
        Imported networks are left out: their files are elsewhere.
    """
    found: list[CommandLine] = []
    for name in dict.fromkeys((*datasets, *(run.dataset.name for run in runs))):
        found += _of_stores(stores, name)
        mine = [run for run in runs if run.dataset.name == name and not run.is_imported]
        found += [run.line() for run in sorted(mine, key=lambda run: run.created)]
    return tuple(found)


def _of_stores(stores: Workspace, dataset: str) -> Iterator[CommandLine]:
    for kind in STEP_KINDS:
        path = stores.store(dataset, kind)
        if path.exists():
            try:
                with Store(path, kind) as store:
                    made = store.provenance
            except RtcanError:
                continue  # the report names it
            yield line_again(path, kind, made)


def line_again(path: Path, kind: str, made: Provenance) -> CommandLine:
    """The line that makes a store of a step before training again.

    Parameters
    ----------
    path : Path
        The store.
    kind : str
        Its kind.
    made : Provenance
        How it was made. Of tables that were imported only the name of the file is known.
    """
    if kind == "recordings":
        return _ingest_line(path, made)
    return line_that_makes(path, kind, **options_of(made))


def options_of(made: Provenance) -> dict[str, object]:
    """Options that a store was made with, where they are not the usual ones; not of `ingest`."""
    parameters = made.parameters
    for name in ("import", "imported"):  # labels, or features of songs
        if name in parameters:
            model = {"model": parameters["model"]} if "model" in parameters else {}
            return {"import": parameters[name], **model}
    usual = {**USUAL, "onset": profile(made.dataset).onset}
    if parameters.get("decomposition") == "median":
        del usual["window"]  # a number of the method, which nobody chooses
    return {
        RENAMED.get(name, name): parameters[name]
        for name, value in usual.items()
        if parameters.get(name, value) != value
    }


def _ingest_line(path: Path, made: Provenance) -> CommandLine:
    parameters = made.parameters
    options = {
        name: parameters[name]
        for name, usual in _OF_INGEST.items()
        if parameters.get(name, usual) != usual
    }
    from rtcan_cli.eda.quality.rules import Rules  # loads SciPy, which `info` need not wait for

    rules = asdict(Rules())
    options |= {
        name: parameters[name]
        for name, usual in rules.items()
        if parameters.get(name, usual) != usual
    }
    words: list[object] = [made.dataset, parameters.get("raw", "RAW")]
    known = profile(made.dataset)
    scale = tuple(parameters.get("rating_scale", known.rating_scale))
    if known.own and scale != known.rating_scale:
        words += ["--rating-scale", *(f"{end:g}" for end in scale)]
    place = place_of(path)
    usual_path = place is not None and path.name == "recordings.h5"
    return command_line(
        "ingest",
        *words,
        polarity=_polarity(parameters),
        **options,
        **({} if usual_path else {"output": path}),
        workspace=place[0] if place is not None and usual_path else None,
    )


def _polarity(parameters: Mapping[str, Any]) -> str | None:
    """What was said of the EDA where its unit does not say it."""
    kind = stored_kind(parameters)
    stated: tuple[choices.Polarity | None, ...] = (None, "conductance", "resistance", "as-is")
    for each in stated:
        try:
            if signal_kind(kind.unit, each) == kind:
                return each
        except RtcanError:  # the unit says otherwise
            continue
    return None
