"""Messages on standard error, and who else hears them."""

from __future__ import annotations

from rtcan_cli import console


def test_who_listens_is_told_until_he_stops() -> None:
    with console.heard() as outer:
        with console.heard() as inner:
            console.warn("both hear this")
        console.warn("one hears this")
    console.warn("nobody hears this")
    assert inner == ["both hear this"]
    assert outer == ["both hear this", "one hears this"]
