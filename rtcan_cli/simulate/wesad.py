"""Simulated subjects in WESAD's layout: a questionnaire and the files of two devices each.

Both devices see the same skin; that of the chest samples it `CHEST_RATES` times a second. All that
is not EDA is noise. The synchronised pickles, which rtcan does not read, are not written. With
faults, all ratings are there, and some wrist recordings are broken: see `FAULTS`.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulation_marker import PUBLISHER_FOLDERS
from rtcan_cli.datasets.wesad.questionnaire import CONDITIONS
from rtcan_cli.datasets.wesad.reader import TRIMMED
from rtcan_cli.simulate.design import Design, Written
from rtcan_cli.simulate.faults import Fault, encode, spoil
from rtcan_cli.simulate.folder import write_file
from rtcan_cli.simulate.physiology import AROUSAL, SENSOR_NOISE, VALENCE, Array, record
from rtcan_cli.simulate.subjects import Subject, subjects
from rtcan_cli.simulate.truth import TrueRecording, of_row, write_recordings

LENGTHS = {"Base": 1180.0, "TSST": 660.0, "Fun": 372.0, "Medi 1": 398.0, "Medi 2": 398.0}
"""Published lengths of the trials in seconds, in the median; others are in proportion."""

PAUSE = 30
"""Seconds before each trial. The first ten belong to the condition before, the last ten to its own;
in between, some have a reading task."""

LEAD = 20
"""Seconds that the wristband records before the chest device starts."""

CHEST_RATES = {"demo": 100, "full": 700}
"""Sampling rates of the chest device in Hz: the published one makes files of hundreds of MB."""

FAULTS: dict[tuple[int, int], str] = {(1, 2): "flat", (3, 1): "offset", (5, 3): "clipped"}
"""Kinds of faults, by subject and condition (from 1)."""

SHARED_TABLES: dict[str, str] = {}

_FOLDER = PUBLISHER_FOLDERS["wesad"]
_FIRST_START = datetime(2017, 5, 22, 9, 39, 1, tzinfo=timezone(timedelta(hours=2)))
_COUNTS_PER_MICROSIEMENS = 0.12 / 3 * 2**16
_SENSORS = ("ECG", "EDA", "EMG", "TEMP", "XYZ", "XYZ", "XYZ", "RESPIRATION")
_QUESTIONNAIRES = {"PANAS": (24, 5), "STAI": (6, 4)}


@dataclass(frozen=True)
class Unit:
    """One subject, with all files.

    Attributes
    ----------
    who : Subject
        The subject.
    name : str
        As the folder is called.
    conditions : tuple of int
        Positions in `CONDITIONS`, in the order of the session.
    lengths : tuple of int
        Of the trials in that order, in seconds.
    chest_rate : int
        Sampling rate of the chest device in Hz.
    """

    who: Subject
    name: str
    conditions: tuple[int, ...]
    lengths: tuple[int, ...]
    chest_rate: int


def subject_names(n: int) -> list[str]:
    """``S2`` and so on; there is no ``S12``."""
    return [f"S{number + (number >= 12)}" for number in range(2, n + 2)]


def stimulus_names(design: Design) -> list[str]:
    """The conditions."""
    return list(CONDITIONS[: len(design.population.stimuli)])


def units(design: Design) -> list[Unit]:
    """All subjects; every other one has the amusement before the stress."""
    n = len(stimulus_names(design))
    usual = design.duration or LENGTHS["Fun"]
    lengths = [round(LENGTHS[name] * usual / LENGTHS["Fun"]) for name in CONDITIONS]
    orders = ((0, 1, 3, 2, 4), (0, 2, 3, 1, 4))
    everyone = subjects(design, FAULTS)
    made = []
    for who, name in zip(everyone, subject_names(len(everyone)), strict=True):
        order = tuple(place for place in orders[who.index % 2] if place < n)
        rate = CHEST_RATES[design.scale]
        made.append(Unit(who, name, order, tuple(lengths[place] for place in order), rate))
    return made


def write_unit(root: Path, unit: Unit) -> Written:
    """Write ``WESAD/S2`` or another subject's folder.

    Parameters
    ----------
    root : Path
        Folder of the simulation.
    unit : Unit
        Whose files to write.

    Returns
    -------
    Written
    """
    who, n = unit.who, len(unit.conditions)
    rng = np.random.default_rng([who.seed, 8, who.index])
    low, high = profile("wesad").rating_scale
    ratings = np.round(low + (high - low) * who.ratings(rng))
    body = who.body(rng)
    rate = profile("wesad").sampling_rate
    n_rest = round(PAUSE * rate)
    folder = f"{_FOLDER}/{unit.name}/{unit.name}"
    packed, second = f"{folder}_E4_Data.zip", 0
    worn: list[Array] = []
    starts: list[int] = []
    faults: list[Fault] = []
    recordings: list[TrueRecording] = []
    for condition, length in zip(unit.conditions, unit.lengths, strict=True):
        one = slice(condition, condition + 1)
        signals = record(body[one], who.listener, length, rate, rng, rest=PAUSE)
        starts.append(second + PAUSE)
        second += PAUSE + length
        eda = signals.eda[0].copy()
        names = (packed, unit.name, CONDITIONS[condition], "both")
        if condition in who.faults:
            kind = who.faults[condition]
            eda[n_rest:], samples = spoil(eda[n_rest:], kind, rate)
            faults.append(Fault(kind, *names, samples))
        worn.append(eda)
        if who.truth:
            recordings.append(of_row(signals.after(n_rest), 0, body[one], names))
    session = np.concatenate([*worn, np.full(n_rest, worn[-1][-1])])
    began = _FIRST_START + timedelta(days=who.index)
    write_file(root, f"{folder}_quest.csv", _questionnaire(unit, starts, ratings, rng))
    write_file(root, packed, _wrist(session, rate, began, rng))
    write_file(root, f"{folder}_respiban.txt", _chest(session, rate, unit.chest_rate, began, rng))
    if who.truth:
        write_recordings(root, unit.name, recordings, rate)
    return Written(n, n, tuple(faults))


def _questionnaire(
    unit: Unit, starts: Sequence[int], ratings: Array, rng: np.random.Generator
) -> bytes:
    """The conditions, begun ten seconds before their trials, with a reading task before each."""
    n, own = len(unit.conditions), round(TRIMMED)
    names = [*(CONDITIONS[place] for place in unit.conditions), *["sRead", "fRead"][: n - 1]]
    reading = [start - PAUSE + own + 1 for start in starts[1:3]]
    begins = [*(start - own for start in starts), *reading]
    ends = [start + length + own for start, length in zip(starts, unit.lengths, strict=True)]
    ends += [start + 8 for start in reading]
    lines = [["Subj", unit.name], ["ORDER", *names]]
    lines += [[key, *map(_time, times)] for key, times in (("START", begins), ("END", ends))]
    for key, (items, most) in _QUESTIONNAIRES.items():
        lines += [[key, *map(str, rng.integers(1, most + 1, items))] for _ in range(n)]
    lines += [
        ["DIM", f"{ratings[place, VALENCE]:g}", f"{ratings[place, AROUSAL]:g}"]
        for place in unit.conditions
    ]
    lines.append(["SSSQ", *map(str, rng.integers(1, 6, 6))])
    width = max(map(len, lines))
    return encode([f"# {';'.join(cells)}{';' * (width - len(cells))}" for cells in lines], None)


def _time(seconds: int) -> str:
    """Minutes and seconds, without the zero at the end that the published tables have lost."""
    text = f"{seconds // 60}.{seconds % 60:02d}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _wrist(eda: Array, rate: float, began: datetime, rng: np.random.Generator) -> bytes:
    """A zip file with two of the wristband's sensors."""
    before = np.full(round(LEAD * rate), eda[0])
    sensors = {"EDA": np.concatenate([before, eda]), "TEMP": 33 + rng.standard_normal(10)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in sensors.items():
            start = began.timestamp() - LEAD
            lines = [f"{start:.6f}", f"{rate:.6f}", *(f"{x:.6f}" for x in values.tolist())]
            # The year that zip files know first: the time of writing would change the bytes.
            archive.writestr(zipfile.ZipInfo(f"{name}.csv"), encode(lines, None))
    return content.getvalue()


def _chest(
    eda: Array, rate: float, chest_rate: int, began: datetime, rng: np.random.Generator
) -> bytes:
    """A recording of OpenSignals: counts of 16 bits. The same skin, with noise of its own."""
    time = np.arange(round(len(eda) * chest_rate / rate)) / chest_rate
    eda = np.interp(time, np.arange(len(eda)) / rate, eda)
    eda += SENSOR_NOISE * rng.standard_normal(len(eda))
    channels = [f"CH{number}" for number in range(1, len(_SENSORS) + 1)]
    about = {
        "sensor": _SENSORS,
        "device name": "RespiBan",
        "column": ["nSeq", "DI", *channels],
        "time": f"{began.hour}:{began.minute}:{began.second}.0",
        "date": f"{began.year}-{began.month}-{began.day}",
        "channels": list(range(1, len(_SENSORS) + 1)),
        "device": "biosignalsplux",
        "sampling rate": chest_rate,
        "label": channels,
        "resolution": [16] * len(_SENSORS),
    }
    counts = np.round(eda * _COUNTS_PER_MICROSIEMENS).clip(0, 2**16 - 1).astype(int)
    others = "\t".join(map(str, rng.integers(20_000, 45_000, len(_SENSORS) - 2)))
    lines = [
        "# OpenSignals Text File Format",
        f"# {json.dumps({'00:07:80:D8:AB:58': about})}",
        "# EndOfHeader",
        *(f"{i}\t0\t32768\t{count}\t{others}\t" for i, count in enumerate(counts.tolist())),
    ]
    return encode(lines, None)
