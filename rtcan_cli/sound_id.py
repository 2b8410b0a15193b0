"""Whether two audio files hold the same sound, whatever they are called.

A song that is there under two names must not train and test the same network. Names cannot tell,
so the sound itself is compared.
"""

from __future__ import annotations

import hashlib
import io

import soundfile

_BLOCK = 1 << 16  # frames decoded at a time
_MOST_SAMPLES = 1 << 28  # of all channels; a header may claim anything, and silence packs well


def sound_id(content: bytes) -> str:
    """Return a fingerprint that is equal for files with the same sound.

    - MP3: SHA-256 of the file without its tags (ID3, APE). The same stream gives the same samples,
      and decoding hundreds of songs would take minutes.
    - Other formats: SHA-256 of sampling rate, channels and decoded samples. So a WAV and a FLAC
      file of the same recording are equal.
    - What cannot be decoded: SHA-256 of the whole file.

    Copies that were encoded anew, cut, or brought to another volume or sampling rate have other
    samples, and are not found.

    Parameters
    ----------
    content : bytes
        All that is in the file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            if file.format == "MP3":
                return hashlib.sha256(without_tags(content)).hexdigest()
            if file.frames * file.channels <= _MOST_SAMPLES:
                digest = hashlib.sha256(f"{file.samplerate} {file.channels}\n".encode())
                for block in file.blocks(_BLOCK, dtype="float32", always_2d=True):
                    digest.update(block.tobytes())
                return digest.hexdigest()
    except (soundfile.SoundFileError, RuntimeError, ValueError):
        pass  # music-features says what is wrong with it
    return hashlib.sha256(content).hexdigest()


def without_tags(content: bytes) -> bytes:
    """Leave out the tags at the beginning (ID3v2) and the end (ID3v1, APE) of an MP3 file.

    Sources: the specifications ID3v2.4.0 (sec. 3.1, 3.4), ID3v1 and APEv2.
    """
    start, end = 0, len(content)
    while content[start : start + 3] == b"ID3" and end - start >= 10:
        flags, size = content[start + 5], content[start + 6 : start + 10]
        # Seven bits a byte, so that a size never looks like the beginning of a frame.
        length = sum(
            (byte & 0x7F) << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True)
        )
        start += 10 + length + (10 if flags & 0x10 else 0)
    if content[max(start, end - 128) :][:3] == b"TAG":
        end -= 128
    footer = content[max(start, end - 32) : end]
    if footer[:8] == b"APETAGEX":
        has_header = footer[23] & 0x80  # the highest bit of the flags, little-endian
        end -= int.from_bytes(footer[12:16], "little") + (32 if has_header else 0)
    return content[start : max(start, end)]
