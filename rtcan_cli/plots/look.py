"""How figures look: colours, line styles, and what a user may choose. Nothing here draws.

Colours follow those of Okabe and Ito (Color Universal Design, 2008), which readers with any colour
vision tell apart, and differ in lightness as well, so that a figure works in grey. Colour never
carries meaning alone: each signal also has its own line style and width, each class its own marker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ORIGINAL, PHASIC, TONIC = "#1a1a1a", "#0072b2", "#e69f00"  # black, blue, orange
COLUMNS = "0.78"  # pale, so that lines over columns can be seen
LOW, HIGH = "#004c7f", "#d55e00"  # dark blue, vermilion
REPAIRED = "#009e73"  # bluish green
CLIPPED = PHASIC  # in other panels than the phasic signal
IMPLAUSIBLE = "#4a1440"  # dark purple
GREY = "#666666"

SIGNALS: tuple[dict[str, Any], ...] = (
    {"label": "original", "color": ORIGINAL, "linestyle": "-", "linewidth": 0.8, "zorder": 2.2},
    {
        "label": "phasic",
        "color": PHASIC,
        "linestyle": (0, (5, 1)),
        "linewidth": 1.2,
        "zorder": 2.1,
    },
    {
        "label": "tonic",
        "color": TONIC,
        "linestyle": (0, (6, 1, 1, 1)),
        "linewidth": 1.9,
        "zorder": 2.0,
    },
)
"""How the three input channels are drawn, in the order of the network input.

Thin and dark lines lie over wide and pale ones, so that none hides another.
"""

CLASSES: tuple[dict[str, Any], ...] = (
    {"label": "low", "color": LOW, "marker": "s"},
    {"label": "high", "color": HIGH, "marker": "^"},
)
"""How trials of the classes 0 and 1 are drawn."""

#: Red, blue and green for the signals, as in Yin et al. (2022, figs. 5-8), and what goes with them.
_PAPERS = {
    ORIGINAL: "#d62728",
    PHASIC: "#1f5fd0",
    TONIC: "#1f8a3b",
    LOW: "#4c72b0",
    HIGH: "#c1503a",
    REPAIRED: "#d98200",
    IMPLAUSIBLE: "#5e1a7a",
}
#: Options of artists that hold a colour.
_COLOURS = ("color", "c", "facecolor", "edgecolor", "markerfacecolor")


WIDTH = 7.0  # inches: a two-column page of the usual journals
#: A figure that is narrower than this has its panels below each other, not side by side.
_NARROW = 5.0  # inches: two panels with their labels, in letters of the usual size
#: Inches of a figure's height that text takes, whatever its width: title, legend, axis label.
TEXT = 0.95


@dataclass(frozen=True)
class Look:
    """How a user wants figures. Letters always keep their size.

    A figure whose size or width is asked for is one for publication: it has no title, since that
    is what the caption says, and does not name subjects.

    Parameters
    ----------
    size : tuple of float, optional
        Width and height in inches, instead of each figure's own.
    paper_colours : bool
        Take the red, blue and green of Yin et al. (2022); in grey only their line styles differ.
    dpi : float
        Pixels an inch of a PNG.
    formats : tuple of {"png", "svg", "pdf"}
        Files to write.
    width : float, optional
        Width in inches, such as that of a journal's column; the height follows.
    """

    size: tuple[float, float] | None = None
    paper_colours: bool = False
    dpi: float = 200
    formats: tuple[str, ...] = ("png", "svg", "pdf")
    width: float | None = None

    @property
    def signals(self) -> tuple[dict[str, Any], ...]:
        """`SIGNALS` in these colours."""
        return tuple(self.of(each) for each in SIGNALS)

    @property
    def is_publication(self) -> bool:
        """Whether figures go without a title and without names of subjects."""
        return self.size is not None or self.width is not None

    @property
    def is_narrow(self) -> bool:
        """Whether figures have no room for panels side by side."""
        return self.inches(WIDTH, WIDTH)[0] < _NARROW

    def colour(self, usual: str) -> str:
        """The colour in place of a usual one; black, white and greys stay."""
        return _PAPERS.get(usual, usual) if self.paper_colours else usual

    def of(self, artist: dict[str, Any]) -> dict[str, Any]:
        """Options of an artist in these colours."""
        return {
            name: self.colour(option) if name in _COLOURS else option
            for name, option in artist.items()
        }

    def inches(self, width: float, height: float, text: float = TEXT) -> tuple[float, float]:
        """Width and height of a figure that has these on its own; `text` of the height stays.

        A figure that is made for one column is no higher where it gets two.
        """
        if self.size is not None:
            return self.size
        if self.width is not None:
            scale = min(self.width / width, max(1.0, self.width / WIDTH))
            return self.width, text + (height - text) * scale
        return width, height


PAPER = Look()
"""How figures look unless a user says otherwise: each in its own size."""
