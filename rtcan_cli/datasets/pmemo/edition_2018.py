"""PMEmo's 2018 edition: each subject's own ratings, and a recording of each of two hearings."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.csvfile import (
    decimal_commas,
    finite,
    is_number,
    numbered_rows,
    read_numbers,
)
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.identifiers import by_number, check_distinct, plain
from rtcan_cli.datasets.pmemo.songs import (
    is_nine_point,
    note_means,
    read_songs,
    to_unit_scale,
)
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.datasets.ratings import Rated, off_scale
from rtcan_cli.datasets.sampling import even_samples
from rtcan_cli.datasets.trials import Excluded, Item, RawDataset, Recording, Trial, no_rating
from rtcan_cli.errors import RtcanError

EDA_FILE = re.compile(
    r"(?:(?P<root>.*)/)?eda/(?P<target>arousal|valence)/"
    r"(?P<song>\d+)_(?P<subject>\d+)_(?P<initial>[av])\.csv",
    re.IGNORECASE,
)
_RATING_FILE = re.compile(
    r"annotations/(?P<target>arousal|valence)/(?P<song>\d+)-(?P<initial>[av])\.csv"
)
_NINE_POINTS = (1.0, 9.0)
_NOTE_SCALE = "The ratings are on a scale from 1 to 9; they are read as (rating - 1) / 8."
_DAMAGED_ANNOTATIONS = "there is no rating, for the song's annotations are damaged"
_NO_ANNOTATIONS = "the song has no annotations: PMEmo has none of clips shorter than 15.5 s"


@dataclass
class _Hearing:
    """What is known about all subjects' hearings of one song for one rating."""

    ratings: dict[str, float] = field(default_factory=dict)
    rating_file: RawFile | None = None
    is_damaged: bool = False
    rated_twice: list[str] = field(default_factory=list)
    recordings: dict[str, RawFile] = field(default_factory=dict)

    def place(self, subject: str) -> tuple[str, str]:
        """The file that says that this subject heard the song, and where it is in a zip file."""
        return _place(self.recordings.get(subject) or self.rating_file)


_Song = Mapping[str, _Hearing]


def open_files(files: Mapping[str, RawFile]) -> RawDataset:
    """Open the edition; all ratings are read at once, the recordings song by song.

    Parameters
    ----------
    files : mapping of str to RawFile
        All files, by their lower-case names below the folder that holds ``EDA``.

    Returns
    -------
    RawDataset
        One part a song. A trial holds up to two recordings; each that is missing is reported as
        excluded beside it.

    Raises
    ------
    RtcanError
        If there are no ratings, or names of subjects or songs differ in case,
        spaces or leading zeros only.
    """
    songs: defaultdict[str, dict[str, _Hearing]] = defaultdict(
        lambda: {target: _Hearing() for target in TARGETS}
    )
    damaged: list[RtcanError] = []
    read: list[RawFile] = []
    for name, file in files.items():
        match = EDA_FILE.fullmatch(name) or _RATING_FILE.fullmatch(name)
        if match is None:
            continue
        read.append(file)
        if match["initial"] != match["target"][0]:
            damaged.append(
                RtcanError(
                    f"{file} belongs to the other rating by its name than by its folder",
                    hint="move it to where it belongs",
                )
            )
            continue
        hearing = songs[match["song"]][match["target"]]
        if "subject" in match.groupdict():
            hearing.recordings[match["subject"]] = file
            continue
        hearing.rating_file = file
        try:
            _read_ratings(file, hearing)
        except RtcanError as error:
            damaged.append(error)
            hearing.is_damaged = True
    for target in TARGETS:
        if not any(hearings[target].rating_file for hearings in songs.values()):
            raise RtcanError(
                f"PMEmo's 2018 recordings are there ({read[0]}), but no ratings: "
                f"Annotations/{target.title()}/1-{target[0].upper()}.csv, ...",
                hint="unpack PMEmo's 2018 edition with all its folders",
            )
    check_distinct(_subject_files(songs), "the subjects")
    ratings = (
        rating
        for hearings in songs.values()
        for hearing in hearings.values()
        for rating in hearing.ratings.values()
    )
    nine_points = is_nine_point(ratings)
    damaged += _drop_slips(songs, nine_points)
    means = {target: files.get(f"{target[0]}_static.csv") for target in TARGETS}
    stimuli = read_songs(files, _song_files(songs), means, damaged)
    read += [file for file in (*means.values(), files.get("metadata.csv")) if file]
    ordered = sorted(songs.items(), key=lambda item: by_number(item[0]))

    return RawDataset(
        name="pmemo",
        edition="PMEmo 2018",
        files=tuple(dict.fromkeys(file.path for file in read)),
        stimuli=stimuli,
        parts=tuple(partial(_read_song, song, hearings, nine_points) for song, hearings in ordered),
        in_turn=False,
        damaged=tuple(damaged),
        simulated=False,
        notes=(*((_NOTE_SCALE,) if nine_points else ()), *note_means(stimuli, means)),
    )


def _place(file: RawFile | None) -> tuple[str, str]:
    return (file.source, file.position) if file else ("", "")


def _subject_files(songs: Mapping[str, _Song]) -> dict[str, RawFile | None]:
    """A file that names each subject."""
    found: dict[str, RawFile | None] = {}
    for hearings in songs.values():
        for hearing in hearings.values():
            found.update(hearing.recordings)
            for subject in hearing.ratings:
                found.setdefault(subject, hearing.rating_file)
    return found


def _song_files(songs: Mapping[str, _Song]) -> dict[str, RawFile]:
    """A file that names each song."""
    found: dict[str, RawFile] = {}
    for song, hearings in songs.items():
        for hearing in hearings.values():
            for file in (*hearing.recordings.values(), hearing.rating_file):
                if file:
                    found.setdefault(song, file)
    return found


def _read_ratings(file: RawFile, hearing: _Hearing) -> None:
    """Subjects and their static ratings: the first two columns."""
    ratings: dict[str, float] = {}
    twice: list[str] = []
    for place, (line, row) in enumerate(numbered_rows(file, width=2)):
        if place == 0 and not is_number(row[0]):
            continue
        try:
            subject, rating = plain(row[0]), finite(row[1])
        except (IndexError, ValueError):
            subject, rating = "", math.nan
        if not subject.isdecimal():
            seen = " ".join(",".join(row)[:60].split())  # a cell in quotes may have line breaks
            raise RtcanError(
                f"{file}: line {line} is not a subject with a rating: {seen}",
                hint="the file is incomplete or damaged: copy or download it again",
            )
        if subject in ratings:
            twice.append(subject)
        else:
            ratings[subject] = rating
    if not ratings:
        raise RtcanError(f"{file} holds no ratings", hint="copy or download it again")
    # Only here, so that nothing comes from a file that turns out to be damaged.
    hearing.ratings, hearing.rated_twice = ratings, twice


def _drop_slips(songs: Mapping[str, _Song], nine_points: bool) -> list[RtcanError]:
    """Take out ratings that are not on the scale, one error each.

    Raises
    ------
    RtcanError
        If these are too many, see `rtcan_cli.datasets.ratings.off_scale`.
    """
    places, rated = [], []
    for song, hearings in songs.items():
        for target, hearing in hearings.items():
            for subject, rating in hearing.ratings.items():
                places.append((hearing, subject))
                valence, arousal = (rating if target == each else math.nan for each in TARGETS)
                where = f"{hearing.rating_file}: song {song}, subject {subject}"
                rated.append(Rated(where, valence, arousal))
    scale = _NINE_POINTS if nine_points else profile("pmemo").rating_scale
    advice = "get the annotations again: PMEmo's ratings go from 0 to 1, or from 1 to 9"
    slips = off_scale(rated, scale, "PMEmo's annotations", advice)
    for index in slips:
        hearing, subject = places[index]
        hearing.ratings[subject] = math.nan
    return list(slips.values())


def _read_song(song: str, hearings: _Song, nine_points: bool) -> list[Item]:
    items: list[Item] = []
    unrated = None
    if not any(hearing.rating_file for hearing in hearings.values()):
        unrated = _NO_ANNOTATIONS
    elif any(hearing.is_damaged for hearing in hearings.values()):
        unrated = _DAMAGED_ANNOTATIONS
    subjects = {name for each in hearings.values() for name in (*each.ratings, *each.recordings)}
    for subject in sorted(subjects, key=by_number):
        places = {target: hearings[target].place(subject) for target in TARGETS}
        ratings = {target: hearings[target].ratings.get(subject, math.nan) for target in TARGETS}
        if no_rating(ratings["valence"], ratings["arousal"]):
            place = places["valence"] if any(places["valence"]) else places["arousal"]
            items.append(Excluded(subject, song, unrated or "there is no rating", *place))
            continue
        if nine_points:
            ratings = {target: to_unit_scale(rating) for target, rating in ratings.items()}
        recordings: list[Recording] = []
        for target in TARGETS:
            hearing = hearings[target]
            if math.isnan(ratings[target]):
                reason = f"there is no {target} rating"
                items.append(Excluded(subject, song, reason, *places[target]))
            if subject in hearing.rated_twice:
                reason = f"{target} was rated twice: the first rating is kept"
                items.append(Excluded(subject, song, reason, *_place(hearing.rating_file)))
            file = hearing.recordings.get(subject)
            if file is None:
                reason = f"there is no recording of the {target} hearing"
                items.append(Excluded(subject, song, reason, *places[target]))
                continue
            try:
                eda, sampling_rate, jitter = _read_signal(file)
            except RtcanError as error:
                items.append(error)
            else:
                recordings.append(Recording(target, eda, sampling_rate, *places[target], jitter))
        items.append(
            Trial(subject, song, ratings["valence"], ratings["arousal"], tuple(recordings))
        )
    return items


def _read_signal(file: RawFile) -> tuple[NDArray[np.float64], float, float]:
    """Samples, sampling rate and jitter; one value a line, or time and value."""
    published_rate = profile("pmemo").sampling_rate
    table = read_numbers(file)
    width = table.numbers.shape[1]
    if width > 2:
        raise RtcanError(
            f"{file} has {width} columns instead of a value, or a time and a value",
            hint="copy it again; if commas are its decimal signs, save it with decimal points",
        )
    eda = table.numbers[:, -1].copy()  # not a view that keeps the times in memory
    if width == 1:
        return eda, published_rate, math.nan
    time = table.numbers[:, 0]
    if table.whole_numbers and (np.diff(time) <= 0).any():
        raise decimal_commas(file, "it seems that every number")
    return even_samples(time, eda, published_rate, file)
