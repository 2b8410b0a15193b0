"""Whole commands on a cluster: the same stores as on this machine, whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.cluster import Cluster
from rtcan_cli.eda.resample import resample
from rtcan_cli.steps.signals import blocks as recording_blocks
from rtcan_cli.steps.signals import decompose as decompose_step
from rtcan_cli.steps.signals import eda_features_work as features_work
from rtcan_cli.stores import Partial, Store
from tests.cluster import work
from tests.conftest import SMALL_TRAINING, must, rtcan, with_every_feature

TRAINING = (
    *(word for word in SMALL_TRAINING[:-2]),  # without --jobs
    *("--variant", "base", "--target", "arousal", "--fusion", "music"),
)
FEATURES = ("eda-features",)


def content(path: Path) -> str:
    with Store(path) as store:
        return store.content_id


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if "partial" in path.name or "tmp" in path.name]


@pytest.fixture(scope="module")
def local(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Content of what the commands make on this machine."""
    folder = tmp_path_factory.mktemp("local")
    must(*FEATURES, "-w", prepared, "-o", folder / "features.h5", "--jobs", "1")
    must("train", *TRAINING, "-w", prepared, "-o", folder / "run.h5", "--jobs", "1")
    with with_every_feature():
        must("music-features", "-w", prepared, "-o", folder / "music.h5", "--jobs", "1")
    return {
        "decompose": content(prepared / "pmemo" / "components.h5"),
        "music-features": content(folder / "music.h5"),
        "eda-features": content(folder / "features.h5"),
        "train": content(folder / "run.h5"),
    }


@pytest.mark.parametrize("command", ["decompose", "music-features", "eda-features", "train"])
def test_same_content_as_on_this_machine(
    prepared: Path, local: dict[str, str], cluster: Cluster, tmp_path: Path, command: str
) -> None:
    options = TRAINING if command == "train" else ()
    path = tmp_path / "made.h5"
    with with_every_feature():
        must(command, *options, "-w", prepared, "-o", path, "--cluster", cluster.address)
    assert content(path) == local[command]
    assert leftovers(tmp_path) == []


def test_worker_killed_amid_decompose_changes_nothing(
    prepared: Path,
    local: dict[str, str],
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from distributed import Client

    with Client(scheduler_file=cluster.address, set_as_default=False) as client:
        pids = list(client.run(os.getpid).values())
    killed: list[int] = []

    class Killing(Partial):
        def put(self, name: str, arrays: dict) -> None:
            super().put(name, arrays)
            if len(self.names()) == 3:
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])

    monkeypatch.setattr(decompose_step, "Partial", Killing)
    monkeypatch.setattr(recording_blocks, "_BLOCK", 2000)  # samples; so there are many blocks
    path = tmp_path / "made.h5"
    must("decompose", "-w", prepared, "-o", path, "--cluster", cluster.address)
    assert killed == pids[:1]
    assert content(path) == local["decompose"]


def test_blocks_that_are_sent_together_make_the_same_store(
    prepared: Path,
    local: dict[str, str],
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[int] = []
    usual = recording_blocks._Read.__getitem__

    def read(self: recording_blocks._Read, position: int) -> list:
        group = usual(self, position)
        sent.append(len(group))
        return group

    monkeypatch.setattr(recording_blocks._Read, "__getitem__", read)
    monkeypatch.setattr(recording_blocks, "_BLOCK", 2000)
    monkeypatch.setattr(recording_blocks, "_ENOUGH_TASKS", 1)
    path = tmp_path / "made.h5"
    must("decompose", "-w", prepared, "-o", path, "--cluster", cluster.address)
    assert max(sent) == 4
    assert content(path) == local["decompose"]


@pytest.mark.parametrize(("n", "size"), [(1, 1), (199, 1), (200, 2), (400, 4), (10_000, 4)])
def test_few_blocks_are_sent_one_by_one_so_that_each_worker_gets_some(n: int, size: int) -> None:
    blocks = [range(i, i + 1) for i in range(n)]
    groups = recording_blocks._together(blocks, 1000 * np.arange(n + 1))
    assert [rows for group in groups for rows in group] == blocks
    assert {len(group) for group in groups[:-1]} <= {size}
    assert len(groups[0]) == size


def test_long_recordings_are_not_sent_together() -> None:
    few, usual, hours = 20_000, 65_000, 6 * 3600 * 500
    lengths = np.array([few] * 600 + [usual] * 600 + [hours] * 600 + [usual] * 3 + [hours])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    blocks = recording_blocks.cut(offsets)
    groups = recording_blocks._together(blocks, offsets)
    assert [rows for group in groups for rows in group] == blocks
    samples = [int(offsets[group[-1].stop] - offsets[group[0].start]) for group in groups]
    assert {n for n in samples if n > 4 * recording_blocks._BLOCK} == {hours}
    assert samples.count(hours) == 601
    assert [len(group) for group in groups[:5]] == [4] * 5
    assert samples[50:200] == [4 * usual] * 150


def test_failing_trial_is_named_and_the_rest_is_kept(
    prepared: Path,
    local: dict[str, str],
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = 5
    with Store(prepared / "pmemo" / "recordings.h5") as store:
        table = store.table("recordings")
        poison = resample(store.signal("eda", row), 50.0, 50.0)
    monkeypatch.setattr(recording_blocks, "_BLOCK", 1)  # a recording each
    path = tmp_path / "made.h5"
    command = (*FEATURES, "-w", prepared, "-o", path, "--cluster", cluster.address)
    with monkeypatch.context() as patch:
        bad = partial(work.describe_but_one, poison=poison)
        patch.setattr(features_work, "describe_block", bad)
        outcome = rtcan(*command)
    assert outcome.exit_code == 1
    trial = "trial {subject}:{stimulus}".format(**table.iloc[row])
    failed = f"1 of {len(table)} tasks failed on the cluster; {trial}: failed 3 times"
    assert f"error: {failed}, ZeroDivisionError: poison" in outcome.stderr
    assert not path.exists()
    kept = {file.stem for file in tmp_path.rglob("*.npz")}
    assert kept == {f"{i}-{i + 1}" for i in range(len(table)) if i != row}
    again = must(*command)
    assert f"going on: {len(table) - 1} of {len(table)} recordings" in again.stderr
    assert content(path) == local["eda-features"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("decompose", "--cluster", "tcp://127.0.0.1:1", "--jobs", "2"),
        ("train", "--cluster", "tcp://127.0.0.1:1", "-j", "4"),
        ("music-features", "--import", "x.csv", "--cluster", "tcp://127.0.0.1:1"),
    ],
)
def test_options_that_do_not_go_together(arguments: tuple[str, ...], prepared: Path) -> None:
    outcome = rtcan(*arguments, "-w", prepared)
    assert outcome.exit_code == 2
    assert "leave" in outcome.stderr


def test_nobody_is_asked_when_there_is_nothing_to_do(prepared: Path) -> None:
    outcome = must("decompose", "-w", prepared, "--cluster", "tcp://127.0.0.1:1")
    assert "already done" in outcome.stderr


def test_wrong_address_is_one_line_and_leaves_nothing(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rtcan_cli.cluster import connection

    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    options = ("-w", prepared, "-o", tmp_path / "made.h5", "--cluster", "tcp://127.0.0.1:1")
    for command in ("decompose", "music-features", "eda-features"):
        outcome = rtcan(command, *options)
        assert outcome.exit_code == 1
        assert "error: no Dask scheduler at tcp://127.0.0.1:1" in outcome.stderr
        assert outcome.stderr.count("error") == 1
    assert list(tmp_path.iterdir()) == []
