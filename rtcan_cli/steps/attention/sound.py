"""The song of a page: which file it is, and whether the page holds it or refers to it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.attention.listening import Sound
from rtcan_cli.results.base import Note
from rtcan_cli.steps.data.songs import stored_audio_file
from rtcan_cli.steps.signals.one_recording import Found

#: Kinds of audio that browsers play, by the ending of the file.
PLAYED = {
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".webm": "audio/webm",
}
#: The largest audio file that is put into a page, in bytes: a browser keeps it in memory.
LARGEST = 64 * 1024 * 1024


def find_sound(
    found: Found, given: Path | None, embed: bool
) -> tuple[Sound | None, str | None, list[Note]]:
    """Find the song of a trial.

    Parameters
    ----------
    found : Found
        The recording, whose store may name the audio file of its stimulus.
    given : Path, optional
        The file that a user names instead.
    embed : bool
        Whether the page holds the file.

    Returns
    -------
    sound : Sound or None
        What the page plays; None if it has to ask for the file.
    file : str or None
        The file, as far as it is known.
    notes : list of Note

    Raises
    ------
    RtcanError
        If the file is missing, larger than `LARGEST`, or of a kind that browsers do not play; or
        if it is to be embedded and not known.
    """
    if given is not None:
        if not given.is_file():
            raise RtcanError(f"{given}: this audio file does not exist", "--audio FILE")
        file = RawFile(given, PurePosixPath(given.name))
    elif found.about["audio"]:
        raw = Path(found.made.get("audio", found.made["raw"]))
        follow = found.made.get("follow_links") is True
        file = stored_audio_file(raw, str(found.about["audio"]), follow)
    else:
        text = f"no audio file of this {found.dataset.stimulus_word} is known"
        if embed:
            raise RtcanError(text, "--audio FILE")
        text += ": choose one in the page, or name it with --audio FILE"
        return None, None, [Note("no_audio", text)]
    if given is None and not embed:
        text = f"its audio is {file}; --embed-audio puts it into the page, or choose it there"
        return None, str(file), [Note("audio_known", text)]
    kind = PLAYED.get(file.name.suffix.lower())
    if kind is None:
        raise RtcanError(f"{file}: browsers do not play this kind", "the song as MP3 or WAV file")
    if not embed:
        return Sound(file.name.name, kind, file=file.path), str(file), []
    content = file.content()
    if len(content) > LARGEST:
        size = f"{len(content) / 1e6:.0f} MB"
        raise RtcanError(f"{file}: {size} are too much for a page", "the song as MP3 file")
    text = "the page holds a copy of the song: pass it on only where you may pass on the song"
    return Sound(file.name.name, kind, content), str(file), [Note("audio_embedded", text)]
