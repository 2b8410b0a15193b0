"""Fonts, sizes and layout of all figures, said once; `rtcan_cli.plots.look` has the colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.plots.look import (  # noqa: F401  figures take them from here, too
    CLASSES,
    CLIPPED,
    COLUMNS,
    GREY,
    HIGH,
    IMPLAUSIBLE,
    LOW,
    ORIGINAL,
    PAPER,
    PHASIC,
    REPAIRED,
    SIGNALS,
    TEXT,
    TONIC,
    WIDTH,
    Look,
)

COLD_TO_WARM = LinearSegmentedColormap.from_list(
    "cold_to_warm", ["#e3eefb", "#a9c5ea", "#8f8fd0", "#b0559c", "#cc2f52", "#8c0d1b"]
)
"""Attention from cold (pale blue) to warm (dark red); grows darker throughout, so grey works."""

SMALL, NORMAL, LARGE = 7.0, 8.0, 9.0  # points, in print; journals ask for 6 at least
#: Inches kept free above and below the axes; the edge is for figures without a title.
_TITLE, _LEGEND, _NOTE, _EDGE = 0.27, 0.22, 0.17, 0.04
_LINE = 0.16  # inches that one more line of the title, or of the legend, takes

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": NORMAL,
    "axes.labelsize": NORMAL,
    "axes.titlesize": NORMAL,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.7,
    "figure.titlesize": LARGE,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "text.hinting": "none",  # text is as wide at every resolution, so one layout fits all formats
    "pdf.fonttype": 42,  # real letters that can be searched, as publishers ask
    "svg.hashsalt": "rtcan",  # else the ids in an SVG differ from one writing to the next
}

_P = ParamSpec("_P")


def rc() -> AbstractContextManager[None]:
    """Return a context in which matplotlib uses this style, whatever the user's own settings."""
    # Not the backend: to ask for it would start pyplot.
    defaults: dict[Any, Any] = {
        name: mpl.rcParamsDefault[name] for name in mpl.rcParamsDefault if name != "backend"
    }
    return mpl.rc_context({**defaults, **_RC})


def styled(build: Callable[_P, Figure]) -> Callable[_P, Figure]:
    """Decorate a function that builds a figure, so that the figure is built in this style."""

    @wraps(build)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> Figure:
        with rc():
            return build(*args, **kwargs)

    return wrapper


def new_figure(
    height: float,
    title: str,
    simulated: bool,
    *,
    look: Look = PAPER,
    width: float = WIDTH,
    legend: bool = True,
    rows: bool = False,
) -> Figure:
    """Return a figure with a title, and room for a legend above its axes; sizes in inches.

    Width and height are those of the figure on its own; what a user asks for replaces them. A
    figure of `rows` of text is as high however wide it is. If simulated, the lower right corner
    says so. A title that is wider than the figure goes on in a second line; figures for
    publication have none.
    """
    width, height = look.inches(width, height, height if rows else TEXT)
    lines = [] if look.is_publication else wrapped(title, width - 0.1, LARGE, "bold")
    if look.size is None:
        height += _title_inches(len(lines)) - _TITLE
    figure = Figure(figsize=(width, height))
    # Small paddings, said here because the engine would take them from the user's settings.
    engine = ConstrainedLayoutEngine(h_pad=0.03, w_pad=0.04, hspace=0, wspace=0)
    figure.set_layout_engine(engine)
    _keep_free(figure, _title_inches(len(lines)) + _LEGEND * legend, _NOTE * simulated)
    if lines:
        figure.suptitle(
            "\n".join(lines), weight="bold", y=1, transform=_from_corner(figure, 0, -0.07), va="top"
        ).set_in_layout(False)
    if simulated:
        corner = _from_corner(figure, -0.06, 0.05)
        note = figure.text(
            1, 0, "simulated data", transform=corner, ha="right", va="bottom", style="italic"
        )
        note.set(color=GREY, fontsize=SMALL)
        note.set_in_layout(False)
    return figure


def _from_corner(figure: Figure, x: float, y: float) -> Transform:
    """Shares of the figure, moved by inches."""
    return figure.transFigure + ScaledTranslation(x, y, figure.dpi_scale_trans)


def _title_inches(n_lines: int) -> float:
    """Inches from the upper edge to below a title of so many lines."""
    return _TITLE + _LINE * (n_lines - 1) if n_lines else _EDGE


def _below_title(figure: Figure) -> float:
    """Inches from the upper edge to below the title that a figure has."""
    return _title_inches(len(str(figure.get_suptitle()).splitlines()))


def _keep_free(figure: Figure, above: float, below: float) -> None:
    """Lay axes out between these inches at the top and at the bottom of a figure."""
    engine, height = figure.get_layout_engine(), figure.get_figheight()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, below / height, 1, 1 - (above + below) / height))


def add_legend(figure: Figure, handles: Sequence[Any], look: Look = PAPER, **options: Any) -> float:
    """Put a legend between the title and the axes: one row, or more if it is too wide for that.

    More rows make the figure higher, unless its height was asked for.

    Returns
    -------
    float
        Inches from the upper edge to below the legend.
    """
    top = _below_title(figure)
    place = _from_corner(figure, 0, -top)
    margin = 0.1 * figure.dpi
    for n_rows in range(1, len(handles) + 1):
        columns = -(-len(handles) // n_rows)  # rows that are as full as each other
        legend = figure.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, 1),
            bbox_transform=place,
            ncols=columns,
            borderpad=0,
            borderaxespad=0.2,
            **{"columnspacing": 1.2, **options} if n_rows > 1 else options,
        )
        legend.set_in_layout(False)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width - margin:
            break
        legend.remove()
    n_rows = -(-len(handles) // columns)
    _make_room(figure, n_rows - 1, look)
    return top + _LEGEND + _LINE * (n_rows - 1)


def add_note(figure: Figure, text: str, look: Look = PAPER) -> None:
    """Write between the title and the axes, where other figures have their legend."""
    lines = wrapped(text, figure.get_figwidth() - 0.1, SMALL)
    place = _from_corner(figure, 0, -0.02 - _below_title(figure))
    note = figure.text(0.5, 1, "\n".join(lines), transform=place, ha="center", va="top")
    note.set_fontsize(SMALL)
    note.set_in_layout(False)
    _make_room(figure, len(lines) - 1, look)


def _make_room(figure: Figure, n_lines: int, look: Look) -> None:
    """Keep more lines free above the axes; the figure gets higher, if its height is its own."""
    engine = figure.get_layout_engine()
    if not n_lines or engine is None:
        return
    _, bottom, _, share = engine.get()["rect"]
    height, more = figure.get_figheight(), _LINE * n_lines
    above, below = (1 - share - bottom) * height + more, bottom * height
    if look.size is None:
        figure.set_figheight(height + more)
    _keep_free(figure, above, below)


def wrapped(text: str, inches: float, points: float, weight: str = "normal") -> list[str]:
    """Break a text into lines that are of at most this width, between words."""
    font = FontProperties(family="DejaVu Sans", size=points, weight=weight)
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        width, _, _ = text_to_path.get_text_width_height_descent(longer, font, False)
        if width <= 72 * inches or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def dress(axes: Axes) -> None:
    """Give axes the small outward ticks and open right and top sides that all figures share."""
    axes.spines[["right", "top"]].set_visible(False)
    # Said here too, since ticks are made only when drawn, maybe under the user's own settings.
    axes.tick_params(labelsize=SMALL, width=0.7, length=3, direction="out")


def write_values(axes: Axes, places: ArrayLike, texts: Sequence[str]) -> None:
    """Write a value right of each horizontal bar, in a column beside the axes."""
    for place, text in zip(np.asarray(places), texts, strict=True):
        axes.annotate(
            text,
            (1, place),
            (4, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            annotation_clip=False,
        )


def draw_signals(
    axes: Axes,
    time: NDArray[Any],
    signals: NDArray[Any],
    looks: Sequence[dict[str, Any]] = SIGNALS,
    name: str = "EDA",
) -> list[Line2D]:
    """Draw original, phasic and tonic, shape (3, L), over time [s].

    `name` is what the signal is called at its axis.
    """
    lines: list[Line2D] = []
    for signal, look in zip(signals, looks, strict=True):
        lines += axes.plot(time, signal, **look)
    axes.set_ylabel(f"{name}\neach z-scored")  # so they do not add up
    axes.margins(x=0)
    return lines
