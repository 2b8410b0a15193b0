"""Where networks look on average: mean weight over time, by class and by channel."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from rtcan_cli.plots import style

_TITLES = {"predicted": "by predicted class", "true": "by true class", "channel": "by channel"}
_DASHES = {"low": (0, (4, 1.5)), "high": "-"}


@style.styled
def attention_average(
    curves: pd.DataFrame,
    *,
    unit: str,
    title: str,
    method: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw the mean weight over time with its 95 % interval over subjects.

    Parameters
    ----------
    curves : DataFrame
        ``group``: ``predicted``, ``true`` and, unless the map has no channels, ``channel``; other
        groups are not drawn. ``curve``: name of the class or channel. ``time``: middle of a part
        of the trial. ``mean``, ``low``, ``high``: in times the even share. ``n_trials``.
    unit : str
        What time is in: ``s``, or ``% of the trial`` where trials differ in length.
    title : str
        Dataset, target and network.
    method : str
        Kind of map and class explained, named above the panels.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    shown = [group for group in _TITLES if (curves["group"] == group).any()]
    height = 0.8 + 1.65 * len(shown)
    figure = style.new_figure(height, title, simulated, look=look, rows=look.is_narrow)
    grid = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    channels = {each["label"]: each for each in look.signals}
    if len(shown) > 1:
        grid[1].sharey(grid[0])  # both by class; channels are parts of the weight
    for axes, group in zip(grid, shown, strict=True):
        for name, curve in curves[curves["group"] == group].groupby("curve", sort=False):
            drawn: dict[str, Any]
            if group == "channel":
                drawn = channels[name]
            else:
                colour = look.colour(style.HIGH if name == "high" else style.LOW)
                drawn = {"color": colour, "linestyle": _DASHES[name], "linewidth": 1.3}
                drawn["label"] = f"{name} ({curve['n_trials'].iloc[0]} trials)"
            band = {"color": drawn["color"], "alpha": 0.2, "linewidth": 0}
            axes.fill_between(curve["time"], curve["low"], curve["high"], **band)
            axes.plot(curve["time"], curve["mean"], **drawn)
        if group != "channel":
            axes.axhline(1, color=style.GREY, linewidth=0.7, linestyle=(0, (1, 2)))
        # Where the legend of a panel has no room beside its heading, it stands below that.
        axes.set_title(_TITLES[group], pad=18 if look.is_narrow else None)
        axes.set_ylabel("mean weight")
        axes.margins(x=0)
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderpad=0, borderaxespad=0.3
        )
        style.dress(axes)
    for axes in grid:  # when all is drawn: panels that share an axis have to hold both
        axes.set_ylim(0, None)
    grid[-1].set_xlabel(f"time [{unit}]")
    style.add_note(figure, f"{method}; 1: spread evenly; bands: 95 % over subjects", look)
    return figure
