"""Files with the same sound are found, whatever their name, tags and format."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtcan_cli.sound_id import sound_id, without_tags

RATE = 16000
SOUND = np.random.default_rng(0).normal(0, 3000, (RATE, 2)).astype(np.int16)


def encoded(kind: str, sound: np.ndarray = SOUND, rate: int = RATE) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate, format=kind)
    return buffer.getvalue()


def id3v2(payload: bytes) -> bytes:
    """An ID3v2.4 tag with something in it, such as a cover."""
    size = len(payload)
    return b"ID3\x04\x00\x00" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + payload


ID3V1 = b"TAG" + b"title".ljust(125, b"\0")


def ape(payload: bytes) -> bytes:
    """An APEv2 tag with a header and a footer."""
    size = (len(payload) + 32).to_bytes(4, "little")

    def end(flags: int) -> bytes:
        number = (2000).to_bytes(4, "little") + size + (1).to_bytes(4, "little")
        return b"APETAGEX" + number + flags.to_bytes(4, "little") + bytes(8)

    return end(0xA0000000) + payload + end(0x80000000)


def test_lossless_formats_of_one_recording_are_equal() -> None:
    assert len({sound_id(encoded(kind)) for kind in ("WAV", "FLAC", "AIFF", "AU")}) == 1


@pytest.mark.parametrize(
    "other",
    [
        encoded("WAV", SOUND[:-1]),
        encoded("WAV", SOUND[:, :1]),
        encoded("WAV", SOUND[:, ::-1]),
        encoded("WAV", rate=RATE // 2),
        encoded("WAV", SOUND + np.eye(1, 2, dtype=np.int16)),
        encoded("MP3"),
    ],
    ids=["shorter", "mono", "swapped", "slower", "one step", "encoded anew"],
)
def test_another_sound_is_another(other: bytes) -> None:
    assert sound_id(other) != sound_id(encoded("WAV"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (id3v2(b"TIT2" + bytes(300)), b""),
        (id3v2(b"a" * 5) + id3v2(b"b" * 40_000), b""),
        (b"", ID3V1),
        (b"", ape(b"Title\0song")),
        (id3v2(os.urandom(2000)), ape(b"Album\0" + bytes(500)) + ID3V1),
    ],
)
def test_tags_are_not_sound(before: bytes, after: bytes) -> None:
    bare = encoded("MP3")
    frames = bare[len(bare) - len(without_tags(bare)) :]
    tagged = before + frames + after
    # As an independent decoder hears them.
    heard = [soundfile.read(io.BytesIO(each), dtype="int16")[0] for each in (bare, tagged)]
    np.testing.assert_array_equal(heard[0], heard[1])
    assert sound_id(tagged) == sound_id(bare)
    assert sound_id(before + encoded("MP3", SOUND[::-1]) + after) != sound_id(bare)


@pytest.mark.parametrize(
    "content", [b"", b"ID3", b"TAG", b"no audio", b"ID3\x04\x00\x10" + b"\x7f" * 9]
)
def test_what_is_no_audio_is_compared_byte_by_byte(content: bytes) -> None:
    assert sound_id(content) == sound_id(bytes(bytearray(content)))
    assert sound_id(content) != sound_id(content + b"!")


@pytest.mark.skipif(not os.environ.get("RTCAN_REAL_DATA"), reason="RTCAN_REAL_DATA is not set")
def test_real_songs_with_and_without_their_tags() -> None:
    chorus = Path(os.environ["RTCAN_REAL_DATA"]) / "pmemo_site_sample" / "chorus"
    songs = [(chorus / f"{n}.mp3").read_bytes() for n in (108, 634)]
    assert sound_id(songs[0]) != sound_id(songs[1])
    for song in songs:
        assert sound_id(id3v2(b"TIT2 another title") + without_tags(song) + ID3V1) == sound_id(song)
