from __future__ import annotations

from pathlib import Path

from rtcan_cli.views.html.markdown import markdown
from rtcan_cli.views.html.render import Grid, HtmlPage, Part, Picture, Section, Statement

HOSTILE = "<img src=x onerror=alert(1)> | *bold* [link](http://evil)"


def page(text: str) -> HtmlPage:
    """A page with a text wherever a text can stand."""
    part = Part(
        text,
        [Grid(text, [text, "n"], [False, True], [(text, "1")]), Grid(text, [], [False], [(text,)])],
        [Picture(b"<svg/>", text, text, path=Path("out/figures/a b.svg"))],
        [text],
        [Statement("yes", text, text)],
        [(text, "rtcan train"), (text, "")],
        ["rtcan ingest", "rtcan train"],
    )
    return HtmlPage(text, {text: text}, text, [Section("one", text, [part], [text])])


def test_everything_is_there_in_order() -> None:
    lines = markdown(page("word"), Path("out")).split("\n")
    assert lines[:9] == ["# word", "", "**word**", "", "## word", "", "word", "", "### word"]
    assert "**word** word" in lines
    assert "![word](figures/a%20b.png)" in lines
    assert lines[lines.index("| word | n |") : lines.index("| word | n |") + 3] == [
        "| word | n |",
        "| --- | ---: |",
        "| word | 1 |",
    ]
    assert "- word: `rtcan train`" in lines
    assert lines[-5:-3] == ["    rtcan ingest", "    rtcan train"] or "    rtcan ingest" in lines


def test_text_stays_text() -> None:
    written = markdown(page(HOSTILE), Path("out"))
    assert "<img" not in written.replace("\\<img", "")
    assert "](http" not in written.replace("\\](http", "")
    assert written.count("\n| ") == markdown(page("word"), Path("out")).count("\n| ")
