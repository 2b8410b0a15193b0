from __future__ import annotations

import pytest

from rtcan_cli import console
from rtcan_cli.report import Report, Table


def test_warnings_can_be_kept_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    console.warn("before")
    with console.heard() as outer:
        console.warn("one")
        with console.heard() as inner:
            console.warn("two")
    console.warn("after")
    assert (outer, inner) == (["one", "two"], ["two"])
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == [
        "before",
        "one",
        "two",
        "after",
    ]


def test_nothing_is_kept_after_an_error() -> None:
    with pytest.raises(ValueError, match="x"), console.heard() as messages:
        raise ValueError("x")
    console.warn("after")
    assert messages == []


def test_joined_reports_hold_everything_once() -> None:
    table = Table("t", ["a"], [[1]])
    one = Report("compare", {"a": 1}, [table], notes=["n"])
    both = one.joined(Report("compare", {"b": 2}, [table, Table("u", ["a"], [])], notes=["m", "n"]))
    assert both.facts == {"a": 1, "b": 2}
    assert [each.title for each in both.tables] == ["t", "u"]
    assert both.notes == ["n", "m"]
    assert one.notes == ["n"]
