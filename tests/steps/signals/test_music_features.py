"""Each song's features stand under that song, however the work went."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from rtcan_cli import views
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError
from rtcan_cli.music import N_FEATURES, DescribedSong, feature_names
from rtcan_cli.steps.signals.music_features import (
    Contents,
    describe_file,
    describe_song,
    music_result,
)
from rtcan_cli.views.layout import table_lines
from tests.conftest import FEATURES_KEPT, must, rtcan
from tests.datasets.reading import zip_folder

STEP = "rtcan_cli.steps.signals.music_features"
SONGS = [str(number) for number in range(1, 9)]


def stored(workspace: Path) -> dict[str, NDArray[np.float32]]:
    """Features by song, by h5py alone."""
    with h5py.File(workspace / "pmemo" / "music.h5") as h5:
        songs = h5["stimuli/stimulus"].asstr()[()].tolist()
        return dict(zip(songs, h5["features/value"][()], strict=True))


def number_of(name: str) -> DescribedSong:
    """Stand-in for openSMILE that tells which file it was given."""
    n = len(feature_names())
    return DescribedSong(np.full(n, float(Path(name).stem), np.float32), 30.0)


def assert_own_numbers(workspace: Path, songs: list[str]) -> None:
    features = stored(workspace)
    assert {song: set(vector.tolist()) for song, vector in features.items()} == {
        song: {float(song)} for song in songs
    }


def test_features_are_those_of_the_songs_own_mp3(raw_pmemo: Path, prepared: Path) -> None:
    import opensmile

    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.ComParE_2016,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    features = stored(prepared)
    assert sorted(features) == SONGS
    mp3 = raw_pmemo / "PMEmo" / "Chorus" / "3.mp3"
    expected = smile.process_file(str(mp3)).to_numpy()[0, FEATURES_KEPT]
    with h5py.File(prepared / "pmemo" / "music.h5") as h5:
        assert h5["features/name"].asstr()[()].tolist() == list(smile.feature_names[FEATURES_KEPT])
    equal = [song for song, mine in features.items() if np.allclose(mine, expected, rtol=1e-4)]
    assert equal == ["3"]


def test_every_song_keeps_its_own_when_results_come_back_in_another_order(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def backwards(
        function: Callable[[Any], Any], items: Sequence[Any], *_: Any, **__: Any
    ) -> Iterator[tuple[int, Any]]:
        for position in reversed(range(len(items))):
            yield position, function(items[position])

    workspace = copy_of(prepared)
    monkeypatch.setattr(
        f"{STEP}.describe", lambda audio, mixdown, name, feature_set: number_of(name)
    )
    monkeypatch.setattr(f"{STEP}.map_unordered", backwards)
    must("music-features", "-w", workspace, "--force")
    assert_own_numbers(workspace, SONGS)


def test_every_song_keeps_its_own_after_an_interruption(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copy_of(prepared)
    command = ("music-features", "-w", workspace, "--jobs", "1", "--force")

    def stopped(audio: bytes, mixdown: bool, name: str, feature_set: str) -> DescribedSong:
        if Path(name).stem == "4":
            raise KeyboardInterrupt
        return number_of(name)

    monkeypatch.setattr(f"{STEP}.describe", stopped)
    assert rtcan(*command).exit_code == 130
    again: list[str] = []

    def noted(audio: bytes, mixdown: bool, name: str, feature_set: str) -> DescribedSong:
        again.append(Path(name).stem)
        return number_of(name)

    monkeypatch.setattr(f"{STEP}.describe", noted)
    must(*command)
    assert again == SONGS[3:]
    assert_own_numbers(workspace, SONGS)


def test_a_song_that_cannot_be_read_is_left_out_and_shifts_no_other(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copy_of(prepared)

    def damaged(audio: bytes, mixdown: bool, name: str, feature_set: str) -> DescribedSong:
        if Path(name).stem == "2":
            raise RtcanError(f"{name} is damaged")
        return number_of(name)

    monkeypatch.setattr(f"{STEP}.describe", damaged)
    outcome = must("music-features", "-w", workspace, "--jobs", "1", "--force")
    assert "2.mp3" in outcome.stdout
    assert_own_numbers(workspace, [song for song in SONGS if song != "2"])


def test_a_song_that_travels_has_the_same_features_and_problems(
    raw_pmemo: Path, tmp_path: Path
) -> None:
    mp3 = raw_pmemo / "PMEmo" / "Chorus" / "3.mp3"
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(mp3.read_bytes()[:300])
    songs = [RawFile(path, PurePosixPath(path.name)) for path in (mp3, cut)]
    songs.append(RawFile(tmp_path / "gone.mp3", PurePosixPath("gone.mp3")))
    travelling = Contents(songs)
    assert len(travelling) == 3
    there, here = describe_song(travelling[0], False), describe_file(songs[0], False)
    np.testing.assert_array_equal(there.features, here.features)
    assert there.seconds == here.seconds
    with pytest.raises(RtcanError) as told_here:
        describe_file(songs[1], False)
    with pytest.raises(RtcanError) as told_there:
        describe_song(travelling[1], False)
    assert str(told_there.value) == str(told_here.value)
    with pytest.raises(RtcanError, match="gone"):
        travelling[2]


def test_a_song_is_opened_with_the_same_limits_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 16000), 8000)
    monkeypatch.setattr("rtcan_cli.datasets.files.raw.LARGEST", 10_000)
    with pytest.raises(RtcanError, match="as no file of a dataset has"):
        describe_file(RawFile(path, PurePosixPath(path.name)), False)


def test_imported_features_stand_under_the_song_of_their_row(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    csv = tmp_path / "static_features.csv"
    rows = ["musicId," + ",".join(f"f{k}" for k in range(N_FEATURES))]
    rows += [",".join([song] + [song] * N_FEATURES) for song in ("7", "99", "1", "4")]
    csv.write_text("\n".join(rows) + "\n")
    must("music-features", "-w", workspace, "--import", csv)
    assert_own_numbers(workspace, ["7", "1", "4"])


def test_songs_in_a_zip_file_have_the_same_features(
    raw_pmemo: Path, prepared: Path, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    raw = zip_folder(raw_pmemo / "PMEmo", tmp_path / "raw" / "PMEmo.zip")
    shutil.copy(raw_pmemo / "SIMULATED.json", raw.parent)
    for place in (raw, raw.parent):
        workspace = tmp_path / place.name
        must("ingest", "pmemo", place, "-w", workspace)
        must("music-features", "-w", workspace, "--jobs", "1")
        features, expected = stored(workspace), stored(prepared)
        assert features.keys() == expected.keys()
        for song, vector in features.items():
            np.testing.assert_array_equal(vector, expected[song])
    raw.rename(raw.with_name("moved.zip"))
    assert "already done" in must("music-features", "-w", workspace).stderr
    outcome = rtcan("music-features", "-w", workspace, "--force")
    assert outcome.exit_code == 1
    assert "PMEmo.zip: the audio is gone (8 of 8 files)" in outcome.stderr


@pytest.mark.parametrize(
    ("edition", "song", "ending"),
    [
        ("PMEmo", "musicId", ""),
        pytest.param("PMEmo2019/features", "song_id", ".0", marks=pytest.mark.long),
        pytest.param("PMEmo", "", "", marks=pytest.mark.long),
    ],
)
def test_features_of_both_editions_are_found_in_their_folder_or_zip(
    prepared: Path,
    copy_of: Callable[[Path], Path],
    tmp_path: Path,
    edition: str,
    song: str,
    ending: str,
) -> None:
    workspace = copy_of(prepared)
    folder = tmp_path / "raw" / edition
    folder.mkdir(parents=True)
    rows = [f"{song}," + ",".join(f"f{k}" for k in range(N_FEATURES))]
    rows += [",".join([name + ending] + [name] * N_FEATURES) for name in ("7", "99", "1", "4")]
    (folder / "static_features.csv").write_text("\n".join(rows) + "\n")
    packed = zip_folder(tmp_path / "raw", tmp_path / "raw.zip")
    for place in (folder, tmp_path / "raw", packed):
        must("music-features", "-w", workspace, "--import", place, "--force")
        assert_own_numbers(workspace, ["7", "1", "4"])
    with h5py.File(workspace / "pmemo" / "music.h5") as h5:
        assert h5["excluded/stimulus"].asstr()[()].tolist() == ["2", "3", "5", "6", "8"]


def test_features_that_are_not_there_or_there_twice_are_told(
    prepared: Path, tmp_path: Path
) -> None:
    for places, message in (
        ([], "holds no static_features.csv"),
        (["a", "b"], "holds 2 static_features.csv: "),
    ):
        for place in places:
            (tmp_path / place).mkdir()
            (tmp_path / place / "static_features.csv").touch()
        outcome = rtcan("music-features", "-w", prepared, "--import", tmp_path)
        assert outcome.exit_code == 1
        assert message in outcome.stderr
    outcome = rtcan("music-features", "-w", prepared, "--import", tmp_path / "gone.csv")
    assert outcome.exit_code == 1
    assert "gone.csv does not exist" in outcome.stderr


def test_a_song_that_is_there_as_a_decimal_too_is_an_error(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    csv = tmp_path / "static_features.csv"
    rows = [",".join(str(k) for k in range(N_FEATURES + 1)).replace("0,", "musicId,", 1)]
    rows += [",".join([song] + ["1"] * N_FEATURES) for song in ("7", "7.0")]
    csv.write_text("\n".join(rows) + "\n")
    outcome = rtcan("music-features", "-w", copy_of(prepared), "--import", csv)
    assert outcome.exit_code == 1
    assert "has song 7 more than once" in outcome.stderr


def test_songs_may_be_named_by_their_audio_files(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    """Tables of openSMILE and of embeddings name files: chorus/1.mp3."""
    csv = tmp_path / "vectors.csv"
    csv.write_text("file,a,b\n/data/chorus/1.mp3,1,2\nC:\\data\\2.MP3,3,4\n1.5,5,6\n")
    workspace = copy_of(prepared)
    must("music-features", "-w", workspace, "--import", csv, "--model", "x")
    assert {song: row.tolist() for song, row in stored(workspace).items()} == {
        "1": [1, 2],
        "2": [3, 4],
    }
    csv.write_text("file,a,b\nx/one.mp3,1,2\n")
    outcome = rtcan("music-features", "-w", workspace, "--import", csv, "--model", "x")
    assert outcome.exit_code == 1
    assert "none of its 1 songs is in" in outcome.stderr
    assert "it has x/one.mp3, the recordings 1, 2" in " ".join(outcome.stderr.split())


def test_songs_with_equal_features_are_named(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    csv = tmp_path / "static_features.csv"
    rows = [",".join(["musicId", *map(str, range(N_FEATURES))])]
    rows += [
        ",".join([song] + [value] * N_FEATURES) for song, value in zip("123", "404", strict=True)
    ]
    csv.write_text("\n".join(rows) + "\n")
    said = must("music-features", "-w", copy_of(prepared), "--import", csv)
    assert "equal features, but not known to be one song" in " ".join(said.stdout.split())
    assert "1 = 3" in said.stdout


def test_mixdown_says_nothing_about_imported_features(prepared: Path, tmp_path: Path) -> None:
    outcome = rtcan("music-features", "-w", prepared, "--import", tmp_path, "--mixdown")
    assert outcome.exit_code == 2


def own_study(folder: Path) -> None:
    """Four listeners, 20 s of EDA each, and songs of which one is cut to a third, one missing."""
    rng = np.random.default_rng(0)
    lines = ["subject,stimulus,valence,arousal,signal,sampling_rate,audio"]
    for subject in range(4):
        eda = 2 + np.cumsum(rng.normal(0, 0.02, 400))
        np.savetxt(folder / f"{subject}.csv", eda, fmt="%.5f")
        song, audio = [("a", "a.wav"), ("b", "b.wav"), ("c", "c.wav"), ("d", "")][subject]
        lines.append(f"{subject},{song},{1 + subject},{8 - subject},{subject}.csv,20,{audio}")
    (folder / "trials.csv").write_text("\n".join(lines) + "\n")
    for name, seconds in (("a", 20), ("b", 7), ("c", 18), ("nobody's", 20)):
        sound = np.column_stack([rng.normal(0, 0.1, seconds * 8000)] * 2)
        if name == "c":
            sound[:, 0] = 0
        soundfile.write(folder / f"{name}.wav", sound, 8000)


def test_songs_that_are_short_missing_silent_or_of_nobody_are_told(tmp_path: Path) -> None:
    raw, workspace = tmp_path / "raw", tmp_path / "stores"
    raw.mkdir()
    own_study(raw)
    ingested = json.loads(must("ingest", "table", raw, "-w", workspace, "--json").stdout)
    told = {note["kind"]: note["text"] for note in ingested["notes"]}
    assert told["unclaimed_audio"] == "1 audio file that no song uses: nobody's.wav"
    assert told["without_audio"] == "1 stimulus without an audio file: d"
    assert ingested["n_left_out"] == 0, "an audio file is not a trial"
    assert ingested["left_out"] == []
    outcome = must("music-features", "-w", workspace, "--jobs", "1", "--json")
    result = json.loads(outcome.stdout)
    notes = "\n".join(note["text"] for note in result["notes"])
    assert "1 audio file that no song uses: nobody's.wav" in notes
    assert "1 song without an audio file: d" in notes
    assert "1 song much shorter than the EDA recorded while it was heard" in notes
    assert "b (7.0 s of audio, 20.0 s of EDA)" in notes
    assert result["short"] == [{"song": "b", "audio_seconds": 7.0, "eda_seconds": 20.0}]
    assert (result["without_audio"], result["unclaimed"]) == (["d"], ["nobody's.wav"])
    told = music_result(workspace / "table" / "music.h5", workspace / "table" / "recordings.h5")
    # A path is one word, however long it is here.
    shorter = told.left_out.replace(f"{raw}/", "", regex=True)
    (table,) = views.page(replace(told, left_out=shorter)).tables
    for width in (60, 80, 120):
        assert max(map(len, table_lines(table, width))) <= width
    (left_out,) = result["left_out"]
    assert left_out["song"] == "c"
    assert "is silent in its first channel, but not in channel 2" in left_out["reason"]
    assert "--mixdown" in left_out["reason"]
    with h5py.File(workspace / "table" / "music.h5") as h5:
        np.testing.assert_allclose(h5["stimuli/seconds"], [20, 7])
        np.testing.assert_allclose(h5["stimuli/eda_seconds"], [20, 20])
        assert h5["excluded/stimulus"].asstr()[()].tolist() == ["c", "d"]
    with h5py.File(workspace / "table" / "recordings.h5") as h5:
        assert h5["excluded/source"].asstr()[()].tolist() == ["nobody's.wav"]
    mixed = json.loads(
        must("music-features", "-w", workspace, "--jobs", "1", "--mixdown", "--json").stdout
    )
    assert mixed["left_out"] == []
    assert (result["mixdown"], mixed["mixdown"]) == (False, True)
    again = json.loads(must("music-features", "-w", workspace, "--mixdown", "--json").stdout)
    assert again == mixed, "a finished store tells the same"


def test_pmemo_songs_of_nobody_are_told(raw_pmemo: Path, tmp_path: Path) -> None:
    raw, workspace = tmp_path / "raw", tmp_path / "stores"
    shutil.copytree(raw_pmemo, raw)
    chorus = raw / "PMEmo" / "Chorus"
    song = (chorus / "3.mp3").read_bytes()
    (chorus / "interlude.mp3").write_bytes(song)  # no number
    (chorus / "4.wma").write_bytes(song)  # beside 4.mp3
    (raw / "PMEmo" / "3 (copy).mp3").write_bytes(song)
    (chorus / "900.mp3").write_bytes(song)  # a song that nobody listened to
    (chorus / "5.mp3").rename(chorus / "5.m4a")
    (chorus / "6.mp3").unlink()
    report = json.loads(must("ingest", "pmemo", raw, "-w", workspace, "--json").stdout)
    told = {note["kind"]: note["text"] for note in report["notes"]}
    for name in ("interlude.mp3", "4.wma", "3 (copy).mp3"):
        assert name in told["unclaimed_audio"]
    assert told["unclaimed_audio"].startswith("3 audio files that no song uses: ")
    assert "in all" not in told["unclaimed_audio"]
    assert told["without_audio"] == "1 song without an audio file: 6"
    with h5py.File(workspace / "pmemo" / "recordings.h5") as h5:
        audio = dict(zip(h5["stimuli/stimulus"].asstr(), h5["stimuli/audio"].asstr(), strict=True))
    assert audio["4"].endswith("4.mp3")
    assert audio["5"].endswith("5.m4a")
    # Another file that comes later is noticed.
    (chorus / "later.mp3").write_bytes(song)
    report = json.loads(must("ingest", "pmemo", raw, "-w", workspace, "--json").stdout)
    told = {note["kind"]: note["text"] for note in report["notes"]}
    assert told["unclaimed_audio"].startswith("4 audio files that no song uses: ")
    result = json.loads(must("music-features", "-w", workspace, "--json").stdout)
    assert result["unheard"] == ["900"]
    texts = [note["text"] for note in result["notes"]]
    assert "1 song with audio that nobody listened to: 900" in texts
