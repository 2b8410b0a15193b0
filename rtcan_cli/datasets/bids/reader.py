"""A dataset in BIDS: ``sub-*/[ses-*/]<datatype>/*_physio.tsv.gz`` and the events of each run.

A run is what files have in common but for ``recording-`` and the suffix. Its trials are the rows
of ``*_events.tsv`` that name a stimulus (`rtcan_cli.datasets.bids.events`); their EDA is cut out of
the one recording of the run that has EDA. Times of both count from the beginning of the run.

Source: Brain Imaging Data Structure 1.10, "Physiological recordings" and "Task events"; and the
proposal BEP045, whose ``MeasureType`` says what a column is.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.choices import Polarity
from rtcan_cli.datasets import names
from rtcan_cli.datasets.bids.events import (
    BEFORE,
    STIMULUS_COLUMNS,
    Event,
    Events,
    read_events,
    read_rows,
)
from rtcan_cli.datasets.conversion import Conversion, alike, conversion_of
from rtcan_cli.datasets.files.raw import RawFile, list_files, nothing_of, printable
from rtcan_cli.datasets.formats.bids import SUFFIXES, described
from rtcan_cli.datasets.identifiers import check_distinct
from rtcan_cli.datasets.polarity import FLIPPED, SignalKind
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.datasets.ratings import Rated, off_scale
from rtcan_cli.datasets.table.cuts import Cut, cut
from rtcan_cli.datasets.table.reader import TableOptions
from rtcan_cli.datasets.table.rows import Row
from rtcan_cli.datasets.table.signals import SignalFile, Track
from rtcan_cli.datasets.terms import Credit
from rtcan_cli.datasets.trials import (
    Excluded,
    Item,
    RawDataset,
    Recording,
    Stimulus,
    Trial,
    no_rating,
)
from rtcan_cli.errors import RtcanError, some
from rtcan_cli.files.kinds import AUDIO_SUFFIXES
from rtcan_cli.trial_key import hearing

DESCRIPTION = "dataset_description.json"
PARTICIPANTS = "participants.tsv"
REPAIRED = "interpolated"
"""Column of the samples that were repaired before the export, which rtcan writes."""

POLARITY, NO_OFFSET = "Polarity", "OffsetRemoved"
"""What rtcan writes about the EDA beside its unit: what it is, and whether its offset is lost."""

#: Types of recordings that can be EDA; ``specified`` is that of BEP045.
_TYPES = ("generic", "specified")
_MEASURES = ("eda", "gsr", "eda-total")
_LOOKED_AT = 5  # recordings that decide on all: one may have been spoilt
_NAME = re.compile(r"(?P<entities>sub-[0-9a-zA-Z+]+(?:_[a-z]+-[0-9a-zA-Z+]+)*)_(?P<suffix>[a-z]+)")
_UNPACKED = SUFFIXES[0].removesuffix(".gz")
_LARGEST = 1_000_000
_NATURAL = re.compile(r"\d+|\D+")


@dataclass(frozen=True)
class Source:
    """A recording that may be EDA.

    Attributes
    ----------
    file : RawFile
        Where it is.
    column : str
        The column that is EDA; empty where the file has to show it.
    has_repaired : bool
        Whether it says which samples were interpolated.
    polarity : {"conductance", "resistance"}, optional
        What it says that its EDA is, beside its unit.
    no_offset : bool
        Whether it says that the offset of its EDA was removed.
    """

    file: RawFile
    column: str
    has_repaired: bool
    polarity: Polarity | None = None
    no_offset: bool = False


@dataclass(frozen=True)
class Hearing:
    """A trial, or one of its hearings, with the place that messages name."""

    subject: str
    event: Event
    repetition: int
    events: RawFile
    sources: tuple[Source, ...]

    @property
    def place(self) -> tuple[str, str]:
        """The table of events on disk, and the line in it."""
        return self.events.source, f"line {self.event.line}"

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells a trial from all others."""
        return self.subject, self.event.stimulus, self.repetition


def open_raw(
    raw: Path, options: TableOptions | None = None, follow_links: bool = False
) -> RawDataset:
    """Open a dataset in BIDS.

    Parameters
    ----------
    raw : Path
        The folder with ``dataset_description.json``.
    options : TableOptions, optional
        Unit of recordings whose description has none, polarity, and the rating scale where the
        description of the events does not say it.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    RawDataset
        One part a subject.

    Raises
    ------
    RtcanError
        If it is not such a dataset, has no trial, its ratings are on another scale, or a recording
        does not say the unit of its EDA.
    """
    options = options or TableOptions()
    raw = Path(os.path.abspath(raw))
    if not (raw / DESCRIPTION).is_file():
        listing = list_files(raw, follow_links)
        raise nothing_of(raw, DESCRIPTION, listing, "the folder of the dataset, unpacked")
    root = None if follow_links else Path(os.path.realpath(raw))
    about = _json(RawFile(raw / DESCRIPTION, PurePosixPath(DESCRIPTION), root=root))
    listing = list_files(raw, follow_links)
    files = [each for each in listing if each.name.parts[0].startswith("sub-")]
    runs, recordings = _runs(files)
    shared = _shared_events(listing, runs)
    for entities in recordings.keys() - runs.keys():
        if (found := _inherited(entities, recordings[entities][0], shared)) is not None:
            runs[entities] = found
    labels = _labels(raw, root)
    tables: dict[str, Events] = {}
    damaged: list[RtcanError] = []
    for entities, file in sorted(runs.items(), key=lambda each: _natural(each[0])):
        try:
            tables[entities] = read_events(file)
        except RtcanError as error:
            damaged.append(error)
    damaged += [problem for table in tables.values() for problem in table.problems]
    rated = any(table.has_ratings for table in tables.values())
    sources: dict[str, tuple[Source, ...]] = {}
    for entities in recordings:
        sources[entities] = tuple(_sources(recordings[entities], damaged))
    hearings = _hearings(runs, tables, sources, labels)
    if not hearings:
        raise damaged[0] if damaged else _no_trials(raw, files, tables, recordings)
    if not damaged and not any(sources.values()):
        raise _no_eda(raw, files, recordings)
    check_distinct({h.subject: h.events for h in hearings}, "subject")
    check_distinct({h.event.stimulus: h.events for h in hearings}, "stimulus")
    scale = _scale(tables.values(), options, raw)
    hearings, slips = _drop_slips(hearings, scale, raw)
    kind = _kind(hearings, options)
    used = {entities for entities, table in tables.items() if table.events}
    simulated = about.get("Simulated", False)
    if not isinstance(simulated, bool):
        raise RtcanError(f"{raw / DESCRIPTION}: Simulated is {simulated!r}, not true or false")
    credit, uncredited = _credit(about)
    subjects: dict[str, list[Hearing]] = {}
    for each in hearings:
        subjects.setdefault(each.subject, []).append(each)
    stimuli, absent = _stimuli(hearings, raw, root)
    unused = sorted(sources.keys() - used)
    n_others = sum(table.n_others for table in tables.values())
    repeated = sum(h.repetition > 1 and h.event.repetition is None for h in hearings)
    leads = sorted({h.event.before for h in hearings})
    notes = (
        "" if rated else _NOTE_UNRATED,
        _note_on_lead(leads) if leads[-1] else "",
        f"{n_others} rows of events are not trials: they name no stimulus, or have no rating"
        if n_others
        else "",
        f"{len(unused)} runs with recordings but without trials: {some(unused)}" if unused else "",
        f"{repeated} trials are counted as repetitions, in the order of sessions, runs and onsets"
        if repeated
        else "",
        absent,
        "" if simulated else uncredited,
    )
    return RawDataset(
        name="bids",
        edition="BIDS dataset",
        files=tuple(
            dict.fromkeys(
                path
                for path in (
                    raw / DESCRIPTION,
                    raw / PARTICIPANTS,
                    *(file.path for file in runs.values()),
                    *(s.file.path for each in sources.values() for s in each),
                    *(
                        file.path
                        for file in listing
                        if file.name.name.endswith(("physio.json", "events.json"))
                    ),
                )
                if path.is_file()
            )
        ),
        stimuli=stimuli,
        parts=tuple(
            partial(_read_subject, tuple(each), options, kind, rated) for each in subjects.values()
        ),
        in_turn=False,
        damaged=(*damaged, *slips),
        simulated=simulated,
        notes=tuple(filter(None, notes)),
        kind=kind,
        rating_scale=scale,
        lead=leads[0] if len(leads) == 1 else 0.0,
        credit=Credit() if simulated else credit,
    )


_NOTE_UNRATED = (
    "No table of events has a column valence or arousal: ingest, decompose and music-features work "
    "with that, relabel does not, nor what needs labels."
)


def _credit(about: Mapping[str, Any]) -> tuple[Credit, str]:
    """Licence and authors that the description states, and a note on what is not stated."""
    licence, authors = about.get("License", ""), about.get("Authors", [])
    licence = printable(licence).strip() if isinstance(licence, str) else ""
    whole = isinstance(authors, list) and all(isinstance(each, str) for each in authors)
    named = tuple(printable(each).strip() for each in authors) if whole else ()
    named = tuple(filter(None, named))
    missing = [name for name, found in (("License", licence), ("Authors", named)) if not found]
    note = f"{DESCRIPTION} states no {' and no '.join(missing)}" if missing else ""
    return Credit(licence, named), note


def _note_on_lead(leads: Sequence[float]) -> str:
    """What recordings contain before their stimuli, and how later steps leave it out."""
    alike = len(leads) == 1
    usual = profile("bids").onset
    return (
        f"recordings begin {'' if alike else 'up to '}{leads[-1]:g} s before their stimuli "
        f"({BEFORE}); train and eda-features leave out the first {usual:g} s, or --onset "
        f"{leads[-1]:g}"
    )


def _json(file: RawFile) -> dict[str, Any]:
    try:
        text = file.text()
        found = json.loads(text) if len(text) <= _LARGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RtcanError(f"{file} is not a JSON object", "copy or download the file again")
    return found


def _runs(
    files: Sequence[RawFile],
) -> tuple[dict[str, RawFile], dict[str, list[RawFile]]]:
    """Tables of events, and recordings, by the entities of their runs, in a natural order."""
    runs: dict[str, RawFile] = {}
    recordings: dict[str, list[RawFile]] = {}
    for file in sorted(files, key=lambda each: _natural(each.name.name)):
        name = file.name.name
        match = _NAME.match(name)
        if match is None:
            continue
        entities = "_".join(
            each for each in match["entities"].split("_") if not each.startswith("recording-")
        )
        if name == f"{match['entities']}_events.tsv":
            if entities in runs:
                raise RtcanError(f"{file} and {runs[entities]} are of the same run")
            runs[entities] = file
        elif name.casefold() == f"{match['entities']}{SUFFIXES[0]}".casefold():
            recordings.setdefault(entities, []).append(file)
    return runs, recordings


def _shared_events(
    listing: Sequence[RawFile], runs: Mapping[str, RawFile]
) -> list[tuple[frozenset[str], RawFile]]:
    """Tables of events that may be of several runs, with their entities."""
    own = {file.path for file in runs.values()}
    return [
        (frozenset(each.name.name.split("_")[:-1]), each)
        for each in listing
        if each.name.name.endswith("events.tsv") and each.path not in own
    ]


def _inherited(
    entities: str, recording: RawFile, shared: Sequence[tuple[frozenset[str], RawFile]]
) -> RawFile | None:
    """The events of a run in a folder above it: the nearest, then the one with most entities."""
    parts = set(entities.split("_"))
    fitting = [
        (len(file.name.parts), len(own), file)
        for own, file in shared
        if own <= parts and recording.name.is_relative_to(file.name.parent)
    ]
    return max(fitting, key=lambda each: each[:2])[2] if fitting else None


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """Sorting key that puts run-2 before run-10."""
    return [
        (part.isdecimal(), int(part) if part.isdecimal() else 0, part)
        for part in _NATURAL.findall(text)
    ]


def _labels(raw: Path, root: Path | None) -> dict[str, str]:
    """What participants are called outside of BIDS, where ``original_id`` says it."""
    path = raw / PARTICIPANTS
    if not path.is_file():
        return {}
    file = RawFile(path, PurePosixPath(PARTICIPANTS), root=root)
    rows = read_rows(file)
    header = rows[0] if rows else []
    if "participant_id" not in header or "original_id" not in header:
        return {}
    label, name = header.index("participant_id"), header.index("original_id")
    found: dict[str, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise RtcanError(f"{file}, line {line}: {len(row)} cells for {len(header)} columns")
        own = printable(row[name].strip())
        if own in ("", "n/a"):
            continue
        if "/" in own or "\\" in own:
            raise RtcanError(f"{file}, line {line}: original_id {own!r} contains / or \\")
        if own in found.values() or row[label] in found:
            raise RtcanError(f"{file}, line {line}: {own} or {row[label]} is there twice")
        found[row[label]] = own
    return found


def _sources(files: Sequence[RawFile], damaged: list[RtcanError]) -> Iterator[Source]:
    """Recordings of a run whose description says, or does not deny, that they have EDA."""
    for file in files:
        try:
            about = described(file, "physio")
        except RtcanError as error:
            damaged.append(error)
            continue
        columns = about.get("Columns")
        kind = about.get("PhysioType", "generic")
        if kind not in _TYPES or not isinstance(columns, list):
            continue
        measured = [str(name) for name in columns if _measure(about, str(name)) in _MEASURES]
        if len(measured) > 1:
            damaged.append(
                RtcanError(
                    f"{file}: several columns are EDA ({', '.join(map(printable, measured))})",
                    "ingest table, with a trials.csv that names the column",
                )
            )
            continue
        by_name = [
            str(name)
            for name in columns
            if not _measure(about, str(name)) and names.is_eda(str(name))
        ]
        found = measured or by_name
        doubtful = [
            str(name)
            for name in columns
            if (measure := _measure(about, str(name))) == "scr"
            or (not measure and names.is_response(str(name)))
        ]
        if doubtful and not found:
            damaged.append(
                RtcanError(
                    f"{file}: the column {printable(doubtful[0])} is SCR, which may be the whole "
                    "EDA or its phasic part alone",
                    "MeasureType EDA in its description, if it is the EDA as it was measured",
                )
            )
        if found:
            column = found[0] if len(found) == 1 else ""
            try:
                own = _polarity(about, column, file)
            except RtcanError as error:
                damaged.append(error)
                continue
            yield Source(file, column, REPAIRED in columns, *own)


def _polarity(about: Mapping[str, Any], name: str, file: RawFile) -> tuple[Polarity | None, bool]:
    """What a description says of polarity and offset, beside the unit."""
    column = about.get(name)
    if not isinstance(column, dict):
        return None, False
    polarity, no_offset = column.get(POLARITY), column.get(NO_OFFSET, False)
    if polarity not in (None, "conductance", "resistance") or not isinstance(no_offset, bool):
        raise RtcanError(
            f"{file}: its description says {POLARITY} {polarity!r} and {NO_OFFSET} {no_offset!r} "
            f"of {name}",
            f"{POLARITY} is conductance or resistance, {NO_OFFSET} is true or false",
        )
    return polarity, no_offset


def _measure(about: Mapping[str, Any], name: str) -> str:
    """What BEP045's ``MeasureType`` says that a column is, in lower case; may be empty."""
    column = about.get(name)
    found = column.get("MeasureType", "") if isinstance(column, dict) else ""
    return found.casefold() if isinstance(found, str) else ""


def _hearings(
    runs: Mapping[str, RawFile],
    tables: Mapping[str, Events],
    sources: Mapping[str, tuple[Source, ...]],
    labels: Mapping[str, str],
) -> list[Hearing]:
    """All trials, each with its repetition: as its table says it, or else counted."""
    found: list[Hearing] = []
    heard: Counter[tuple[str, str, str]] = Counter()
    for entities, table in tables.items():
        label = entities.split("_")[0]
        subject = labels.get(label, label.removeprefix("sub-"))
        for event in table.events:
            key = subject, event.stimulus, event.target
            heard[key] += 1
            found.append(
                Hearing(
                    subject,
                    event,
                    event.repetition or heard[key],
                    runs[entities],
                    sources.get(entities, ()),
                )
            )
    return found


def _no_trials(
    raw: Path,
    files: Sequence[RawFile],
    tables: Mapping[str, Events],
    recordings: Mapping[str, list[RawFile]],
) -> RtcanError:
    if not files:
        return RtcanError(f"{raw} has no folder sub-*")
    columns = dict.fromkeys(name for table in tables.values() for name in table.columns)
    shown = f" (their columns are {some([printable(name) for name in columns])})" if columns else ""
    return RtcanError(
        f"{raw} has no trial: {len(recordings)} runs have physiological recordings "
        f"({SUFFIXES[0]}), {len(tables)} have events, and no event names a stimulus{shown}",
        f"a column {' or '.join(STIMULUS_COLUMNS)} in *_events.tsv; or ingest table, "
        "with a trials.csv that says where the trials are",
    )


def _no_eda(
    raw: Path, files: Sequence[RawFile], recordings: Mapping[str, list[RawFile]]
) -> RtcanError:
    """What a dataset has where recordings with EDA should be."""
    columns: dict[str, None] = {}
    for each in recordings.values():
        for file in each:
            found = described(file, "physio").get("Columns")
            columns |= dict.fromkeys(map(str, found if isinstance(found, list) else ()))
    if columns:
        return RtcanError(
            f"{raw}: none of its physiological recordings has a column of EDA: the columns are "
            f"{some([printable(name) for name in columns])}",
            "if one of them is, its description (.json) says so with MeasureType: EDA; or ingest "
            "table, with a trials.csv that names the column",
        )
    plain = [file for file in files if file.name.name.endswith(_UNPACKED)]
    if plain:
        return RtcanError(
            f"{raw}: physiological recordings are not packed, as the standard asks: {plain[0]}",
            "gzip them: gzip FILE makes FILE.gz",
        )
    return RtcanError(
        f"{raw} has no physiological recordings (sub-*{SUFFIXES[0]})",
        "EDA that is a channel of an EEG recording (type GSR in *_channels.tsv) is read by ingest "
        "table, if that is EDF, BDF or another format that is known",
    )


def _scale(tables: Iterable[Events], options: TableOptions, raw: Path) -> tuple[float, float]:
    """The rating scale: that of the descriptions, which must agree with what the user says."""
    stated = {table.scale for table in tables if table.scale is not None}
    if len(stated) > 1:
        raise RtcanError(f"{raw}: descriptions of events state different rating scales")
    if not stated:
        return options.rating_scale
    (scale,) = stated
    if options.scale_is_stated and options.rating_scale != scale:
        raise RtcanError(
            f"{raw}: the description of the events says that ratings go from {scale[0]:g} to "
            f"{scale[1]:g}, but --rating-scale from {options.rating_scale[0]:g} to "
            f"{options.rating_scale[1]:g}",
            "leave out --rating-scale",
        )
    TableOptions(rating_scale=scale)  # refuses what is not possible
    return scale


def _drop_slips(
    hearings: list[Hearing], scale: tuple[float, float], raw: Path
) -> tuple[list[Hearing], list[RtcanError]]:
    """Take out trials whose ratings are not on the scale, one error each."""
    rated = [
        Rated(
            f"{each.events}, line {each.event.line}: subject {each.subject}, stimulus "
            f"{each.event.stimulus}{hearing(each.repetition)}",
            each.event.valence,
            each.event.arousal,
        )
        for each in hearings
    ]
    slips = off_scale(rated, scale, raw, "--rating-scale LOW HIGH names the scale that was used")
    dropped = {hearings[index].key for index in slips}
    return [each for each in hearings if each.key not in dropped], list(slips.values())


def _kind(hearings: Sequence[Hearing], options: TableOptions) -> SignalKind | None:
    """What all recordings are stored as: the first that can be read decide for all."""
    seen: set[Path] = set()
    kinds: list[SignalKind] = []
    for each in hearings:
        for source in each.sources:
            if source.file.path in seen or len(kinds) == _LOOKED_AT:
                continue
            seen.add(source.file.path)
            try:
                track = SignalFile(source.file, ".").track(source.column)
                _refuse_without_unit(track, options)
                kinds.append(_conversion(track, source, options, None).kind)
            except RtcanError:
                continue  # Reading the part will tell.
    if not kinds:
        return None
    flipped = all(kind.polarity == FLIPPED for kind in kinds)
    return kinds[0] if flipped else next(kind for kind in kinds if kind.polarity != FLIPPED)


def _conversion(
    track: Track, source: Source, options: TableOptions, flip: bool | None
) -> Conversion:
    stated = options.polarity or source.polarity
    if source.polarity and stated not in (source.polarity, "as-is"):
        raise RtcanError(
            f"{track.source} contains skin {source.polarity}, as its description says, not "
            f"{stated}",
            "leave out --polarity",
        )
    # A short piece of a signal without its offset may happen to be positive throughout.
    no_offset = source.no_offset and stated != "as-is"
    return conversion_of(
        track.eda,
        track.unit,
        options.unit,
        profile("bids").eda_unit,
        stated,
        True if no_offset else flip,
        track.source,
        track.channel,
    )


def _refuse_without_unit(track: Track, options: TableOptions) -> None:
    if not track.unit and options.unit is None:
        raise RtcanError(
            f"{track.source} does not say the unit of {track.channel or 'its EDA'}",
            "Units in its description (.json), or --unit: uS, kOhm, ..., a.u. if it is not known",
        )


def _stimuli(
    hearings: Sequence[Hearing], raw: Path, root: Path | None
) -> tuple[tuple[Stimulus, ...], str]:
    """Stimuli in the order of the events, and a note on audio files that are not there."""
    merged: dict[str, Stimulus] = {}
    absent: dict[str, None] = {}
    for each in hearings:
        event, audio = each.event, ""
        if event.audio and PurePosixPath(event.audio).suffix.lower() in AUDIO_SUFFIXES:
            name = PurePosixPath("stimuli", event.audio.replace("\\", "/"))
            if ".." in name.parts or PurePosixPath(event.audio).is_absolute():
                raise RtcanError(
                    f"{each.events}, line {event.line}: stim_file {event.audio!r} does not lie in "
                    "the folder stimuli"
                )
            file = RawFile(raw / name, name, root=root)
            file.refuse_outside()
            audio = str(file.path) if file.path.is_file() else ""
            if not audio:
                absent[event.audio] = None
        old = merged.get(event.stimulus, Stimulus(event.stimulus))
        if audio and old.audio and old.audio != audio:
            raise RtcanError(
                f"{each.events}, line {event.line}: stimulus {event.stimulus} has two audio files",
                "give each its own stimulus",
            )
        merged[event.stimulus] = replace(
            old,
            title=old.title or event.title,
            artist=old.artist or event.artist,
            audio=old.audio or audio,
            song=old.song or event.song,
        )
    note = f"audio files that are not there: {some(list(absent))}" if absent else ""
    return tuple(merged.values()), note


def _read_subject(
    hearings: tuple[Hearing, ...], options: TableOptions, kind: SignalKind | None, rated: bool
) -> list[Item]:
    """Trials of one subject, in the order of the events."""
    trials: dict[tuple[str, str, int], list[Hearing]] = {}
    for each in hearings:
        trials.setdefault(each.key, []).append(each)
    signals = _Signals(options, kind)
    items: list[Item] = []
    for (subject, stimulus, repetition), parts in trials.items():
        ratings = []
        for name in TARGETS:
            given = {getattr(part.event, name) for part in parts}
            given = {value for value in given if not math.isnan(value)}
            if len(given) > 1:
                raise RtcanError(
                    f"{parts[0].events}, line {parts[0].event.line}: subject {subject} rated "
                    f"stimulus {stimulus}{hearing(repetition)} twice ({name})",
                    "count repetitions in the column repetition: 1, 2, ...",
                )
            ratings.append(next(iter(given), math.nan))
        targets = [part.event.target for part in parts]
        if len(targets) > 1 and sorted(targets) != sorted(TARGETS):
            raise RtcanError(
                f"{parts[0].events}, line {parts[0].event.line}: subject {subject} and stimulus "
                f"{stimulus}{hearing(repetition)} are there {len(targets)} times",
                "count repetitions in the column repetition; for one hearing a rating, fill the "
                "column target",
            )
        valence, arousal = ratings
        if rated and (problem := no_rating(valence, arousal)):
            items.append(Excluded(subject, stimulus, problem, *parts[0].place, repetition))
            continue
        recordings = []
        for part in parts:
            found = signals.read(part)
            if isinstance(found, Recording):
                recordings.append(found)
            elif isinstance(found, RtcanError):
                items.append(found)
            elif found:
                items.append(Excluded(subject, stimulus, found, *part.place, repetition))
        items.append(Trial(subject, stimulus, valence, arousal, tuple(recordings), repetition))
    return items


class _Signals:
    """The recordings of one subject: each is read once, and each of its faults is told once."""

    def __init__(self, options: TableOptions, kind: SignalKind | None) -> None:
        self._options, self._kind = options, kind
        self._tracks: dict[Path, tuple[Track, Conversion, NDArray[Any]] | RtcanError] = {}
        self._told: set[str] = set()

    def read(self, part: Hearing) -> Recording | RtcanError | str:
        """The recording of a trial, or what is wrong; empty text where that was told before."""
        event = part.event
        if not part.sources:
            return "there is no recording of this run with EDA"
        if len(part.sources) > 1:
            several = [source.file.name.name for source in part.sources]
            return self._tell(
                RtcanError(
                    f"{part.events} has several recordings with EDA: {', '.join(several)}",
                    "move aside those that are not meant, or use ingest table with a trials.csv",
                )
            )
        (source,) = part.sources
        found = self._open(source)
        if isinstance(found, RtcanError):
            return self._tell(found)
        track, conversion, repaired = found
        if math.isnan(event.duration):
            return "the events do not say how long the stimulus was (duration)"
        row = Row(
            *(event.line, part.subject, event.stimulus, event.valence, event.arousal),
            *(track.source.name.name, math.nan, event.onset - event.before),
            *(event.duration + event.before, source.column),
            *(event.target, "", "", ""),
        )
        try:
            piece = cut(track, row)
            marks = cut(replace(track, eda=repaired), row) if len(repaired) else None
        except RtcanError as error:
            return self._tell(error)
        if isinstance(piece, str):
            return piece
        n_repaired = int((marks.eda > 0).sum()) if isinstance(marks, Cut) else 0
        notes = (
            (f"the column {REPAIRED} marks {n_repaired} samples that were repaired before",)
            if n_repaired
            else ()
        )
        return Recording(
            event.target,
            conversion(piece.eda),
            piece.sampling_rate,
            track.source.source,
            piece.position,
            # The standard asks for even sampling, and has no times.
            math.nan,
            conversion.kind.unit,
            conversion.kind.polarity,
            (*track.notes, *conversion.notes, *notes),
        )

    def _open(self, source: Source) -> tuple[Track, Conversion, NDArray[Any]] | RtcanError:
        path = source.file.path
        if path not in self._tracks:
            try:
                self._tracks[path] = self._read(source)
            except RtcanError as error:
                self._tracks[path] = error
        return self._tracks[path]

    def _read(self, source: Source) -> tuple[Track, Conversion, NDArray[Any]]:
        """The whole signal, how it is converted, and its marks of repaired samples, if any."""
        file = SignalFile(source.file, ".")
        try:
            track = file.track(source.column)
        except RtcanError as error:  # `column` is of a table of trials, which there is not
            raise RtcanError(str(error), "ingest table, with a trials.csv that names it") from error
        _refuse_without_unit(track, self._options)
        flip = self._kind is not None and self._kind.polarity == FLIPPED
        how = _conversion(track, source, self._options, flip)
        if self._kind is not None and not alike(how.kind, self._kind):
            raise RtcanError(
                f"{track.source} would be stored in {how.kind.description}, but other recordings "
                f"of the dataset in {self._kind.description}",
                "without --polarity as-is, resistance is converted to microsiemens",
            )
        repaired = file.track(REPAIRED).eda if source.has_repaired else np.zeros(0)
        cleaned = replace(track, eda=how.cleaned(track.eda))
        return cleaned, how, repaired

    def _tell(self, error: RtcanError) -> RtcanError | str:
        if str(error) in self._told:
            return ""
        self._told.add(str(error))
        return error
