"""Reasons why recordings were left out, grouped: those that differ only in their numbers are one.

The store has each reason in full. Of several faults of one recording the first, which is the worst,
says where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# A time of the day is one number.
_NUMBER = re.compile(r"\d+(?::\d+)+|\d+(?:\.\d+)?")


@dataclass
class _Group:
    """One kind of reason."""

    parts: list[str]
    lowest: list[str]
    highest: list[str]
    n: int = 0
    n_more: int = 0
    subjects: dict[str, None] = field(default_factory=dict)
    example: str = ""

    def text(self) -> str:
        """The reason, with the range of each number."""
        ranges = [
            low if low == high or ":" in low else f"{low} to {high}"
            for low, high in zip(self.lowest, self.highest, strict=True)
        ]
        words = zip(self.parts, [*ranges, ""], strict=True)
        more = f"; {self.n_more} of them with other faults" if self.n_more else ""
        return "".join(part + number for part, number in words) + more


class Reasons:
    """Reasons, how often each occurs, and for which subjects."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def add(self, reason: str, n: int = 1, subject: str = "", example: str = "") -> None:
        """Take a reason that holds `n` times; without a subject, it is of one file and stays alone.

        The first example of a kind is kept.
        """
        first, _, more = reason.partition("; ")
        numbers = _NUMBER.findall(first) if subject else []
        parts = _NUMBER.split(first) if subject else [reason]
        key = "#".join(parts)
        group = self._groups.setdefault(key, _Group(parts, [*numbers], [*numbers], example=example))
        for place, number in enumerate(numbers):
            if ":" not in number:
                group.lowest[place] = min(group.lowest[place], number, key=float)
                group.highest[place] = max(group.highest[place], number, key=float)
        group.n += n
        # What is implausible explains a fault, and is none of its own.
        others = [each for each in more.split("; ") if not each.startswith("implausible are ")]
        group.n_more += n * bool(any(others) and subject)
        if subject:
            group.subjects[subject] = None

    @property
    def total(self) -> int:
        """How often there was a reason."""
        return sum(group.n for group in self._groups.values())

    def rows(self) -> list[tuple[str, int, str, str]]:
        """Reason, number, subjects and example of each group, the most frequent first."""
        groups = sorted(self._groups.values(), key=lambda group: -group.n)
        return [(each.text(), each.n, ", ".join(each.subjects), each.example) for each in groups]


def grouped(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    """Reasons of recordings and how often each occurs, the most frequent first."""
    found = Reasons()
    for reason, n in reasons.items():
        found.add(reason, n, subject="any")
    return [(text, n) for text, n, _, _ in found.rows()]
