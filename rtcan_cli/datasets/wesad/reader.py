"""WESAD: 15 subjects, 5 conditions (Schmidt et al., ICMI 2018).

A trial is a condition, and its ratings are the self-assessment manikins that the subject filled in
after it. Of a condition, the first and the last 10 s are left out, as the publisher's own labels
do: so in all 75 conditions, found others (see `rtcan_cli.datasets.wesad.devices`), who compared
the labels with the times in ``SX_quest.csv``. The publisher's readme (``wesad_readme.pdf``)
describes the files and the times; `questionnaire` and `devices` say which of it each relies on.

The synchronised files ``SX.pkl`` are not read: they are pickles of 1 GB, which can run code, and
hold nothing of the EDA that the devices' own files do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rtcan_cli.choices import Device
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.published_folder import find_folder, missing_subjects, refuse_twice
from rtcan_cli.datasets.ratings import Rated, off_scale
from rtcan_cli.datasets.trials import (
    Excluded,
    Item,
    RawDataset,
    Recording,
    Stimulus,
    Trial,
    no_rating,
)
from rtcan_cli.datasets.wesad.devices import Session, chest, wrist
from rtcan_cli.datasets.wesad.questionnaire import CONDITIONS, Condition, read_questionnaire
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.links import is_link

TRIMMED = 10.0
"""Seconds of a condition that are left out at either end."""

SUBJECTS = tuple(f"S{number}" for number in range(2, 18) if number != 12)
"""Those who are published: S1 and S12 were discarded for broken sensors."""

MEDITATION = "Medi"
"""Both meditations follow the same audio track, so that they are one song."""

_QUEST = re.compile(
    r"(?:(?P<root>.*)/)?S(?P<subject>[0-9]{1,4})/S(?P=subject)_quest\.csv", re.IGNORECASE
)
_FOLDER = re.compile(r"S([0-9]{1,4})", re.IGNORECASE)
_NOT_TRIALS = (
    f"the first and the last {TRIMMED:g} s of each condition, the reading tasks, and what lies "
    "between the conditions are not part of any trial"
)
_TITLES = {"wrist": "wrist (Empatica E4)", "chest": "chest (RespiBAN)"}


@dataclass(frozen=True)
class _Files:
    """A subject's files; `e4` for the wrist only."""

    quest: RawFile
    respiban: RawFile
    e4: RawFile | None = None


def open_raw(raw: Path, follow_links: bool = False, device: Device = "wrist") -> RawDataset:
    """Open WESAD.

    Parameters
    ----------
    raw : Path
        The folder that holds ``S2``, ``S3`` ..., a folder above it, or the publisher's zip file,
        which is read in place.
    follow_links : bool
        Whether links may lead out of the folder.
    device : {"wrist", "chest"}
        Whose EDA is read.

    Returns
    -------
    RawDataset
        One part a subject. ``S2_E4_Data/EDA.csv`` goes before the zip file that it came in.

    Raises
    ------
    RtcanError
        If it is not there, or there more than once.
    """
    looked_for = "WESAD subjects (S2/S2_quest.csv, ...)"
    folder = find_folder("wesad", raw, [_QUEST], looked_for, follow_links)
    found: list[tuple[int, _Files]] = []
    damaged = list(folder.damaged)
    quests: list[tuple[int, RawFile]] = []
    for file in folder.files.values():
        if match := _QUEST.fullmatch(str(file.name)):
            number = int(match["subject"])
            quests.append((number, file))
            try:
                found.append((number, _files_of(number, file, folder.files, device)))
            except RtcanError as error:
                damaged.append(error)
    if not quests:
        raise damaged[0]
    refuse_twice(quests)
    incomplete = _without_quest(folder.files, quests[0][1])
    damaged += incomplete.values()
    if not found:
        raise damaged[0]
    found.sort(key=lambda each: each[0])
    there = {f"S{number}" for number in (*(number for number, _ in quests), *incomplete)}
    used = (file for _, files in found for file in (files.quest, files.respiban, files.e4) if file)
    return RawDataset(
        name="wesad",
        edition=f"WESAD, {_TITLES[device]}",
        files=tuple(dict.fromkeys(file.path for file in used)),
        stimuli=tuple(
            Stimulus(name, song=MEDITATION if name.startswith(MEDITATION) else "")
            for name in CONDITIONS
        ),
        parts=tuple(partial(_read_subject, f"S{number}", files) for number, files in found),
        # Of the wrist there are some thousand lines.
        in_turn=device == "wrist",
        damaged=tuple(damaged),
        simulated=folder.simulated,
        device=None if device == "wrist" else device,
        notes=(_NOT_TRIALS, *(() if folder.simulated else missing_subjects(there, SUBJECTS))),
    )


def _without_quest(files: dict[str, RawFile], quest: RawFile) -> dict[int, RtcanError]:
    """One error for each folder of a subject that has no questionnaire, by the subject."""
    holds = {name.partition("/")[0]: True for name in files if "/" in name}
    folder = quest.path if quest.members else quest.path.parent.parent
    if not quest.members:
        # Empty folders are not among the files.
        beside = (each for each in folder.iterdir() if each.is_dir() and not is_link(each))
        holds = {each.name.lower(): False for each in beside} | holds
    found = {}
    for name, filled in holds.items():
        match = _FOLDER.fullmatch(name)
        if match and f"{name}/{name}_quest.csv" not in files:
            lacks = f"has no {name.upper()}_quest.csv" if filled else "is empty"
            found[int(match[1])] = RtcanError(
                f"{printable(folder)}: the folder {name.upper()} {lacks}",
                hint="the copy is incomplete: copy or unpack the subject again, or remove the "
                "folder",
            )
    return found


def _files_of(number: int, quest: RawFile, files: dict[str, RawFile], device: Device) -> _Files:
    subject = f"S{number}"
    e4 = (f"{subject}_E4_Data/EDA.csv", f"{subject}_E4_Data.zip")
    wanted = [(f"{subject}_respiban.txt",), *([e4] if device == "wrist" else [])]
    there = []
    for names in wanted:
        known = [f"{subject}/{name}".lower() for name in names]
        file = next((files[name] for name in known if name in files), None)
        if file is None:
            raise RtcanError(f"{quest}: there is no {' or '.join(names)} beside it")
        there.append(file)
    return _Files(quest, *there)


def _read_subject(subject: str, files: _Files) -> list[Item]:
    conditions = read_questionnaire(files.quest, subject)
    rated = [
        Rated(f"{files.quest}: DIM, condition {each.name}", each.valence, each.arousal)
        for each in conditions
    ]
    advice = "get the file again: WESAD's ratings go from 1 to 9"
    slips = off_scale(rated, profile("wesad").rating_scale, files.quest, advice)
    session = wrist(files.e4, files.respiban) if files.e4 else chest(files.respiban)
    items: list[Item] = []
    for index, condition in enumerate(conditions):
        if index in slips:
            items.append(slips[index])
        else:
            items += _read_trial(subject, condition, session, files.quest)
    absent = [name for name in CONDITIONS if name not in {each.name for each in conditions}]
    place = (files.quest.source, files.quest.position)
    return items + [
        Excluded(subject, name, "the condition is not in the schedule (ORDER)", *place)
        for name in absent
    ]


def _read_trial(subject: str, condition: Condition, session: Session, quest: RawFile) -> list[Item]:
    name, valence, arousal = condition.name, condition.valence, condition.arousal
    problem = no_rating(valence, arousal)
    if problem:
        place = (quest.source, quest.within("DIM"))
        return [Excluded(subject, name, problem, *place)]
    rate, n_samples = session.sampling_rate, len(session.eda)
    begin, end = condition.start + TRIMMED, condition.end - TRIMMED
    first, last = (round((session.lead + time) * rate) for time in (begin, end))
    file = session.file
    # No negative numbers and no ranges: reasons that differ in their numbers are shown as one.
    late, early = -session.lead - begin, end + session.lead - n_samples / rate
    problem = None
    if first >= last:
        problem = f"the condition is too short to leave out {TRIMMED:g} s at either end"
    elif first < 0:
        problem = f"the recording begins {late:g} s after the trial"
    elif last > n_samples:
        problem = f"the recording ends {early:g} s before the trial does"
    if problem:
        left_out = Excluded(subject, name, problem, file.source, file.position)
        return [left_out, Trial(subject, name, valence, arousal, ())]
    place = (file.source, file.within(f"samples {first}:{last}"))
    recording = Recording("both", session.eda[first:last].copy(), rate, *place)
    return [Trial(subject, name, valence, arousal, (recording,))]
