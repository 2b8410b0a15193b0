from __future__ import annotations

import pytest

from rtcan_cli.datasets.identifiers import canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P01", "p1"),
        ("1", "1.0"),
        ("a b", "ab"),
        ("\u00e9", "e\u0301"),
        ("\ufb01n", "fin"),
        ("7", "\u0667"),  # Arabic-Indic
        ("07", "\uff17"),  # of full width
        ("s-1", "s\u22121"),  # minus sign
        ("s-1", "s\u20131"),  # en dash
    ],
)
def test_names_that_may_be_the_same_are_alike(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), [("1", "10"), ("s-1", "s1"), ("a", "b"), ("1.5", "15")])
def test_names_of_others_are_not(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
