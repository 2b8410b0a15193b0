"""A whole file is read to its last sample, one that was cut is refused, whatever it declares."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtcan_cli.audio.checked import convert
from rtcan_cli.audio.read import read_audio
from rtcan_cli.errors import RtcanError
from tests.audio.songs import RATE, cbr, encoded, frames_of, id3, melody

LOUD, PLAIN, SMALL = 0.0, 0.6, 0.9  # libsndfile's levels: 320, 160 and 56 kbit/s
PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 100


def length(content: bytes) -> int:
    samples, _ = read_audio(content, "song")
    return len(samples)


def test_frames_are_counted_without_a_header() -> None:
    frames = cbr(PLAIN)
    samples, rate = read_audio(b"".join(frames), "song.mp3")
    assert samples.shape == (1152 * len(frames), 2)
    assert rate == RATE
    # libsndfile is right where the bitrate is constant and nothing else is in the file.
    expected, _ = soundfile.read(io.BytesIO(b"".join(frames)), dtype="float32", always_2d=True)
    np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize(
    "levels", [(LOUD, SMALL), (SMALL, LOUD), (LOUD, SMALL, LOUD), (SMALL, PLAIN, LOUD, SMALL)]
)
def test_a_bitrate_that_varies_without_a_header(levels: tuple[float, ...]) -> None:
    frames = [frame for level in levels for frame in cbr(level)]
    assert length(b"".join(frames)) == 1152 * len(frames)


def test_a_quiet_start_without_a_header() -> None:
    song = np.concatenate([np.zeros((2 * RATE, 1)), melody(3.0, channels=1)])
    vbr = encoded(song, "MP3", bitrate_mode="VARIABLE", compression_level=0.2)
    frames = frames_of(vbr)
    assert frames[0][21:25] == b"Xing"
    assert len(frames[1]) < len(frames[-2])
    assert length(b"".join(frames[1:])) == 1152 * (len(frames) - 1)


@pytest.mark.parametrize("n_pictures", [1, 60])
def test_a_cover_is_no_sound(n_pictures: int) -> None:
    frames = cbr(PLAIN)
    plain, _ = read_audio(b"".join(frames), "song.mp3")
    tagged, _ = read_audio(id3(PICTURE * n_pictures) + b"".join(frames), "song.mp3")
    np.testing.assert_array_equal(tagged, plain)


def test_what_looks_like_frames_in_a_cover_is_no_sound() -> None:
    frames = cbr(PLAIN)
    hidden = b"".join(cbr(SMALL))
    assert length(id3(hidden) + b"".join(frames)) == 1152 * len(frames)


@pytest.mark.parametrize(
    "before", [bytes(5000), id3(b"", declared=10) + bytes(4000), b"\xff" * 30 + bytes(100)]
)
@pytest.mark.parametrize("after", [b"", bytes(500), b"TAG" + bytes(125)])
def test_what_is_no_sound_before_and_behind(before: bytes, after: bytes) -> None:
    frames = cbr(PLAIN)
    assert length(before + b"".join(frames) + after) == 1152 * len(frames)


def test_an_ape_tag_behind_the_sound() -> None:
    frames = cbr(PLAIN)
    item = struct.pack("<II", 4, 0) + b"Title\0song"
    footer = b"APETAGEX" + struct.pack("<IIII", 2000, len(item) + 32, 1, 0) + bytes(8)
    assert length(b"".join(frames) + item + footer) == 1152 * len(frames)


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
def test_a_header_that_is_right_is_used(mode: str) -> None:
    """It says what the encoder added at both ends."""
    song = melody(3.1)
    mp3 = encoded(song, "MP3", bitrate_mode=mode, compression_level=0.3)
    expected, _ = soundfile.read(io.BytesIO(mp3), dtype="float32", always_2d=True)
    samples, _ = read_audio(id3(PICTURE) + mp3, "song.mp3")
    np.testing.assert_array_equal(samples, expected)


def with_declared(mp3: bytes, n_frames: int) -> bytes:
    place = mp3.index(b"Xing") + 8
    return mp3[:place] + struct.pack(">I", n_frames) + mp3[place + 4 :]


def test_a_header_that_declares_fewer_frames_is_not_believed() -> None:
    mp3 = encoded(melody(3.0), "MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    n_frames = len(frames_of(mp3)) - 1
    assert length(with_declared(mp3, n_frames // 2)) == 1152 * n_frames
    assert length(mp3 + mp3) > 2 * length(mp3)


def test_a_header_that_declares_more_frames_tells_that_the_file_was_cut() -> None:
    mp3 = encoded(melody(3.0), "MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    frames = frames_of(mp3)
    with pytest.raises(RtcanError, match=r"song is incomplete: 1\.3 s of 3\.0 s"):
        read_audio(b"".join(frames[:51]), "song")
    with pytest.raises(RtcanError, match="song is incomplete"):
        read_audio(with_declared(mp3, 2 * len(frames)), "song")


@pytest.mark.parametrize("lost", [1, 100, 500, 5000])
def test_a_cut_mp3_without_a_header_ends_within_a_frame(lost: int) -> None:
    mp3 = id3(PICTURE) + b"".join(cbr(PLAIN))
    with pytest.raises(RtcanError, match="song is incomplete: it ends in the middle of a frame"):
        read_audio(mp3[:-lost], "song")


def test_a_hole_in_an_mp3() -> None:
    mp3 = bytearray(b"".join(cbr(PLAIN)))
    mp3[20000:24096] = bytes(4096)
    with pytest.raises(RtcanError, match=r"song is damaged: \d+ bytes after 1\.0 s are not MP3"):
        read_audio(bytes(mp3), "song")
    mp3[20000:] = bytes(len(mp3) - 20000)
    with pytest.raises(RtcanError, match="song is incomplete or damaged: its last"):
        read_audio(bytes(mp3), "song")


@pytest.mark.parametrize("end", ["zeros", "random"])
@pytest.mark.parametrize("share", [0.01, 0.04])
@pytest.mark.parametrize("tag", [b"", b"TAG" + bytes(125)])
def test_a_lost_end_is_noticed_however_small_its_share(end: str, share: float, tag: bytes) -> None:
    """Nothing says how many frames there were."""
    mp3 = b"".join(cbr(LOUD, 30.0))
    lost = int(share * len(mp3))
    rest = bytes(lost) if end == "zeros" else np.random.default_rng(0).bytes(lost)
    with pytest.raises(RtcanError, match=r"song is incomplete or damaged: its last \d+ bytes"):
        read_audio(mp3[:-lost] + rest + tag, "song")


def test_zeros_in_place_of_whole_frames_are_lost_sound() -> None:
    frames = cbr(PLAIN)
    hole = bytes(sum(map(len, frames[50:60])))
    with pytest.raises(RtcanError, match=r"song is damaged: \d+ bytes after 1\.3 s are not MP3"):
        read_audio(b"".join(frames[:50]) + hole + b"".join(frames[60:]), "song")


def id3v24(size: int, footer: bool) -> bytes:
    """A tag that may stand behind the sound, with a footer or with zeros at its end."""
    sevens = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    end = b"\x04\0" + (b"\x10" if footer else b"\0") + sevens
    return b"ID3" + end + PICTURE[:size] + b"3DI" * footer + end * footer


ID3V1 = b"TAG" + b"title".ljust(125, b"\0")
LYRICS1 = b"LYRICSBEGIN" + b"la " * 600 + b"LYRICSEND"
LYRICS2 = b"LYRICSBEGIN" + b"IND0000200" + b"LYR01800" + b"la " * 600
LYRICS2 += str(len(LYRICS2)).rjust(6, "0").encode() + b"LYRICS200"


@pytest.mark.parametrize(
    "after",
    [
        id3v24(9000, footer=True),
        id3v24(9000, footer=False),
        id3v24(9000, footer=True) + ID3V1,
        id3v24(9000, footer=False) + bytes(5000) + ID3V1,
        bytes(5000) + ID3V1,
        bytes(5000) + id3v24(9000, footer=False),
        LYRICS1 + ID3V1,
        LYRICS2 + ID3V1,
        b"TAG+" + bytes(223) + ID3V1,
        b"some words" * 50,
    ],
)
@pytest.mark.parametrize("header", [True, False])
def test_tags_and_padding_behind_a_whole_mp3(after: bytes, header: bool) -> None:
    if header:
        bare = encoded(melody(3.0), "MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    else:
        bare = b"".join(cbr(PLAIN))
    expected, _ = read_audio(bare, "song")
    samples, _ = read_audio(bare + after, "song")
    np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize("after", [bytes(200_000), bytes(20_000) + ID3V1, b"words" * 40_000])
def test_what_follows_all_frames_that_are_declared_is_no_sound(after: bytes) -> None:
    mp3 = encoded(melody(3.0), "MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    expected, _ = read_audio(mp3, "song")
    samples, _ = read_audio(mp3 + after, "song")
    np.testing.assert_array_equal(samples, expected)
    # But what stands in the place of frames that are declared is.
    cut = b"".join(frames_of(mp3)[:-10])
    with pytest.raises(RtcanError, match="song is incomplete"):
        read_audio(cut + after, "song")


def test_many_zeros_are_named_where_no_length_is_declared() -> None:
    with pytest.raises(RtcanError, match=r"200000 bytes, after 3\.0 s, are zeros") as caught:
        read_audio(b"".join(cbr(PLAIN)) + bytes(200_000), "song")
    assert "if the song is whole: ffmpeg -i song song.wav" in str(caught.value.hint)


def test_mp3s_of_two_rates_in_one_file() -> None:
    other = encoded(melody(2.0, 48000), "MP3", rate=48000)
    with pytest.raises(RtcanError, match=r"song changes its sampling rate .* after 3\.0 s"):
        read_audio(b"".join(cbr(PLAIN)) + other, "song")


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 32000, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3s_of_all_rates(rate: int, channels: int) -> None:
    song = melody(2.0, rate, channels)
    mp3 = encoded(song, "MP3", rate=rate)
    expected, _ = soundfile.read(io.BytesIO(mp3), dtype="float32", always_2d=True)
    samples, found = read_audio(mp3, "song")
    assert found == rate
    np.testing.assert_array_equal(samples, expected)
    with pytest.raises(RtcanError, match="song is incomplete"):
        read_audio(mp3[: len(mp3) * 3 // 4], "song")


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("WAVEX", "PCM_16"),
        ("RF64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AIFF", "FLOAT"),
        ("AU", "PCM_16"),
        ("AU", "FLOAT"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
    ],
)
def test_other_formats_are_read_as_libsndfile_does_or_not_at_all(kind: str, subtype: str) -> None:
    content = encoded(melody(3.0, 48000), kind, subtype, 48000)
    expected, _ = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    samples, rate = read_audio(content, "song")
    assert (len(samples), rate) == (3 * 48000, 48000)
    np.testing.assert_array_equal(samples, expected)
    for share in (0.3, 0.9, 0.999):
        with pytest.raises(RtcanError, match="song is incomplete"):
            read_audio(content[: int(share * len(content))], "song")


def flac_with(n_samples: int) -> bytes:
    content = bytearray(encoded(melody(3.0), "FLAC"))
    packed = int.from_bytes(content[18:26], "big")
    content[18:26] = (packed >> 36 << 36 | n_samples).to_bytes(8, "big")
    return bytes(content)


@pytest.mark.parametrize("declared", [0, 1, 2 * RATE])
def test_a_flac_that_declares_too_little_is_read_to_its_end(declared: int) -> None:
    samples, _ = read_audio(flac_with(declared), "song")
    expected, _ = soundfile.read(
        io.BytesIO(encoded(melody(3.0), "FLAC")), dtype="float32", always_2d=True
    )
    np.testing.assert_array_equal(samples, expected)


def test_a_flac_that_declares_more_is_incomplete() -> None:
    with pytest.raises(RtcanError, match=r"song is incomplete: 3\.0 s of 4\.0 s"):
        read_audio(flac_with(4 * RATE), "song")


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_damaged_bytes_are_noticed(kind: str) -> None:
    content = bytearray(encoded(melody(3.0), kind))
    content[len(content) // 2] ^= 0xFF
    with pytest.raises(RtcanError, match="song is damaged"):
        read_audio(bytes(content), "song")


def test_two_oggs_in_one_file_are_not_read_as_one() -> None:
    content = encoded(melody(3.0), "OGG")
    with pytest.raises(RtcanError, match="song contains 2 streams") as caught:
        read_audio(content + content, "song")
    assert "ffmpeg -i song song.wav" in str(caught.value.hint)


def page(packet: bytes, flags: int = 6) -> bytes:
    """An OGG page with one short packet."""
    head = b"OggS\0" + bytes([flags]) + bytes(8) + b"rtcn" + bytes(4)
    content = bytearray(head + bytes(4) + bytes([1, len(packet)]) + packet)
    crc = 0
    for byte in content:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    content[22:26] = struct.pack("<I", crc)
    return bytes(content)


@pytest.mark.parametrize(
    ("packet", "message"),
    [
        (
            b"\x7fFLAC\x01\0\0\x01" + encoded(melody(1.0), "FLAC")[:42],
            r"is OGG audio \(FLAC\), not",
        ),
        (b"PCM     " + bytes(20), r"is OGG audio with a codec that is not read"),
    ],
    ids=["FLAC", "PCM"],
)
def test_other_codecs_in_ogg_are_named(packet: bytes, message: str) -> None:
    with pytest.raises(RtcanError, match=f"song {message}") as caught:
        read_audio(page(packet), "song")
    assert caught.value.hint == "ffmpeg -i song song.wav"


def wav_with(data: int, riff: int | None = None) -> bytes:
    content = bytearray(encoded(melody(3.0), "WAV"))
    content[40:44] = struct.pack("<I", data)
    if riff is not None:
        content[4:8] = struct.pack("<I", riff)
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [wav_with(0), wav_with(0, 0), wav_with(2**32 - 1, 2**32 - 1), wav_with(0x7FFFF000, 0x7FFFF024)],
)
def test_a_streamed_wav_is_read_to_its_end(content: bytes) -> None:
    assert length(content) == 3 * RATE


def test_sound_that_a_wav_does_not_declare_is_named() -> None:
    with pytest.raises(RtcanError, match=r"declares 1\.0 s of sound, but .* be 2\.0 s more"):
        read_audio(wav_with(4 * RATE), "song")
    content = encoded(melody(3.0), "WAV")
    with pytest.raises(RtcanError, match=r"declares 3\.0 s of sound, but .* be 3\.0 s more"):
        read_audio(content + content, "song")


def test_chunks_behind_the_sound_are_no_sound() -> None:
    content = encoded(melody(3.0), "WAV")
    note = b"LIST" + struct.pack("<I", 40000) + b"INFO" + bytes(39996)
    assert length(content + note) == 3 * RATE
    assert length(content + id3(PICTURE)) == 3 * RATE


def test_a_flac_behind_an_id3_tag() -> None:
    assert length(id3(PICTURE) + encoded(melody(3.0), "FLAC")) == 3 * RATE


@pytest.mark.parametrize("kind", ["mp3", "flac", "wav", "ogg", "aiff", "au"])
def test_anything_may_follow_the_first_bytes(kind: str) -> None:
    """Nothing but an RtcanError, whatever a damaged header says."""
    content = encoded(melody(0.5), kind.upper())
    rng = np.random.default_rng(1)
    for _ in range(60):
        damaged = bytearray(content)
        for place in rng.integers(4, 80, 4):
            damaged[place] = rng.integers(256)
        try:
            samples, rate = read_audio(bytes(damaged), "song")
        except RtcanError:
            continue
        assert samples.ndim == 2
        assert rate > 0


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("cover", [b"", id3(PICTURE * 60)])
def test_as_many_samples_as_ffmpeg_finds(tmp_path: Path, cover: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(cover + b"".join(cbr(LOUD) + cbr(SMALL)))
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"]
    decoded = subprocess.run(command, capture_output=True, check=True).stdout
    expected = np.frombuffer(decoded, np.float32).reshape(-1, 2)
    samples, _ = read_audio(path.read_bytes(), "song")
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples, expected, atol=1e-5)


def test_real_songs_are_read_as_before() -> None:
    if "RTCAN_REAL_DATA" not in os.environ:
        pytest.skip("RTCAN_REAL_DATA is not set")
    for number, seconds in (("108", 49.03), ("634", 45.03)):
        folder = Path(os.environ["RTCAN_REAL_DATA"]) / "pmemo_site_sample" / "chorus"
        content = (folder / f"{number}.mp3").read_bytes()
        expected, _ = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
        samples, rate = read_audio(content, number)
        np.testing.assert_array_equal(samples, expected)
        assert len(samples) / rate == pytest.approx(seconds, abs=0.01)


def test_the_command_that_converts_does_not_write_over_the_file() -> None:
    assert convert("songs/a b.m4a") == "ffmpeg -i 'songs/a b.m4a' 'a b.wav'"
    assert convert("songs/a.WAV") == "ffmpeg -i songs/a.WAV a_converted.wav"
