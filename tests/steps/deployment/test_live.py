"""What `live` says of a window is what `predict` says of a file that holds just this window."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli import console
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.steps.deployment import live
from rtcan_cli.steps.deployment.live import LiveSettings, choose_run, follow_file
from rtcan_cli.steps.deployment.new_recording import NewRecording
from rtcan_cli.steps.deployment.predict import predict_recording
from rtcan_cli.stores import Workspace
from tests.conftest import must, rtcan
from tests.interrupt import interrupted_when
from tests.runs.finished_runs import finish_run

RATE, WINDOW = 50, 20


def eda(seconds: float) -> list[str]:
    t = np.arange(round(seconds * RATE)) / RATE
    x = 2 + 0.3 * np.sin(t / 8) + 0.05 * np.sin(t) + 1e-3 * np.sin(40 * t)
    return [f"{value:.6f}\n" for value in x]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("EDA [uS]\n" + "".join(lines), encoding="utf-8")
    return path


def n_answers(path: Path) -> int:
    return len(pd.read_csv(path)) // 2 if path.exists() and path.stat().st_size else 0


def test_an_answer_is_that_about_the_last_window(
    trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    stores, lines = Workspace(trained), eda(53)
    file = write(tmp_path / "growing.csv", lines)
    recording = NewRecording(file, RATE, audio=song)
    said = follow_file(full_run, stores, recording, LiveSettings(WINDOW, stop_after=0))
    last = write(tmp_path / "last.csv", lines[-WINDOW * RATE :])
    asked = predict_recording(full_run, stores, NewRecording(last, RATE, audio=song))
    both = said.answers.merge(asked.answers, on="target", suffixes=("", "_predicted"))
    assert len(both) == 2
    for name in ("probability", "lowest", "highest", "n_models"):
        np.testing.assert_allclose(both[name], both[f"{name}_predicted"], rtol=1e-6)
    assert both[["begin", "end"]].iloc[0].tolist() == [33.0, 53.0]
    assert (said.n_answers, said.n_without, said.calibrated, said.simulated) == (1, 0, True, True)
    assert {"whole_trials", "own_scale", "whole_song"} <= {note.kind for note in said.notes}


def test_answers_come_as_the_file_grows_and_ctrl_c_ends_with_a_summary(
    trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    file, output = write(tmp_path / "growing.csv", eda(5)), tmp_path / "answers.csv"
    lines = eda(40)

    def grow() -> None:
        with file.open("a", encoding="utf-8") as growing:
            growing.writelines(lines[5 * RATE : 25 * RATE])
            growing.flush()
            while not n_answers(output):
                time.sleep(0.02)
            growing.writelines(lines[25 * RATE :])

    writer = threading.Thread(target=grow, daemon=True)
    writer.start()
    with interrupted_when(lambda: n_answers(output) >= 2):
        outcome = must(
            *("live", full_run.stem, "-w", trained, "--file", file, "--sampling-rate", str(RATE)),
            *("--audio", song, "--window", str(WINDOW), "--every", "0.1", "-o", output),
        )
    writer.join()
    answers = pd.read_csv(output)
    assert answers["end"].unique().tolist() == [25.0, 40.0]
    assert answers["target"].tolist() == ["valence", "arousal"] * 2
    assert answers["probability"].between(0, 1).all()
    assert "2 with probabilities, 0 without" in outcome.stdout
    assert "has not been measured" in outcome.stdout
    again = rtcan(
        "live", full_run.stem, "-w", trained, "--file", file, "--audio", song, "-o", output
    )
    assert again.exit_code == 1
    assert "exists already" in again.stderr


def test_a_window_that_cannot_be_used_says_why_and_the_next_is_answered(
    trained: Path, full_run: Path, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = ["0\n"] * (WINDOW * RATE)
    file = write(tmp_path / "growing.csv", lost)
    output = tmp_path / "answers.csv"
    later = iter([eda(30)])
    update = live.GrowingFile.update

    def grow(growing: live.GrowingFile) -> bool:
        if n_answers(output) and (lines := next(later, None)):
            with file.open("a", encoding="utf-8") as opened:
                opened.writelines(lines)
        return update(growing)

    monkeypatch.setattr(live.GrowingFile, "update", grow)
    recording = NewRecording(file, RATE, audio=song)
    settings = LiveSettings(WINDOW, every=0.05, output=output)
    with interrupted_when(lambda: n_answers(output) >= 2):
        said = follow_file(full_run, Workspace(trained), recording, settings)
    assert (said.n_answers, said.n_without) == (1, 1)
    reasons = said.answers["reason"].tolist()
    assert reasons[0]
    assert reasons[0] == reasons[1]
    assert str(tmp_path) not in reasons[0]
    assert reasons[2:] == ["", ""]
    assert said.answers["probability"].isna().tolist() == [True, True, False, False]


def timed(seconds: float, rate: float, begin: float = 0.0) -> list[str]:
    """Lines of time and EDA, at even times."""
    t = np.arange(round(seconds * rate)) / rate
    x = 2 + 0.3 * np.sin(t / 8) + 0.05 * np.sin(t)
    return [f"{begin + a:.6f},{b:.6f}\n" for a, b in zip(t, x, strict=True)]


def test_a_window_is_judged_by_itself(
    trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    """Uneven times before it have no part in its sampling, and change no answer."""
    rng = np.random.default_rng(0)
    uneven = np.cumsum(rng.uniform(0.002, 0.06, 2000))
    before = [f"{t:.6f},{2 + 0.01 * rng.normal():.6f}\n" for t in uneven]
    after = timed(WINDOW + 2, RATE, begin=uneven[-1] + 1 / RATE)
    answers = []
    for name, lines in (("all", before + after), ("last", after)):
        file = tmp_path / f"{name}.csv"
        file.write_text("time_s,EDA [uS]\n" + "".join(lines), encoding="utf-8")
        recording = NewRecording(file, audio=song)
        settings = LiveSettings(WINDOW, stop_after=0)
        answers.append(follow_file(full_run, Workspace(trained), recording, settings).answers)
    assert answers[0]["reason"].tolist() == ["", ""]
    np.testing.assert_allclose(answers[0]["probability"], answers[1]["probability"], atol=1e-6)
    assert answers[0]["end"][0] == pytest.approx(uneven[-1] - uneven[0] + WINDOW + 2, abs=0.1)


@pytest.mark.parametrize("rate", [32, 300, 480])
def test_seconds_are_taken_for_seconds_at_each_rate(
    rate: int, trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    file = tmp_path / "recorded.csv"
    file.write_text("time_s,EDA [uS]\n" + "".join(timed(25, rate)), encoding="utf-8")
    recording = NewRecording(file, column="EDA", audio=song)
    said = follow_file(full_run, Workspace(trained), recording, LiveSettings(WINDOW, stop_after=0))
    assert said.n_answers == 1
    assert said.answers["end"][0] == pytest.approx(25)


def test_what_predict_says_of_a_recording_is_said_of_a_window(
    trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    spiky = eda(WINDOW)
    spiky[500] = "90\n"
    file = write(tmp_path / "spiky.csv", spiky)
    stores, recording = Workspace(trained), NewRecording(file, RATE, audio=song)
    asked = predict_recording(full_run, stores, recording)
    said = follow_file(full_run, stores, recording, LiveSettings(WINDOW, stop_after=0))
    kinds = {note.kind for note in asked.notes}
    assert "implausible_samples" in kinds
    assert kinds <= {note.kind for note in said.notes}


def test_noise_has_no_answer(trained: Path, full_run: Path, song: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [f"{x:.6f}\n" for x in 2 + 1e-3 * rng.normal(size=WINDOW * RATE)]
    recording = NewRecording(write(tmp_path / "noise.csv", noise), RATE, audio=song)
    said = follow_file(full_run, Workspace(trained), recording, LiveSettings(WINDOW, stop_after=0))
    assert (said.n_answers, said.n_without) == (0, 1)
    assert "not a measurement of the skin" in said.answers["reason"][0]


def test_less_than_a_window_has_no_answer(
    trained: Path,
    full_run: Path,
    song: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recording = NewRecording(write(tmp_path / "short.csv", eda(5)), RATE, audio=song)
    said = follow_file(full_run, Workspace(trained), recording, LiveSettings(WINDOW, stop_after=0))
    assert said.n_answers == said.n_without == 0
    assert "no_window" in {note.kind for note in said.notes}
    assert "waiting for 20 s of EDA: 5 s so far" in capsys.readouterr().err.splitlines()


def test_a_file_that_stops_growing_is_said_once(
    trained: Path, full_run: Path, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, looks = list[str](), list[bool]()
    update = live.GrowingFile.update

    def look(growing: live.GrowingFile) -> bool:
        looks.append(update(growing))
        return looks[-1]

    monkeypatch.setattr(live.GrowingFile, "update", look)
    monkeypatch.setattr(live.console, "warn", said.append)
    monkeypatch.setattr(live, "_SILENT", 0.0)
    file = write(tmp_path / "stopped.csv", eda(5))
    recording = NewRecording(file, RATE, audio=song)
    with interrupted_when(lambda: bool(said) and len(looks) > 20):
        follow_file(full_run, Workspace(trained), recording, LiveSettings(WINDOW, every=0.05))
    assert looks.count(True) == 1
    (only,) = said
    assert only.startswith(f"{file}: no new samples for ")


def test_times_are_those_of_the_clock_to_the_millisecond(
    trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    """27.4 - 20 is 7.399999999999999 in binary numbers."""
    file, output = write(tmp_path / "eda.csv", eda(27.4)), tmp_path / "answers.csv"
    settings = LiveSettings(WINDOW, stop_after=0, output=output)
    recording = NewRecording(file, RATE, audio=song)
    follow_file(full_run, Workspace(trained), recording, settings)
    cells = pd.read_csv(output, dtype=str)
    assert cells[["begin", "end"]].iloc[0].tolist() == ["7.4", "27.4"]
    assert cells["computing"].str.fullmatch(r"\d+\.\d{1,3}").all()


def test_a_file_that_cannot_be_read_ends_at_once(
    trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    file = write(tmp_path / "eda.csv", eda(30))
    recording = NewRecording(file, RATE, column="GSR", audio=song)
    with pytest.raises(RtcanError, match="GSR") as error:
        follow_file(full_run, Workspace(trained), recording, LiveSettings(WINDOW, stop_after=0))
    assert str(file) in str(error.value)


def test_a_window_that_is_always_too_short_is_refused_at_the_start(
    trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    recording = NewRecording(write(tmp_path / "eda.csv", eda(30)), RATE, audio=song)
    with pytest.raises(RtcanError, match="too short"):
        follow_file(full_run, Workspace(trained), recording, LiveSettings(1, stop_after=0))


@pytest.mark.parametrize("options", [[], ["--file", "a.csv", "--lsl", "b"]])
def test_one_source_has_to_be_named(options: list[str]) -> None:
    outcome = rtcan("live", *options)
    assert outcome.exit_code == 2
    assert "either --file FILE or --lsl NAME" in outcome.stderr


@pytest.mark.parametrize("fault", ["back", "cut"])
def test_a_file_that_cannot_be_read_any_more_ends_with_the_summary(
    fault: str, trained: Path, full_run: Path, song: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    head, lines = "time_s,EDA [uS]\n", timed(25, RATE)
    file, output = tmp_path / "growing.csv", tmp_path / "answers.csv"
    file.write_text(head + "".join(lines), encoding="utf-8")
    later = {"back": head + "".join(lines + timed(20, RATE)), "cut": head}[fault]
    update = live.GrowingFile.update

    def grow(growing: live.GrowingFile) -> bool:
        if n_answers(output):
            file.write_text(later, encoding="utf-8")
        return update(growing)

    monkeypatch.setattr(live.GrowingFile, "update", grow)
    ended = rtcan(
        *("live", full_run.stem, "-w", trained, "--file", file, "--audio", song, "--window", "20"),
        *("--every", "0.1", "-o", output),
    )
    assert ended.exit_code == 1
    assert "1 with probabilities, 0 without" in ended.stdout
    why = {"back": f"{file}: line ", "cut": f"{file} was replaced or cut"}[fault]
    assert why in ended.stderr


def test_runs_that_would_be_refused_are_not_proposed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.verbosity, "quiet", False)
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    for name in ("one", "two"):
        finish_run(runs, name)
    # Newer ones: what does not see EDA, or also hears music, cannot answer to EDA alone.
    finish_run(runs, "prior", spec=ModelSpec(model="majority"), recipe=None)
    finish_run(runs, "fused", fusion="music")
    stores, recording = Workspace(tmp_path), NewRecording(tmp_path / "eda.csv", RATE)
    assert choose_run(stores, recording).stem == "two"
    said = " ".join(capsys.readouterr().err.split())
    assert "the newest of 2 complete runs of RTCAN-1D that can answer. Name a run" in said
    assert said.endswith("to take another one: one")
    hears = NewRecording(tmp_path / "eda.csv", RATE, audio=tmp_path / "song.mp3")
    assert choose_run(stores, hears).stem == "fused"
    for name in ("one", "two", "fused"):
        (runs / f"{name}.h5").unlink()
    # None is left that can: the one that is there says why.
    outcome = rtcan("live", "-w", tmp_path, "--file", tmp_path / "eda.csv")
    assert outcome.exit_code == 1
    assert "its answers do not depend on what EDA looks like" in outcome.stderr
