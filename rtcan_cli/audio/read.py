"""Reading an audio file to its end, whatever length its header declares."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtcan_cli.audio import chunks, flac, mp3, ogg
from rtcan_cli.audio.checked import Checked, broken, convert
from rtcan_cli.errors import RtcanError
from rtcan_cli.files import kinds

_WANTED = "audio that is read (MP3, WAV, FLAC, OGG, AIFF or AU)"

# Silence packs a thousandfold, and a header may claim anything.
MOST_SAMPLES = 1 << 28
"""Of all channels together: 46 minutes of stereo at 48 kHz."""

# Samples that a decoder may give beyond those that it must.
_MARGIN = 1 << 14

_CHECKS: dict[str, Callable[[bytes, str], Checked]] = {
    kinds.MP3.name: mp3.check,
    kinds.WAV.name: chunks.check_wav,
    kinds.AIFF.name: chunks.check_aiff,
    kinds.AU.name: chunks.check_au,
    kinds.FLAC.name: flac.check,
    kinds.OGG.name: ogg.check,
}


def read_audio(content: bytes, name: str) -> tuple[NDArray[np.float32], int]:
    """Read all samples of an audio file.

    The content of the file determines its kind. Its length is counted: a declared length only
    serves to notice that something is missing.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What to call it in messages.

    Returns
    -------
    samples : ndarray of float32, shape (n_samples, n_channels)
        From -1 to 1.
    rate : int
        In Hz.

    Raises
    ------
    RtcanError
        If it is not an audio file, or is of an unsupported kind, incomplete, damaged or too long
        for a song.
    """
    _, checked = checked_audio(content, name)
    samples, rate = _decode(checked, name)
    refuse_fewer(len(samples), checked, name)
    return samples, rate


def checked_audio(content: bytes, name: str) -> tuple[kinds.Kind, Checked]:
    """Recognise an audio file, and count its samples without decoding them.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What to call it in messages.

    Returns
    -------
    kind : Kind
        One of those that are read.
    checked : Checked

    Raises
    ------
    RtcanError
        If it is not an audio file, or is of an unsupported kind, incomplete, or damaged as far as
        that shows without decoding.
    """
    kind, content = recognised(content)
    if kind is None or kind.name not in _CHECKS:
        raise _refusal(kind, content, name)
    return kind, _CHECKS[kind.name](content, name)


def is_read(kind: kinds.Kind | None) -> bool:
    """Whether files of a kind can be read."""
    return kind is not None and kind.name in _CHECKS


def recognised(content: bytes) -> tuple[kinds.Kind | None, bytes]:
    """The kind of a file, whatever tag or junk it begins with, and the file without such a tag."""
    kind = kinds.kind_of(content[: kinds.HEAD])
    if kind == kinds.ID3:  # before MP3, and sometimes before others
        start = mp3.skip_tags(content)
        behind = kinds.kind_of(content[start : start + kinds.HEAD])
        if behind is not None and behind.name in _CHECKS and behind != kinds.MP3:
            return behind, content[start:]
        if isinstance(behind, kinds.AudioKind) and behind != kinds.MP3:
            return behind, content
    if kind in (None, kinds.ZEROS, kinds.ID3) and mp3.is_mpeg(content):
        kind = kinds.MP3
    return kind, content


def refuse_fewer(n_samples: int, checked: Checked, name: str) -> None:
    """Raise RtcanError if fewer samples were decoded than were counted."""
    if n_samples < checked.n_samples - checked.n_around:
        found = f"{n_samples} of its {checked.n_samples} samples can be decoded"
        raise broken(name, f"damaged: {found}")


def undecodable(name: str) -> RtcanError:
    """The error for a file that the decoder refuses."""
    return broken(name, "damaged: it cannot be decoded")


def _refusal(kind: kinds.Kind | None, content: bytes, name: str) -> RtcanError:
    if isinstance(kind, kinds.AudioKind):
        return RtcanError(f"{name} is {kind.name}, not {_WANTED}", convert(name))
    other = kinds.another_kind(content[: kinds.HEAD], name, "audio")
    return other or RtcanError(
        f"{name} is not an audio file of a known kind",
        f"if a player can play it: {convert(name)}",
    )


def _decode(checked: Checked, name: str) -> tuple[NDArray[np.float32], int]:
    try:
        with soundfile.SoundFile(io.BytesIO(checked.content)) as file:
            if checked.n_samples * file.channels > MOST_SAMPLES:
                hours = checked.n_samples / max(1, file.samplerate) / 3600
                raise RtcanError(
                    f"{name} claims to contain {hours:.1f} hours of sound, more than a song",
                    "cut out the part that was played",
                )
            # As soundfile.read does: without it mpg123's last bits differ from what it gives.
            file.seek(0)
            # At once: between two pieces soundfile seeks, after which an MP3 goes on with a click.
            # Not more than was counted, for memory is set aside for as much.
            n_samples = min(file.frames, checked.n_samples + _MARGIN)
            samples = file.read(n_samples, dtype="float32", always_2d=True)
            return samples, int(file.samplerate)
    except soundfile.SoundFileError as error:
        raise undecodable(name) from error
