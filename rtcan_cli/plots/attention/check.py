"""Whether a map can be trusted: what randomised weights make of it, and deletion and insertion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rtcan_cli.plots import style

_SIMILARITIES: dict[str, dict[str, Any]] = {
    "rank_correlation": {
        "label": "rank correlation",
        "color": style.HIGH,
        "marker": "o",
        "linestyle": "-",
    },
    "top_overlap": {
        "label": "overlap of the highest tenth",
        "color": style.LOW,
        "marker": "s",
        "linestyle": (0, (4, 1.5)),
    },
}
_OTHER = {"rank_correlation": (0, (1, 2)), "top_overlap": (0, (4, 2, 1, 2))}
_ORDERS: dict[str, dict[str, Any]] = {
    "map": {"label": "map", "color": "black", "linestyle": "-", "linewidth": 1.6},
    "input_size": {
        "label": "size of the input",
        "color": style.LOW,
        "linestyle": (0, (4, 1.5)),
        "linewidth": 1.2,
    },
    "random": {
        "label": "random",
        "color": style.HIGH,
        "linestyle": (0, (1, 1.2)),
        "linewidth": 1.4,
    },
}


@style.styled
def attention_check(
    found: pd.DataFrame,
    *,
    title: str,
    method: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw the similarity to the original map by stage, and the two curves of the decision.

    Parameters
    ----------
    found : DataFrame
        The curves of one target, see `rtcan_cli.results.attention.check.CURVE_COLUMNS`.
    title : str
        Dataset, target and network.
    method : str
        Kind of map.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    narrow = look.is_narrow  # all panels below each other
    height = 6.6 if narrow else 5.2
    figure = style.new_figure(height, title, simulated, look=look, rows=narrow)
    if narrow:
        axes, *pair = figure.subplots(3, 1)
    else:
        axes, *pair = figure.subplot_mosaic("aa;bc").values()
    pair[1].sharey(pair[0])
    tests = dict(list(found.groupby("test", sort=False)))
    similarity, other = tests["similarity"], tests["other_subject"].set_index("curve")["mean"]
    handles = []
    for name, usual in _SIMILARITIES.items():
        drawn = look.of(usual)
        curve = similarity[similarity["curve"] == name]
        reach = [curve["mean"] - curve["low"], curve["high"] - curve["mean"]]
        place = np.arange(len(curve))
        handles.append(axes.errorbar(place, curve["mean"], reach, markersize=4, capsize=2, **drawn))
        level = {"color": drawn["color"], "linestyle": _OTHER[name], "linewidth": 1}
        handles.append(axes.axhline(other[name], **level, label=f"{drawn['label']}, other trial"))
    stages = similarity["stage"].unique()
    axes.set_title(f"{method}: similarity to the original map, weights randomised down to ...")
    slope = 90 if narrow else 30
    axes.set_xticks(range(len(stages)), stages, rotation=slope, ha="right", rotation_mode="anchor")
    lowest = min(-0.35, 1.05 * similarity["low"].min())
    axes.set(ylim=(lowest, 1.05), yticks=(0, 0.5, 1), ylabel="similarity")
    style.dress(axes)
    for axes, (name, what) in zip(
        pair, (("deletion", "taken out"), ("insertion", "brought in")), strict=True
    ):
        _draw(axes, tests[name], look)
        # The legend has no room beside the heading, so it stands below that.
        axes.set_title(name, pad=None if narrow and name == "insertion" else 18)
        axes.set_xlabel(f"share of the trial {what} [%]")
    for axes in pair if narrow else pair[:1]:
        axes.set_ylabel("P(class explained)")
    above = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderpad": 0, "borderaxespad": 0.3}
    pair[0].legend(ncols=3, columnspacing=1, **above)
    style.add_legend(figure, handles, look)
    return figure


def _draw(axes: Axes, curves: pd.DataFrame, look: style.Look) -> None:
    for name, usual in _ORDERS.items():
        drawn = look.of(usual)
        curve = curves[curves["curve"] == name]
        share = 100 * curve["share"]
        band = {"color": drawn["color"], "alpha": 0.12, "linewidth": 0}
        axes.fill_between(share, curve["low"], curve["high"], **band)
        axes.plot(share, curve["mean"], **drawn)
    axes.margins(x=0)
    style.dress(axes)
