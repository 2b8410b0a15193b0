"""HKU956: 30 listeners, 592 songs, 956 trials (Hu, Li and Liu, Applied Sciences 12(18), 2022).

Each trial is one file of EDA from an Empatica E4, one value in microsiemens a line at 4 Hz, named
by the place in the listener's session and the song. The files are cut out of a session: unlike the
E4's own, they have no first lines with start and rate, and their first value is a sample like the
others. (Of 808 files one begins with 0, and it is one of a poor contact. The first two values
differ by 0.0013 uS in the median, as do the second and third.) So nothing is dropped.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rtcan_cli.datasets.files.csvfile import finite, numbered_rows, read_numbers, refuse_repeated
from rtcan_cli.datasets.files.listing import list_files
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.identifiers import by_number, check_distinct, plain
from rtcan_cli.datasets.named_audio import audio_by_song, unclaimed_audio, whole_path
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.published_folder import find_folder
from rtcan_cli.datasets.ratings import Rated, off_scale
from rtcan_cli.datasets.times.units import UNIX_FIRST
from rtcan_cli.datasets.trials import (
    Excluded,
    Item,
    RawDataset,
    Recording,
    Stimulus,
    Trial,
    no_rating,
)
from rtcan_cli.errors import RtcanError
from rtcan_cli.trial_key import hearing

_SIGNALS = r"(?:(?P<root>.*)/)?1\. physiological[ _]signals/(?P<subject>[^/]+)/eda/"
_EDA_FILE = re.compile(_SIGNALS + r"(?P<place>\d+)_(?P<song>\d+)\.csv", re.IGNORECASE | re.ASCII)
_IN_EDA = re.compile(_SIGNALS + r"[^/]+", re.IGNORECASE)
_RATINGS = "3. av_ratings.csv"
_SONGS = "2. original_song_audio.csv"
_COLUMNS = ("participant_id", "song_no", "song_id", "valence_rating", "arousal_rating")
_SECONDS = "play_duration"
_MOST_SECONDS = 1.0
"""Between a recording's length and its `play_duration`: in 808 trials they are equal."""
_DAMAGED = "the file is incomplete or damaged: copy or download it again"

_Key = tuple[str, int, str]
"""Subject, place in the session (from 0), song."""


@dataclass(frozen=True)
class _Rating:
    """A row of the table of ratings; `seconds` is how long the song was played, NaN if unknown."""

    line: int
    valence: float
    arousal: float
    seconds: float


@dataclass(frozen=True)
class _Hearing:
    """All that is known about one trial."""

    subject: str
    song: str
    repetition: int
    rating: _Rating | None
    again: tuple[int, ...]
    file: RawFile | None


def open_raw(raw: Path, follow_links: bool = False, audio: Path | None = None) -> RawDataset:
    """Open HKU956.

    Parameters
    ----------
    raw : Path
        The folder that holds ``1. physiological signals`` (or ``1. physiological_signals``), a
        folder above it, or a zip file of it, which is read in place.
    follow_links : bool
        Whether links may lead out of the folder.
    audio : Path, optional
        Folder or zip file with the songs, each named by its number; by default those in `raw`
        count. The publisher ships links to them only.

    Returns
    -------
    RawDataset
        One part a subject. A rating without a recording and a recording without a rating are
        reported as excluded.

    Raises
    ------
    RtcanError
        If it is not there, or there more than once; if there are no ratings, or they are on another
        scale; if names of subjects or songs differ in case, spaces or leading zeros only; if the
        ratings count places from another number than the recordings do; or if no file in `audio`
        has the name of a song.
    """
    folder = find_folder(
        "hku956",
        raw,
        [_EDA_FILE],
        "HKU956 recordings (1. physiological signals/hku1903/EDA/0_262957.csv, ...)",
        follow_links,
    )
    table = folder.files.get(_RATINGS)
    if table is None:
        raise RtcanError(
            f"{printable(raw)}: HKU956's recordings are there, but no ratings: 3. AV_ratings.csv",
            hint="unpack HKU956 with all its files",
        )
    damaged = list(folder.damaged)
    recordings, strays = _recordings(folder.files, damaged)
    ratings = _read_ratings(table)
    ratings = _drop_slips(ratings, table, damaged)
    subjects = _subjects(ratings, recordings, table)
    _check_places(ratings, recordings, table)
    links = folder.files.get(_SONGS)
    songs = _songs(links, ratings, recordings, table, damaged)
    stimuli, unclaimed = _with_audio(songs, folder.files.values(), audio, follow_links)
    silent = any(not each.audio for each in stimuli)
    return RawDataset(
        name="hku956",
        edition="HKU956",
        files=tuple(
            dict.fromkeys(file.path for file in (table, links, *recordings.values()) if file)
        ),
        stimuli=stimuli,
        parts=(
            *(partial(_read_subject, hearings, table) for hearings in subjects),
            *((partial(list, strays),) if strays else ()),
        ),
        in_turn=False,
        damaged=tuple(damaged),
        simulated=folder.simulated,
        notes=(_note_audio(links),) if silent else (),
        unclaimed=unclaimed,
        audio=audio,
    )


def _recordings(
    files: Mapping[str, RawFile], damaged: list[RtcanError]
) -> tuple[dict[_Key, RawFile], list[Item]]:
    """EDA by trial; and files beside them that are not named like one."""
    found: dict[_Key, RawFile] = {}
    at: dict[tuple[str, int], RawFile] = {}
    strays: list[Item] = []
    for name, file in files.items():
        match = _EDA_FILE.fullmatch(str(file.name))
        if match:
            key = match["subject"], int(match["place"]), match["song"]
            other = found.setdefault(key, file)
            if other is not file:
                damaged.append(RtcanError(f"{other} and {file} are the same trial", "keep one"))
            elif (other := at.setdefault(key[:2], file)) is not file:
                said = f"{other} and {file} are two songs at one place of the listener's session"
                damaged.append(RtcanError(said, "keep the one that was heard there"))
        elif _IN_EDA.fullmatch(name):
            reason = "the file's name is not PLACE_SONG.csv, such as 0_262957.csv"
            strays.append(Excluded("", "", reason, file.source, file.position))
    return found, strays


def _read_ratings(table: RawFile) -> dict[_Key, list[_Rating]]:
    """Ratings by trial; more than one where the table has several rows of a trial."""
    rows = numbered_rows(table)
    _, header = next(rows, (0, [""]))
    names = [name.lower() for name in header]
    lacking = [name for name in _COLUMNS if name not in names]
    if lacking:
        raise RtcanError(f"{table} has no column {lacking[0]}, but {', '.join(header)}", _DAMAGED)
    refuse_repeated(names, (*_COLUMNS, _SECONDS), table)
    places = {name: names.index(name) for name in (*_COLUMNS, _SECONDS) if name in names}
    found: dict[_Key, list[_Rating]] = {}
    for line, cells in rows:
        row = {name: cells[place] for name, place in places.items() if place < len(cells)}
        try:
            if any(cells[len(names) :]):
                raise ValueError(f"{len(cells)} cells for {len(names)} columns")
            place, song = plain(row["song_no"]), plain(row["song_id"])
            if not (row["participant_id"] and place.isdecimal() and song.isdecimal()):
                raise ValueError("participant_id, song_no and song_id do not name a trial")
            rating = _Rating(
                line,
                finite(row["valence_rating"]),
                finite(row["arousal_rating"]),
                finite(row.get(_SECONDS, "")),
            )
            if rating.seconds < 0:
                raise ValueError(f"{_SECONDS} is negative: {rating.seconds:g}")
        except KeyError as error:
            raise RtcanError(f"{table}: line {line} has no {error.args[0]}", _DAMAGED) from None
        except ValueError as error:
            raise RtcanError(f"{table}: line {line}: {error}", _DAMAGED) from None
        found.setdefault((row["participant_id"], int(place), song), []).append(rating)
    return found


def _drop_slips(
    ratings: dict[_Key, list[_Rating]], table: RawFile, damaged: list[RtcanError]
) -> dict[_Key, list[_Rating]]:
    """Take out ratings that are not on the scale, one error each."""
    kept = {key: list(rows) for key, rows in ratings.items()}
    all_rows = [(key, place) for key, rows in ratings.items() for place in range(len(rows))]
    rated = [
        Rated(
            f"{table}: line {row.line}, subject {key[0]}, song {key[2]}", row.valence, row.arousal
        )
        for key, rows in ratings.items()
        for row in rows
    ]
    advice = "get the table again: HKU956's ratings go from -10 to 10"
    slips = off_scale(rated, profile("hku956").rating_scale, table, advice)
    for index in slips:
        key, place = all_rows[index]
        kept[key][place] = replace(kept[key][place], valence=math.nan, arousal=math.nan)
    damaged += slips.values()
    return kept


def _subjects(
    ratings: Mapping[_Key, list[_Rating]], recordings: Mapping[_Key, RawFile], table: RawFile
) -> list[tuple[_Hearing, ...]]:
    """The hearings of each subject in turn; a song that comes again is a repetition of it."""
    keys = {**dict.fromkeys(ratings, table), **recordings}
    check_distinct({subject: file for (subject, _, _), file in keys.items()}, "the subjects")
    subjects: dict[str, list[_Hearing]] = {}
    times: Counter[tuple[str, str]] = Counter()
    for key in sorted(keys, key=lambda key: (by_number(key[0]), key[1], by_number(key[2]))):
        subject, _, song = key
        times[subject, song] += 1
        first, *again = ratings.get(key, [None])
        subjects.setdefault(subject, []).append(
            _Hearing(
                *(subject, song, times[subject, song], first),
                *(tuple(row.line for row in again if row), recordings.get(key)),
            )
        )
    return list(map(tuple, subjects.values()))


def _check_places(ratings: Iterable[_Key], recordings: Iterable[_Key], table: RawFile) -> None:
    """Refuse a table that counts places from another number than the recordings' names do."""
    rated, recorded = set(ratings), set(recordings)
    for shift in (1, -1):
        shifted = {(subject, place - shift, song) for subject, place, song in rated}
        n_fitting = len(shifted & recorded)
        if n_fitting > max(len(rated & recorded), len(recorded) / 2):
            raise RtcanError(
                f"{table}: {len(rated & recorded)} of {len(recorded)} recordings have a rating, "
                f"but {n_fitting} would if each song_no were one {'less' if shift > 0 else 'more'}",
                "count song_no from 0, as the names of the recordings do",
            )


def _songs(
    links: RawFile | None,
    ratings: Iterable[_Key],
    recordings: Mapping[_Key, RawFile],
    table: RawFile,
    damaged: list[RtcanError],
) -> list[str]:
    """Songs that the table of links names, then others that were heard."""
    listed: dict[str, RawFile] = {}
    if links is not None:
        try:
            rows = numbered_rows(links)
            _, header = next(rows, (0, []))
            if "song_id" not in header:
                raise RtcanError(f"{links} has no column song_id", _DAMAGED)
            refuse_repeated(header, ["song_id"], links)
            place = header.index("song_id")
            listed = {plain(cells[place]): links for _, cells in rows if len(cells) > place}
        except RtcanError as error:
            damaged.append(error)
    heard = {
        **{song: table for _, _, song in ratings},
        **{song: file for (_, _, song), file in recordings.items()},
    }
    check_distinct({**listed, **heard}, "the songs")
    return [*listed, *sorted(heard.keys() - listed.keys(), key=by_number)]


def _with_audio(
    songs: Sequence[str], files: Iterable[RawFile], audio: Path | None, follow_links: bool
) -> tuple[tuple[Stimulus, ...], tuple[str, ...]]:
    """Songs with their audio, and audio files without a song."""
    there = list(files) if audio is None else list_files(audio, follow_links)
    of_song = audio_by_song(there)
    if audio is not None and not of_song.keys() & set(songs):
        raise RtcanError(
            f"{printable(audio)} holds no audio file that is named by a song of HKU956, such as "
            f"{songs[0]}.mp3",
            hint="name the folder with the songs, or leave out --audio",
        )
    stimuli = tuple(
        Stimulus(song, audio=whole_path(of_song[song]) if song in of_song else "") for song in songs
    )
    return stimuli, unclaimed_audio(there, stimuli)


def _note_audio(links: RawFile | None) -> str:
    where = f" in {links.name.name}" if links else ""
    return (
        f"HKU956 comes without its songs, but with links to them{where}. EDA alone needs none; for "
        "music features, save the songs as SONG.mp3 and name their folder with --audio DIR."
    )


def _read_subject(hearings: Sequence[_Hearing], table: RawFile) -> list[Item]:
    return [item for each in hearings for item in _read_hearing(each, table)]


def _read_hearing(each: _Hearing, table: RawFile) -> list[Item]:
    def left_out(reason: str, line: int | None) -> Excluded:
        """What was left out, at a line of the table or else in the recording."""
        if line is None and each.file is not None:
            source, position = each.file.source, each.file.position
        else:
            source, position = table.source, table.within(f"line {line}")
        return Excluded(each.subject, each.song, reason, source, position, each.repetition)

    if each.rating is None:
        return [left_out("there is no rating of this recording", None)]
    rating, line = each.rating, each.rating.line
    items: list[Item] = [
        left_out("it was rated twice: the first rating is kept", again) for again in each.again
    ]
    problem = no_rating(rating.valence, rating.arousal)
    if problem:
        return [*items, left_out(problem, line)]
    recordings: tuple[Recording, ...] = ()
    if each.file is None:
        items.append(left_out("there is no recording of this rating", line))
    else:
        try:
            recordings = (_read_recording(each.file, rating.seconds),)
        except RtcanError as error:
            name = f"subject {each.subject}, song {each.song}{hearing(each.repetition)}"
            items.append(RtcanError(f"{error} ({name})", error.hint))
    trial = Trial(
        *(each.subject, each.song, rating.valence, rating.arousal, recordings, each.repetition)
    )
    return [*items, trial]


def _read_recording(file: RawFile, seconds: float) -> Recording:
    """One value a line."""
    numbers = read_numbers(file).numbers
    if numbers.shape[1] != 1:
        raise RtcanError(f"{file} has {numbers.shape[1]} columns instead of one", _DAMAGED)
    if len(numbers) and numbers[0, 0] >= UNIX_FIRST:
        raise RtcanError(
            f"{file} begins with a Unix time, as a whole session of an Empatica E4 does",
            "copy HKU956's own file, which has the EDA of one song and nothing above it",
        )
    rate = profile("hku956").sampling_rate
    recorded = len(numbers) / rate
    notes: tuple[str, ...] = ()
    if abs(recorded - seconds) > _MOST_SECONDS:
        notes = (
            f"the song was played for {seconds:g} s ({_SECONDS}), but the recording has "
            f"{recorded:g} s",
        )
    return Recording("both", numbers[:, 0].copy(), rate, file.source, file.position, notes=notes)
