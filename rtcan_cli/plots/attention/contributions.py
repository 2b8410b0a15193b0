"""Contribution of EDA and music: sizes, by class, and the share of EDA of each subject."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtcan_cli.plots import style

#: A dark and a pale colour, which differ in grey, too.
_PARTS: dict[str, dict[str, Any]] = {
    "EDA": {"facecolor": style.HIGH},
    "music": {"facecolor": "#b9c9e0"},
}
_EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.5}
_WHISKER: dict[str, Any] = {"elinewidth": 0.9, "capsize": 2}
_SCALES = {"probability": "P(high)", "logit": "the logit of P(high)"}
_FEATURES = {"mfcc": "MFCC"}
#: Inches of a bar with the gap beside it.
_BAR = 0.19


@style.styled
def contributions(
    parts: pd.DataFrame,
    averages: pd.DataFrame,
    music: pd.DataFrame,
    *,
    scale: str,
    title: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw how much EDA and music move the answers, in which direction, and for whom.

    Parameters
    ----------
    parts, averages, music : DataFrame
        Rows of one target, see `rtcan_cli.results.attention.contributions`. Without rows of groups
        of music features these are not drawn.
    scale : {"probability", "logit"}
        What contributions sum to.
    title : str
        Dataset, target and network.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    rows = [len(parts) + len(music), 8, 7]
    height = 1.0 + _BAR * sum(rows) + 0.6 * len(rows)
    figure = style.new_figure(height, title, simulated, look=look, rows=True)
    top, middle, bottom = figure.subplots(3, 1, height_ratios=rows)
    _sizes(top, parts, music, look)
    top.set(xlabel=f"mean absolute contribution to {_SCALES[scale]}")
    _classes(middle, averages, look)
    middle.set(xlabel=f"mean contribution to {_SCALES[scale]}")
    _subjects(bottom, averages, look)
    handles: list[Any] = [
        Patch(label=part, **look.of(drawn), **_EDGE) for part, drawn in _PARTS.items()
    ]
    handles.append(Line2D([], [], color="black", linewidth=0.9, label="95 % over subjects"))
    style.add_legend(figure, handles, look)
    return figure


def _sizes(axes: Axes, parts: pd.DataFrame, music: pd.DataFrame, look: style.Look) -> None:
    """A bar for each part, and below the music one for each group of its features."""
    labels = [*parts["part"], *(f"music: {_FEATURES.get(x, x)}" for x in music["features"])]
    drawn = [*parts["part"], *["music"] * len(music)]
    columns = ["size", "size_low", "size_high"]
    values = np.concatenate([parts[columns].to_numpy(float), music[columns].to_numpy(float)])
    for place, (part, value) in enumerate(zip(drawn, values, strict=True)):
        _bar(axes, place, value, look.of(_PARTS[part]))
    axes.set_yticks(range(len(labels)), labels)
    axes.set_title("contribution of EDA and music")
    _finish(axes, values)


def _classes(axes: Axes, averages: pd.DataFrame, look: style.Look) -> None:
    values, labels, place = [], [], 0.0
    for group, name in (("true", "low"), ("true", "high"), ("called", "low"), ("called", "high")):
        own = averages[(averages["group"] == group) & (averages["name"] == name)]
        if own.empty:
            continue
        for k, part in enumerate(_PARTS):
            stem = part.lower()
            value = own[[stem, f"{stem}_low", f"{stem}_high"]].to_numpy(float)[0]
            _bar(axes, place + k, value, look.of(_PARTS[part]))
            values.append(value)
        labels.append((place + 0.5, f"{group} {name}"))
        place += 2.4
    axes.axvline(0, color="black", linewidth=0.7)
    axes.set_yticks(*zip(*labels, strict=True))
    axes.set_title("by class", pad=9)
    _finish(axes, np.array(values), signed=True)


def _bar(axes: Axes, place: float, value: np.ndarray, drawn: dict[str, Any]) -> None:
    mean, low, high = value
    # Rounding may leave a mean just outside an interval without width, which Matplotlib refuses.
    reach = None if np.isnan(low) else [[max(mean - low, 0.0)], [max(high - mean, 0.0)]]
    axes.barh(place, mean, 0.78, xerr=reach, error_kw=_WHISKER, **_EDGE, **drawn)
    # Behind the whisker, on the side to which the bar goes.
    ends = [mean] if np.isnan(low) else [mean, low, high]
    at, side = (min(ends), "right") if mean < 0 else (max(ends), "left")
    axes.annotate(
        f"{round(mean, 3) + 0:.3f}",
        (at, place),
        (-3 if mean < 0 else 3, 0),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=style.SMALL,
    )


def _finish(axes: Axes, values: np.ndarray, signed: bool = False) -> None:
    """Leave room for the numbers behind the bars."""
    most = max(float(np.nanmax(values, initial=0)), 1e-6)
    least = min(float(np.nanmin(values, initial=0)), 0.0) if signed else 0.0
    room = 0.3 * (most - least)
    axes.set_xlim(least - room if signed else 0, most + room)
    axes.invert_yaxis()
    style.dress(axes)
    axes.tick_params(axis="y", length=0)


def _subjects(axes: Axes, averages: pd.DataFrame, look: style.Look) -> None:
    """The share of EDA for each subject, sorted; nobody is named."""
    share = 100 * np.sort(averages.loc[averages["group"] == "subject", "eda_share"].dropna())
    mean = averages.loc[averages["group"] == "all", "eda_share"].iloc[0]
    place = 1 + np.arange(len(share))
    colour = look.colour(style.HIGH)
    size = float(np.clip(90 / max(len(share), 1) ** 0.5, 2.2, 5))
    axes.plot(place, share, "o", color=colour, markersize=size, markeredgecolor="black", mew=0.3)
    axes.axhline(100 * mean, color="black", linewidth=0.8, linestyle=(0, (4, 2)))
    axes.set(xlim=(0.5, max(len(share), 1) + 0.5), ylim=(-4, 104), yticks=(0, 50, 100))
    axes.set(xlabel="subject, sorted", ylabel="share of EDA [%]")
    together = "" if np.isnan(mean) else f" (dashed: all, {100 * mean:.0f} %)"
    axes.set_title(f"for each subject{together}", pad=9)
    style.dress(axes)
