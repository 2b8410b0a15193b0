"""Sections of tables, pictures and sentences -> one Markdown file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from jinja2.utils import url_quote

from rtcan_cli.views.files import in_markdown
from rtcan_cli.views.html.render import Grid, HtmlPage, Part


def markdown(page: HtmlPage, folder: Path) -> str:
    """Write a page as Markdown.

    Parameters
    ----------
    page : HtmlPage
    folder : Path
        Where the file will be: pictures are linked from there.
    """
    blocks = [f"# {in_markdown(page.title)}"]
    if page.alarm:
        blocks.append(f"**{in_markdown(page.alarm)}**")
    for section in page.sections:
        blocks.append(f"## {in_markdown(section.title)}")
        blocks += map(in_markdown, section.text)
        for part in section.parts:
            blocks += _part(part, folder)
    facts = (f"- {in_markdown(name)}: {in_markdown(fact)}" for name, fact in page.facts.items())
    blocks.append("\n".join(facts))
    return "\n\n".join(blocks) + "\n"


def _part(part: Part, folder: Path) -> Iterator[str]:
    yield f"### {in_markdown(part.title)}"
    for said in part.statements:
        yield f"**{in_markdown(said.headline)}** {in_markdown(said.details)}".strip()
    for picture in part.pictures:
        if picture.path is not None:
            place = Path(os.path.relpath(picture.path.with_suffix(".png"), folder)).as_posix()
            yield f"![{in_markdown(picture.alt)}]({url_quote(place)})"
            yield in_markdown(picture.caption)
    for grid in part.grids:
        yield in_markdown(grid.caption)
        yield _table(grid)
    if part.notes:
        if part.notes_title:
            yield f"#### {in_markdown(part.notes_title)}"
        yield "\n".join(f"- {in_markdown(note)}" for note in part.notes)
    if part.todo:
        if part.todo_title:
            yield f"#### {in_markdown(part.todo_title)}"
        yield "\n".join(
            f"- {in_markdown(text)}" + (f": {_code(line)}" if line else "")
            for text, line in part.todo
        )
    if part.commands:
        yield "\n".join(f"    {line}" for line in part.commands)


def _code(line: str) -> str:
    """A line as code, whatever backticks are in it."""
    fence = "`" * (line.count("`") + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"


def _table(grid: Grid) -> str:
    heads = list(grid.heads) or [""] * len(grid.numeric)
    rules = ["---:" if numeric else "---" for numeric in grid.numeric]
    rows = [[in_markdown(cell) for cell in row] for row in (heads, *grid.rows)]
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *body))
