"""PMEmo's 2019 edition: one recording of each trial, and mean ratings of the songs only."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.csvfile import read_numbers
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.identifiers import by_number
from rtcan_cli.datasets.pmemo.songs import note_means, read_songs
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.datasets.sampling import even_samples
from rtcan_cli.datasets.trials import Excluded, Item, RawDataset, Recording, Trial
from rtcan_cli.errors import RtcanError

EDA_FILE = re.compile(r"(?:(?P<root>.*)/)?eda/(?P<song>\d+)_eda\.csv", re.IGNORECASE)
_SUBJECT = re.compile(r"(?<!\d)\d{6}$", re.ASCII)
_NOTE = (
    "PMEmo 2019 has no subject's own ratings, only each song's mean ratings. So every listener of "
    "a song gets the same label: `--method stimulus-mean` of relabel. For labels of each "
    "subject's own get the 2018 edition, which has the folders Annotations/Arousal and "
    "Annotations/Valence (https://github.com/HuiZhangDB/PMEmo), or take a published table of "
    "labels: `--import CSV` of relabel."
)


def open_files(files: Mapping[str, RawFile]) -> RawDataset:
    """Open the edition.

    Parameters
    ----------
    files : mapping of str to RawFile
        All files, by their lower-case names below the folder that holds ``EDA``.

    Returns
    -------
    RawDataset
        One part a song. Trials have no ratings (NaN); the song's means are in the stimuli.

    Raises
    ------
    RtcanError
        If two songs' names differ in case, spaces or leading zeros only.
    """
    recordings = {
        match["song"]: file for name, file in files.items() if (match := EDA_FILE.fullmatch(name))
    }
    static = files.get("annotations/static_annotations.csv")
    read = [*recordings.values(), static, files.get("metadata.csv")]
    damaged: list[RtcanError] = []
    means = dict.fromkeys(TARGETS, static)
    stimuli = read_songs(files, recordings, means, damaged)

    return RawDataset(
        name="pmemo",
        edition="PMEmo 2019",
        files=tuple(dict.fromkeys(file.path for file in read if file)),
        stimuli=stimuli,
        parts=tuple(
            partial(_read_song, song, recordings[song])
            for song in sorted(recordings, key=by_number)
        ),
        in_turn=False,
        damaged=tuple(damaged),
        simulated=False,
        notes=(_NOTE, *note_means(stimuli, means)),
    )


def _read_song(song: str, file: RawFile) -> list[Item]:
    """The time in the first column, then one column a subject, all of them on one even grid."""
    published_rate = profile("pmemo").sampling_rate
    table = read_numbers(file)
    names, values = table.names, table.numbers
    if not names or len(values) < 2:
        missing = "names of subjects in its first line" if len(values) else "recordings"
        raise RtcanError(f"{file} has no {missing}", hint="copy or download it again")
    if _SUBJECT.search(names[0]):  # no times: the first column is a subject's as well
        sampling_rate, jitter = published_rate, math.nan
    else:
        names = names[1:]
        values, sampling_rate, jitter = even_samples(
            values[:, 0], values[:, 1:], published_rate, file
        )
    items: list[Item] = []
    seen: set[str] = set()
    for name, column in zip(names, values.T, strict=True):
        match = _SUBJECT.search(name)
        subject = match[0] if match else name
        problem = None
        if match is None:
            problem = "the column's name does not end in a subject's six digits"
        elif subject in seen:
            problem = "the subject has a second column: the first one is kept"
        seen.add(subject)
        place = (file.source, file.within(f"column {name}"))
        if problem:
            items.append(Excluded(subject, song, problem, *place))
        else:
            recording = Recording("both", _samples(column), sampling_rate, *place, jitter)
            items.append(Trial(subject, song, math.nan, math.nan, (recording,)))
    return items


def _samples(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """A column without the empty cells at its end, which are there because others are longer."""
    known = np.flatnonzero(~np.isnan(column))
    return column[: known[-1] + 1 if len(known) else 0].copy()
