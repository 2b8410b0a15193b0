"""Accuracy against the number of subjects (paper, Fig. 4), and where the curves lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from rtcan_cli.plots import style

#: One look a model: colour, marker and line differ, so that curves can be told apart in grey.
LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "black", "marker": "o", "linestyle": "-"},
    {"color": style.LOW, "marker": "s", "linestyle": (0, (5, 1.5))},
    {"color": style.HIGH, "marker": "^", "linestyle": (0, (1.5, 1.2))},
    {"color": style.REPAIRED, "marker": "D", "linestyle": (0, (6, 1.5, 1, 1.5))},
)


#: Between the markers of two models with the same number of subjects, of the width of a panel.
_APART = 0.022


@dataclass(frozen=True)
class ScalingCurve:
    """What is drawn of one model and target; scores in percent.

    Parameters
    ----------
    model, target : str
        Names.
    points : DataFrame
        ``n`` (subjects), ``score``, its interval ``low`` to ``high``; may be empty.
    law : DataFrame
        The same columns along the law through the points; may be empty.
    paper : DataFrame
        ``n`` and ``score`` that the paper prints for this model; may be empty.
    """

    model: str
    target: str
    points: pd.DataFrame
    law: pd.DataFrame
    paper: pd.DataFrame


@style.styled
def scaling(
    curves: Sequence[ScalingCurve],
    *,
    title: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw accuracy against the number of subjects, a panel for each target.

    Parameters
    ----------
    curves : sequence of ScalingCurve
        At most as many models as there are `LOOKS`.
    title : str
        What data.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
        Filled markers are your own results, hollow ones the paper's; those of several models stand
        beside each other, not on the exact number of subjects. The power law is continued
        beyond the largest number of subjects on a grey background.
    """
    targets = list(dict.fromkeys(curve.target for curve in curves))
    models = list(dict.fromkeys(curve.model for curve in curves))
    looks = dict(zip(models, map(look.of, LOOKS), strict=False))
    handles = _handles(curves, looks)
    if look.is_narrow:  # the legend below the panels, and these below each other
        lines = -(-len(handles) // 2)
        height = 0.95 + 1.9 * len(targets) + 0.16 * lines
        figure = style.new_figure(
            height, title, simulated, look=look, width=0.5 * style.WIDTH, legend=False
        )
        shares = [*(1.9 for _ in targets), 0.16 * lines]
        *panels, side = figure.subplots(len(targets) + 1, 1, height_ratios=shares)
    else:
        figure = style.new_figure(2.9, title, simulated, look=look, legend=False)
        shares = [*(1.0 for _ in targets), 0.62]
        *panels, side = figure.subplots(1, len(targets) + 1, width_ratios=shares)
    for axes in panels[1:]:
        axes.sharey(panels[0])
    for axes, target in zip(panels, targets, strict=True):
        mine = [curve for curve in curves if curve.target == target]
        for curve in mine:
            _draw(axes, curve, looks[curve.model], _beside(models.index(curve.model), curves))
        axes.set_xscale("log")
        axes.margins(x=0.06)
        end = axes.get_xlim()[1]
        own = sorted({n for curve in mine for n in curve.points["n"]}, reverse=True)
        beyond = [curve.law["n"].max() for curve in mine if len(curve.law)]
        if beyond:
            axes.axvspan(own[0], max(beyond), color="0.93", zorder=0, linewidth=0)
            axes.set_xlim(right=max(end, max(beyond)))
        printed = {n for curve in mine for n in curve.paper["n"]}
        _ticks(axes, [*own, *sorted(printed, reverse=True)])
        axes.set(title=target, xlabel="subjects (log scale)")
        style.dress(axes)
        axes.tick_params(labelleft=look.is_narrow or axes is panels[0])
    for axes in panels if look.is_narrow else panels[:1]:
        axes.set_ylabel("accuracy [%]")
    side.set_axis_off()
    side.legend(
        handles=handles,
        loc="center left",
        ncols=1 + look.is_narrow,
        columnspacing=1,
        borderpad=0,
        borderaxespad=0,
    )
    return figure


def _beside(place: int, curves: Sequence[ScalingCurve]) -> float:
    """What numbers of subjects are multiplied with, so that models stand beside each other."""
    numbers = [n for curve in curves for part in (curve.points, curve.law) for n in part["n"]]
    n_models = len({curve.model for curve in curves})
    return float((max(numbers) / min(numbers)) ** (_APART * (place - (n_models - 1) / 2)))


def _draw(axes: Axes, curve: ScalingCurve, look: dict[str, Any], beside: float) -> None:
    color, marker, line = look["color"], look["marker"], look["linestyle"]
    points, law = curve.points, curve.law
    if len(law):
        axes.fill_between(law["n"], law["low"], law["high"], color=color, alpha=0.13, linewidth=0)
        axes.plot(law["n"], law["score"], color=color, linestyle=line, linewidth=1.3)
    if len(points):
        around = np.array([points["score"] - points["low"], points["high"] - points["score"]])
        axes.errorbar(
            *(beside * points["n"], points["score"], around),
            color=color,
            marker=marker,
            markersize=4,
            linestyle="none",
            elinewidth=1,
            capsize=2,
        )
    axes.plot(
        *(beside * curve.paper["n"], curve.paper["score"]),
        color=color,
        marker=marker,
        markersize=4,
        markerfacecolor="white",
        linewidth=0.6,
        linestyle=(0, (1, 2)),
    )


def _ticks(axes: Axes, numbers: Sequence[float]) -> None:
    """Label numbers of subjects that stand far enough apart, the first ones rather than others."""
    low, high = np.log(axes.get_xlim())
    chosen: list[float] = []
    for number in numbers:
        if all(abs(np.log(number / other)) > 0.075 * (high - low) for other in chosen):
            chosen.append(number)
    axes.set_xticks(chosen, [f"{number:g}" for number in chosen])
    axes.xaxis.set_minor_locator(NullLocator())


def _handles(curves: Sequence[ScalingCurve], looks: dict[str, dict[str, Any]]) -> list[Any]:
    handles: list[Any] = []
    for model, look in looks.items():
        mine = [curve for curve in curves if curve.model == model]
        line = look["linestyle"] if any(len(curve.law) for curve in mine) else "none"
        if any(len(curve.points) for curve in mine):
            handles.append(Line2D([], [], **{**look, "linestyle": line}, markersize=5, label=model))
        if any(len(curve.paper) for curve in mine):
            hollow = {**look, "linestyle": (0, (1, 2)), "linewidth": 0.6}
            label = f"{model}, paper"
            handles.append(
                Line2D([], [], **hollow, markersize=5, markerfacecolor="white", label=label)
            )
    if any(len(curve.law) for curve in curves):
        handles.append(Patch(color=style.GREY, alpha=0.25, linewidth=0, label="95 % over subjects"))
        handles.append(Patch(color="0.93", linewidth=0, label="extrapolated"))
    return handles
