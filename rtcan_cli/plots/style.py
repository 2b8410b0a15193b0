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
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.textpath import text_to_path
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import NDArray

ORIGINAL, PHASIC, TONIC = "#d62728", "#1f5fd0", "#1f8a3b"  # red, blue, green
COLUMNS = "black"
LOW, HIGH = "#4c72b0", "#c1503a"
REPAIRED = "#d98200"  # orange
IMPLAUSIBLE = "#5e1a7a"  # purple
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
#: and bluish green, in place of red, blue and green, and of orange beside red; reddish purple.
_OKABE_ITO = {
    ORIGINAL: "#d55e00",
    PHASIC: "#0072b2",
    TONIC: "#009e73",
    LOW: "#0072b2",
    HIGH: "#d55e00",
    REPAIRED: "#009e73",
    IMPLAUSIBLE: "#cc79a7",
}
#: Options of artists that hold a colour.
_COLOURS = ("color", "c", "facecolor", "edgecolor", "markerfacecolor")


WIDTH = 7.0  # inches: a two-column page of the usual journals
#: A figure that is narrower than this has its panels below each other, not side by side.
_NARROW = 5.0  # inches: two panels with their labels, in letters of the usual size
SMALL, NORMAL, LARGE = 7.5, 8.5, 9.5  # points
_TITLE, _LEGEND, _NOTE = 0.27, 0.22, 0.17  # inches kept free above and below the axes
_LINE = 0.16  # inches that one more line of the title, or of the legend, takes
#: Inches of a figure's height that text takes, whatever its width: title, legend, axis label.
_TEXT = 0.95


@dataclass(frozen=True)
class Look:
    """How a user wants figures. Letters always keep their size.

    Parameters
    ----------
    size : tuple of float, optional
        Width and height in inches, instead of each figure's own.
    colour_blind : bool
        Take the colours of Okabe and Ito instead of the paper's.
    dpi : float
        Pixels an inch of a PNG.
    formats : tuple of {"png", "svg", "pdf"}
        Files to write.
    width : float, optional
        Width in inches, such as that of a journal's column; the height follows.
    """

    size: tuple[float, float] | None = None
    colour_blind: bool = False
    dpi: float = 200
    formats: tuple[str, ...] = ("png", "svg", "pdf")
    width: float | None = None

    @property
    def signals(self) -> tuple[dict[str, Any], ...]:
        """`SIGNALS` in these colours."""
        return tuple(self.of(each) for each in SIGNALS)

    @property
    def is_narrow(self) -> bool:
        """Whether figures have no room for panels side by side."""
        return self.inches(WIDTH, WIDTH)[0] < _NARROW

    def colour(self, usual: str) -> str:
        """The colour in place of a usual one; black, white and greys stay."""
        return _OKABE_ITO.get(usual, usual) if self.colour_blind else usual

    def of(self, artist: dict[str, Any]) -> dict[str, Any]:
        """Options of an artist in these colours."""
        return {
            name: self.colour(option) if name in _COLOURS else option
            for name, option in artist.items()
        }

    def inches(self, width: float, height: float, text: float = _TEXT) -> tuple[float, float]:
        """Width and height of a figure that has these on its own; `text` of the height stays."""
        if self.size is not None:
            return self.size
        if self.width is not None:
            return self.width, text + (height - text) * self.width / width
        return width, height


PAPER = Look()
"""The paper's colours, each figure in its own size."""

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
    says so. A title that is wider than the figure goes on in a second line.
    """
    width, height = look.inches(width, height, height if rows else _TEXT)
    lines = wrapped(title, width - 0.1, LARGE, "bold")
    above = _TITLE + _LEGEND * legend + _LINE * (len(lines) - 1)
    if look.size is None:
        height += _LINE * (len(lines) - 1)
    figure = Figure(figsize=(width, height))
    # Small paddings, said here because the engine would take them from the user's settings.
    engine = ConstrainedLayoutEngine(h_pad=0.03, w_pad=0.04, hspace=0, wspace=0)
    figure.set_layout_engine(engine)
    _keep_free(figure, above, _NOTE * simulated)
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
        Inches that more than one line of the title, and more than one row, take.
    """
    n_lines = str(figure.get_suptitle()).count("\n")
    place = _from_corner(figure, 0, -_TITLE - _LINE * n_lines)
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, 1),
            bbox_transform=place,
            ncols=columns,
            borderpad=0,
            borderaxespad=0.2,
            **{"columnspacing": 1.2, **options} if columns < len(handles) else options,
        )
        legend.set_in_layout(False)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            break
        legend.remove()
    n_rows = -(-len(handles) // columns)
    _make_room(figure, n_rows - 1, look)
    return _LINE * (n_lines + n_rows - 1)


def add_note(figure: Figure, text: str, look: Look = PAPER) -> None:
    """Write between the title and the axes, where other figures have their legend."""
    lines = wrapped(text, figure.get_figwidth() - 0.1, SMALL)
    n_lines = str(figure.get_suptitle()).count("\n")
    place = _from_corner(figure, 0, -_TITLE - 0.02 - _LINE * n_lines)
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
