"""kill -9, a second process, a full disk: nothing is lost, and the store is what it would be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rtcan_cli.stores import Partial, Store
from rtcan_cli.stores.work.lock import lock
from tests.child import killed
from tests.conftest import SMALL_TRAINING, must, rtcan

SMALL = (*SMALL_TRAINING, "--variant", "base", "--target", "arousal")

#: Ways to die: before some step of an epoch, and with a whole store that has not its name yet.
IN_AN_EPOCH = """
import torch
real, steps = torch.optim.AdamW.step, []
def step(self, *arguments, **named):
    steps.append(1)
    if len(steps) == {n}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, *arguments, **named)
torch.optim.AdamW.step = step
"""
BEFORE_THE_RENAME = """
real = os.replace
def replace(source, target, **folders):
    if str(target).endswith(".h5"):
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target, **folders)
os.replace = replace
"""


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("undisturbed") / "run.h5"
    must("train", "-w", prepared, *SMALL, "-o", path)
    return Store(path).content_id


def test_train_goes_on_after_kill_in_an_epoch_and_in_the_store(
    prepared: Path, undisturbed: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.h5"
    command = ("train", "-w", prepared, *SMALL, "-o", path)
    # 24 training trials in batches of 64: a step an epoch. The fourth is in the second fold.
    killed(IN_AN_EPOCH.format(n=4), *command)
    kept = {p.name for p in tmp_path.rglob("*.npz")}
    assert kept == {"begun.npz", "result-arousal-0.npz", "checkpoint-arousal-1.npz"}
    killed(BEFORE_THE_RENAME, *command)
    assert not path.exists()
    assert list(tmp_path.glob("run.h5.tmp-*"))
    assert len(list(tmp_path.rglob("result-*.npz"))) == 3
    assert "going on: 3 of 3 models" in must(*command).stderr
    assert Store(path).content_id == undisturbed
    assert list(tmp_path.iterdir()) == [path]


def test_decompose_goes_on_after_kill_in_the_store(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    path = workspace / "pmemo" / "components.h5"
    path.unlink()
    command = ("decompose", "-w", workspace, "--jobs", "1")
    killed(BEFORE_THE_RENAME, *command)
    assert not path.exists()
    must(*command)
    assert Store(path).content_id == Store(prepared / "pmemo" / "components.h5").content_id
    assert {p.name for p in path.parent.glob("components*")} == {"components.h5"}


@pytest.mark.parametrize(
    ("command", "store"),
    [
        (("decompose", "--force"), "components"),
        (("eda-features", "--force"), "features"),
        (("music-features", "--force"), "music"),
        (("train", *SMALL, "--name", "run"), "runs/run"),
    ],
)
def test_the_second_of_two_processes_is_told_who_is_first(
    prepared: Path, copy_of: Callable[[Path], Path], command: tuple[str, ...], store: str
) -> None:
    workspace = copy_of(prepared)
    path = workspace / "pmemo" / f"{store}.h5"
    before = path.read_bytes() if path.exists() else None
    with Partial(path, "what the first process makes").held():
        outcome = rtcan(*command, "-w", workspace)
    assert outcome.exit_code == 1
    (error,) = (line for line in outcome.stderr.splitlines() if line.startswith("error:"))
    assert f"{path}: is being made by process {os.getpid()} on " in error
    assert (path.read_bytes() if path.exists() else None) == before
    assert not list(workspace.rglob("*.partial"))


@pytest.mark.long
def test_a_sweep_is_held_as_a_whole(prepared: Path, copy_of: Callable[[Path], Path]) -> None:
    workspace = copy_of(prepared)
    command = ("train", "-w", workspace, *SMALL, "--seed", "0,1")
    must(*command)
    first, second = sorted((workspace / "pmemo" / "runs").glob("*.h5"))
    with lock(second.with_name(f"{second.name}.partial") / "lock", second):
        # Runs that are there need no lock.
        must(*command)
        second.unlink()
        assert rtcan(*command).exit_code == 1
    assert first.exists()


def test_train_goes_on_when_there_is_room_again(
    prepared: Path, undisturbed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rtcan_cli.steps.training import train

    path = tmp_path / "run.h5"
    command = ("train", "-w", prepared, *SMALL, "-o", path)
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def on_a_full_disk() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
        try:
            outcome = rtcan(*command)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert outcome.exit_code == 1
        assert "try: free some space there, then the same command again" in outcome.stderr
        assert not path.exists()
        assert not list(tmp_path.rglob("*tmp-*"))
        (error,) = (line for line in outcome.stderr.splitlines() if line.startswith("error:"))
        return error

    assert "checkpoint-arousal-0.npz: cannot be written: File too large" in on_a_full_disk()

    def interrupt(plan: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train, "write_run", interrupt)
        assert rtcan(*command).exit_code == 130
    assert f"{path}: cannot be written: File too large" in on_a_full_disk()
    assert len(list(tmp_path.rglob("result-*.npz"))) == 3
    assert "going on: 3 of 3 models" in must(*command).stderr
    assert Store(path).content_id == undisturbed
