"""Sections of tables, pictures and sentences -> one HTML file.

Pictures and styles are part of the file, and a content security policy forbids everything else:
even a picture that held a link could not make a browser ask the network. What is text is always
escaped (Jinja2's autoescape), so that names of runs and subjects stay names.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined


@dataclass(frozen=True)
class Grid:
    """A table of texts.

    Parameters
    ----------
    caption : str
        What it shows.
    heads : sequence of str
        Heads of the columns; none where the first of a row says all.
    numeric : sequence of bool
        Whether each column holds numbers.
    rows : sequence of sequences of str
        Cells; the first of a row names it.
    stacked : bool
        Whether cells stand below each other on a narrow screen, each beside its head, instead of
        being pushed along.
    """

    caption: str
    heads: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    stacked: bool = False


@dataclass(frozen=True)
class Picture:
    """An SVG with what it shows.

    Parameters
    ----------
    svg : bytes
        The file.
    caption : str
        Below the picture.
    alt : str
        In its place, for those who do not see it.
    narrow : bytes, optional
        The same as an SVG for narrow screens.
    path : Path, optional
        Where the file is, for pages that link to it.
    """

    svg: bytes
    caption: str
    alt: str
    narrow: bytes | None = None
    path: Path | None = None

    @property
    def source(self) -> str:
        """The picture itself, as an address."""
        return _address(self.svg)

    @property
    def narrow_source(self) -> str:
        """The picture for narrow screens, as an address; nothing if there is none."""
        return _address(self.narrow) if self.narrow else ""


def _address(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


@dataclass(frozen=True)
class Statement:
    """An answer.

    Parameters
    ----------
    kind : str
        What it is, for its mark: a name of a class of the styles.
    headline, details : str
        The answer, and what is behind it.
    """

    kind: str
    headline: str
    details: str


@dataclass(frozen=True)
class Part:
    """What stands below one heading.

    Parameters
    ----------
    title : str
        The heading.
    grids, pictures : sequence
        Pictures, then tables.
    notes : sequence of str
        What has to be known to read them.
    statements : sequence of Statement
        Answers, which stand before all else.
    todo : sequence of (str, str)
        What is missing, and the line that helps; perhaps empty.
    commands : sequence of str
        Lines to copy together.
    notes_title, todo_title : str
        Headings of notes and of what is missing, if they need any.
    """

    title: str
    grids: Sequence[Grid] = ()
    pictures: Sequence[Picture] = ()
    notes: Sequence[str] = ()
    statements: Sequence[Statement] = ()
    todo: Sequence[tuple[str, str]] = ()
    commands: Sequence[str] = ()
    notes_title: str = ""
    todo_title: str = ""


@dataclass(frozen=True)
class Section:
    """A chapter of a page.

    Parameters
    ----------
    name : str
        For links: lower-case letters and hyphens.
    title : str
        Its heading.
    parts : sequence of Part
        What it holds.
    text : sequence of str
        Paragraphs before the parts.
    """

    name: str
    title: str
    parts: Sequence[Part]
    text: Sequence[str] = ()


@dataclass(frozen=True)
class HtmlPage:
    """A report.

    Parameters
    ----------
    title : str
        Of the page.
    facts : dict
        Single values at its top.
    alarm : str
        What nobody may overlook, or nothing.
    sections : sequence of Section
        In reading order; the first is a page of its own in print.
    """

    title: str
    facts: dict[str, str]
    alarm: str = ""
    sections: Sequence[Section] = field(default_factory=tuple)


def environment() -> Environment:
    """Templates that take all text as text."""
    return Environment(
        loader=PackageLoader("rtcan_cli.views.html", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(page: HtmlPage) -> str:
    """Write a page as HTML."""
    return environment().get_template("page.html").render(page=page)
