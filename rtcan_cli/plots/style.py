"""Colours, line styles and fonts of all figures, said once.

The three signals keep the colours of Yin et al. (2022, figs. 5-8). Colour never carries meaning
alone: each signal also has its own line style, each class its own marker, so that a figure works
in grey and for readers who do not tell red from green.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

ORIGINAL, PHASIC, TONIC = "#d62728", "#1f5fd0", "#1f8a3b"  # red, blue, green
COLUMNS = "black"
LOW, HIGH = "#4c72b0", "#c1503a"
GREY = "#666666"

SIGNALS: tuple[dict[str, Any], ...] = (
    {"label": "original", "color": ORIGINAL, "linestyle": "-", "linewidth": 1.1},
    {"label": "phasic", "color": PHASIC, "linestyle": (0, (4, 1.2)), "linewidth": 1.2},
    {"label": "tonic", "color": TONIC, "linestyle": (0, (6, 1.5, 1, 1.5)), "linewidth": 1.4},
)
"""How the three input channels are drawn, in the order of the network input."""

CLASSES: tuple[dict[str, Any], ...] = (
    {"label": "low", "color": LOW, "marker": "s"},
    {"label": "high", "color": HIGH, "marker": "^"},
)
"""How trials of the classes 0 and 1 are drawn."""

COLD_TO_WARM = LinearSegmentedColormap.from_list(
    "cold_to_warm", ["#e3eefb", "#a9c5ea", "#8f8fd0", "#b0559c", "#cc2f52", "#8c0d1b"]
)
"""Attention from cold (pale blue) to warm (dark red); grows darker throughout, so grey works."""

#: Colours of Okabe & Ito (Color Universal Design, 2008), which few readers confuse: vermilion, blue
#: and bluish green, in place of red, blue and green.
_OKABE_ITO = {
    ORIGINAL: "#d55e00",
    PHASIC: "#0072b2",
    TONIC: "#009e73",
    LOW: "#0072b2",
    HIGH: "#d55e00",
}


@dataclass(frozen=True)
class Look:
    """How a user wants figures.

    Parameters
    ----------
    size : tuple of float, optional
        Width and height in inches, instead of each figure's own. Letters keep their size.
    colour_blind : bool
        Take the colours of Okabe and Ito instead of the paper's.
    dpi : float
        Pixels an inch of a PNG.
    formats : tuple of {"png", "svg", "pdf"}
        Files to write.
    """

    size: tuple[float, float] | None = None
    colour_blind: bool = False
    dpi: float = 200
    formats: tuple[str, ...] = ("png", "svg", "pdf")

    @property
    def signals(self) -> tuple[dict[str, Any], ...]:
        """`SIGNALS` in these colours."""
        return tuple({**each, "color": self.colour(each["color"])} for each in SIGNALS)

    def colour(self, usual: str) -> str:
        """The colour in place of a usual one."""
        return _OKABE_ITO[usual] if self.colour_blind else usual


PAPER = Look()
"""The paper's colours, each figure in its own size."""

WIDTH = 7.0  # inches: a two-column page of the usual journals
SMALL, NORMAL, LARGE = 7.5, 8.5, 9.5  # points
_TITLE, _LEGEND, _NOTE = 0.27, 0.22, 0.17  # inches kept free above and below the axes

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
    width: float = WIDTH,
    legend: bool = True,
    size: tuple[float, float] | None = None,
) -> Figure:
    """Return a figure with a title, and room for a legend above its axes; sizes in inches.

    If simulated, the lower right corner says so. A `size` asked for replaces width and height.
    """
    width, height = size or (width, height)
    figure = Figure(figsize=(width, height))
    below, above = _NOTE * simulated, _TITLE + _LEGEND * legend
    # Small paddings, said here because the engine would take them from the user's settings.
    engine = ConstrainedLayoutEngine(
        rect=(0, below / height, 1, 1 - (above + below) / height),
        h_pad=0.03,
        w_pad=0.04,
        hspace=0,
        wspace=0,
    )
    figure.set_layout_engine(engine)
    figure.suptitle(title, weight="bold", y=1 - 0.07 / height).set_in_layout(False)
    if simulated:
        x, y = 1 - 0.06 / width, 0.05 / height
        note = figure.text(x, y, "simulated data", ha="right", va="bottom", style="italic")
        note.set(color=GREY, fontsize=SMALL)
    return figure


def add_legend(figure: Figure, handles: Sequence[Any], **options: Any) -> None:
    """Put a legend of one row between the title and the axes."""
    below_title = (0.5, 1 - _TITLE / figure.get_figheight())
    legend = figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=below_title,
        ncols=len(handles),
        borderpad=0,
        borderaxespad=0.2,
        **options,
    )
    legend.set_in_layout(False)


def dress(axes: Axes) -> None:
    """Give axes the small outward ticks and open right and top sides that all figures share."""
    axes.spines[["right", "top"]].set_visible(False)
    # Said here too, since ticks are made only when drawn, maybe under the user's own settings.
    axes.tick_params(labelsize=SMALL, width=0.7, length=3, direction="out")


def draw_signals(
    axes: Axes,
    time: NDArray[Any],
    signals: NDArray[Any],
    looks: Sequence[dict[str, Any]] = SIGNALS,
    name: str = "EDA",
) -> list[Line2D]:
    """Draw original, phasic and tonic, shape (3, L), over time [s]; a halo keeps them legible.

    `name` is what the signal is called at its axis.
    """
    lines = []
    for signal, look in zip(signals, looks, strict=True):
        (line,) = axes.plot(time, signal, **look)
        halo = Stroke(linewidth=look["linewidth"] + 1.2, foreground="white")
        line.set_path_effects([halo, Normal()])
        lines.append(line)
    axes.set_ylabel(f"{name} [z]")
    axes.margins(x=0)
    return lines
