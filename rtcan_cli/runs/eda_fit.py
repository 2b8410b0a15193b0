"""Whether new EDA fits the EDA that a run was trained on, by polarity and unit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.polarity import (
    CONDUCTANCE,
    SignalKind,
    holds_resistance,
    quantity,
    same_unit,
    signal_kind,
    stored_kind,
)
from rtcan_cli.datasets.single import read_single
from rtcan_cli.datasets.trials import Recording
from rtcan_cli.eda.features.catalogue import CATALOGUE, RECORDED
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.base import Note
from rtcan_cli.runs.origin import Settings
from rtcan_cli.runs.run import Run

_FEW = 3


def kind_of(settings: Settings) -> SignalKind | None:
    """Unit and polarity of the EDA behind some stores; None if the settings do not tell."""
    for kind in ("components", "features", "recordings"):
        if kind in settings:
            return stored_kind(settings[kind])
    return None


def trained_kind(run: Run, trained: Settings) -> SignalKind:
    """Unit and polarity of the EDA that a run was trained on.

    The stores come first: where the same samples were read again with another unit, they know it.

    Raises
    ------
    RtcanError
        If neither its stores are there nor the run itself says it, and its dataset may be either.
    """
    if kind := kind_of(trained):
        return kind
    if run.provenance.eda:
        return stored_kind(run.provenance.eda)
    usual = signal_kind(run.dataset.eda_unit)
    # What is shipped as conductance is stored so whatever --polarity says.
    if usual.polarity == CONDUCTANCE and not run.dataset.own:
        return usual
    raise RtcanError(
        f"{run.name} does not say whether it was trained on skin conductance or skin resistance, "
        "and the stores that it was trained on are not in the workspace any more",
        "make these stores as they were, or train the run again",
    )


def read_new(
    trained: SignalKind,
    path: Path,
    sampling_rate: float = math.nan,
    column: str = "",
    decimal: str = ".",
    start: float | str = math.nan,
    duration: float = math.nan,
    unit: str | None = None,
    last: float = math.nan,
) -> Recording:
    """Read a single recording as those that a run was trained on.

    Parameters
    ----------
    trained : SignalKind
        What the run was trained on. A file that says no unit is taken to be like that, unless the
        files of the run had another unit than was stored, or are skin resistance.
    path, sampling_rate, column, decimal, start, duration, unit, last
        As of `rtcan_cli.datasets.single.read_single`.
    """
    default = "" if trained.was_converted or holds_resistance(trained) else trained.unit
    resistance: Literal["convert", "flip", "as-is"] = "convert"
    if holds_resistance(trained):
        resistance = "as-is" if trained.falls else "flip"
    options = (sampling_rate, column, decimal, start, duration, unit)
    return read_single(path, *options, default, resistance, last)


def kind_of_file(run: Run, trained: SignalKind, found: Recording, file: object) -> SignalKind:
    """Unit and polarity of a single file.

    Parameters
    ----------
    run : Run
        The run that shall answer.
    trained : SignalKind
        What it was trained on.
    found : Recording
        The file, as `read_new` reads it. Without a unit it is taken to be like the run's
        recordings, unless these are skin resistance: few devices write that, and the wrong sign
        would not be noticed.
    file : object
        What to call the file.

    Raises
    ------
    RtcanError
        If the unit has to be named, or does not fit.
    """
    if not found.unit:
        raise RtcanError(
            f"{run.name} was trained on {trained.description}: {file} does not say whether it "
            "holds skin resistance or skin conductance, and in which unit",
            "--unit Ohm for resistance, --unit uS for conductance",
        )
    new = SignalKind(found.unit, found.polarity)
    check_fit(run, trained, new, file)
    return new


def check_fit(run: Run, trained: SignalKind, new: SignalKind, what: object) -> None:
    """Refuse EDA that a run cannot answer to.

    Raises
    ------
    RtcanError
        If responses rise in one and fall in the other; or if the run sees features in the unit of
        the recording, and the units differ.
    """
    sees = run.settings.model.sees(run.settings.fusion)
    if sees in ("none", "duration"):  # to its length, polarity is the same
        return
    if trained.falls != new.falls:
        raise RtcanError(
            f"{run.name} was trained on {trained.description}, and {what} is {new.description}: "
            "a response makes one rise and the other fall",
            f"{command_line('ingest', run.dataset.name, 'RAW', workspace=run.workspace)}, without "
            "--polarity as-is, for what it was trained on and for what it shall answer to",
        )
    names = set(run.settings.model.features) or {each.name for each in CATALOGUE}
    by_unit = [each.name for each in CATALOGUE if each.unit == RECORDED and each.name in names]
    known = quantity(trained.unit) and quantity(new.unit)
    if sees == "features" and by_unit and known and not same_unit(trained.unit, new.unit):
        raise RtcanError(
            f"{run.name} sees features in the unit of the EDA ({', '.join(by_unit[:_FEW])}): it "
            f"was trained on {trained.description}, and {what} is {new.description}",
            f"convert the EDA to {trained.unit}, or ask a run that sees signals, which are "
            "z-scored",
        )


def fit_notes(trained: SignalKind, new: SignalKind, what: object) -> list[Note]:
    """What differs and may matter."""
    if trained == new or (trained.unit, trained.sign) == (new.unit, new.sign):
        return []
    text = (
        f"{what} was read as {new.description}; the run was trained on {trained.description}. "
        "Every recording is z-scored, so that the unit makes no difference to the signals"
    )
    return [Note("other_unit", text)]
