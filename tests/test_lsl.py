"""Streams of LabStreamingLayer are recorded and answered, and what is not sure is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rtcan_cli import lsl
from rtcan_cli.datasets.names import is_eda
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.deployment.new_recording import NewRecording
from rtcan_cli.steps.deployment.predict import predict_recording
from rtcan_cli.stores import Workspace
from tests.conftest import Outcome, must, rtcan
from tests.interrupt import interrupted_when
from tests.lsl_sender import SETTINGS, sent

pylsl = pytest.importorskip("pylsl", exc_type=ImportError)

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _streams_of_this_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "lsl_api.cfg"
    settings.write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("LSLAPICFG", str(settings))


OWN = "[lab]\nKnownPeers = {10.0.0.5}\n"


@pytest.mark.parametrize("place", ["variable", "here", "home"])
@pytest.mark.parametrize("own", ["", OWN, f"{OWN}[log]\nlevel = 2\n", "no settings\n"])
def test_the_configuration_of_the_user_stays(
    own: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    (home / "lsl_api").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.delenv("LSLAPICFG", raising=False)
    file = {
        "variable": tmp_path / "named.cfg",
        "here": here / "lsl_api.cfg",
        "home": home / "lsl_api" / "lsl_api.cfg",
    }[place]
    file.write_text(own, encoding="utf-8")
    if place == "variable":
        monkeypatch.setenv("LSLAPICFG", str(file))
    found = lsl._configuration()
    assert found.startswith(own)
    added = found.removeprefix(own).split()
    assert added == (["[log]", "level", "=", "-3"] if own in ("", OWN) else [])


def test_a_configuration_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSLAPICFG", str(tmp_path / "none.cfg"))
    with pytest.raises(RtcanError, match="LSLAPICFG names, is not a file"):
        lsl._configuration()


# Looks for streams, which the library reports otherwise.
LOOK = """
from rtcan_cli import lsl
lsl._library().resolve_streams(0.1)
"""


def test_the_library_says_nothing_itself(tmp_path: Path) -> None:
    settings = tmp_path / "lsl_api.cfg"
    settings.write_text(SETTINGS.partition("[log]")[0], encoding="utf-8")
    environment = {**os.environ, "LSLAPICFG": str(settings)}
    command = [sys.executable, "-c", LOOK]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ended.stderr == ""


def test_a_stream_on_this_machine_is_recorded_and_answered(
    trained: Path, full_run: Path, song: Path, tmp_path: Path
) -> None:
    name = f"eda-{os.getpid()}"
    recorded, output = tmp_path / "recorded.csv", tmp_path / "answers.csv"

    def whole() -> bool:
        written = output.exists() and output.stat().st_size > 0
        return bool(written and pd.read_csv(output)["end"].max() > 39.9)

    with sent(name) as end:
        with interrupted_when(whole):
            outcome = must(
                *("live", full_run.stem, "-w", trained, "--lsl", name, "--audio", song),
                *("--window", "20", "--every", "0.5", "--record", recorded, "-o", output),
                *("--lsl-out", f"{name}-out"),
            )
        end()
    samples = pd.read_csv(recorded)
    assert samples.columns.tolist() == ["time_s", "EDA [microsiemens]"]
    t = np.arange(40 * 32) / 32
    assert len(samples) == len(t)
    np.testing.assert_allclose(samples["time_s"], t, atol=1e-3)
    np.testing.assert_allclose(
        samples["EDA [microsiemens]"], 2 + 0.3 * np.sin(t / 8) + 0.05 * np.sin(t), rtol=1e-7
    )
    answers = pd.read_csv(output)
    assert answers["age"].gt(0).all()
    last = answers.tail(2).set_index("target")
    # What was recorded is answered alike afterwards.
    new = NewRecording(recorded, column="EDA", start=20.0, audio=song)
    asked = predict_recording(full_run, Workspace(trained), new).answers.set_index("target")
    np.testing.assert_allclose(last["probability"], asked.loc[last.index, "probability"], atol=1e-3)
    assert "age of the newest sample" in outcome.stdout


@pytest.mark.parametrize(
    ("labels", "chosen"),
    [
        (("Battery", "GSR"), 1),
        (("EDA phasic", "Skin conductance", "EDA range"), 1),
        (("Battery", "Temperature"), None),
        (("EDA left", "EDA right"), None),
    ],
)
def test_the_channel_of_eda_is_known_by_its_name(
    labels: tuple[str, ...], chosen: int | None
) -> None:
    info = pylsl.StreamInfo("Wrist", "Physiology", len(labels), 32, pylsl.cf_float32, "x")
    channels = info.desc().append_child("channels")
    for label in labels:
        channels.append_child("channel").append_child_value("label", label)
    if chosen is not None:
        assert lsl._channel(info, "", is_eda) == chosen
        return
    with pytest.raises(RtcanError, match=f"has {len(labels)} channels") as caught:
        lsl._channel(info, "", is_eda)
    assert "--column with one of: 1 " in str(caught.value.hint)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return tmp_path / "recorded.csv"


def asked(trained: Path, full_run: Path, song: Path, name: str, recorded: Path) -> Outcome:
    return rtcan(
        *("live", full_run.stem, "-w", trained, "--lsl", name, "--record", recorded),
        *("--audio", song),
    )


def test_a_stream_that_is_not_there_is_named(
    trained: Path, full_run: Path, song: Path, recorded: Path
) -> None:
    name = f"none-{os.getpid()}"
    ended = asked(trained, full_run, song, name, recorded)
    assert ended.exit_code == 1
    assert f"no stream called '{name}'" in ended.stderr
    assert not recorded.exists()


def test_a_unit_does_not_write_into_the_recording(
    trained: Path, full_run: Path, song: Path, recorded: Path
) -> None:
    name = f"unit-{os.getpid()}"
    with sent(name, "uS]\n1,2\n=cmd|calc"):
        ended = asked(trained, full_run, song, name, recorded)
    assert ended.exit_code == 1
    assert "states a unit that cannot be: uS] 1,2 =cmd|calc" in ended.stderr
    assert not recorded.exists()


def test_two_streams_of_one_name_are_refused(
    trained: Path, full_run: Path, song: Path, recorded: Path
) -> None:
    name = f"two-{os.getpid()}"
    with sent(name, n_senders=2):
        ended = asked(trained, full_run, song, name, recorded)
    assert ended.exit_code == 1
    assert f"2 streams are called '{name}'" in ended.stderr
    assert not recorded.exists()
