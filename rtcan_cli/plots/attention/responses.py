"""Weight around skin conductance responses, beside what maps give that know nothing of them."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rtcan_cli.plots import style


@style.styled
def attention_responses(
    locked: pd.DataFrame,
    *,
    title: str,
    method: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw the mean weight around events, one panel a kind of event.

    Parameters
    ----------
    locked : DataFrame
        ``event``: ``onset`` or ``peak``, one panel each; ``seconds`` from it; ``mean``, ``low``,
        ``high``; for the two nulls ``random_times`` and ``other_trials`` their ``_low``, ``_high``
        and ``_p``; ``window_from`` and ``window_to``, the seconds tested; ``n_events``.
    title : str
        Dataset, target and network.
    method : str
        Kind of map and class explained.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    panels = list(locked.groupby("event", sort=False))
    if look.is_narrow:
        height = 0.95 + 2.35 * len(panels)
        figure = style.new_figure(height, title, simulated, look=look, width=0.5 * style.WIDTH)
        grid = figure.subplots(len(panels), 1, sharey=True, squeeze=False)[:, 0]
    else:
        figure = style.new_figure(3.3, title, simulated, look=look)
        grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    colour = look.colour(style.HIGH)
    band = {"color": colour, "alpha": 0.25, "linewidth": 0}
    edge = {"color": "0.35", "linewidth": 0.9, "linestyle": (0, (3, 2))}
    handles = []
    for axes, (name, each) in zip(grid, panels, strict=True):
        seconds, first = each["seconds"], each.iloc[0]
        low, high = each["random_times_low"], each["random_times_high"]
        axes.fill_between(seconds, low, high, color="0.82", linewidth=0)
        for side in ("low", "high"):
            null = each[f"other_trials_{side}"]
            (dashed,) = axes.plot(seconds, null, **edge, label="95 % of other trials")
        axes.fill_between(seconds, each["low"], each["high"], **band)
        (line,) = axes.plot(
            seconds, each["mean"], color=colour, linewidth=1.5, label="mean, 95 % interval"
        )
        axes.axvline(0, color="black", linewidth=0.7)
        window = (first["window_from"], first["window_to"])
        tested = axes.axvspan(
            *window, ymax=0.03, facecolor="black", linewidth=0, label="seconds tested"
        )
        axes.set_title(
            f"{name}s of {first['n_events']} responses\n"
            f"p = {first['random_times_p']:.2g} (random times), "
            f"{first['other_trials_p']:.2g}\N{NO-BREAK SPACE}(other\N{NO-BREAK SPACE}trials)"
        )
        axes.set_xlabel(f"time from the {name} [s]")
        axes.margins(x=0)
        style.dress(axes)
        handles = [line, Patch(color="0.82", label="95 % of random times"), dashed, tested]
    for axes in grid if look.is_narrow else grid[:1]:
        axes.set_ylabel(f"weight, times the even share\n({method})")
    style.add_legend(figure, handles, look)
    return figure
