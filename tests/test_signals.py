"""Signals that come where they would be lost are handled a little later, and not lost."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from rtcan_cli import music
from rtcan_cli.commands.shell.interrupts import interruptible
from rtcan_cli.signals import held_back


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_body_is_finished_first(number: int) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), interruptible():
        before = signal.getsignal(number)
        try:
            with held_back():
                signal.raise_signal(number)
                done.append("body")
        finally:
            assert signal.getsignal(number) is before
        done.append("after")
    assert done == ["body"]


def test_an_interrupt_that_comes_again_waits_as_well() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), interruptible():
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with held_back():
            time.sleep(0.7)  # it comes again after half a second
            done.append("body")
        done.append("after")
    assert done == ["body"]


def test_it_can_be_let_go_earlier() -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), held_back() as held:
        signal.raise_signal(signal.SIGINT)
        held.release()
        reached = True
    assert not reached


def test_only_where_it_is_wanted() -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), held_back(lambda frame: False):
        signal.raise_signal(signal.SIGINT)
        reached = True
    assert not reached


def test_nothing_is_done_in_another_thread() -> None:
    def work() -> None:
        with held_back() as held:
            held.release()
            done.append(1)

    done: list[int] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


def test_a_song_is_described_before_an_interrupt_is_handled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSMILE hands its results to a function in Python, and goes on without them."""
    song = tmp_path / "song.wav"
    soundfile.write(song, np.random.default_rng(0).normal(size=32000) / 10, 16000)
    described: list[int] = []

    class Smile:
        def process_signal(self, samples: Any, rate: int) -> pd.DataFrame:
            signal.raise_signal(signal.SIGINT)
            described.append(len(samples))
            return pd.DataFrame(np.zeros((1, music.N_FEATURES), np.float32))

    monkeypatch.setattr(music, "_smile", lambda feature_set: Smile())
    with pytest.raises(KeyboardInterrupt):
        music.extract(song)
    assert described == [32000]
