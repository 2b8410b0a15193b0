"""Audio files that are named by their song."""

from __future__ import annotations

import os
from collections.abc import Iterable

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.trials import Stimulus
from rtcan_cli.files.kinds import AUDIO_SUFFIXES


def audio_by_song(files: Iterable[RawFile]) -> dict[str, RawFile]:
    """Audio files by their names without the ending.

    Of several files of one song, the one whose kind comes first in `AUDIO_SUFFIXES` counts.
    """
    found: dict[str, tuple[int, RawFile]] = {}
    for file in files:
        song, suffix = file.name.stem, file.name.suffix.lower()
        if suffix in AUDIO_SUFFIXES:
            place = AUDIO_SUFFIXES.index(suffix)
            if song not in found or place < found[song][0]:
                found[song] = place, file
    return {song: file for song, (_, file) in found.items()}


def unclaimed_audio(files: Iterable[RawFile], stimuli: Iterable[Stimulus]) -> tuple[str, ...]:
    """Audio files that no stimulus uses: their paths, as in `Stimulus.audio`."""
    used = {stimulus.audio for stimulus in stimuli}
    audio = (file for file in files if file.name.suffix.lower() in AUDIO_SUFFIXES)
    return tuple(path for path in map(whole_path, audio) if path not in used)


def whole_path(file: RawFile) -> str:
    """The absolute path; in a zip file, with the way to it there behind colons."""
    return ":".join((os.path.abspath(file.path), *file.members))
