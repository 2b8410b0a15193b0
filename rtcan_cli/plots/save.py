"""Writing figures to files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from rtcan_cli.errors import RtcanError
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.plots import style
from rtcan_cli.plots.look import PAPER, Look

#: More take gigabytes of memory to draw; a page at 1200 pixels an inch has 140 million.
_MOST_PIXELS = 400e6
#: Inches beside a heading that its panel takes: ticks, and the name of its axis.
_BESIDE = 0.6

#: Tables of a font that say how letters are placed beside each other.
_UNUSED_TABLES = ["GDEF", "GPOS", "GSUB", "MATH", "kern"]

# Dates would make two files of the same figure differ.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def save(figure: Figure, stem: Path | str, look: Look = PAPER) -> list[Path]:
    """Write a figure, in each format, beside each other, in exactly the size that it has.

    A file appears whole or not at all, and the same figure gives the same bytes. Its layout is
    worked out once, for all formats, and stays.

    Parameters
    ----------
    figure : Figure
    stem : Path
        Where to, without the ending; its folder is made if it is missing.
    look : Look
        Formats, and pixels an inch of the PNG. Its size has to be that of the figure already.

    Returns
    -------
    list of Path
        The files, in the order of the formats.

    Raises
    ------
    RtcanError
        If a format is unknown, or the size asked for is too small for what is drawn; nothing is
        written then. If a file cannot be written.
    """
    stem = Path(stem)
    for unknown in set(look.formats) - set(_METADATA):
        raise RtcanError(
            f"cannot write a figure as {unknown!r}", hint=f"choose from: {', '.join(_METADATA)}"
        )
    pixels = float(np.prod(look.dpi * figure.get_size_inches()))
    if "png" in look.formats and pixels > _MOST_PIXELS:
        raise RtcanError(
            f"{stem.name}: a PNG of {pixels / 1e6:.0f} million pixels is too large",
            "a smaller --dpi or --size",
        )
    stem.parent.mkdir(parents=True, exist_ok=True)
    if not _settle(figure) and (look.size or look.width):
        width, height = 25.4 * figure.get_size_inches()
        raise RtcanError(
            f"{stem.name}: {width:.0f} x {height:.0f} mm is too small for what is drawn",
            "a larger --size or --column-width",
        )
    files = []
    for ending in look.formats:
        with style.rc(), _whole_pixels(figure, look.dpi, ending), _letters_alone(ending):
            buffer = BytesIO()
            figure.savefig(buffer, format=ending, dpi=look.dpi, metadata=_METADATA[ending])
            content = buffer.getvalue()
        path = stem.with_name(f"{stem.name}.{ending}")
        write_whole(path, content)
        files.append(path)
    return files


@contextmanager
def _letters_alone(ending: str) -> Iterator[None]:
    """Let the fonts of a PDF be cut to its letters without reading `_UNUSED_TABLES`.

    To read ligatures, kerning and formulas of a whole font takes half of the time that a figure
    takes as PDF, whose letters have their places already.
    """
    if ending != "pdf":
        yield
        return
    from fontTools import subset

    usual = subset.Options

    def without_tables(**options: Any) -> Any:
        chosen = usual(**options)
        chosen.drop_tables += _UNUSED_TABLES
        return chosen

    subset.Options = without_tables  # matplotlib asks for its options there
    try:
        yield
    finally:
        subset.Options = usual


@contextmanager
def _whole_pixels(figure: Figure, dpi: float, ending: str) -> Iterator[None]:
    """Let a PNG have the nearest number of pixels: matplotlib cuts what is left of one off.

    So 90 mm at 300 pixels an inch, which are 1062.99, get the 1063 that journals ask for.
    """
    width, height = figure.get_size_inches()
    if ending == "png":
        figure.set_size_inches(
            (round(width * dpi) + 0.01) / dpi, (round(height * dpi) + 0.01) / dpi
        )
    try:
        yield
    finally:
        figure.set_size_inches(width, height)


def _settle(figure: Figure) -> bool:
    """Lay out a figure, and round away the last digits of its axes, which differ by run.

    Headings of panels that have no room in one line go on in another.

    Returns
    -------
    bool
        Whether all that is drawn has room.
    """
    with style.rc(), warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", "constrained_layout not applied")
        widest = figure.get_figwidth() - _BESIDE
        whole = [(text, axes, text.get_text()) for text, axes in _headings(figure)]
        for heading, _, words in whole:
            _wrap(heading, words, widest)
        figure.draw_without_rendering()
        rooms = [_room(figure, axes, heading) for heading, axes, _ in whole]
        for (heading, _, words), inches in zip(whole, rooms, strict=True):
            if heading.get_window_extent().width > inches * figure.dpi:
                _wrap(heading, words, inches)
                figure.draw_without_rendering()
        # With "none" an engine that does nothing would stay, and have each file drawn twice.
        figure.set_layout_engine(None)
    for axes in figure.axes:
        left, bottom, width, height = np.round(axes.get_position(original=True).bounds, 5)
        axes.set_position((left, bottom, width, height))
    return not caught and _has_room(figure)


def _headings(figure: Figure) -> list[tuple[Text, Axes]]:
    """What stands above panels, each with its panel."""
    return [
        (child, axes)
        for axes in figure.axes
        for child in axes.get_children()
        if isinstance(child, Text) and child.get_text() and child not in axes.texts
    ]


def _room(figure: Figure, axes: Axes, heading: Text) -> float:
    """Inches from where a heading begins to what stands beside it, or to the edge."""
    box = heading.get_window_extent()
    others = [other.get_window_extent() for other in figure.axes if other is not axes]
    beside = [
        other.x0 for other in others if other.x0 > box.x0 + 1 and other.y0 < box.y0 < other.y1
    ]
    return float((min([figure.bbox.x1, *beside]) - box.x0) / figure.dpi)


def _wrap(heading: Text, words: str, inches: float) -> None:
    """Break what a heading says into lines of this width."""
    size = float(heading.get_fontsize())
    lines = [part for line in words.split("\n") for part in style.wrapped(line, inches, size)]
    heading.set_text("\n".join(lines))


def _has_room(figure: Figure) -> bool:
    """Whether headings, names of axes and legends are inside the figure."""
    page = figure.bbox.padded(1)
    texts = [text for axes in figure.axes for text in (axes.xaxis.label, axes.yaxis.label)]
    boxes = [text.get_window_extent() for text in texts if text.get_text() and text.get_visible()]
    boxes += [text.get_window_extent() for text, _ in _headings(figure)]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    boxes += [legend.get_window_extent() for legend in legends if legend is not None]
    return all(
        page.x0 <= box.x0 <= box.x1 <= page.x1 and page.y0 <= box.y0 <= box.y1 <= page.y1
        for box in boxes
    )
