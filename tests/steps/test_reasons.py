from __future__ import annotations

from rtcan_cli.steps.reasons import Reasons, grouped


def test_reasons_that_differ_only_in_numbers_are_one_with_their_range() -> None:
    found = Reasons()
    found.add("a gap of 2.25 s (at most 1 s is repaired)", subject="7", example="a.csv")
    found.add("jumps: 1 (at most 0)", subject="8", example="b.csv")
    found.add("a gap of 11.5 s (at most 1 s is repaired); 40 % missing", subject="9")
    found.add("a gap of 3 s (at most 1 s is repaired); implausible are 2 % dips", subject="7")
    found.add("a gap of 3 s (at most 1 s is repaired)", subject="7", n=2)
    assert found.rows() == [
        (
            "a gap of 2.25 to 11.5 s (at most 1 s is repaired); 1 of them with other faults",
            5,
            "7, 9",
            "a.csv",
        ),
        ("jumps: 1 (at most 0)", 1, "8", "b.csv"),
    ]
    assert found.total == 6


def test_whole_files_are_named_each_and_times_of_the_day_have_no_range() -> None:
    found = Reasons()
    found.add("b7.csv is no text; a", example="b7.csv")
    found.add("b8.csv is no text; a", example="b8.csv")
    assert [row[0] for row in found.rows()] == ["b7.csv is no text; a", "b8.csv is no text; a"]
    clocks = {"from 23:58:45 on, 4 s": 1, "from 10:00:01 on, 10 s": 2}
    assert grouped(clocks) == [("from 23:58:45 on, 4 to 10 s", 3)]
