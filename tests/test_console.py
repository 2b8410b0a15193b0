from __future__ import annotations

import io
import re
import sys

import pytest

from rtcan_cli import console


class Terminal(io.StringIO):
    """What is written to a terminal, and what is left on it."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """Lines as a terminal shows them; the keys that bars use are enough."""
        lines, row, column = [""], 0, 0
        for part in re.findall(r"\x1b\[A|\x1b\[[0-9;]*[mK]|\r|\n|[^\r\n\x1b]+", self.getvalue()):
            if part == "\x1b[A":
                row = max(row - 1, 0)
            elif part == "\r":
                column = 0
            elif part == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif not part.startswith("\x1b"):
                before = lines[row].ljust(column)
                lines[row] = before[:column] + part + before[column + len(part) :]
                column += len(part)
        return [line.rstrip() for line in lines if line.strip()]


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error of this test from now on: pytest sets its own before each."""
    found = Terminal()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setenv("COLUMNS", "80")
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


def test_names_between_colons_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console.fail("a:smile:b.csv has no h:m:s clock [red]", "rename a:smile:b.csv")
    assert capsys.readouterr().err == (
        "error: a:smile:b.csv has no h:m:s clock [red]\n  try: rename a:smile:b.csv\n"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0.4, "0 s"), (41.2, "41 s"), (99.4, "99 s"), (100, "2 min"), (3600, "60 min")),
        *((5970, "1 h 40 min"), (7800, "2 h 10 min"), (90000, "25 h 0 min")),
    ],
)
def test_a_length_of_time_is_said_in_few_words(seconds: float, words: str) -> None:
    assert console.duration(seconds) == words


def test_without_a_terminal_there_is_a_line_now_and_then(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with console.progress(100, "decomposing", "recording", done=20) as bar:
        assert not bar.drawn
        for _ in range(70):
            clock[0] += 1.0
            bar.update()
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "decomposing: 50 of 100 recordings, about 50 s left",
        "decomposing: 80 of 100 recordings, about 20 s left",
    ]


@pytest.mark.parametrize("drawn", [True, False])
def test_the_time_left_may_be_that_of_the_busiest_worker(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, drawn: bool
) -> None:
    remaining: list[float | None] = [None]
    if drawn:
        shown = terminal(monkeypatch)
    with console.progress(10, "training", "epoch", remaining=lambda: remaining[0]) as bar:
        bar.update()
        clock[0] += 4.0
        bar.update(2)
        assert bar.state() == "3 of 10 epochs"
        remaining[0] = 20.0
        assert bar.state() == "3 of 10 epochs, about 40 s left"
        bar.set_postfix_str("")  # draws
        if drawn:
            assert "3/10 [" in shown.screen()[0]
            assert "<00:40, " in shown.screen()[0]
        bar.update(7)
        assert bar.state() == "10 of 10 epochs"
    if drawn:
        assert "<00:00, " in shown.screen()[0]


def test_quick_and_quiet_steps_say_nothing_without_a_terminal(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(console.counted([1, 2, 3], "scores", "run")) == [1, 2, 3]
    monkeypatch.setattr(console.verbosity, "quiet", True)
    for _ in console.counted(range(3), "scores", "run"):
        clock[0] += 60.0
    assert capsys.readouterr().err == ""


def test_a_bar_has_lines_below_it_that_go(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    with console.progress(10, "training", "epoch") as bar:
        bar.update(3)
        bar.show(["fold 1", "fold 2"])
        bar.show(["fold 2"])
        above, below = shown.screen()
        assert above.startswith("training:")
        assert below == "  fold 2"
    (line,) = shown.screen()
    assert line.startswith("training:")


def test_a_bar_that_is_only_passing_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    items = console.counted(["a", "b"], "scores", "run")
    assert next(items) == "a"
    assert shown.screen()[0].startswith("scores:")
    assert list(items) == ["b"]
    assert shown.screen() == []


def test_what_is_waited_for_is_one_line_on_a_terminal_that_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = terminal(monkeypatch)
    with console.waiting() as tell:
        tell("9 s so far")
        tell("14 s so far")
        assert shown.screen() == ["14 s so far"]
        console.warn("no new samples")
        assert shown.screen() == ["warning: no new samples", "14 s so far"]
    assert shown.screen() == ["warning: no new samples"]


def test_what_is_waited_for_is_said_at_once_and_now_and_then_without_a_terminal(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for quiet in (False, True):
        monkeypatch.setattr(console.verbosity, "quiet", quiet)
        with console.waiting() as tell:
            for seconds in range(0, 50, 5):
                tell(f"{seconds} s so far")
                clock[0] += 5.0
    assert capsys.readouterr().err.splitlines() == ["0 s so far", "30 s so far"]


def test_messages_stand_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    with console.progress(10, "training", "epoch") as bar:
        bar.update(3)
        bar.show(["fold 1"])
        console.say("run.h5: done")
        message, above, below = shown.screen()
        assert message == "run.h5: done"
        assert above.startswith("training:")
        assert below == "  fold 1"
