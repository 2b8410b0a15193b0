"""A lab's own recordings: a folder with a table of trials, ``trials.csv``, and signal files."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from rtcan_cli.command_line import command_line, quoted
from rtcan_cli.datasets.conversion import (
    LOOKED_AT,
    Conversion,
    check_alike,
    conversion_of,
    kind_of_unit,
)
from rtcan_cli.datasets.files.listing import files_beside, list_files, nothing_of
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.empatica import read_session, session_files
from rtcan_cli.datasets.polarity import FLIPPED, SignalKind
from rtcan_cli.datasets.profiles import TARGETS, Profile, profile
from rtcan_cli.datasets.ratings import NAME_THE_SCALE, Rated, off_scale
from rtcan_cli.datasets.simulation_marker import in_simulated_dataset, read_marker
from rtcan_cli.datasets.table.cuts import Cut, cut
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.datasets.table.rows import read_table
from rtcan_cli.datasets.table.signals import SignalFile, Track
from rtcan_cli.datasets.trials import (
    UNRATED,
    Excluded,
    Item,
    RawDataset,
    Recording,
    Stimulus,
    Trial,
    no_rating,
    with_recordings,
)
from rtcan_cli.datasets.units import RELATIVE, require_unit
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import AUDIO_SUFFIXES
from rtcan_cli.trial_key import hearing

NAMES = ("trials.csv", "trials.tsv", "trials.xlsx")
"""What the table may be called, in upper or lower case."""

_FEW = 10
_NARROW = 0.6


def open_raw(
    raw: Path, options: TableOptions | None = None, follow_links: bool = False
) -> RawDataset:
    """Open a folder of own recordings.

    Parameters
    ----------
    raw : Path
        The folder that holds ``trials.csv``, ``.tsv`` or ``.xlsx``, or a folder above it.
    options : TableOptions, optional
        The usual ones if left out.
    follow_links : bool
        Whether links may lead out of the folder that is named.

    Returns
    -------
    RawDataset
        One part for each signal file, with all trials that are cut out of it; signal files that
        share a trial, one for each rating's hearing, are read in one part.

    Raises
    ------
    RtcanError
        If there is no such table, it contradicts itself or names files outside its folder, its
        ratings are on another scale, or an audio file is a link that leads out of the folder that
        is named.
    """
    options = options or TableOptions()
    raw = Path(os.path.abspath(raw))
    file = _find_table(raw, follow_links)
    rows, damaged, unused = read_table(file, options.decimal)
    facts = replace(profile("table"), rating_scale=options.rating_scale)
    options = _with_units(rows, file, options)
    rows, slips = _drop_slips(rows, file, facts.rating_scale)
    signals = [_below(file, name) for name in dict.fromkeys(r.signal for r in rows) if name]
    stimuli, absent = _stimuli(rows, file)
    sessions = _sessions(signals)
    _check_unit(sessions, options.unit or profile("table").eda_unit)
    kind = _kind(rows, file, options)
    unclaimed, unlisted = _unclaimed(file, rows)
    rated = any(not math.isnan(rating) for row in rows for rating in (row.valence, row.arousal))
    trials: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        trials.setdefault(_key(row), []).append(row)

    return RawDataset(
        name="table",
        edition="own recordings",
        files=(file.path, *(path for each in signals for path in _paths(each))),
        stimuli=stimuli,
        parts=tuple(
            partial(_read_part, part, file, options, kind, rated)
            for part in _parts(trials.values())
        ),
        in_turn=False,
        damaged=(*damaged, *slips),
        simulated=read_marker("table", file, [], raw) is not None
        or in_simulated_dataset(each.path for each in signals),
        notes=tuple(
            filter(
                None,
                (
                    f"{file.name.name}: not used: {', '.join(unused)}" if unused else "",
                    _note_sessions(len(sessions)),
                    absent,
                    unlisted,
                    _note_ratings(rows, facts) if rated else _NOTE_UNRATED,
                ),
            )
        ),
        unclaimed=unclaimed,
        kind=kind,
    )


def _with_units(rows: Sequence[Row], file: RawFile, options: TableOptions) -> TableOptions:
    """The options, with the unit that all rows of the table give.

    Raises
    ------
    RtcanError
        If the unit of a row is not known, or another one than the options say, or only some rows
        are in arbitrary units.
    """
    found: dict[str, Row] = {}
    for row in rows:
        if row.unit:
            unit = require_unit(row.unit, f"{file}, line {row.line}")
            found.setdefault(unit.name, row)
    stated = require_unit(options.unit).name if options.unit is not None else None
    for name, row in found.items():
        if stated is not None and name != stated:
            raise RtcanError(
                f"{file}, line {row.line}: the unit is {row.unit!r}, but --unit says {stated}",
                hint="leave out --unit",
            )
    if len(found) == 1 and all(row.unit or not row.signal for row in rows):
        return replace(options, unit=next(iter(found)))
    if RELATIVE in found:
        raise RtcanError(
            f"{file}, line {found[RELATIVE].line}: signals in arbitrary units cannot be in one "
            "table with others",
            hint="a folder with a table of its own for them",
        )
    return options


def _kind(rows: Sequence[Row], table: RawFile, options: TableOptions) -> SignalKind:
    """What all recordings are stored as.

    Resistance is converted, but not where it has lost its offset: the first signals that can be
    read decide for all, since both in one study would not be alike. Where the user says nothing
    but the polarity, the unit that the first file states counts.
    """
    default = profile("table").eda_unit
    unit = require_unit(options.unit or default)
    own = options.unit is None and options.polarity is not None
    absolute = unit.quantity == "resistance" and options.polarity != "as-is"
    if not own and not absolute:
        return kind_of_unit(unit, options.polarity)
    flips = []
    for track in _first_tracks(rows, table, options.decimal):
        try:
            how = conversion_of(
                *(track.eda, track.unit, options.unit, default),
                *(options.polarity, None, track.source),
            )
        except RtcanError:
            continue  # Reading the part will tell.
        if own:
            return how.kind
        flips.append(how.kind.polarity == FLIPPED)
    return kind_of_unit(unit, options.polarity, bool(flips) and all(flips))


def _first_tracks(rows: Sequence[Row], table: RawFile, decimal: str) -> Iterator[Track]:
    """Signals of the first few files that can be read."""
    names: set[str] = set()
    n_read = 0
    for row in rows:
        if not row.signal or row.signal in names:
            continue
        names.add(row.signal)
        try:
            yield SignalFile(_below(table, row.signal), decimal, row.sampling_rate).track(
                row.column
            )
        except RtcanError:
            continue  # Reading the part will tell.
        n_read += 1
        if n_read == LOOKED_AT:
            return


_NOTE_UNRATED = f"There is no rating: {UNRATED}."


def _key(row: Row) -> tuple[str, str, int]:
    """What tells a trial from all others."""
    return row.subject, row.stimulus, row.repetition


def _drop_slips(
    rows: tuple[Row, ...], file: RawFile, scale: tuple[float, float]
) -> tuple[tuple[Row, ...], list[RtcanError]]:
    """Take out trials whose ratings are not on the scale, one error each."""
    trials: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        trials.setdefault(_key(row), []).append(row)
    rated = [_rated(hearings, file, scale) for hearings in trials.values()]
    slips = off_scale(rated, scale, file, NAME_THE_SCALE)
    dropped = {key for index, key in enumerate(trials) if index in slips}
    kept = tuple(row for row in rows if _key(row) not in dropped)
    return kept, list(slips.values())


def _rated(rows: list[Row], file: RawFile, scale: tuple[float, float]) -> Rated:
    """The ratings of one trial, which may have two rows, one for each hearing."""
    valence, arousal = ([(getattr(row, name), row) for row in rows] for name in TARGETS)
    off = [pair for pair in (*valence, *arousal) if pair[0] < scale[0] or pair[0] > scale[1]]
    # The message is about the first of these.
    row = off[0][1] if off else rows[0]
    trial = f"subject {row.subject}, stimulus {row.stimulus}{hearing(row.repetition)}"
    # Those that are off come first; NaN, for a rating that another row has, comes last.
    ratings = (
        sorted(pairs, key=lambda pair: (pair not in off, math.isnan(pair[0])))[0][0]
        for pairs in (valence, arousal)
    )
    return Rated(f"{file}, line {row.line}: {trial}", *ratings)


def _find_table(raw: Path, follow_links: bool) -> RawFile:
    if raw.is_file():
        raise RtcanError(
            f"{raw} is a single file, not a folder",
            hint=f"the same command with the folder that it is in: {quoted(str(raw.parent))}",
        )
    listing: list[RawFile] = []
    found: list[RawFile] = []
    if raw.is_dir():
        root = None if follow_links else Path(os.path.realpath(raw))
        found = [
            RawFile(path, PurePosixPath(path.name), root=root)
            for path in sorted(raw.iterdir())
            if path.name.casefold() in NAMES
        ]
    if not found:
        listing = list_files(raw, follow_links)
        found = [each for each in listing if each.name.name.casefold() in NAMES]
    if len(found) == 1:
        return found[0]
    if found:
        raise RtcanError(
            f"{raw} holds several tables: {', '.join(str(each.name) for each in found[:4])}",
            hint="name the folder of the one that is to be read, or delete the other",
        )
    advice = f"{command_line('draft-trials', raw)}, which writes one to fill in"
    raise nothing_of(raw, " or ".join(NAMES), listing, advice)


def _below(table: RawFile, name: str) -> RawFile:
    """A file that the table names."""
    return RawFile(table.path.parent / name, PurePosixPath(name), root=table.root)


def _paths(file: RawFile) -> list[Path]:
    """The files on disk that a signal is read from."""
    if file.is_outside:
        return []
    if os.path.isdir(file.path):
        return [each.path for each in _session(file)]
    return [file.path] if os.path.isfile(file.path) else []


def _session(file: RawFile) -> list[RawFile]:
    """What is read of a session that is a folder or a zip file; nothing if it cannot be read."""
    try:
        wanted = ("eda.csv", "tags.csv")
        return [
            each
            for each in session_files(file)
            if each.name.name.casefold() in wanted or each.name.suffix.casefold() == ".avro"
        ]
    except RtcanError:
        return []  # Reading the part will tell.


def _stimuli(rows: Iterable[Row], table: RawFile) -> tuple[tuple[Stimulus, ...], str]:
    """Stimuli in the order of the table, and a note on audio files that are not there."""
    merged: dict[str, Stimulus] = {}
    absent: dict[str, int] = {}
    for row in rows:
        audio = ""
        if row.audio:
            file = _below(table, row.audio)
            file.refuse_outside()
            audio = str(file.path)
        if audio and not os.path.isfile(audio):
            absent.setdefault(row.audio, row.line)
            audio = ""
        old = merged.get(row.stimulus, Stimulus(row.stimulus))
        merged[row.stimulus] = old.filled(row.title, row.artist, audio, row.song)
    if not absent:
        return tuple(merged.values()), ""
    name, line = next(iter(absent.items()))
    note = f"{len(absent)} audio files are not there; the first is {name} (line {line})"
    return tuple(merged.values()), note


def _unclaimed(table: RawFile, rows: Iterable[Row]) -> tuple[tuple[str, ...], str]:
    """Audio files in the table's folder that no row names, and a note if that is not known."""
    folder = table.path.parent
    used = {os.path.realpath(folder / row.audio) for row in rows if row.audio}
    try:
        listing = files_beside(folder, table.root)
    except RtcanError as error:  # a folder beside the signals that may not be read
        return (), f"audio files that no row names were not looked for: {error}"
    audio = (each.path for each in listing if each.path.suffix.lower() in AUDIO_SUFFIXES)
    return tuple(str(path) for path in audio if os.path.realpath(path) not in used), ""


def _sessions(signals: Iterable[RawFile]) -> list[RawFile]:
    """The signal files that are Empatica E4 sessions."""
    found = []
    for file in signals:
        try:
            if os.path.isdir(file.path) or file.name.suffix.casefold() == ".zip":
                found += [each for each in _session(file) if each.name.stem.casefold() == "eda"]
                continue
            with file.open() as stream:
                beginning = stream.read(80).decode("utf-8-sig")
            if read_session(beginning, file) is not None:
                found.append(file)
        except (RtcanError, UnicodeDecodeError):
            continue  # Reading the part will tell.
    return found


def _check_unit(sessions: Sequence[RawFile], unit: str) -> None:
    """Refuse resistance where some files are known to hold conductance: their sign would flip."""
    if sessions and require_unit(unit).quantity == "resistance":
        raise RtcanError(
            f"the unit {unit} is one of resistance, but {sessions[0]} is an Empatica E4 session, "
            "which holds conductance in uS",
            "a folder with a table of its own for the sessions, without --unit",
        )


def _note_sessions(number: int) -> str:
    """Says what was recognised, since nothing but their shape tells sessions from other files."""
    return (
        f"Empatica E4 sessions: {number} of the signal files; their first two lines were read as "
        "start and sampling rate."
        if number
        else ""
    )


def _note_ratings(rows: Iterable[Row], facts: Profile) -> str:
    """Asks about ratings that use little of the scale, as those on a shorter one would."""
    low, high = facts.rating_scale
    ratings = [rating for row in rows for rating in (row.valence, row.arousal)]
    ratings = [rating for rating in ratings if low <= rating <= high]
    if len(ratings) < _FEW or max(ratings) - min(ratings) >= _NARROW * (high - low):
        return ""
    return (
        f"All ratings lie between {min(ratings):g} and {max(ratings):g}, but the scale goes from "
        f"{low:g} to {high:g}: if theirs is another one, give it as --rating-scale LOW HIGH."
    )


def _parts(trials: Iterable[list[Row]]) -> list[tuple[tuple[Row, ...], ...]]:
    """Trials, each a list of rows, in groups that have no signal file in common."""
    groups: dict[str, list[tuple[Row, ...]]] = {}
    for rows in trials:
        # Trials without a signal make one part.
        names = {row.signal for row in rows if row.signal} or {""}
        met = {id(groups[name]): groups[name] for name in names if name in groups}
        # The largest one takes the others in, so that long chains stay cheap.
        group, *others = sorted(met.values(), key=len, reverse=True) or [[]]
        for other in others:
            group += other
            names |= {row.signal for trial in other for row in trial}
        group.append(tuple(rows))
        groups.update(dict.fromkeys(names, group))
    unique = {id(group): group for group in groups.values()}
    return [tuple(sorted(group, key=lambda trial: trial[0].line)) for group in unique.values()]


def _read_part(
    trials: Sequence[tuple[Row, ...]],
    table: RawFile,
    options: TableOptions,
    kind: SignalKind,
    rated: bool,
) -> list[Item]:
    """Read the trials of some signal files; `rated` is False where no trial is."""
    items: list[Item] = []
    signals = _Signals(table, options, kind, trials)
    for rows in trials:
        place = (table.source, f"line {rows[0].line}")
        subject, stimulus, repetition = rows[0].subject, rows[0].stimulus, rows[0].repetition
        valence = _first(row.valence for row in rows)
        arousal = _first(row.arousal for row in rows)
        problem = no_rating(valence, arousal) if rated else None
        if problem:
            items.append(Excluded(subject, stimulus, problem, *place, repetition))
            continue
        trial = Trial(subject, stimulus, valence, arousal, (), repetition)
        found = ((signals.read(row), (table.source, f"line {row.line}")) for row in rows)
        items += with_recordings(trial, found)
    return items


def _first(ratings: Iterable[float]) -> float:
    return next((rating for rating in ratings if not math.isnan(rating)), math.nan)


class _Signals:
    """The signal files of one part: each is read once, and each of its faults is told once."""

    def __init__(
        self,
        table: RawFile,
        options: TableOptions,
        kind: SignalKind,
        trials: Sequence[tuple[Row, ...]],
    ) -> None:
        self._table, self._options, self._kind = table, options, kind
        self._files: dict[tuple[str, str], SignalFile | RtcanError] = {}
        self._conversions: dict[tuple[int, str | None], tuple[Track, Conversion]] = {}
        self._told: set[str] = set()
        self._lines: dict[str, list[int]] = {}
        for trial in trials:
            for row in trial:
                self._lines.setdefault(row.signal, []).append(row.line)

    def read(self, row: Row) -> Recording | RtcanError | str:
        """A row's recording, or what is wrong; empty text where that has been told before."""
        if not row.signal:
            return "there is no signal file"
        file = self._open(row)
        if isinstance(file, RtcanError):
            return self._tell(file, self._lines[row.signal])
        try:
            track, conversion = self._converted(
                file.track(row.column), row.unit or self._options.unit
            )
            placed = file.placed(row, track)
            found: Cut | str = placed if isinstance(placed, str) else cut(track, placed)
        except RtcanError as error:
            return self._tell(error, [row.line])
        if isinstance(found, str):
            return found
        return Recording(
            row.target,
            conversion(found.eda),
            found.sampling_rate,
            _below(self._table, row.signal).source,
            found.position,
            found.jitter,
            conversion.kind.unit,
            conversion.kind.polarity,
            (*track.notes, *conversion.notes),
            span=found.span,
        )

    def _converted(self, track: Track, unit: str | None) -> tuple[Track, Conversion]:
        """A track without codes, and how it becomes what is stored; decided once for all of it."""
        # Tracks live as long as their file, which is kept.
        key = id(track), unit
        if key not in self._conversions:
            how = conversion_of(
                track.eda,
                track.unit,
                unit,
                profile("table").eda_unit,
                self._options.polarity,
                self._kind.polarity == FLIPPED,
                track.source,
                track.channel,
            )
            check_alike(track.source, how.kind, self._kind)
            self._conversions[key] = replace(track, eda=how.cleaned(track.eda)), how
        return self._conversions[key]

    def _open(self, row: Row) -> SignalFile | RtcanError:
        # A stated rate may decide how the times in a file are read.
        key = row.signal, repr(row.sampling_rate)
        if key not in self._files:
            try:
                self._files[key] = SignalFile(
                    _below(self._table, row.signal), self._options.decimal, row.sampling_rate
                )
            except RtcanError as error:
                self._files[key] = error
        return self._files[key]

    def _tell(self, error: RtcanError, lines: Sequence[int]) -> RtcanError | str:
        if str(error) in self._told:
            return ""
        self._told.add(str(error))
        named = f"line {lines[0]}" + f" and {len(lines) - 1} more" * (len(lines) > 1)
        return RtcanError(f"{error} ({self._table.name.name}, {named})", hint=error.hint)
