from __future__ import annotations

import pytest
import typer

from rtcan_cli.commands.shell.lists import entries, one_of, whole_number

LETTERS = one_of(["a", "b", "c"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["z"]),
        ([], ["z"]),
        (["a"], ["a"]),
        (["c,a"], ["c", "a"]),
        (["c, a", "b"], ["c", "a", "b"]),
        (["a,b", "b,a,c"], ["a", "b", "c"]),
    ],
)
def test_lists_and_repetitions_add_up(given: list[str] | None, expected: list[str]) -> None:
    assert entries("--letter", given, LETTERS, "z") == expected


def test_entries_may_hold_commas() -> None:
    assert entries("--word", ["a,b", "a,b", "c"], str, "", separator=None) == ["a,b", "c"]


@pytest.mark.parametrize("given", ["d", "a,", "", "a,,b", "A"])
def test_what_is_no_choice_is_wrong_usage(given: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"--letter: '.*' is not one of a, b, c"):
        entries("--letter", [given], LETTERS, "a")


@pytest.mark.parametrize(
    ("word", "why"),
    [("1.5", "not a whole number"), ("x", "not a whole"), ("0", "1 to 9"), ("10", "1 to 9")],
)
def test_numbers_are_whole_and_in_range(word: str, why: str) -> None:
    read = whole_number(1, 9)
    assert (read("1"), read("9")) == (1, 9)
    with pytest.raises(ValueError, match=why):
        read(word)
    with pytest.raises(ValueError, match="1 or more"):
        whole_number(1)("-1")
