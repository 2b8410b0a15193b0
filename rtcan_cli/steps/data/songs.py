"""Which stimuli are the same song under several names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from rtcan_cli import console
from rtcan_cli.audio.sound_id import sound_id
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.trials import Stimulus
from rtcan_cli.errors import RtcanError

_THREADS = 2


def audio_file(raw: Path, name: str, follow_links: bool = False) -> RawFile:
    """The file of a stimulus: below the raw folder, or in a zip file there.

    Parameters
    ----------
    raw : Path
        The folder or zip file of the dataset.
    name : str
        Path of the file, absolute or below the folder; in a zip file followed by ``:`` and the
        member.
    follow_links : bool
        Whether links may lead out of the folder; if not, such a file is refused when it is opened.
    """
    folder = _folder_of(raw)
    root = None if follow_links else Path(os.path.realpath(folder))
    parts = name.split(":")
    for place in range(1, len(parts)):
        archive = folder / ":".join(parts[:place])
        # The dataset itself is recognised by its content, whatever it is called.
        if archive == raw or archive.suffix.lower() == ".zip":
            return RawFile(archive, PurePosixPath(parts[-1]), tuple(parts[place:]), root)
    return RawFile(folder / name, PurePosixPath(name), root=root)


def refuse_audio_outside(
    stimuli: Sequence[Stimulus], raw: Path, follow_links: bool = False
) -> None:
    """Raise RtcanError if an audio file lies where `stored_audio_file` will not look for it.

    Parameters
    ----------
    stimuli : sequence of Stimulus
        Of any reader.
    raw, follow_links
        See `audio_file`.
    """
    folder = _folder_of(raw)
    for each in stimuli:
        if not each.audio:
            continue
        file = audio_file(raw, each.audio, follow_links)
        if ".." in Path(each.audio).parts or not file.path.is_relative_to(folder):
            raise RtcanError(
                f"stimulus {each.stimulus}: its audio file {printable(each.audio)} does not lie "
                f"below {printable(folder)}",
                "put the audio into that folder, or give a folder above both as the root",
            )
        file.refuse_outside()


def stored_audio_file(raw: Path, name: str, follow_links: bool = False) -> RawFile:
    """The file that a recordings store names, as `audio_file`.

    Raises
    ------
    RtcanError
        If the name leads elsewhere: the store may be a stranger's.
    """
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise RtcanError(
            f"the song {printable(name)} does not lie below {printable(_folder_of(raw))}",
            f"{command_line('ingest', 'DATASET', 'RAW', force=True)}, to make the recordings store "
            "again",
        )
    return audio_file(raw, name, follow_links)


def _folder_of(raw: Path) -> Path:
    """The folder that names are below; a zip file may be gone, or have another suffix."""
    is_file = raw.is_file() or (raw.suffix.lower() == ".zip" and not raw.is_dir())
    return raw.parent if is_file else raw


def sounds_of(
    stimuli: Sequence[Stimulus], root: Path, follow_links: bool = False
) -> dict[str, str]:
    """Fingerprint of the sound of each stimulus, see `rtcan_cli.audio.sound_id`.

    Parameters
    ----------
    stimuli : sequence of Stimulus
    root : Path
        The folder or zip file that they come from.
    follow_links : bool
        See `audio_file`.

    Returns
    -------
    dict of str to str
        Stimulus to fingerprint; stimuli without an audio file that can be read are not there.
    """
    files = {
        each.stimulus: audio_file(root, each.audio, follow_links) for each in stimuli if each.audio
    }
    found: dict[str, str] = {}
    if not files:
        return found
    with (
        ThreadPoolExecutor(_THREADS) as threads,
        console.progress(len(files), "comparing audio", "song") as bar,
    ):
        for stimulus, sound in zip(files, threads.map(_sound, files.values()), strict=True):
            if sound:
                found[stimulus] = sound
            bar.update()
    return found


def _sound(file: RawFile) -> str:
    try:
        return sound_id(file.content(), str(file))
    except RtcanError:
        return ""  # music-features says what is wrong with it


def songs_of(stimuli: Sequence[Stimulus], sounds: Mapping[str, str]) -> dict[str, str]:
    """The song that each stimulus is.

    Stimuli are one song if they are stated to be (`Stimulus.song`) or have the same sound, or if
    others link them in this way.

    Parameters
    ----------
    stimuli : sequence of Stimulus
        Each with its own name; where `song` is empty, the song has the name of the stimulus.
    sounds : mapping of str to str
        From `sounds_of`.

    Returns
    -------
    dict of str to str
        Stimulus to song: the `song` of the first stimulus of its group, in the order given.
    """
    stated = {each.stimulus: each.song or each.stimulus for each in stimuli}
    same: dict[str, str] = {}  # each song to one that came before it

    def first(song: str) -> str:
        while song in same:
            song = same[song]
        return song

    order = {song: place for place, song in enumerate(dict.fromkeys(stated.values()))}
    by_sound: dict[str, str] = {}
    for stimulus, song in stated.items():
        if stimulus in sounds:
            other = by_sound.setdefault(sounds[stimulus], song)
            older, newer = sorted((first(other), first(song)), key=order.__getitem__)
            if older != newer:
                same[newer] = older
    return {stimulus: first(song) for stimulus, song in stated.items()}


def shared_songs(song_of: Mapping[str, str]) -> list[list[str]]:
    """The stimuli of each song that is there under several names."""
    names: dict[str, list[str]] = {}
    for stimulus, song in song_of.items():
        names.setdefault(song, []).append(stimulus)
    return [each for each in names.values() if len(each) > 1]
