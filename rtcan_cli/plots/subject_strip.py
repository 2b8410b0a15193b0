"""Who a network is bad for: the accuracy of every subject, or stimulus, from the worst up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from rtcan_cli.plots import style

N_NAMED = 5
_DOT: dict[str, Any] = {
    "color": style.LOW,
    "marker": "o",
    "linestyle": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 0.3,
}
_OWN: dict[str, Any] = {
    "color": "0.6",
    "marker": "_",
    "linestyle": "none",
    "markeredgewidth": 0.8,
    "label": "own majority class",
}
_MAJORITY: dict[str, Any] = {
    "color": style.HIGH,
    "linestyle": (0, (4, 2)),
    "linewidth": 1.3,
    "label": "majority class",
}
_CHANCE: dict[str, Any] = {"color": "black", "linewidth": 1, "label": "spread by chance alone"}


@style.styled
def subject_strip(
    groups: pd.DataFrame,
    chance: ArrayLike,
    majority: float,
    *,
    title: str,
    p_value: float = np.nan,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw the accuracy of every subject, sorted, and name the worst, unless for publication.

    Some subjects come out badly by chance, since each has few trials. So the same curve is drawn
    as chance alone would make it if all were recognised equally well.

    Parameters
    ----------
    groups : DataFrame
        From `rtcan_cli.evaluation.groups.group_scores`, sorted; its first column, ``subject`` or
        ``stimulus``, names the groups. Those that were not tested are left out.
    chance : array, shape (tested groups,)
        Share right of each place, from `rtcan_cli.evaluation.groups.spread`.
    majority : float
        Accuracy of always saying the class that is more frequent among all tested trials.
    title : str
        Dataset, target and network of the run.
    p_value : float
        From `spread`; named above the strip unless NaN.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    word = groups.columns[0]
    found = groups[groups["n"] > 0]
    place = 1 + np.arange(len(found))
    figure = style.new_figure(3.6, title, simulated, look=look, rows=look.is_narrow)
    axes = figure.subplots()
    size = float(np.clip(90 / max(len(found), 1) ** 0.5, 2.2, 5))  # points
    own = {**_OWN, "markersize": 1.3 * size}
    axes.plot(place, 100 * found["majority_share"], **own)
    level = (100 * majority, 100 * majority)
    (line,) = axes.plot((0.5, len(found) + 0.5), level, **look.of(_MAJORITY))
    (even,) = axes.plot(place, 100 * np.asarray(chance, dtype=float), **_CHANCE)
    dot = {**look.of(_DOT), "label": f"a {word}"}
    axes.plot(place, 100 * found["accuracy"], **{**dot, "markersize": size})
    if not (look.is_publication and word == "subject"):
        _name_worst(axes, found, word)
    if np.isfinite(p_value):
        axes.set_title(f"p = {p_value:.2g} that chance alone spreads as much")
    axes.set(xlim=(0.5, len(found) + 0.5), ylim=(-3, 103), yticks=(0, 25, 50, 75, 100))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axes.set(xlabel=f"{word}, sorted by accuracy", ylabel="accuracy [%]")
    style.dress(axes)
    # Dots may be too small for a legend, so it has its own.
    dots = Line2D([], [], **dot, markersize=5)
    style.add_legend(figure, [dots, even, line, Line2D([], [], **_OWN, markersize=6)], look)
    return figure


def _name_worst(axes: Axes, found: pd.DataFrame, word: str) -> None:
    """Name the least accurate where the rising dots leave room: below their end, or above all."""
    worst = found.head(int(np.clip(len(found) // 3, 1, N_NAMED)))
    names = [f"{row[word]}: {row['n_right']} of {row['n']} right" for _, row in worst.iterrows()]
    below = (found["accuracy"].iloc[len(found) // 2 :] > 0.42).all()
    axes.text(
        0.985 if below else 0.015,
        0.04 if below else 0.96,
        "\n".join(["least accurate", *names]),
        transform=axes.transAxes,
        ha="right" if below else "left",
        va="bottom" if below else "top",
        fontsize=style.SMALL,
        linespacing=1.3,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )
