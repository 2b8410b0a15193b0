from __future__ import annotations

import base64
import re

import pytest

from rtcan_cli.views.html.render import (
    Grid,
    HtmlPage,
    Part,
    Picture,
    Section,
    Statement,
    render,
)
from tests.views.html.reading import Seen

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><path d="M0 0h9"/></svg>'
HOSTILE = "<script>alert(1)</script>\"'><img src=http://evil/x onerror=alert(1)>{{ 7*7 }}&amp;"


def page(text: str = "plain", alarm: str = "") -> HtmlPage:
    """A page with a text wherever a text can stand."""
    grid = Grid(text, [text, "n"], [False, True], [(text, "1"), ("b", "-")], stacked=True)
    facts = Grid(text, [], [False, False], [("made by", text)])
    part = Part(
        text,
        [grid, facts],
        [Picture(SVG, text, text)],
        [text],
        [Statement("yes", text, text)],
        [(text, text)],
        [text, text],
        text,
        text,
    )
    sections = [Section("one", text, [part], [text]), Section("two", text, [Part(text)])]
    return HtmlPage(text, {text: text}, alarm, sections)


def test_it_is_whole_and_in_order() -> None:
    seen = Seen(render(page()))
    assert [level for level, _ in seen.headings] == [1, 2, 3, 4, 4, 2, 3]
    assert seen.all("html") == [{"lang": "en"}]
    assert [each["href"] for each in seen.all("a")] == ["#one", "#two"]
    assert [each["id"] for each in seen.all("section")] == ["one", "two"]
    assert len(seen.all("caption")) == len(seen.all("table")) == 2
    assert [each.get("scope") for each in seen.all("th")] == ["col", "col", "row", "row", "row"]


@pytest.mark.parametrize("alarm", ["", HOSTILE])
def test_text_stays_text(alarm: str) -> None:
    written = render(page(HOSTILE, alarm))
    seen = Seen(written)
    assert not seen.all("script")
    assert len(seen.all("img")) == 1
    # Each place once: a text in a page of plain words shows how many there are.
    assert seen.text.count(HOSTILE) == Seen(render(page("§", "§" if alarm else ""))).text.count("§")
    assert len(seen.all("p")) == 2 + bool(alarm)
    assert len(seen.all("code")) == 2


def test_nothing_is_asked_for_from_elsewhere() -> None:
    written = render(page())
    seen = Seen(written)
    (image,) = seen.all("img")
    kind, _, data = (image["src"] or "").partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data) == SVG
    assert image["alt"]
    assert not {"link", "script", "iframe", "object", "base", "form"} & {
        t for t, _ in seen.elements
    }
    style = written[written.index("<style>") : written.index("</style>")]
    assert not re.search(r"url\(|@import|https?:", style)
    policy = next(each for each in seen.all("meta") if "http-equiv" in each)
    assert policy["content"] == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_a_phone_and_a_printer_have_rules_of_their_own() -> None:
    written = render(page())
    assert "width=device-width" in written
    assert "@media print" in written
    assert "@media screen and (max-width" in written
