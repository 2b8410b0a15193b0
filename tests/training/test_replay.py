"""What is recorded and when, on a CUDA device that is only pretended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch

from rtcan_cli.training.replay import Replay


class Stream:
    def __init__(self, device: object = None) -> None:
        self.waited_for: list[Stream] = []

    def wait_stream(self, other: Stream) -> None:
        self.waited_for.append(other)


class Graph:
    """Work that is recorded is not done; a replay does it."""

    recording: Graph | None = None

    def __init__(self) -> None:
        self.recorded: list[Callable[[], None]] = []

    def replay(self) -> None:
        for kernel in self.recorded:
            kernel()


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, object]]:
    current, captures = Stream(), []

    @contextmanager
    def capture(graph: Graph, pool: object, stream: Stream) -> Iterator[None]:
        captures.append((pool, stream))
        Graph.recording = graph
        yield
        Graph.recording = None

    for name, value in (
        ("Stream", Stream),
        ("CUDAGraph", Graph),
        ("graph", capture),
        ("stream", lambda stream: nullcontext()),
        ("current_stream", lambda device: current),
        ("graph_pool_handle", lambda: "pool"),
    ):
        monkeypatch.setattr(torch.cuda, name, value)
    return captures


def launch(kernel: Callable[[], None]) -> None:
    """Do it now, or put it into the graph that is being recorded."""
    if Graph.recording is None:
        kernel()
    else:
        Graph.recording.recorded.append(kernel)


def test_each_call_does_its_work_once(pretended: list[tuple[object, object]]) -> None:
    replay = Replay(torch.device("cuda"))
    done: list[str] = []
    asked: list[str] = []

    def work(name: str) -> None:
        asked.append(name)
        launch(lambda: done.append(name))

    calls = [*"aaaabaaabbbbbaab"]
    for i, name in enumerate(calls):
        replay(name, lambda name=name: work(name))  # type: ignore[misc]
        assert done == calls[: i + 1]
    # Three times as it is, once to record it, and never again.
    assert (asked.count("a"), asked.count("b")) == (4, 4)
    # Both recorded on one stream, into one pool of memory.
    assert len(pretended) == 2
    assert len({id(stream) for _, stream in pretended}) == 1
    assert {pool for pool, _ in pretended} == {"pool"}


def test_what_cannot_be_recorded_is_done_as_it_is(
    pretended: list[tuple[object, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def refuse(graph: Graph, pool: object, stream: Stream) -> Iterator[None]:
        Graph.recording = graph
        yield
        Graph.recording = None
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(torch.cuda, "graph", refuse)
    replay = Replay(torch.device("cuda"))
    done: list[int] = []
    for i in range(3):
        replay("same", lambda i=i: launch(lambda: done.append(i)))  # type: ignore[misc]
    with pytest.warns(UserWarning, match="not recorded on this GPU: operation not permitted"):
        replay("same", lambda: launch(lambda: done.append(3)))
    replay("same", lambda: launch(lambda: done.append(4)))
    assert done == [0, 1, 2, 3, 4]


def test_elsewhere_work_is_simply_done() -> None:
    replay = Replay(torch.device("cpu"))
    done: list[int] = []
    for i in range(6):
        replay("same", lambda i=i: done.append(i))  # type: ignore[misc]
    assert done == list(range(6))
