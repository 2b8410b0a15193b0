"""Files with the same sound are found, whatever their name, tags and format."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtcan_cli.audio.sound_id import sound_id
from rtcan_cli.errors import RtcanError
from tests.audio.songs import frames_of, melody

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


def n_bytes(content: bytes) -> str:
    """Name of a case: the bytes, some of which are random, differ from process to process."""
    return f"{len(content)} bytes"


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


LYRICS = b"LYRICSBEGIN" + b"IND0000200" + b"LYR01800" + b"la " * 600
LYRICS += str(len(LYRICS)).rjust(6, "0").encode() + b"LYRICS200"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (id3v2(b"TIT2" + bytes(300)), b""),
        (id3v2(b"a" * 5) + id3v2(b"b" * 40_000), b""),
        (b"", ID3V1),
        (b"", ape(b"Title\0song")),
        (id3v2(os.urandom(2000)), ape(b"Album\0" + bytes(500)) + ID3V1),
        (b"", ID3V1 + ape(b"Title\0song")),
        (b"", LYRICS + ID3V1),
        (b"", b"TAG+" + b"title".ljust(223, b"\0") + ID3V1),
        (b"", bytes(1000)),
        (bytes(1000), bytes(1000) + id3v2(b"TIT2" + bytes(300))),
    ],
    ids=n_bytes,
)
@pytest.mark.parametrize("header", [True, False])
def test_tags_are_not_sound(before: bytes, after: bytes, header: bool) -> None:
    def of(sound: np.ndarray) -> bytes:
        mp3 = encoded("MP3", sound, 44100)
        return mp3 if header else b"".join(frames_of(mp3)[1:])

    bare, other = (of(sound) for sound in (melody(1.0), melody(1.0)[::-1]))
    assert sound_id(before + bare + after) == sound_id(bare)
    assert sound_id(before + other + after) != sound_id(bare)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(5000),
        b"ID3",
        b"TAG",
        b"no audio",
        b"ID3\x04\x00\x10" + b"\x7f" * 9,
        id3v2(b"TIT2" + bytes(300)),
        b"<!DOCTYPE html><html><body>Too many downloads</body></html>",
        encoded("WAV", SOUND[:0]),
        encoded("WAV")[:44],
        encoded("WAV")[:5000],
        encoded("FLAC")[:5000],
        encoded("MP3")[:1000],
        encoded("OGG")[:5000],
    ],
    ids=n_bytes,
)
def test_what_is_not_a_whole_song_has_no_fingerprint(content: bytes) -> None:
    """It stands in the place of many songs, which then would all be one."""
    with pytest.raises(RtcanError, match="song"):
        sound_id(content, "song")


def with_length(kind: str, sound: np.ndarray) -> bytes:
    """A file whose header says that it holds nothing, as programs write into a pipe."""
    content = bytearray(encoded(kind, sound))
    if kind == "WAV":
        content[40:44] = bytes(4)
    elif kind == "AU":
        content[8:12] = bytes(4)
    else:
        packed = int.from_bytes(content[18:26], "big")
        content[18:26] = (packed >> 36 << 36).to_bytes(8, "big")
    return bytes(content)


@pytest.mark.parametrize("kind", ["WAV", "AU", "FLAC"])
def test_a_declared_length_is_not_believed(kind: str) -> None:
    assert sound_id(with_length(kind, SOUND)) == sound_id(encoded("WAV"))
    assert sound_id(with_length(kind, SOUND[::-1])) != sound_id(encoded("WAV"))


def test_audio_of_a_kind_that_is_not_read_is_compared_byte_by_byte() -> None:
    m4a = b"\0\0\0\x20ftypM4A " + os.urandom(5000)
    assert sound_id(m4a) == sound_id(bytes(bytearray(m4a)))
    assert sound_id(m4a) != sound_id(m4a + b"!")


@pytest.mark.skipif(not os.environ.get("RTCAN_REAL_DATA"), reason="RTCAN_REAL_DATA is not set")
def test_real_songs_with_and_without_their_tags() -> None:
    chorus = Path(os.environ["RTCAN_REAL_DATA"]) / "pmemo_site_sample" / "chorus"
    songs = [(chorus / f"{n}.mp3").read_bytes() for n in (108, 634)]
    assert sound_id(songs[0]) != sound_id(songs[1])
    for song in songs:
        assert sound_id(id3v2(b"TIT2 another title") + song + ID3V1) == sound_id(song)
