"""PMEmo's 2019 edition: one recording of each trial, and mean ratings of the songs only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

import numpy as np

from rtcan_cli.datasets.csvfile import read_numbers, sampling_grid
from rtcan_cli.datasets.files import RawFile
from rtcan_cli.datasets.pmemo_songs import by_number, read_means, read_songs
from rtcan_cli.datasets.trials import Excluded, RawDataset, Recording, Trial, check_signal
from rtcan_cli.errors import RtcanError

EDA_FILE = re.compile(r"(?:(?P<root>.*)/)?eda/(?P<song>\d+)_eda\.csv", re.IGNORECASE)
_SUBJECT = re.compile(r"\d{6}$")
_NOTE = (
    "PMEmo 2019 has no subject's own ratings, only each song's mean ratings: ingest, decompose and "
    "music-features work with it, relabel does not, nor what needs labels. For labels get the 2018 "
    "edition, which has the folders Annotations/Arousal and Annotations/Valence "
    "(https://github.com/HuiZhangDB/PMEmo)."
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
        One batch a song. Trials have no ratings (NaN); the song's means are in the stimuli.

    Raises
    ------
    RtcanError
        If a table is damaged.
    """
    recordings = {
        match["song"]: file for name, file in files.items() if (match := EDA_FILE.fullmatch(name))
    }
    songs = sorted(recordings, key=by_number)
    static = files.get("annotations/static_annotations.csv")
    read = [*recordings.values(), static, files.get("metadata.csv")]

    def batches() -> Iterator[list[Trial | Excluded]]:
        for song in songs:
            yield _read_song(song, recordings[song])

    return RawDataset(
        name="pmemo",
        edition="PMEmo 2019",
        files=tuple(dict.fromkeys(file.path for file in read if file)),
        stimuli=read_songs(
            files, songs, read_means(static, "valence"), read_means(static, "arousal")
        ),
        n_batches=len(songs),
        batches=batches,
        simulated=False,
        notes=(_NOTE,),
    )


def _read_song(song: str, file: RawFile) -> list[Trial | Excluded]:
    """The time in the first column, then one column a subject, all of them on one even grid."""
    lines = file.text().rstrip().splitlines()
    if len(lines) < 3:
        raise RtcanError(f"{file} holds no recordings", hint="copy or download it again")
    names = [name.strip() for name in lines[0].split(",")]
    table = read_numbers(lines[1:], len(names), file, first=2)
    time = table[:, 0]
    grid, sampling_rate = sampling_grid(time, file)
    batch: list[Trial | Excluded] = []
    seen: set[str] = set()
    for name, column in zip(names[1:], table.T[1:], strict=True):
        match = _SUBJECT.search(name)
        subject = match[0] if match else name
        known = np.flatnonzero(~np.isnan(column))
        # A column ends in empty cells where others are longer: those are no samples.
        length = known[-1] + 1 if len(known) else 0
        eda = np.interp(grid[:length], time[:length], column[:length]) if length else column[:0]
        problem = check_signal(eda)
        if match is None:
            problem = "the column's name does not end in a subject's six digits"
        elif subject in seen:
            problem = "the subject has a second column: the first one is kept"
        seen.add(subject)
        if problem:
            batch.append(Excluded(subject, song, problem, str(file)))
        else:
            recording = Recording("both", eda, sampling_rate, str(file))
            batch.append(Trial(subject, song, math.nan, math.nan, (recording,)))
    return batch
