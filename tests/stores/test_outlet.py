"""A signal that comes while HDF5 writes loses nothing and is not lost."""

from __future__ import annotations

import builtins
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtcan_cli.commands.shell.interrupts import interruptible
from rtcan_cli.stores import Provenance, Store, create, outlet

MADE = Provenance("eda-features", "pmemo", {}, {}, simulated=True)


def interrupting(monkeypatch: pytest.MonkeyPatch, at: int, number: int) -> list[int]:
    """Send a signal in the middle of a call of the outlet; return the count of calls."""
    calls = [0]

    def view(data: Any) -> memoryview:
        calls[0] += 1
        if calls[0] == at:
            signal.raise_signal(number)
        return builtins.memoryview(data)

    monkeypatch.setattr(outlet, "memoryview", view, raising=False)
    return calls


def write(path: Path) -> None:
    from tests.stores.test_content import write_features

    write_features(path, [700, 1200, 3])


def in_a_command(work: Callable[[], None]) -> None:
    with interruptible():
        work()


def in_a_script(work: Callable[[], None]) -> None:
    work()


@pytest.mark.parametrize("run", [in_a_command, pytest.param(in_a_script, marks=pytest.mark.long)])
def test_an_interrupt_at_any_write_leaves_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., None]
) -> None:
    path = tmp_path / "features.h5"
    calls = interrupting(monkeypatch, -1, signal.SIGINT)
    write(path)
    n, whole = calls[0], Store(path).content_id
    assert n > 10
    for at in range(1, n + 1):
        path.unlink()
        interrupting(monkeypatch, at, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            run(lambda: write(path))
        assert not list(tmp_path.iterdir()), at
        write(path)
    assert Store(path).content_id == whole


def test_handlers_are_as_before(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    write(tmp_path / "features.h5")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_at_other_times_a_signal_is_handled_at_once(tmp_path: Path) -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), create(tmp_path / "features.h5", "features", MADE) as s:
        s.append_rows("features/value", np.zeros((2, 3)))
        signal.raise_signal(signal.SIGINT)
        reached = True
    assert not reached
    assert not list(tmp_path.iterdir())
