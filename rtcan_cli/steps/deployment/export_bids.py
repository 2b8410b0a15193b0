"""Recordings store -> a dataset in BIDS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rtcan_cli import console
from rtcan_cli.choices import Polarity
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.absolute import is_absolute, unit_in_words
from rtcan_cli.datasets.bids.fields import BEFORE
from rtcan_cli.datasets.bids.writer import ARBITRARY, About, Run, labels_of, write_dataset
from rtcan_cli.datasets.polarity import (
    CONDUCTANCE,
    FLIPPED,
    KEPT,
    SignalKind,
    holds_resistance,
)
from rtcan_cli.datasets.profiles import Profile, profile
from rtcan_cli.datasets.terms import credit_of, terms_of
from rtcan_cli.datasets.units import RELATIVE, parse_unit
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.atomic import new_folder_beside, replace_empty
from rtcan_cli.files.links import is_link
from rtcan_cli.results.base import Note
from rtcan_cli.results.deployment.bids import BidsExport
from rtcan_cli.steps.following import then
from rtcan_cli.stores import Provenance, Store
from rtcan_cli.stores.lines import place_of

_NEW = "the name of a new folder"
_SIMULATED = "**The data are simulated. They say nothing about real people.**\n\n"


def export_bids(recordings: Path, folder: Path) -> BidsExport:
    """Write the recordings, ratings and names of a store as a dataset in BIDS.

    Parameters
    ----------
    recordings : Path
        Recordings store.
    folder : Path
        Folder to write. It must be empty, or not be there yet; it appears whole or not at all.

    Raises
    ------
    RtcanError
        If the folder holds something, is a link or the one that the process is in, or cannot be
        written.
    """
    _refuse_place(folder)
    with Store(recordings, "recordings") as store:
        made, known = store.provenance, profile(store.provenance.dataset)
        trials, table = store.table("trials"), store.table("recordings")
        labels = labels_of(dict.fromkeys(trials["subject"].tolist()))
        kinds = {
            SignalKind(unit, polarity)
            for unit, polarity in zip(table["unit"], table["polarity"], strict=True)
        }
        lead = float(made.parameters.get("lead", known.lead))
        notes = [*_kind_notes(kinds, known), *_onset_notes(lead, known), *_left_behind(store)]
        low, high = made.parameters.get("rating_scale", known.rating_scale)
        about = About(
            name=known.title + (" (simulated by rtcan)" if made.simulated else ""),
            credit=credit_of(known.name, made.simulated, made.parameters),
            task=re.sub("[^a-z]", "", known.stimulus_word),
            simulated=made.simulated,
            scale=(float(low), float(high)),
            stimuli=_stimuli(store),
            readme=_readme(known, made, _options(kinds, known), notes),
            lead=lead,
        )
        with new_folder_beside(folder) as beside:
            runs = _runs(store, trials, table, known)
            with console.progress(len(trials), "writing BIDS", "trial") as bar:
                n_files = write_dataset(beside, about, _counted(runs, bar), labels)
            _refuse_place(folder)  # something may have come there meanwhile
            replace_empty(beside, folder)
        units = sorted({_unit(kind, known) for kind in kinds})
    result = BidsExport(
        dataset=known.name,
        simulated=made.simulated,
        n_subjects=len(labels),
        n_trials=len(trials),
        n_recordings=len(table),
        n_files=n_files,
        unit=", ".join(units),
        notes=tuple(notes),
        files=(folder,),
    )
    place = place_of(recordings)
    if place is None or known.name == "bids":  # the line would replace what was written
        return result
    options = _options(kinds, known)
    again = command_line("ingest", "bids", folder, workspace=place[0], **options)
    return then(result, again, "next, to read it again")


def _refuse_place(folder: Path) -> None:
    """Refuse what cannot be replaced by a new folder."""
    if is_link(folder):
        raise RtcanError(f"{folder} is a link, which is not replaced", _NEW)
    if folder.exists():
        if not folder.is_dir() or any(folder.iterdir()):
            raise RtcanError(f"{folder} is there already, and not empty", _NEW)
        if folder.resolve() == Path.cwd():
            raise RtcanError(f"{folder} is the folder that you are in, and is not replaced", _NEW)
    if folder.name in ("", ".."):
        raise RtcanError(f"{folder} is not the name of a new folder", _NEW)


def _counted(runs: Iterator[Run], bar: console.Progress) -> Iterator[Run]:
    before = None
    for run in runs:
        key = run.subject, run.stimulus, run.repetition
        bar.update(key != before)
        before = key
        yield run


def _runs(store: Store, trials: pd.DataFrame, table: pd.DataFrame, known: Profile) -> Iterator[Run]:
    """Recordings in the order of their trials; a trial without any is there, too."""
    by_trial: dict[int, list[int]] = {}
    for index, trial in enumerate(table["trial"].tolist()):
        by_trial.setdefault(trial, []).append(index)
    for number, trial in enumerate(trials.itertuples()):
        facts = (trial.subject, trial.stimulus, int(trial.repetition))
        ratings = (float(trial.valence), float(trial.arousal))
        found = by_trial.get(number, [])
        if not found:
            yield Run(*facts, "both", *ratings)
        for index in found:
            row = table.iloc[index]
            kind = SignalKind(row["unit"], row["polarity"])
            eda = np.asarray(store.signal("eda", index), np.float64)
            repaired = store.signal("repaired", index) > 0
            if row["problem"]:
                # What was wrong with it has to stay visible.
                eda, repaired = np.where(repaired, np.nan, eda), np.zeros_like(repaired)
            yield Run(
                *facts,
                row["target"],
                *ratings,
                -eda if kind.polarity == FLIPPED else eda,
                repaired,
                float(row["sampling_rate"]),
                _unit(kind, known),
                _polarity(kind),
                # A conductance can be computed from all other resistances.
                kind.polarity == FLIPPED and _unit(kind, known) != ARBITRARY,
            )


def _polarity(kind: SignalKind) -> Polarity | None:
    """What the written signal is, whose sign is that of the raw files."""
    if holds_resistance(kind):
        return "resistance"
    return "conductance" if kind.polarity == CONDUCTANCE or kind.was_converted else None


def _options(kinds: set[SignalKind], known: Profile) -> dict[str, str]:
    """Options of `ingest` that read the same signals again, sign included."""
    found = {}
    if any(_unit(kind, known) == ARBITRARY for kind in kinds):
        found["unit"] = RELATIVE
        stated = {_polarity(kind) for kind in kinds}
        if len(stated) == 1 and (only := stated.pop()):
            found["polarity"] = only
    if any(kind.polarity == KEPT for kind in kinds):
        found["polarity"] = "as-is"
    return found


def _unit(kind: SignalKind, known: Profile) -> str:
    """The unit that a description has to say; ``arbitrary`` where the offset is lost."""
    unit = parse_unit(kind.unit)
    if unit is None or unit.quantity == "relative":
        return ARBITRARY
    if unit.quantity == "conductance" and not is_absolute(kind, known):
        return ARBITRARY
    return unit.name


def _kind_notes(kinds: set[SignalKind], known: Profile) -> list[Note]:
    notes = []
    if any(kind.was_converted for kind in kinds):
        text = "the EDA is in microsiemens, to which it was converted when it was ingested"
        notes.append(Note("converted", text))
    if any(kind.polarity == FLIPPED for kind in kinds):
        text = (
            "the EDA is skin resistance without its offset, with the sign of the raw files: a "
            "response makes it fall, and ingest inverts it again"
        )
        notes.append(Note("resistance", text))
    if any(kind.polarity == KEPT for kind in kinds):
        text = "the EDA is skin resistance; to read it as it is, ingest it with --polarity as-is"
        notes.append(Note("resistance", text))
    arbitrary = [kind.unit for kind in kinds if _unit(kind, known) == ARBITRARY]
    if arbitrary:
        units = sorted({unit_in_words(unit, known) for unit in arbitrary})
        text = f"the unit of the EDA is written as {ARBITRARY}, that of its files is "
        text += " and ".join("not known" if unit == RELATIVE else unit for unit in units)
        notes.append(Note("arbitrary_unit", text))
    return notes


def _onset_notes(lead: float, known: Profile) -> list[Note]:
    """Where the stimuli begin, and what later steps leave out at the beginning."""
    notes = []
    if lead:
        text = (
            f"each recording begins {lead:g} s before its {known.stimulus_word}: its event has the "
            f"onset {lead:g}, and {BEFORE} says how much before it belongs to the trial"
        )
        notes.append(Note("lead", text))
    usual = profile("bids").onset
    if known.onset != usual:
        text = (
            f"of {known.title}, train and eda-features leave out the first {known.onset:g} s of "
            f"each recording, of BIDS recordings {usual:g} s: --onset {known.onset:g} gives the "
            "same"
        )
        notes.append(Note("onset", text))
    return notes


def _left_behind(store: Store) -> list[Note]:
    """What a dataset in BIDS does not hold."""
    repaired = store.array("quality/repaired")
    problem = store.array("recordings/problem") != ""
    notes = []
    if n := int(((repaired > 0) & ~problem).sum()):
        text = f"{n} recordings have interpolated samples, which a column of their own marks"
        notes.append(Note("repaired", text))
    if n := int(problem.sum()):
        text = f"{n} recordings were left out by later steps; they are written as well"
        notes.append(Note("not_usable", text))
    if (store.array("stimuli/audio") != "").any():
        text = "audio files are not copied; check their licence before you add them to stimuli/"
        notes.append(Note("audio", text))
    return notes


def _stimuli(store: Store) -> dict[str, dict[str, str]]:
    table = store.table("stimuli", ["stimulus", "song", "title", "artist"])
    return {
        row["stimulus"]: {
            "song": row["song"] if row["song"] != row["stimulus"] else "",
            "title": row["title"],
            "artist": row["artist"],
        }
        for row in table.to_dict("records")
    }


def _readme(
    known: Profile, made: Provenance, options: Mapping[str, str], notes: Sequence[Note]
) -> str:
    again = command_line("ingest", "bids", "FOLDER", workspace=None, **options)
    lines = "".join(f"- {note.text}\n" for note in notes)
    return (
        f"# {known.title}\n\n"
        + (_SIMULATED if made.simulated else "")
        + "Electrodermal activity and ratings of valence and arousal, written by rtcan. Each "
        "recording is a run; its events tell the stimulus and the subject's own ratings.\n\n"
        + (f"{lines}\n" if lines else "")
        + f"To read it: {again}\n\n"
        + f"Terms: {terms_of(known.name, made.simulated, made.parameters)}\n"
    )
