"""SIGTERM, as schedulers and `kill` send it: the end of a Ctrl-C, and finished work stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from tests.child import Child
from tests.commands.holding import BLOCK, HOLD
from tests.conftest import SMALL_TRAINING, must


def terminate(command: list[str], begun: Callable[[], bool]) -> subprocess.CompletedProcess[str]:
    """Start a command with workers, send SIGTERM to it alone once it keeps work, and wait."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while process.poll() is None and not begun() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert process.poll() is None, "the command ended before it could be stopped"
        assert begun(), "the command kept no work for a minute"
        process.terminate()
        # Workers hold the pipes as well: this returns when they are gone, too.
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def content_id(path: Path) -> str:
    with h5py.File(path) as h5:
        return str(h5.attrs["content_id"])


def assert_ended_cleanly(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 130, result.stderr
    assert result.stdout == ""
    errors = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert errors == ["error: interrupted"]
    assert "long steps go on where they stopped" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.long)])
def test_decompose_goes_on_after_sigterm(
    prepared: Path,
    copy_of: Callable[[Path], Path],
    jobs: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rtcan_cli.steps.signals.blocks._BLOCK", BLOCK)
    workspace = copy_of(prepared)
    path = workspace / "pmemo" / "components.h5"
    path.unlink()
    partial = path.with_name("components.h5.partial")
    command = ["decompose", "-w", str(workspace), "--jobs", jobs]
    begun = lambda: len(list(partial.rglob("*.npz"))) >= 3  # noqa: E731
    if jobs == "1":
        result = Child(HOLD, *command).stopped(begun, signal.SIGTERM)
    else:
        result = terminate(command, begun)
    assert_ended_cleanly(result)
    assert not path.exists()
    kept = [path.stem.split("-") for path in partial.rglob("*.npz")]
    outcome = must(*command[:-1], "1")
    done = sum(int(stop) - int(start) for start, stop in kept)
    assert done < 144
    assert f"going on: {done} of 144" in outcome.stderr
    assert content_id(path) == content_id(prepared / "pmemo" / "components.h5")
    assert not partial.exists()


def test_train_leaves_no_store_and_keeps_its_checkpoint_after_sigterm(
    prepared: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run.h5"
    partial = path.with_name("run.h5.partial")
    options = ["--target", "arousal", *SMALL_TRAINING, "--epochs", "400", "-o", str(path)]
    program = "from rtcan_cli.app import main; main()"
    training = Child(program, "train", "-w", str(prepared), *options)
    result = training.stopped(lambda: bool(list(partial.rglob("checkpoint-*.npz"))), signal.SIGTERM)
    assert_ended_cleanly(result)
    assert not path.exists()
    assert list(partial.rglob("checkpoint-*.npz"))


def test_sigterm_spares_the_store_that_is_made_anew(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    path = workspace / "pmemo" / "components.h5"
    before = path.read_bytes()
    partial = path.with_name("components.h5.partial")
    command = ["decompose", "-w", str(workspace), "--jobs", "1", "--force"]
    begun = lambda: len(list(partial.rglob("*.npz"))) >= 3  # noqa: E731
    result = Child(HOLD, *command).stopped(begun, signal.SIGTERM)
    assert_ended_cleanly(result)
    assert path.read_bytes() == before
