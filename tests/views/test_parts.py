from __future__ import annotations

from rtcan_cli.views.parts import Page, Table


def test_joined_reports_hold_everything_once() -> None:
    table = Table("t", ["a"], [[1]])
    one = Page({"a": 1}, [table], notes=["n"])
    both = one.joined(Page({"b": 2}, [table, Table("u", ["a"], [])], notes=["m", "n"]))
    assert both.facts == {"a": 1, "b": 2}
    assert [each.title for each in both.tables] == ["t", "u"]
    assert both.notes == ["n", "m"]
    assert one.notes == ["n"]
