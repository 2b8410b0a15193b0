from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Partial, Provenance, Store, StoreWriter, create
from rtcan_cli.stores.work.lock import holder, lock, sole_writer
from tests.like_windows import POSIX_ONLY


def test_work_on_a_store_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    with Partial(store, "one").held():
        # Other parameters, the same store: both would put their work in the same place.
        other = Partial(store, "two")
        being_made = pytest.raises(RtcanError, match=r"run\.h5: is being made by process")
        with being_made as refused, other.held():
            pass
        assert f"process {os.getpid()} on {socket.gethostname()}" in str(refused.value)
        assert refused.value.hint is not None
        with Partial(tmp_path / "other.h5", "one").held():
            pass
    with Partial(store, "two").held():
        pass
    assert list(tmp_path.iterdir()) == []


def test_who_makes_a_store_is_told_without_being_in_the_way(tmp_path: Path) -> None:
    store = tmp_path / "run.h5"
    assert holder(store) is None
    partial = Partial(store, "one")
    with partial.held():
        partial.put("a", {"x": np.zeros(1)})
        assert holder(store) == f"process {os.getpid()} on {socket.gethostname()}"
        (tmp_path / "run.h5.partial" / "lock").write_text("rm -r ~ \x1b[2J")
        assert holder(store) == "another process"
    assert holder(store) is None
    (tmp_path / "run.h5.partial" / "lock").write_text("process 1 on elsewhere")  # it was killed
    assert holder(store) is None
    (tmp_path / "run.h5.partial" / "lock").unlink()
    (tmp_path / "run.h5.partial" / "lock").symlink_to(tmp_path / "elsewhere")
    assert holder(store) is None


@POSIX_ONLY
def test_who_looks_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    with Partial(tmp_path / "run.h5", "one").held():
        monkeypatch.setattr(time, "sleep", slept.append)
        assert holder(tmp_path / "run.h5") is not None
    assert slept == []


def test_finished_items_stay_when_the_work_fails(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "run.h5", "one")
    with pytest.raises(KeyboardInterrupt), partial.held():
        partial.put("a", {"x": np.zeros(1)})
        raise KeyboardInterrupt
    assert partial.names() == {"a"}
    with partial.held():
        partial.discard()
    assert list(tmp_path.iterdir()) == []


def test_work_that_is_done_keeps_its_lock_until_the_end(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "run.h5", "one")
    with partial.held():
        partial.put("a", {"x": np.zeros(1)})
        partial.discard()
        assert partial.names() == set()
        with pytest.raises(RtcanError, match="is being made by"), partial.held():
            pass


@POSIX_ONLY  # an open lock cannot be removed
def test_the_lock_of_another_is_not_removed(tmp_path: Path) -> None:
    place = tmp_path / "lock"
    with lock(place, tmp_path / "run.h5"):
        place.unlink()
        place.write_text("of another")
    assert place.read_text() == "of another"


def test_a_killed_process_holds_nothing_and_its_half_written_items_go(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from rtcan_cli.stores import Partial\n"
        "with Partial(Path(sys.argv[1]), 'one').held():\n"
        "    print('held', flush=True); time.sleep(600)"
    )
    store = tmp_path / "run.h5"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(store)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    partial = Partial(store, "one")
    with pytest.raises(RtcanError, match=f"process {process.pid} on"), partial.held():
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (tmp_path / "run.h5.partial" / "lock").exists()
    partial.folder.mkdir()
    (partial.folder / "a.tmp-1").write_bytes(b"half")
    with partial.held():
        assert list(partial.folder.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


@POSIX_ONLY  # an open lock cannot be removed
def test_a_lock_file_that_was_removed_meanwhile_is_worth_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its last holder removes it between our opening and our locking it; then a third one comes.
    import fcntl

    place = tmp_path / "lock"
    real, calls = fcntl.flock, []

    def flock(file: object, how: int) -> None:
        calls.append(how)
        if len(calls) == 1:
            place.unlink()
        real(file, how)  # type: ignore[arg-type]

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock(place, tmp_path / "store"):
        assert len(calls) == 2
        with pytest.raises(RtcanError, match="is being made"), lock(place, tmp_path / "store"):
            pass


@pytest.mark.parametrize(
    "holder", [f"process {os.getppid()} on {socket.gethostname()}", "process 1 on another-host", ""]
)
def test_what_a_left_over_lock_says_is_not_believed(tmp_path: Path, holder: str) -> None:
    # Its process has ended, and its number is that of a living one, or it was elsewhere.
    store = tmp_path / "labels.h5"
    place = tmp_path / "labels.h5.partial" / "lock"
    place.parent.mkdir()
    place.write_text(holder)
    with sole_writer(store) as alone:
        assert alone
        assert place.read_text() == f"process {os.getpid()} on {socket.gethostname()}"
    assert list(tmp_path.iterdir()) == []


def test_every_store_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "music.h5"
    made = Provenance("music-features", "pmemo", {}, {})
    # The same work: no second lock.
    with Partial(path, "one").held(), create(path, "music", made) as store:
        write(store)
    before = path.read_bytes()
    with lock(tmp_path / "music.h5.partial" / "lock", path):
        code = (
            "import sys; from pathlib import Path; from rtcan_cli.stores import *\n"
            "from rtcan_cli.errors import RtcanError\n"
            "try:\n"
            "    with create(Path(sys.argv[1]), 'music', Provenance('a', 'pmemo', {}, {})): pass\n"
            "except RtcanError as error: print(error)"
        )
        other = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
        )
        assert f"music.h5: is being made by process {os.getpid()} on" in other.stdout
        # Readers do not wait for writers.
        assert len(Store(path).table("excluded")) == 0
    assert path.read_bytes() == before


def test_a_half_written_store_of_a_reused_number_goes(tmp_path: Path) -> None:
    path = tmp_path / "music.h5"
    (tmp_path / f"music.h5.tmp-{os.getppid()}").write_bytes(b"half")
    with create(path, "music", Provenance("music-features", "pmemo", {}, {})) as store:
        write(store)
    assert list(tmp_path.iterdir()) == [path]


def write(store: StoreWriter) -> None:
    store.write("stimuli/stimulus", ["1"])
    store.write("stimuli/seconds", [30.0])
    store.write("stimuli/eda_seconds", [30.0])
    store.write("features/name", ["a"])
    store.write("features/value", np.zeros((1, 1)))
    store.write("excluded/stimulus", [])
    store.write("excluded/reason", [])


@POSIX_ONLY  # its locks are others
def test_without_locks_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import fcntl

    def flock(file: object, how: int) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock(tmp_path / "lock", tmp_path / "store"):
        assert (tmp_path / "lock").exists()
    assert not (tmp_path / "lock").exists()
