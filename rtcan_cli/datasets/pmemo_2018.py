"""PMEmo's 2018 edition: each subject's own ratings, and a recording of each of two hearings."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.csvfile import is_number, number, read_numbers, read_rows, sampling_grid
from rtcan_cli.datasets.files import RawFile
from rtcan_cli.datasets.pmemo_songs import by_number, read_means, read_songs
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.datasets.trials import (
    Excluded,
    RawDataset,
    Recording,
    Trial,
    check_rating,
    check_signal,
)
from rtcan_cli.errors import RtcanError

EDA_FILE = re.compile(
    r"(?:(?P<root>.*)/)?eda/(?P<target>arousal|valence)/(?P<song>\d+)_(?P<subject>\d+)_[av]\.csv",
    re.IGNORECASE,
)
_RATING_FILE = re.compile(r"annotations/(?P<target>arousal|valence)/(?P<song>\d+)-[av]\.csv")
_NOTE_SCALE = "The ratings are on a scale from 1 to 9; they are read as (rating - 1) / 8."


@dataclass
class _Hearing:
    """What is known about all subjects' hearings of one song for one rating."""

    ratings: dict[str, float] = field(default_factory=dict)
    rating_file: RawFile | None = None
    rated_twice: list[str] = field(default_factory=list)
    recordings: dict[str, RawFile] = field(default_factory=dict)

    def source(self, subject: str) -> str:
        """The file that says that this subject heard the song."""
        return str(self.recordings.get(subject) or self.rating_file or "")


def open_files(files: Mapping[str, RawFile]) -> RawDataset:
    """Open the edition; all ratings are read at once, the recordings song by song.

    Parameters
    ----------
    files : mapping of str to RawFile
        All files, by their lower-case names below the folder that holds ``EDA``.

    Returns
    -------
    RawDataset
        One batch a song. A trial holds up to two recordings; each that is missing or unusable is
        reported as excluded beside it.

    Raises
    ------
    RtcanError
        If there are no ratings, or a table is damaged.
    """
    songs: defaultdict[str, dict[str, _Hearing]] = defaultdict(
        lambda: {target: _Hearing() for target in TARGETS}
    )
    read: list[RawFile] = []
    for name, file in files.items():
        if match := EDA_FILE.fullmatch(name):
            songs[match["song"]][match["target"]].recordings[match["subject"]] = file
            read.append(file)
        elif match := _RATING_FILE.fullmatch(name):
            _read_ratings(file, songs[match["song"]][match["target"]])
            read.append(file)
    for target in TARGETS:
        if not any(hearings[target].rating_file for hearings in songs.values()):
            raise RtcanError(
                f"PMEmo's 2018 recordings are there ({read[0]}), but no ratings: "
                f"Annotations/{target.title()}/1-{target[0].upper()}.csv, ...",
                hint="unpack PMEmo's 2018 edition with all its folders",
            )
    notes = (_NOTE_SCALE,) if _put_on_unit_scale(songs) else ()
    means = {}
    for target in TARGETS:
        static = files.get(f"{target[0]}_static.csv")
        means[target] = read_means(static, target)
        if max(means[target].values(), default=0.0) > 1:
            means[target] = {song: (mean - 1) / 8 for song, mean in means[target].items()}
        read += [static] if static else []
    read += [files["metadata.csv"]] if "metadata.csv" in files else []
    ordered = sorted(songs.items(), key=lambda item: by_number(item[0]))

    def batches() -> Iterator[list[Trial | Excluded]]:
        for song, hearings in ordered:
            yield _read_song(song, hearings)

    return RawDataset(
        name="pmemo",
        edition="PMEmo 2018",
        files=tuple(dict.fromkeys(file.path for file in read)),
        stimuli=read_songs(files, songs, means["valence"], means["arousal"]),
        n_batches=len(ordered),
        batches=batches,
        simulated=False,
        notes=notes,
    )


def _read_ratings(file: RawFile, hearing: _Hearing) -> None:
    """Subjects and their static ratings: the first two columns."""
    hearing.rating_file = file
    for line, row in enumerate(read_rows(file), start=1):
        if line == 1 and not is_number(row[0]):
            continue
        try:
            subject, rating = row[0], number(row[1])
        except (IndexError, ValueError):
            raise RtcanError(
                f"{file}: line {line} is no subject with a rating: {','.join(row[:3])[:60]}",
                hint="the file is incomplete or damaged: copy or download it again",
            ) from None
        if subject in hearing.ratings:
            hearing.rated_twice.append(subject)
        else:
            hearing.ratings[subject] = rating


def _put_on_unit_scale(songs: Mapping[str, Mapping[str, _Hearing]]) -> bool:
    """Turn ratings on 1..9 into ratings on 0..1; tells whether there was anything to do."""
    hearings = [hearing for song in songs.values() for hearing in song.values()]
    # NaN > 1 is false, so that missing ratings do not count.
    if not any(rating > 1 for hearing in hearings for rating in hearing.ratings.values()):
        return False
    for hearing in hearings:
        hearing.ratings = {name: (rating - 1) / 8 for name, rating in hearing.ratings.items()}
    return True


def _read_song(song: str, hearings: Mapping[str, _Hearing]) -> list[Trial | Excluded]:
    batch: list[Trial | Excluded] = []
    subjects = {name for each in hearings.values() for name in (*each.ratings, *each.recordings)}
    for subject in sorted(subjects, key=by_number):
        sources = {target: hearings[target].source(subject) for target in TARGETS}
        ratings = {target: hearings[target].ratings.get(subject, math.nan) for target in TARGETS}
        problem = check_rating(ratings["valence"], ratings["arousal"], profile("pmemo"))
        if problem:
            source = sources["valence"] or sources["arousal"]
            batch.append(Excluded(subject, song, problem, source))
            continue
        recordings = []
        for target in TARGETS:
            if subject in hearings[target].rated_twice:
                reason = f"{target} was rated twice: the first rating is kept"
                batch.append(Excluded(subject, song, reason, str(hearings[target].rating_file)))
            recording = _read_recording(target, hearings[target].recordings.get(subject))
            if isinstance(recording, Recording):
                recordings.append(recording)
            else:
                batch.append(Excluded(subject, song, recording, sources[target]))
        trial = Trial(subject, song, ratings["valence"], ratings["arousal"], tuple(recordings))
        batch.append(trial)
    return batch


def _read_recording(target: str, file: RawFile | None) -> Recording | str:
    """The recording of one hearing, or why there is none."""
    if file is None:
        return f"there is no recording of the {target} hearing"
    eda, sampling_rate = _read_signal(file)
    problem = check_signal(eda)
    if problem:
        return f"{target} hearing: {problem}"
    return Recording(target, eda, sampling_rate, str(file))


def _read_signal(file: RawFile) -> tuple[NDArray[np.float64], float]:
    """One value a line, or time and value; with or without a header."""
    published_rate = profile("pmemo").sampling_rate
    lines = file.text().rstrip().splitlines()
    has_header = any(cell.strip() and not is_number(cell) for cell in "".join(lines[:1]).split(","))
    lines = lines[has_header:]
    if not lines:
        return np.empty(0), published_rate
    width = len(lines[0].split(","))
    if width > 2:
        raise RtcanError(f"{file} has {width} columns instead of a value, or a time and a value")
    table = read_numbers(lines, width, file, first=1 + has_header)
    eda = table[:, -1]
    if width == 1 or len(eda) < 2:
        return eda, published_rate
    time = table[:, 0]
    if (np.diff(time) == 1).all():  # sample numbers
        return eda, published_rate
    grid, sampling_rate = sampling_grid(time, file)
    return np.interp(grid, time, eda), sampling_rate
