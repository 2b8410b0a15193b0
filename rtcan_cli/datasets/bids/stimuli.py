"""Stimuli of a dataset in BIDS, with the audio files in its folder ``stimuli``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from rtcan_cli.datasets.bids.trials import Hearing
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.trials import Stimulus
from rtcan_cli.errors import RtcanError, some
from rtcan_cli.files.kinds import AUDIO_SUFFIXES


def find_stimuli(
    hearings: Sequence[Hearing], raw: Path, root: Path | None
) -> tuple[tuple[Stimulus, ...], str]:
    """Stimuli in the order of the events, and a note on audio files that are not there.

    Parameters
    ----------
    hearings : sequence of Hearing
        All trials.
    raw : Path
        The folder of the dataset.
    root : Path or None
        Folder that links may not lead out of; None if they may.

    Raises
    ------
    RtcanError
        If an audio file does not lie in the folder ``stimuli``, or a stimulus has two audio files
        or songs.
    """
    found: dict[str, Stimulus] = {}
    absent: dict[str, None] = {}
    for each in hearings:
        event, audio = each.event, ""
        if (file := _audio(each, raw, root)) is not None:
            file.refuse_outside()
            audio = str(file.path) if file.path.is_file() else ""
            if not audio:
                absent[event.audio] = None
        old = found.get(event.stimulus, Stimulus(event.stimulus))
        for own, other, two in ((audio, old.audio, "audio files"), (event.song, old.song, "songs")):
            if own and other and own != other:
                raise RtcanError(
                    f"{each.events}, line {event.line}: stimulus {event.stimulus} has two {two}",
                    "give each its own stimulus",
                )
        found[event.stimulus] = old.filled(event.title, event.artist, audio, event.song)
    note = f"audio files that are not there: {some(list(absent))}" if absent else ""
    return tuple(found.values()), note


def _audio(each: Hearing, raw: Path, root: Path | None) -> RawFile | None:
    """The audio file that an event names, which need not be there; None if it names none."""
    given = each.event.audio
    if not given or PurePosixPath(given).suffix.lower() not in AUDIO_SUFFIXES:
        return None
    name = PurePosixPath("stimuli", given.replace("\\", "/"))
    if ".." in name.parts or PurePosixPath(given).is_absolute():
        raise RtcanError(
            f"{each.events}, line {each.event.line}: stim_file {given!r} does not lie in the "
            "folder stimuli"
        )
    return RawFile(raw / name, name, root=root)
