"""Streams of LabStreamingLayer on this machine, sent by a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli import lsl
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.deployment.new_recording import NewRecording
from rtcan_cli.steps.deployment.predict import predict_recording
from rtcan_cli.stores import Workspace
from tests.conftest import must, rtcan

pytest.importorskip("pylsl", exc_type=ImportError)

# Streams are looked for on this machine only.
SETTINGS = """
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {127.0.0.1}
[log]
level = -3
"""
# 40 s of EDA in two pieces, beside another channel; each time is given, whatever the speed.
SENDER = """
import sys, time
import numpy as np
import pylsl
name, rate, eda_unit = sys.argv[1], 32, (*sys.argv, "microsiemens")[2]
info = pylsl.StreamInfo(name, "EDA", 2, rate, pylsl.cf_double64, name)
channels = info.desc().append_child("channels")
for label, unit in (("Battery", "V"), ("EDA", eda_unit)):
    channel = channels.append_child("channel")
    channel.append_child_value("label", label)
    channel.append_child_value("unit", unit)
outlet = pylsl.StreamOutlet(info)
print("ready", flush=True)
if not outlet.wait_for_consumers(120):
    sys.exit("nobody listens")
begin = pylsl.local_clock() - 40
for k in range(40 * rate):
    t = k / rate
    value = 2 + 0.3 * np.sin(t / 8) + 0.05 * np.sin(t)
    outlet.push_sample([3.7, value], begin + t)
sys.stdin.readline()
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    settings = tmp_path / "lsl_api.cfg"
    settings.write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("LSLAPICFG", str(settings))
    return {**os.environ}


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


def interrupt_when_whole(answers: Path) -> None:
    """Interrupt this process, as Ctrl-C does, when the last window is answered; or in the end."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        time.sleep(0.05)
        written = answers.exists() and answers.stat().st_size > 0
        if written and pd.read_csv(answers)["end"].max() > 39.9:
            break
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.long
def test_a_stream_on_this_machine_is_recorded_and_answered(
    trained: Path, raw_pmemo: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    (run,) = (trained / "pmemo" / "runs").glob("Rf-*.h5")
    audio, name = min(raw_pmemo.rglob("*.mp3")), f"eda-{os.getpid()}"
    recorded, output = tmp_path / "recorded.csv", tmp_path / "answers.csv"
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SENDER, name], env=environment, **pipes) as sender:
        assert sender.stdout is not None
        assert sender.stdout.readline() == "ready\n"
        stopper = threading.Thread(target=interrupt_when_whole, args=(output,))
        stopper.start()
        outcome = must(
            *("live", run.stem, "-w", trained, "--lsl", name, "--audio", audio),
            *("--window", "20", "--every", "0.5", "--record", recorded, "-o", output),
            *("--lsl-out", f"{name}-out"),
        )
        stopper.join()
        sender.communicate("\n", timeout=60)
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
    new = NewRecording(recorded, column="EDA", start=20.0, audio=audio)
    asked = predict_recording(run, Workspace(trained), new).answers.set_index("target")
    np.testing.assert_allclose(last["probability"], asked.loc[last.index, "probability"], atol=1e-3)
    assert "age of the newest sample" in outcome.stdout


@pytest.mark.long
@pytest.mark.usefixtures("environment")
def test_a_stream_that_is_not_there_is_named(
    trained: Path, raw_pmemo: Path, tmp_path: Path
) -> None:
    (run,) = (trained / "pmemo" / "runs").glob("Rf-*.h5")
    name, recorded = f"none-{os.getpid()}", tmp_path / "recorded.csv"
    ended = rtcan(
        *("live", run.stem, "-w", trained, "--lsl", name, "--record", recorded),
        *("--audio", min(raw_pmemo.rglob("*.mp3"))),
    )
    assert ended.exit_code == 1
    assert f"no stream called '{name}'" in ended.stderr
    assert not recorded.exists()


@pytest.mark.long
@pytest.mark.usefixtures("environment")
def test_a_unit_does_not_write_into_the_recording(
    trained: Path, raw_pmemo: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    (run,) = (trained / "pmemo" / "runs").glob("Rf-*.h5")
    name, pipes = f"unit-{os.getpid()}", {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command: list[str] = [sys.executable, "-c", SENDER, name, "uS]\n1,2\n=cmd|calc"]
    sender = subprocess.Popen(command, env=environment, text=True, **pipes)  # type: ignore[call-overload]
    try:
        assert sender.stdout.readline() == "ready\n"
        recorded = tmp_path / "recorded.csv"
        ended = rtcan(
            *("live", run.stem, "-w", trained, "--lsl", name, "--record", recorded),
            *("--audio", min(raw_pmemo.rglob("*.mp3"))),
        )
    finally:
        sender.kill()
        sender.communicate()
    assert ended.exit_code == 1
    assert "states a unit that cannot be: uS] 1,2 =cmd|calc" in ended.stderr
    assert not recorded.exists()


@pytest.mark.long
@pytest.mark.usefixtures("environment")
def test_two_streams_of_one_name_are_refused(
    trained: Path, raw_pmemo: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    (run,) = (trained / "pmemo" / "runs").glob("Rf-*.h5")
    name, pipes = f"two-{os.getpid()}", {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command: list[str] = [sys.executable, "-c", SENDER, name]
    senders = [
        subprocess.Popen(command, env=environment, text=True, **pipes)  # type: ignore[call-overload]
        for _ in range(2)
    ]
    try:
        assert [sender.stdout.readline() for sender in senders] == ["ready\n"] * 2
        recorded = tmp_path / "recorded.csv"
        ended = rtcan(
            *("live", run.stem, "-w", trained, "--lsl", name, "--record", recorded),
            *("--audio", min(raw_pmemo.rglob("*.mp3"))),
        )
    finally:
        for sender in senders:
            sender.kill()
            sender.communicate()
    assert ended.exit_code == 1
    assert f"2 streams are called '{name}'" in ended.stderr
    assert not recorded.exists()
