"""Whether two audio files contain the same sound, whatever their names.

A song that exists under two names must not train and test the same network. Names cannot tell,
so the sound itself is compared.
"""

from __future__ import annotations

import hashlib
import io

import soundfile

from rtcan_cli.audio.checked import Checked
from rtcan_cli.audio.read import (
    MOST_SAMPLES,
    checked_audio,
    is_read,
    recognised,
    refuse_fewer,
    undecodable,
)
from rtcan_cli.errors import RtcanError
from rtcan_cli.files import kinds

_BLOCK = 1 << 16  # frames decoded at a time


def sound_id(content: bytes, name: str = "the audio file") -> str:
    """Return a fingerprint that is equal for files with the same sound.

    - MP3: SHA-256 of its frames, without tags and padding. The same stream gives the same samples,
      and decoding hundreds of songs would take minutes.
    - Other formats: SHA-256 of sampling rate, channels and decoded samples. So a WAV and a FLAC
      file of the same recording are equal, whatever length their headers declare. Of what is too
      long to be decoded, the encoded sound is taken.
    - Audio of kinds that are recognised, but not read (such as M4A): SHA-256 of the whole file.

    Copies that were re-encoded, cut, or changed in volume or sampling rate have other
    samples, and are not found.

    Parameters
    ----------
    content : bytes
        All that is in the file.
    name : str
        What to call it in messages.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    RtcanError
        If it is not an audio file, or it is incomplete, damaged or without any sound:
        a placeholder may stand for many songs.
    """
    kind, _ = recognised(content)
    # A tag alone, with nothing behind it that is known, is not a song.
    if isinstance(kind, kinds.AudioKind) and kind != kinds.ID3 and not is_read(kind):
        return hashlib.sha256(content).hexdigest()
    kind, checked = checked_audio(content, name)
    if kind == kinds.MP3:
        return hashlib.sha256(checked.content).hexdigest()
    return _decoded_id(checked, name)


def _decoded_id(checked: Checked, name: str) -> str:
    try:
        with soundfile.SoundFile(io.BytesIO(checked.content)) as file:
            if checked.n_samples * file.channels > MOST_SAMPLES:
                return hashlib.sha256(checked.content).hexdigest()
            digest = hashlib.sha256(f"{file.samplerate} {file.channels}\n".encode())
            n_samples = 0
            for block in file.blocks(_BLOCK, dtype="float32", always_2d=True):
                digest.update(block.tobytes())
                n_samples += len(block)
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        raise undecodable(name) from error
    refuse_fewer(n_samples, checked, name)
    if not n_samples:
        raise RtcanError(f"{name} contains no sound")
    return digest.hexdigest()
