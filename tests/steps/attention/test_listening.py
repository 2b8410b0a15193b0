"""One trial over time: what networks say of beginnings is what they say of such recordings."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.errors import RtcanError
from rtcan_cli.plots.attention.columns import to_columns
from rtcan_cli.results.attention.listening import Listening
from rtcan_cli.runs.durations import FACTOR, lengths_of
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention import listening
from rtcan_cli.steps.attention.beginnings import beginnings_of, times_of
from rtcan_cli.steps.attention.listening import listen_to
from rtcan_cli.steps.attention.networks import sources_of
from rtcan_cli.steps.attention.one_trial import explain_trial
from rtcan_cli.steps.deployment.new_recording import NewRecording
from rtcan_cli.steps.deployment.predict import predict_recording
from rtcan_cli.steps.signals.one_recording import Found, find_recording
from rtcan_cli.stores import Store, Workspace
from tests.conftest import SONG, SUBJECT, must, rtcan

TRIAL = f"{SUBJECT}:{SONG}"


@pytest.fixture(scope="module")
def told(trained: Path) -> Listening:
    return listen_to(Workspace(trained), "pmemo", TRIAL, target="arousal")[0]


def test_it_ends_with_the_answers_that_the_runs_have_stored(trained: Path, told: Listening) -> None:
    assert told.networks["network"].str[:2].tolist() == ["Rb", "Rd", "Rf"]
    for row in told.networks.itertuples():
        run = Run.load(Workspace(trained).find_run(row.run, "pmemo"))
        own = run.trials("arousal")
        own = own[(own["subject"] == SUBJECT) & (own["stimulus"] == SONG)].iloc[0]
        assert (row.fold, row.probability) == (own["fold"], own["probability"])
        said = told.predictions[told.predictions["run"] == row.run]
        assert said["time"].iloc[-1] == told.trial.seconds
        assert said["probability"].iloc[-1] == pytest.approx(own["probability"], abs=1e-3)
    assert not [note for note in told.notes if note.kind == "not_as_stored"]


def test_what_eda_and_music_did_sums_to_the_answer(told: Listening) -> None:
    said = [note.text for note in told.notes if note.kind == "contributions"]
    assert len(said) == len(told.networks)
    for text, answer in zip(said, told.networks["probability"], strict=True):
        baseline, eda, music, to = (float(n) for n in re.findall(r"[+-]?\d\.\d\d", text))
        assert to == pytest.approx(answer, abs=0.005)
        assert baseline + eda + music == pytest.approx(to, abs=0.02)


def test_a_song_that_trained_the_network_is_named_as_such(told: Listening) -> None:
    """With folds of subjects, others have heard it in training."""
    (note,) = (note for note in told.notes if note.kind == "song_in_training")
    assert "this song has also trained these networks" in note.text


@pytest.mark.long
def test_one_rating_is_shown_if_one_is_asked_for(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*asked: Any) -> Found:
        """As in datasets where one recording is for both ratings."""
        one = find_recording(*asked)
        return replace(
            one, about=pd.concat([one.about.drop("target"), pd.Series({"target": "both"})])
        )

    monkeypatch.setattr(listening, "find_recording", found)
    told, _, _ = listen_to(Workspace(trained), "pmemo", TRIAL)
    assert set(told.networks["target"]) == {"valence", "arousal"}
    told, _, _ = listen_to(Workspace(trained), "pmemo", TRIAL, target="valence")
    assert set(told.networks["target"]) == {"valence"}
    assert told.ratings["target"].tolist() == ["valence"]


def test_its_attention_is_that_of_gradcam(
    trained: Path, told: Listening, tmp_path: Path, undrawn: None
) -> None:
    stores = Workspace(trained)
    first = next(path for path in stores.runs() if path.stem.startswith("Rf"))
    sources = sources_of(stores, first)
    shown = explain_trial(
        first, sources, SUBJECT, SONG, tmp_path, stores.runs(), targets=("arousal",), drawn=()
    )
    peaks = shown.decisions.set_index("run")["peak"]
    assert told.networks.set_index("run")["peak"].to_dict() == pytest.approx(peaks.to_dict())
    for name, own in shown.samples.groupby("run"):
        edges, height = to_columns(own["time"].to_numpy(), own["weight"].to_numpy())
        looked = told.attention[told.attention["run"] == name]
        np.testing.assert_allclose(looked["weight"], height)
        np.testing.assert_allclose(looked["begin"], edges[:-1])


@pytest.mark.long
def test_a_beginning_is_what_predict_says_of_a_file_that_ends_there(
    trained: Path, told: Listening, raw_pmemo: Path, tmp_path: Path
) -> None:
    """Through another way: a CSV file of the first samples, and `rtcan predict`."""
    stores = Workspace(trained)
    found = find_recording(stores.store("pmemo", "recordings"), TRIAL, target="arousal")
    row = told.networks.iloc[-1]
    said = told.predictions[told.predictions["run"] == row.run]
    moment = said.iloc[len(said) // 2]
    assert moment["time"] < told.trial.seconds
    eda = found.eda[: round(moment["time"] * found.rate)]
    np.savetxt(tmp_path / "eda.csv", eda, header="eda", comments="")
    audio = next(raw_pmemo.rglob(f"{SONG}.mp3"), None) or next(raw_pmemo.rglob(f"{SONG}.*"))
    asked = predict_recording(
        stores.find_run(row.run, "pmemo"),
        stores,
        NewRecording(tmp_path / "eda.csv", sampling_rate=found.rate, unit="uS", audio=audio),
        calibrated=False,
    )
    models = asked.models[asked.models["target"] == "arousal"].set_index("fold")["probability"]
    assert models[row.fold] == pytest.approx(moment["probability"], abs=1e-3)


def test_what_comes_later_changes_no_beginning(trained: Path) -> None:
    stores = Workspace(trained)
    found = find_recording(stores.store("pmemo", "recordings"), TRIAL, target="arousal")
    run = Run.load(stores.runs()[0])
    sources = sources_of(stores, run.path)
    assert sources.components is not None
    lengths = (8.0, 12.0)
    one = beginnings_of(found, sources, run, lengths)
    other = found.eda.copy()
    cut = round(one.seconds[3] * found.rate)
    other[cut:] = other[cut:][::-1] * 1.1
    changed = beginnings_of(replace(found, eda=other), sources, run, lengths)
    np.testing.assert_array_equal(one.eda[:4], changed.eda[:4])
    assert (one.eda[4:] != changed.eda[4:]).any()
    # 14 s with an onset of 3 s: from 8 s / 1.5 on, and usual from 8 s on.
    assert one.seconds[0] == pytest.approx(3 + 8 / FACTOR, abs=0.5)
    np.testing.assert_array_equal(one.usual, one.seconds >= 11)


def test_a_recording_that_no_network_can_see_is_refused(trained: Path) -> None:
    stores = Workspace(trained)
    found = find_recording(stores.store("pmemo", "recordings"), TRIAL, target="arousal")
    run = Run.load(stores.runs()[0])
    sources = sources_of(stores, run.path)
    lost = found.eda.copy()
    lost[-1] = np.nan  # in the whole recording alone
    for eda in (lost, np.full_like(lost, np.nan)):
        with pytest.raises(RtcanError, match="networks cannot be shown the recording"):
            beginnings_of(replace(found, eda=eda), sources, run, (8.0, 12.0))


@pytest.mark.parametrize(
    ("first", "whole"), [(10.0, 60.0), (9.99, 10.1), (12.0, 10.0), (0.0, 4000.0)]
)
def test_lengths_end_with_the_whole_recording(first: float, whole: float) -> None:
    times = np.array(times_of(first, whole))
    assert times[-1] == whole
    assert len(times) <= 41
    assert (times[:-1] >= first - 1e-9).all()
    assert (np.diff(times) >= 0.5 - 1e-9).all()


def test_equally_long_recordings_are_asked_about_from_two_thirds_on(
    trained: Path, told: Listening
) -> None:
    seconds = lengths_of(Workspace(trained).store("pmemo", "components"), told.onset)
    assert told.lengths == pytest.approx((seconds.min(), seconds.max()))
    first = told.predictions.groupby("run")["time"].min()
    assert (first >= told.onset + seconds.min() / FACTOR).all()
    usual = told.predictions[told.predictions["usual"].astype(bool)]
    assert (usual["time"] == told.trial.seconds).all()


def test_a_window_is_asked_about_as_soon_as_it_is_full(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    small = ("--recipe", "tuned", "--folds", "3", "--length", "96", "--epochs", "1", "--jobs", "1")
    narrow = ("--channels", "8,8,8,8", "--target", "arousal", "--test-subject", SUBJECT)
    must("train", "-w", workspace, *small, *narrow, "--window", "last:6")
    told, _, _ = listen_to(Workspace(workspace), "pmemo", TRIAL, target="arousal")
    assert (told.window, told.lengths) == ("last:6", ())
    assert told.predictions["time"].min() == pytest.approx(9, abs=0.5)
    assert told.predictions["usual"].all()
    stored, last = told.networks["probability"].iloc[0], told.predictions["probability"].iloc[-1]
    assert last == pytest.approx(stored, abs=1e-3)


def test_without_a_run_it_shows_the_signals_and_says_what_trains_one(
    prepared: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    told = json.loads(must("listen", TRIAL, "-w", prepared, "-o", page, "--json").stdout)
    (note,) = (note for note in told["notes"] if note["kind"] == "no_networks")
    assert note["command"].startswith("rtcan train --dataset pmemo")
    assert told["networks"] == []
    assert len(told["responses"]) > 1
    assert len(told["parts"]) == pytest.approx(8 * told["trial"]["seconds"], rel=0.1)
    # The song of the dataset is named here; the page, which may be passed on, has no path.
    assert "audio_known" in {note["kind"] for note in told["notes"]}
    assert str(prepared) not in page.read_text()
    assert str(Path(told["audio"]).parent) not in page.read_text()


def test_a_song_is_embedded_linked_or_asked_for(prepared: Path, tmp_path: Path) -> None:
    stores = Workspace(prepared)
    _, sound, _ = listen_to(stores, "pmemo", TRIAL, embed=True)
    with Store(stores.store("pmemo", "recordings")) as store:
        raw, stimuli = Path(store.provenance.parameters["raw"]), store.table("stimuli")
    name = stimuli.loc[stimuli["stimulus"] == SONG, "audio"].iloc[0]
    assert sound is not None
    assert sound.content == (raw / name).read_bytes()
    assert sound.kind == "audio/mpeg"
    (tmp_path / "songs").mkdir()
    other = Path(shutil.copy(raw / name, tmp_path / "songs" / "a #1.mp3"))
    _, sound, _ = listen_to(stores, "pmemo", TRIAL, audio=other)
    assert sound is not None
    assert (sound.content, sound.file) == (None, other)


def test_a_song_that_cannot_be_played_is_refused(prepared: Path, tmp_path: Path) -> None:
    (tmp_path / "song.wma").write_bytes(b"x")
    for audio, words in (("song.wma", "browsers do not play"), ("none.mp3", "does not exist")):
        told = rtcan("listen", TRIAL, "-w", prepared, "--audio", tmp_path / audio)
        assert told.exit_code == 1
        assert words in told.stderr
    told = rtcan("listen", TRIAL, "-w", prepared, "--song-start", "99")
    assert "cannot begin 99 s" in told.stderr


def test_songs_begin_where_the_publisher_says() -> None:
    leads = {name: each.lead for name, each in PROFILES.items() if each.lead}
    assert leads == {"deap": 3.0, "amigos": 5.0}


def test_a_run_of_other_stores_is_named(trained: Path, copy_of: Callable[[Path], Path]) -> None:
    workspace = copy_of(trained)
    must("decompose", "-w", workspace, "--method", "median", "--jobs", "1")
    stores = Workspace(workspace)
    told, _, _ = listen_to(stores, "pmemo", TRIAL)
    (note,) = (note for note in told.notes if note.kind == "no_networks")
    assert "other components" in note.text
    with pytest.raises(RtcanError, match="other components"):
        listen_to(stores, "pmemo", TRIAL, stores.runs()[0])
