from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import numpy as np
import opensmile
import pandas as pd
import pytest
import soundfile

from rtcan_cli import music
from rtcan_cli.errors import RtcanError
from rtcan_cli.music import N_FEATURES, extract, feature_names, read_feature_table

RATE = 16000

pytestmark = pytest.mark.usefixtures("every_feature")


def melody(seconds=2.0, rate=RATE):
    t = np.arange(int(seconds * rate)) / rate
    pitch = 220 * 2 ** (np.floor(4 * t) % 5 / 12)
    tone = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / rate)
    return tone + 0.01 * np.random.default_rng(0).standard_normal(t.size)


def directly(samples, rate):
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.ComParE_2016,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    return smile.process_signal(samples, rate)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_equals_opensmile_called_directly(tmp_path, suffix):
    path = tmp_path / f"song.{suffix}"
    soundfile.write(path, melody(), RATE)
    features = extract(path)
    samples, rate = soundfile.read(path, dtype="float32")
    expected = directly(samples, rate)
    assert features.shape == (6373,)
    assert features.dtype == np.float32
    assert np.array_equal(features, expected.to_numpy()[0])
    assert feature_names() == list(expected.columns)


def test_channels_are_averaged_if_wanted(tmp_path):
    # Even multiples of the 16-bit step, so that their average is exact too.
    left, right = (
        2 * np.round(x * 2**14) / 2**15
        for x in (melody(), np.random.default_rng(1).normal(0, 0.05, melody().size))
    )
    soundfile.write(tmp_path / "stereo.wav", np.column_stack([left, right]), RATE, "FLOAT")
    features = extract(tmp_path / "stereo.wav", mixdown=True)
    average = directly((left + right).astype(np.float32) / 2, RATE).to_numpy()[0]
    assert np.array_equal(features, average)
    first = directly(left.astype(np.float32), RATE).to_numpy()[0]
    assert not np.array_equal(features, first)
    assert np.array_equal(extract(tmp_path / "stereo.wav"), first)


def test_equals_opensmile_on_real_music(tmp_path):
    if "RTCAN_REAL_DATA" not in os.environ:
        pytest.skip("RTCAN_REAL_DATA is not set")
    song = Path(os.environ["RTCAN_REAL_DATA"]) / "pmemo_site_sample" / "chorus" / "634.mp3"
    path = tmp_path / "quarter.mp3"
    content = song.read_bytes()
    # Up to the header of a frame (128 kbit/s at 44.1 kHz), or it would be an incomplete one.
    path.write_bytes(content[: content.index(b"\xff\xfb\x90", len(content) // 4)])
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.ComParE_2016,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    assert np.array_equal(extract(path), smile.process_file(path).to_numpy()[0])


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_bytes_are_as_good_as_a_file(tmp_path, suffix):
    path = tmp_path / f"song.{suffix}"
    soundfile.write(path, melody(), RATE)
    content = path.read_bytes()
    assert np.array_equal(extract(content, name="a.zip:song"), extract(path))
    with pytest.raises(RtcanError, match=r"^a\.zip:song is incomplete") as caught:
        extract(content[: len(content) // 2], name="a.zip:song")
    assert "BytesIO" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_incomplete_file(tmp_path, suffix):
    path = tmp_path / f"song.{suffix}"
    soundfile.write(path, melody(4.0), RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RtcanError, match=rf"song\.{suffix} is incomplete"):
        extract(path)


def test_streamed_wav_without_a_length_is_complete(tmp_path):
    path = tmp_path / "streamed.wav"
    soundfile.write(path, melody(), RATE)
    plain = extract(path)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff" * 4
    path.write_bytes(content)
    assert np.array_equal(extract(path), plain)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"hello" * 500, "is not an audio file of a known kind"),
        (bytes(500), "contains only zero bytes"),
        (bytes(5000), "begins with thousands of zero bytes"),
        (b"<!DOCTYPE html><html>Quota exceeded", "is an HTML page, not audio"),
    ],
)
def test_not_audio(tmp_path, content, reason):
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.raises(RtcanError, match=rf"song\.mp3 {reason}"):
        extract(path)


def test_a_header_that_claims_hours_takes_no_memory(tmp_path):
    path = tmp_path / "song.flac"
    soundfile.write(path, melody(), RATE)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the last 36 bits of this part of the header count the samples
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(RtcanError, match=r"song\.flac is incomplete: 2\.0 s of"):
            extract(path)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


def test_missing_file(tmp_path):
    with pytest.raises(RtcanError, match=r"gone\.mp3 does not exist"):
        extract(tmp_path / "gone.mp3")


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (melody(0.9), "is 0.90 s long, too short"),
        (np.zeros(2 * RATE), "is silent"),
        (np.full(2 * RATE, 0.25), "is silent"),
        (1e-6 * melody(), "is silent"),
        (np.column_stack([np.zeros(2 * RATE), melody()]), "is silent in its first channel, but"),
    ],
)
def test_nothing_to_hear(tmp_path, samples, reason):
    soundfile.write(tmp_path / "song.wav", samples, RATE, "FLOAT")
    with pytest.raises(RtcanError, match=rf"song\.wav {reason}"):
        extract(tmp_path / "song.wav")


def test_a_silent_first_channel_names_the_way_out(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.column_stack([np.zeros(2 * RATE), melody()]), RATE, "FLOAT")
    with pytest.raises(RtcanError, match="but not in channel 2") as caught:
        extract(path)
    assert "--mixdown" in caught.value.hint
    half = directly((melody() / 2).astype(np.float32), RATE).to_numpy()[0]
    assert np.array_equal(extract(path, mixdown=True), half)


def test_channels_that_cancel_each_other_out(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.column_stack([melody(), -melody()]), RATE, "FLOAT")
    with pytest.raises(RtcanError, match="when its channels are averaged"):
        extract(path, mixdown=True)
    assert extract(path).shape == (6373,)


def test_a_folder_is_not_a_song(tmp_path):
    with pytest.raises(RtcanError, match="is a folder, not a file"):
        extract(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_damaged_samples(tmp_path, value):
    samples = melody()
    samples[1000] = value
    soundfile.write(tmp_path / "song.wav", samples, RATE, "FLOAT")
    with pytest.raises(RtcanError, match=r"song\.wav is damaged"):
        extract(tmp_path / "song.wav")


def test_features_that_are_no_numbers(tmp_path, monkeypatch):
    class Broken:
        def process_signal(self, samples, rate):
            table = directly(samples, rate)
            table.iloc[0, [3, 60]] = np.nan, np.inf
            return table

    soundfile.write(tmp_path / "song.wav", melody(), RATE)
    monkeypatch.setattr(music, "_smile", lambda feature_set: Broken())
    with pytest.raises(RtcanError, match=r"song\.wav has no finite value for 2 of its 6373"):
        extract(tmp_path / "song.wav")


def static_table(n_features=6373):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        rng.normal(size=(3, n_features)), columns=[f"feature {i}" for i in range(n_features)]
    )
    table.insert(0, "musicId", ["1", "4", "1000"])
    return table


def test_published_features(tmp_path):
    table = static_table()
    table.to_csv(tmp_path / "static_features.csv", index=False)
    stimuli, names, features = read_feature_table(
        tmp_path / "static_features.csv", n_features=N_FEATURES
    )
    assert stimuli == ["1", "4", "1000"]
    assert names == list(table.columns[1:])
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, table.iloc[:, 1:].to_numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table,
        lambda table: table[[*table.columns[1:], "musicId"]],
        lambda table: table.rename(columns={"musicId": "song_id"}).iloc[:, ::-1],
        lambda table: table.reset_index().rename(columns={"index": ""}),
        lambda table: table.rename(columns={"musicId": ""}),
        lambda table: table.assign(musicId=["1.0", "4.0", "1000.0"]),
    ],
)
def test_published_features_in_any_order_of_columns(tmp_path, change):
    path = tmp_path / "static_features.csv"
    table = change(static_table(8))
    table.to_csv(path, index=False)
    for source in (path, path.read_bytes()):
        stimuli, names, features = read_feature_table(source, n_features=8)
        assert [float(song) for song in stimuli] == [1, 4, 1000]
        assert stimuli[0] in ("1", "1.0"), "as it is written"
        assert sorted(names) == [f"feature {i}" for i in range(8)]
        np.testing.assert_allclose(features, table[names].to_numpy(), rtol=1e-6)


def test_published_features_without_a_header(tmp_path):
    path = tmp_path / "static_features.csv"
    table = static_table(8)
    table.to_csv(path, index=False, header=False)
    stimuli, names, features = read_feature_table(path, n_features=8)
    assert stimuli == ["1", "4", "1000"]
    assert names == [str(k) for k in range(1, 9)]
    np.testing.assert_allclose(features, table.iloc[:, 1:].to_numpy(), rtol=1e-6)


def repeated(table):
    return table.assign(musicId=["1", "4", "1"])


def unnamed(table):
    return table.assign(musicId=["1", None, "3"])


def with_text(table):
    return table.assign(**{"feature 7": ["0.5", "loud", "0.5"]})


def with_gap(table):
    return table.assign(**{"feature 7": [0.5, np.nan, 0.5]})


def with_infinity(table):
    return table.assign(**{"feature 7": [0.5, 0.5, np.inf]})


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (repeated, "has song 1 more than once"),
        (unnamed, "has a row without a song's identifier"),
        (with_text, "something else than numbers in column feature 7"),
        (with_gap, "no finite number for song 4 in column feature 7"),
        (with_infinity, "no finite number for song 1000 in column feature 7"),
        (lambda table: table.iloc[:, :-1], "8 features: it has 3 rows with 7 features"),
        (lambda table: table.iloc[:0], "it has 0 rows with 8 features"),
    ],
)
def test_published_features_are_checked(tmp_path, spoil, reason):
    path = tmp_path / "static_features.csv"
    spoil(static_table(8)).to_csv(path, index=False)
    with pytest.raises(RtcanError, match=rf"static_features\.csv .*{reason}"):
        read_feature_table(path, n_features=8)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00\x01\x02\n\x80\x81", b'a,b\n1,"2\n', b"a,b\n1,2\n1,2,3\n"],
)
def test_not_a_table(tmp_path, content):
    path = tmp_path / "static_features.csv"
    path.write_bytes(content)
    with pytest.raises(RtcanError, match=r"static_features\.csv"):
        read_feature_table(path, n_features=N_FEATURES)


def test_rows_longer_than_the_header(tmp_path):
    path = tmp_path / "static_features.csv"
    path.write_text("musicId,a,b\n1,0.1,0.2,0.3\n")
    with pytest.raises(RtcanError, match="is not a table"):
        read_feature_table(path, n_features=2)


def test_missing_table(tmp_path):
    with pytest.raises(RtcanError, match=r"gone\.csv does not exist"):
        read_feature_table(tmp_path / "gone.csv")


def test_loud_peaks_are_clipped_as_in_a_16_bit_file(tmp_path):
    # Steps of a 16-bit file, so that this one holds the same samples but for the peaks.
    samples = np.round(melody() * 3.8 * 2**15)
    assert np.abs(samples).max() > 2**15
    soundfile.write(tmp_path / "float.wav", samples / 2**15, RATE, "FLOAT")
    clipped = np.clip(samples, -(2**15), 2**15 - 1).astype(np.int16)
    soundfile.write(tmp_path / "short.wav", clipped, RATE, "PCM_16")
    assert np.array_equal(extract(tmp_path / "float.wav"), extract(tmp_path / "short.wav"))


@pytest.mark.parametrize("loudest", [32768.0, 1e30])
def test_samples_far_above_full_scale(tmp_path, loudest):
    soundfile.write(tmp_path / "song.wav", melody() * loudest, RATE, "FLOAT")
    with pytest.raises(RtcanError, match="full scale is 1"):
        extract(tmp_path / "song.wav")


@pytest.mark.parametrize("rate", [1, 50, 200, 2_000_000])
def test_a_sampling_rate_that_no_song_has(tmp_path, rate):
    """With 1 Hz, openSMILE ended the whole process."""
    soundfile.write(tmp_path / "song.wav", melody(6.0), rate)
    with pytest.raises(RtcanError, match=r"sampling rate of .* Hz, which no song has"):
        extract(tmp_path / "song.wav")


TABLE = pd.DataFrame([[0.5, 1.5], [2.5, -1.0], [0.0, 4.0]])


@pytest.mark.parametrize(
    ("names", "options"),
    [
        ({"index": ["3", "7", "1"]}, {}),  # DataFrame(vectors, index=names).to_csv()
        ({"column": "track_id"}, {}),  # to_csv() with its index
        ({"column": "musicId"}, {"index": False, "sep": ";"}),  # DEAM's separator
        ({"column": "name"}, {"index": False, "sep": "\t"}),  # SMILExtract
    ],
)
def test_tables_of_vectors_as_pandas_writes_them(names, options):
    table = TABLE.copy()
    if "index" in names:
        table.index = names["index"]
    else:
        table.insert(0, names["column"], [3, 7, 1])
    stimuli, columns, features = music.read_feature_table(table.to_csv(**options).encode())
    assert (stimuli, columns) == (["3", "7", "1"], ["0", "1"])
    np.testing.assert_array_equal(features, TABLE)


@pytest.mark.parametrize(
    ("text", "songs"),
    [
        ("a,0.5,1.5\nb,2.5,-1\n", ["a", "b"]),  # the first line is no header
        ("song,5,7\na,0.5,1.5\nb,2.5,-1\n", ["a", "b"]),
        ("0,1,2\na,0.5,1.5\nb,2.5,-1\n", ["a", "b"]),  # to_csv(index=False), without names
        ("name;x;y\n'a.wav';0.5;1.5\n'b.wav';2.5;-1\n", ["a.wav", "b.wav"]),  # SMILExtract
        ("song , x, y\n a ,0.5,1.5\n b ,2.5,-1\n", ["a", "b"]),
    ],
)
def test_no_song_is_lost_or_made_up_with_the_header(text, songs):
    stimuli, names, features = music.read_feature_table(text.encode())
    assert stimuli == songs
    assert all(name == name.strip() for name in names)
    np.testing.assert_array_equal(features, [[0.5, 1.5], [2.5, -1]])


def test_numbers_that_are_too_large_are_not_finite():
    with pytest.raises(RtcanError, match="no finite number for song a in column x"):
        music.read_feature_table(b"song,x\na,1e300\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        # The index would be taken for songs 0, 1, 2.
        (lambda t: t.assign(cluster=[3, 7, 1]).to_csv(), "counts the rows from 0, as an index of"),
        (
            lambda t: t.set_index(pd.Index([0.0, 0.5, 1.0], name="frameTime")).to_csv(sep=";"),
            "its first column is frameTime, so its rows are parts of a song",  # DEAM: a file a song
        ),
        (
            lambda t: t.assign(song=[3, 7, 1], valence_mean=[0.1, 0.2, 0.3]).to_csv(),
            "valence_mean is named as ratings are, and would be a feature",
        ),
        (
            lambda t: t.assign(song=[3, 7, 1]).to_csv(sep=";", decimal=","),
            "something else than numbers in column 0",
        ),
        # Sorted, after its rows were counted.
        (lambda t: t.assign(cluster=[3, 7, 1])[::-1].to_csv(), "counts the rows from 0, as an"),
        # Read with the index as a column, and written again.
        (
            lambda t: t.assign(song=[3, 7, 1]).rename_axis("Unnamed: 0").reset_index().to_csv(),
            "the column Unnamed: 0 has no name of its own, and would be a feature",
        ),
        (
            lambda t: t.assign(song=[3, 7, 1]).reset_index().to_csv(index=False),
            "the column index is named as the numbers of rows are that pandas writes",
        ),
        (
            lambda t: t.assign(track_id=[3, 7, 1], song_id=[4, 5, 6]).to_csv(),
            "the column song_id is named as songs are, beside the one that names them",
        ),
        (
            lambda t: t.assign(file=["a.mp3", "b.mp3", "c.mp3"], start=0.0, end=5.0).to_csv(),
            "the column start is named as times or parts of a song are",  # opensmile
        ),
        (
            lambda t: t.assign(name="'unknown'", frameTime=0.0)[:1].to_csv(sep=";"),
            "the column frameTime is named as times",  # SMILExtract
        ),
        (
            lambda t: t.assign(song=[3, 7, 1]).set_axis(["a", "a", "song"], axis=1).to_csv(),
            "has the column a more than once",
        ),
    ],
    ids=lambda value: None if callable(value) else value[:20],
)
def test_tables_that_are_not_vectors_of_songs(change, reason):
    with pytest.raises(RtcanError, match=reason) as error:
        music.read_feature_table(change(TABLE).encode())
    assert error.value.hint


def test_a_file_of_vectors_without_names_says_how_to_write_one(tmp_path):
    np.save(tmp_path / "x.npy", TABLE.to_numpy())
    with pytest.raises(RtcanError, match="is a NumPy file") as error:
        music.read_feature_table(tmp_path / "x.npy")
    assert error.value.hint == music.NPZ_HINT
