"""What is printed, by the terminal that it is printed to."""

from __future__ import annotations

import sys

import pytest

from rtcan_cli.views import terminal


@pytest.mark.parametrize(
    ("system", "variables", "bold"),
    [
        ("linux", {}, True),
        ("linux", {"TERM": "xterm"}, True),
        ("linux", {"TERM": "dumb"}, False),
        ("linux", {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ("win32", {}, False),  # the old console shows codes as they are
        ("win32", {"WT_SESSION": "1"}, True),
        ("win32", {"WT_SESSION": "1", "NO_COLOR": "1"}, False),
        ("win32", {"TERM": "xterm"}, True),
    ],
)
def test_titles_are_bold_where_that_can_be_shown(
    system: str, variables: dict[str, str], bold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", system)
        assert terminal._shows_bold() is bold
