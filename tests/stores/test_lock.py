from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Partial
from rtcan_cli.stores.lock import lock


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


def test_finished_items_stay_when_the_work_fails(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "run.h5", "one")
    with pytest.raises(KeyboardInterrupt), partial.held():
        partial.put("a", {"x": np.zeros(1)})
        raise KeyboardInterrupt
    assert partial.names() == {"a"}
    with partial.held():
        partial.discard()
    assert list(tmp_path.iterdir()) == []


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


def test_without_locks_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import fcntl

    def flock(file: object, how: int) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock(tmp_path / "lock", tmp_path / "store"):
        assert (tmp_path / "lock").exists()
    assert not (tmp_path / "lock").exists()
