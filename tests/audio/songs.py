"""Audio files made by libsndfile, and MP3 files taken apart and put together in other ways."""

from __future__ import annotations

import functools
import io
import struct

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 44100


def melody(seconds: float = 3.0, rate: int = RATE, channels: int = 2) -> NDArray[np.float64]:
    t = np.arange(round(seconds * rate)) / rate
    pitch = 220 * 2 ** (np.floor(4 * t) % 5 / 12)
    tone = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / rate)
    tone += 0.02 * np.random.default_rng(0).standard_normal(t.size)
    return np.column_stack([tone, 0.5 * tone])[:, :channels]


def encoded(
    samples: NDArray[np.float64], kind: str, subtype: str | None = None, rate: int = RATE, **options
) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype, **options)
    return stream.getvalue()


def frames_of(mp3: bytes) -> list[bytes]:
    """Frames of an MPEG-1 layer 3 file at 44.1 kHz, by nothing but the formula for their size."""
    kbits = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    frames, at = [], 0
    while at < len(mp3):
        assert mp3[at] == 0xFF
        assert mp3[at + 1] & 0xFE == 0xFA
        size = 144000 * kbits[mp3[at + 2] >> 4] // RATE + (mp3[at + 2] >> 1 & 1)
        frames.append(mp3[at : at + size])
        at += size
    return frames


@functools.cache
def cbr(level: float, seconds: float = 3.0, channels: int = 2) -> tuple[bytes, ...]:
    """Frames of constant bitrate without a header; a higher level means a lower bitrate."""
    mp3 = encoded(
        melody(seconds, channels=channels),
        "MP3",
        bitrate_mode="CONSTANT",
        compression_level=level,
    )
    return tuple(
        frame for frame in frames_of(mp3) if frame[21:25] != b"Info" and frame[36:40] != b"Info"
    )


def id3(picture: bytes, declared: int | None = None) -> bytes:
    """An ID3v2.3 tag with a cover."""
    apic = b"\0image/jpeg\0\x03\0" + picture
    body = b"APIC" + struct.pack(">IH", len(apic), 0) + apic
    size = len(body) if declared is None else declared
    return b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + body
