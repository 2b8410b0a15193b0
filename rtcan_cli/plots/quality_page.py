"""Many recordings on one page, each with what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.plots import style

MOST_TRACES = 24
_HIGHEST = 9.0  # inches: a journal's page
_COLUMNS = 3  # of a page of the usual width

# Inches. Fixed, since a layout engine would make room for texts by squeezing the panels.
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.22, 0.05, 0.49, 0.42
_HEAD, _PANEL, _TICKS = 0.38, 0.58, 0.2  # from top to bottom of a row
_TICK_LABELS, _GAP = 0.52, 0.12  # left and right of a panel
_NARROWEST = 1.5  # of a column, so that a reason for leaving a recording out fits over it
_LOWEST = 0.25  # of a panel, so that its trace can be seen

_NOTE_SIZE, _NOTE_LINE, _NOTE_LINES = 6.5, 7.8, 2  # points, points, lines at most
_BINS = 300  # in a panel of not quite two inches

# Light and dark, wide and thin, hatched and plain: each is told from the others in grey too.
_TRACE: dict[str, Any] = {"color": "black", "linewidth": 0.7}
_FLAT: dict[str, Any] = {"color": "#c4d4f0", "linewidth": 5.0, "solid_capstyle": "butt"}
_CLIPPED: dict[str, Any] = {"color": style.CLIPPED, "linewidth": 2.4, "solid_capstyle": "butt"}
_REPAIRED: dict[str, Any] = {
    "facecolor": style.REPAIRED,
    "edgecolor": style.REPAIRED,
    "linewidth": 0.6,
}
_IMPLAUSIBLE: dict[str, Any] = {
    "facecolor": style.IMPLAUSIBLE,
    "edgecolor": style.IMPLAUSIBLE,
    "linewidth": 0.6,
}
_STRIP = 0.1  # of a panel, at its top: below it one sees whether these samples were repaired
_MISSING: dict[str, Any] = {"facecolor": "0.93", "edgecolor": "0.6", "hatch": "/////"}


@dataclass(frozen=True)
class Trace:
    """One recording and its marks.

    Attributes
    ----------
    title : str
        Which recording it is: subject, stimulus and target.
    note : str
        Why it was left out, or what is most suspicious.
    eda : ndarray, shape (n_samples,)
        In any unit, with short gaps filled; NaN where samples are missing.
    repaired : ndarray of bool, shape (n_samples,)
        The samples that were filled.
    sampling_rate : float
        In Hz.
    flat, clipped : ndarray of bool, shape (n_samples,)
        Samples that do not change, and that lie at a limit of the sensor.
    implausible : ndarray of bool, shape (n_samples,)
        Samples that were there but cannot come from skin; they are repaired or missing.
    """

    title: str
    note: str
    eda: NDArray[np.floating]
    repaired: NDArray[np.bool_]
    sampling_rate: float
    flat: NDArray[np.bool_]
    clipped: NDArray[np.bool_]
    implausible: NDArray[np.bool_]


@style.styled
def quality_page(
    traces: Sequence[Trace],
    *,
    title: str,
    unit: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw up to `MOST_TRACES` recordings in small panels, in the order given, with their marks.

    Long recordings are thinned out so that nothing is lost to the eye: every spike stays.

    Parameters
    ----------
    traces : sequence of Trace
        The recordings.
    title : str
        Dataset, and which of its recordings are shown.
    unit : str
        Unit of the signals.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours. Columns go by the width; panels are as high as a given height lets them.

    Returns
    -------
    Figure

    Raises
    ------
    RtcanError
        If there are no recordings, or more than fit on a page, or in the size asked for.
    """
    if not 0 < len(traces) <= MOST_TRACES:
        raise RtcanError(f"a page shows 1 to {MOST_TRACES} recordings, not {len(traces)}")
    n_columns = _columns(look)
    n_rows = -(-len(traces) // n_columns)
    height = _TOP + (_HEAD + _PANEL + _TICKS) * n_rows + _BOTTOM
    figure = style.new_figure(height, title, simulated, look=look, rows=True)
    handles = [
        Line2D([], [], label="EDA", **_TRACE),
        Patch(label="repaired gap", **look.of(_REPAIRED)),
        Patch(label="missing", **_MISSING),
        Patch(label="implausible", **look.of(_IMPLAUSIBLE)),
        Line2D([], [], label="flat", **_FLAT),
        Line2D([], [], label="clipped", **look.of(_CLIPPED)),
    ]
    top = style.add_legend(figure, handles, look)
    figure.set_layout_engine("none")
    width, height = figure.get_size_inches()
    column = (width - _LEFT - _RIGHT) / n_columns
    row = (height - top - _BOTTOM) / n_rows
    panel = row - _HEAD - _TICKS
    if column < 0.75 * _NARROWEST or panel < _LOWEST:
        size = f"{25.4 * width:.0f} x {25.4 * height:.0f} mm"
        raise RtcanError(
            f"{len(traces)} recordings do not fit into {size}",
            "a larger --size, or --column-width, which leaves the height to the figure",
        )
    for place, trace in enumerate(traces):
        left = _LEFT + column * (place % n_columns) + _TICK_LABELS
        bottom = height - top - row * (place // n_columns) - _HEAD - panel
        inner = column - _TICK_LABELS - _GAP
        axes = figure.add_axes((left / width, bottom / height, inner / width, panel / height))
        name = f"recording {place + 1}" if look.is_publication else trace.title
        _draw(axes, trace, name, column, look)
        if place + n_columns >= len(traces):  # the last panel of its column
            axes.set_xlabel("time [s]", labelpad=2)
    figure.supylabel(f"EDA [{unit}]", x=0.06 / width, ha="left", fontsize=style.NORMAL)
    return figure


def traces_on(look: style.Look) -> int:
    """How many recordings a page shows: in a journal's column, no more than its page holds."""
    if look.width is None:
        return MOST_TRACES
    n_rows = int((_HIGHEST - _TOP - _BOTTOM) / (_HEAD + _PANEL + _TICKS))
    return min(MOST_TRACES, n_rows * _columns(look))


def _columns(look: style.Look) -> int:
    width, _ = look.inches(style.WIDTH, style.WIDTH)
    return min(max(int((width - _LEFT - _RIGHT) / _NARROWEST), 1), _COLUMNS)


def _draw(axes: Axes, trace: Trace, title: str, column: float, look: style.Look) -> None:
    eda = np.asarray(trace.eda, np.float64)
    missing = ~np.isfinite(eda)
    seen = np.where(missing, np.nan, eda)
    for mask, mark, order in ((trace.flat, _FLAT, 1), (trace.clipped, _CLIPPED, 1.5)):
        place, value = envelope(np.where(mask, seen, np.nan))
        axes.plot(place / trace.sampling_rate, value, zorder=order, **look.of(mark))
    place, value = envelope(seen)
    axes.plot(place / trace.sampling_rate, value, **_TRACE)
    # A sample stands for the time until the next one.
    duration = len(eda) / trace.sampling_rate
    axes.set_xlim(0, max(duration, 1 / trace.sampling_rate))
    whole, strip = (0.0, 1.0), (1 - _STRIP, _STRIP)
    for mask, mark, extent in (
        (trace.repaired, _REPAIRED, whole),
        (missing, _MISSING, whole),
        (trace.implausible, _IMPLAUSIBLE, strip),
    ):
        bars = [
            (start / trace.sampling_rate, length / trace.sampling_rate)
            for start, length in _stretches(mask)
        ]
        axes.broken_barh(
            bars, extent, transform=axes.get_xaxis_transform(), zorder=0.5, **look.of(mark)
        )
    style.dress(axes)
    axes.tick_params(labelsize=_NOTE_SIZE, pad=2)
    if missing.all():
        axes.set_yticks([])
    else:
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_formatter("{x:.6g}")  # never an offset above the axis, over the note
    if eda.size:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    else:
        axes.set_xticks([])
    inches = column - _GAP
    note = _fit(trace.note, _NOTE_SIZE, _NOTE_LINES, inches)
    _write(axes, "\n".join(note), 2, size=_NOTE_SIZE, color=style.GREY)
    name = "".join(_fit(title, style.SMALL, 1, inches, weight="bold"))
    _write(axes, name, 3 + _NOTE_LINE * len(note), size=style.SMALL, weight="bold")


def _write(axes: Axes, text: str, above: float, **look: Any) -> None:
    """Write over a panel, so many points above it, beginning where its column begins."""
    axes.annotate(
        text,
        (0, 1),
        (-72 * _TICK_LABELS, above),
        xycoords="axes fraction",
        textcoords="offset points",
        va="bottom",
        linespacing=1.0,
        parse_math=False,
        **look,
    )


def envelope(
    signal: NDArray[np.float64], n_bins: int = _BINS
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Thin out a signal to the first, lowest, highest and last known sample of each bin.

    A line through these covers the same pixels as one through all samples, if no bin is wider than
    a pixel (Jugel et al., M4, VLDB 2014).

    Parameters
    ----------
    signal : ndarray, shape (n,)
        NaN where samples are missing.
    n_bins : int
        Bins over the whole length.

    Returns
    -------
    place : ndarray of int
        Positions of the samples that are kept, rising.
    value : ndarray
        The samples; NaN breaks the line wherever there is a gap.
    """
    width = max(-(-signal.size // n_bins), 1)
    bins = np.full((-(-signal.size // width), width), np.nan)
    bins.flat[: signal.size] = signal
    known = np.isfinite(bins)
    corners = np.column_stack(
        [
            known.argmax(axis=1),
            np.where(known, bins, np.inf).argmin(axis=1),
            np.where(known, bins, -np.inf).argmax(axis=1),
            width - 1 - known[:, ::-1].argmax(axis=1),
        ]
    )
    corners = (corners + width * np.arange(len(bins))[:, None])[known.any(axis=1)]
    place = np.unique(corners)
    value = signal[place]
    # Between two kept samples there may have been a gap, in a bin or over several.
    n_missing = np.cumsum(~np.isfinite(signal))
    breaks = np.flatnonzero(np.diff(n_missing[place])) + 1
    return np.insert(place, breaks, place[breaks]), np.insert(value, breaks, np.nan)


def _stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and length of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(stop - start)) for start, stop in edges.reshape(-1, 2)]


def _fit(text: str, size: float, n_lines: int, inches: float, weight: str = "normal") -> list[str]:
    """Break a text into lines that fit over a panel; what does not fit ends in an ellipsis."""
    font = FontProperties(size=size, weight=weight)

    def fits(line: str) -> bool:
        width, _, _ = text_to_path.get_text_width_height_descent(line, font, False)
        return bool(width <= 72 * inches)

    lines: list[str] = []
    words = " ".join(text.split()).replace(" %", "\N{NO-BREAK SPACE}%").split(" ")
    while words:
        n = len(words)
        while n > 1 and not fits(" ".join(words[:n])):
            n -= 1
        line = " ".join(words[:n])
        del words[:n]
        last = len(lines) == n_lines - 1
        if (last and words) or not fits(line):
            while not fits(f"{line}…"):
                line = line[:-1]
            line, words = f"{line}…", [] if last else words
        lines.append(line)
        if last:
            break
    return lines
