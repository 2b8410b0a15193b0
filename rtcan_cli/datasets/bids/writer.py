"""Trials and their EDA -> a dataset in BIDS, which `rtcan_cli.datasets.bids.reader` reads again.

Each recording is a run of its own, which begins with its stimulus or as long before it as was
recorded. Numbers are written with as many digits as it takes to read the same 64-bit number again.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcan_cli import __version__
from rtcan_cli.choices import Polarity
from rtcan_cli.datasets.bids.fields import (
    BEFORE,
    NO_OFFSET,
    ORIGINAL_ID,
    PARTICIPANTS,
    POLARITY,
    REPAIRED,
)
from rtcan_cli.datasets.formats.bids import DESCRIPTION, SIMULATED
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.datasets.terms import Credit

VERSION = "1.10.0"
"""Of BIDS."""

ARBITRARY = "arbitrary"

_BEFORE = "Seconds before the onset that are part of the recording of the trial"


@dataclass(frozen=True)
class Run:
    """One recording of a trial; or a trial without any, whose ratings count all the same.

    Attributes
    ----------
    subject, stimulus : str
        Identifiers.
    repetition : int
        Which time it is that the subject met the stimulus, from 1.
    target : str
        The hearing it belongs to: ``both``, ``valence`` or ``arousal``.
    valence, arousal : float
        NaN where there is no rating.
    eda : ndarray of float64, shape (n_samples,), or None
        NaN where samples are missing; None where there is no recording.
    repaired : ndarray of bool, shape (n_samples,), or None
        Samples that were interpolated.
    sampling_rate : float
        In Hz.
    unit : str
        Of `eda`, as the description says it.
    polarity : {"conductance", "resistance"}, optional
        What `eda` is; None where it is not known.
    no_offset : bool
        Whether it is resistance without its offset.
    """

    subject: str
    stimulus: str
    repetition: int
    target: str
    valence: float
    arousal: float
    eda: NDArray[np.float64] | None = None
    repaired: NDArray[np.bool_] | None = None
    sampling_rate: float = math.nan
    unit: str = ""
    polarity: Polarity | None = None
    no_offset: bool = False


@dataclass(frozen=True)
class About:
    """What holds for the whole dataset.

    Attributes
    ----------
    name : str
        As its description says it.
    credit : Credit
        Licence and authors, where they are known.
    task : str
        Label of the task: letters and digits.
    simulated : bool
        Whether the data come from the simulator.
    scale : tuple of float
        Lowest and highest possible rating.
    stimuli : mapping of str to mapping of str to str
        ``song``, ``title`` and ``artist`` of each stimulus, where known.
    readme : str
        What a person has to know.
    lead : float
        Seconds of each recording before its stimulus begins.
    """

    name: str
    credit: Credit
    task: str
    simulated: bool
    scale: tuple[float, float]
    stimuli: Mapping[str, Mapping[str, str]]
    readme: str
    lead: float = 0.0


def labels_of(subjects: Iterable[str]) -> dict[str, str]:
    """A label for each subject: its letters and digits, with a number where these are not enough.

    Labels are told apart whatever the case of their letters, as file systems may ignore it.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for subject in subjects:
        plain = re.sub("[^0-9a-zA-Z]", "", subject) or "x"
        label, number = plain, 1
        while label.casefold() in taken:
            number += 1
            label = f"{plain}x{number}"
        taken.add(label.casefold())
        found[subject] = label
    return found


def write_dataset(
    folder: Path, about: About, runs: Iterable[Run], labels: Mapping[str, str]
) -> int:
    """Write a dataset into an empty folder.

    Parameters
    ----------
    folder : Path
        Where to write; it must be there.
    about : About
        What holds for all of it.
    runs : iterable of Run
        Those of a subject in their order.
    labels : mapping of str to str
        From `labels_of`.

    Returns
    -------
    int
        Files that were written.
    """
    counts: dict[str, int] = {}
    written = 0
    further = [
        name
        for name in ("song", "title", "artist")
        if any(each.get(name) for each in about.stimuli.values())
    ]
    for run in runs:
        counts[run.subject] = counts.get(run.subject, 0) + 1
        label = labels[run.subject]
        place = folder / f"sub-{label}" / "beh"
        place.mkdir(parents=True, exist_ok=True)
        stem = f"sub-{label}_task-{about.task}_run-{counts[run.subject]:03d}"
        seconds = math.nan
        if run.eda is not None:
            seconds = len(run.eda) / run.sampling_rate
            _write_signal(place, stem, run)
            written += 2
        row = {
            "onset": about.lead,
            "duration": _listened(seconds, about.lead),
            "trial_type": about.task,
            "stimulus": run.stimulus,
            "repetition": run.repetition,
            "target": run.target,
            "valence": run.valence,
            "arousal": run.arousal,
        }
        row |= {BEFORE: about.lead} if about.lead else {}
        row |= {name: about.stimuli.get(run.stimulus, {}).get(name, "") for name in further}
        _write(place / f"{stem}_events.tsv", _table(list(row), [list(row.values())]))
        written += 1
    return written + _write_shared(folder, about, list(counts), labels, further)


def _listened(seconds: float, lead: float) -> float:
    """Length of a recording from the onset on; NaN where there is none."""
    return seconds if math.isnan(seconds) else max(seconds - lead, 0.0)


def _write_signal(place: Path, stem: str, run: Run) -> None:
    assert run.eda is not None
    columns: dict[str, dict[str, object]] = {
        "eda": {
            "Description": "Electrodermal activity; n/a where samples are missing",
            "Units": run.unit,
            "MeasureType": "EDA",
            **({POLARITY: run.polarity} if run.polarity else {}),
            **({NO_OFFSET: True} if run.no_offset else {}),
        }
    }
    lines = [_number(value) for value in run.eda.tolist()]
    if run.repaired is not None and run.repaired.any():
        columns[REPAIRED] = {
            "Description": "Whether the sample was interpolated by rtcan",
            "Levels": {"0": "as recorded", "1": "interpolated"},
        }
        marks = run.repaired.astype(int).tolist()
        lines = [f"{line}\t{mark}" for line, mark in zip(lines, marks, strict=True)]
    content = ("\n".join(lines) + "\n").encode()
    # Without a name and a time in it, equal data give equal files.
    (place / f"{stem}_physio.tsv.gz").write_bytes(gzip.compress(content, mtime=0))
    rate = run.sampling_rate
    about = {
        "SamplingFrequency": int(rate) if rate == int(rate) else rate,
        "StartTime": 0,
        "Columns": list(columns),
        "PhysioType": "generic",
        **columns,
    }
    _write(place / f"{stem}_physio.json", _json(about))


def _write_shared(
    folder: Path,
    about: About,
    subjects: Sequence[str],
    labels: Mapping[str, str],
    further: Sequence[str],
) -> int:
    low, high = about.scale
    rating = {"Minimum": low, "Maximum": high}
    events: dict[str, object] = {
        "onset": {"Description": "Beginning of the stimulus", "Units": "s"},
        "duration": {"Description": "From there to the end of the recording", "Units": "s"},
        "trial_type": {"Description": "What was done", "Levels": {about.task: "heard or seen"}},
        "stimulus": {"Description": "Identifier of the song or video"},
        "repetition": {"Description": "Which time it is that the subject met the stimulus, from 1"},
        "target": {
            "Description": "The rating that the recording belongs to",
            "Levels": {"both": "both ratings", **{name: f"{name} alone" for name in TARGETS}},
        },
        **{
            name: {"Description": f"The subject's own rating of {name}", **rating}
            for name in TARGETS
        },
        **({BEFORE: {"Description": _BEFORE, "Units": "s"}} if about.lead else {}),
        **{name: {"Description": f"{name.capitalize()} of the stimulus"} for name in further},
    }
    description: dict[str, object] = {
        "Name": about.name,
        "BIDSVersion": VERSION,
        "DatasetType": "raw",
        **({"License": about.credit.licence} if about.credit.licence else {}),
        **({"Authors": list(about.credit.authors)} if about.credit.authors else {}),
        "GeneratedBy": [{"Name": "rtcan", "Version": __version__}],
        SIMULATED: about.simulated,
    }
    rows = [[f"sub-{labels[subject]}", subject] for subject in subjects]
    people = {
        "participant_id": {"Description": "Label of the subject in this dataset"},
        ORIGINAL_ID: {"Description": "Name of the subject where the data come from"},
    }
    files = {
        DESCRIPTION: _json(description),
        PARTICIPANTS: _table(list(people), rows),
        "participants.json": _json(people),
        f"task-{about.task}_events.json": _json(events),
        "README": about.readme,
    }
    for name, text in files.items():
        _write(folder / name, text)
    return len(files)


def _write(path: Path, text: str) -> None:
    # Equal data give equal files, on Windows too.
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [names, *([_cell(value) for value in row] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return _number(value)
    return " ".join(str(value).split()) or "n/a"


def _number(value: float) -> str:
    """As few digits as give the same number again."""
    return repr(value) if math.isfinite(value) else "n/a"
