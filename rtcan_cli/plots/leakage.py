"""How much of a score is memory: accuracy by what the network knew of the trials that test it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rtcan_cli.plots import style

_DOT: dict[str, Any] = {
    "color": "black",
    "marker": "o",
    "markersize": 5,
    "linestyle": "none",
    "elinewidth": 1.2,
    "capsize": 3,
    "label": "95 % over subjects",
}
_REFERENCE: dict[str, Any] = {
    "color": "black",
    "marker": "o",
    "markersize": 5,
    "markerfacecolor": "white",
    "linestyle": "none",
}
_MAJORITY: dict[str, Any] = {
    "color": style.HIGH,
    "linestyle": (0, (3, 1)),
    "linewidth": 1.4,
    "label": "majority class",
}


@style.styled
def leakage(
    scores: pd.DataFrame, *, title: str, simulated: bool = False, look: style.Look = style.PAPER
) -> Figure:
    """Draw accuracy by protocol, and its difference from the protocol that knows least.

    The two are not the same: accuracy is over all trials that a protocol tests, the difference
    over those that both protocols test.

    Parameters
    ----------
    scores : DataFrame
        One row a target and protocol, in the order to be drawn, from top to bottom; the last
        protocol of a target is the one that others are compared with. ``target``, ``protocol``,
        ``known`` (what of the tested trials was in training), ``accuracy``, its interval ``low`` to
        ``high``, ``majority`` (accuracy of always saying the more frequent class), ``difference``
        and its interval ``difference_low`` to ``difference_high`` (NaN for the last protocol), all
        in percent or points. A NaN interval has no whisker. Each target has the same protocols.
    title : str
        Dataset and network.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
        A row of panels for each target.
    """
    targets = list(dict.fromkeys(scores["target"]))
    n = int(scores.groupby("target").size().max())
    last = scores["protocol"].iloc[-1]
    height = 0.85 + len(targets) * (0.35 + 0.42 * n)
    figure = style.new_figure(height, title, simulated, look=look, rows=True)
    grid = figure.subplots(
        len(targets), 2, sharex="col", sharey=True, squeeze=False, width_ratios=[1.2, 1]
    )
    for (left, right), target in zip(grid, targets, strict=True):
        rows = scores[scores["target"] == target]
        handles = [_dots(left, rows, "accuracy", "low", "high"), _majority(left, rows, look)]
        _dots(right, rows.iloc[:-1], "difference", "difference_low", "difference_high")
        right.axvline(0, color="0.6", linewidth=0.8, zorder=0)
        right.plot(0, n - 1, **_REFERENCE)
        left.set_title(target)
        joined = " and\n" if look.is_narrow else " and "
        names = [
            f"{row['known'].replace(' and ', joined)}\n({row['protocol']})"
            for _, row in rows.iterrows()
        ]
        left.set_yticks(np.arange(len(rows)), names)
        for axes in (left, right):
            style.dress(axes)
            axes.tick_params(axis="y", length=0)
            axes.margins(x=0.16 if look.is_narrow else 0.08)  # values are wider than whiskers
    grid[0, 0].set_ylim(n - 0.5, -0.75)
    for axes, label in zip(
        grid[-1], ("accuracy [%]", "difference [points],\ncommon trials"), strict=True
    ):
        axes.set_xlabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(3 if look.is_narrow else 6, steps=(1, 2, 5, 10)))
    reference = Line2D([], [], **_REFERENCE, label=f"'{last}', compared with")
    style.add_legend(figure, [*handles, reference], look)
    return figure


def _majority(axes: Axes, rows: pd.DataFrame, look: style.Look) -> Any:
    place = np.arange(len(rows))
    return axes.vlines(rows["majority"], place - 0.3, place + 0.3, **look.of(_MAJORITY))


def _dots(axes: Axes, rows: pd.DataFrame, middle: str, low: str, high: str) -> Any:
    place, value = np.arange(len(rows)), rows[middle]
    around = np.array([value - rows[low], rows[high] - value])
    dots = axes.errorbar(value, place, xerr=around, **_DOT)
    for at, x in zip(place, value, strict=True):
        text = f"{x:.1f}" if middle == "accuracy" else f"{x:+.1f}"
        above: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "bottom"}
        axes.annotate(text, (x, at - 0.31), (0, 1), fontsize=style.SMALL, **above)
    return dots
