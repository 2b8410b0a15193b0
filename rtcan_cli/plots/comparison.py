"""Accuracy of several runs side by side, with what needs no signal and what the paper prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rtcan_cli.plots import style


@style.styled
def comparison(
    runs: pd.DataFrame, *, title: str, simulated: bool = False, look: style.Look = style.PAPER
) -> Figure:
    """Draw the accuracy of each run as a bar, mean and standard deviation over test folds.

    Parameters
    ----------
    runs : DataFrame
        One row a run, from top to bottom: ``run`` (its name), ``accuracy`` and ``accuracy_sd``
        (NaN: no whisker), ``majority`` (accuracy of always saying the more frequent class) and,
        if wanted, ``paper_accuracy`` (NaN: the paper has no such figure). All in percent.
    title : str
        Dataset and target.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    figure = style.new_figure(1.15 + 0.34 * len(runs), title, simulated, look=look, rows=True)
    axes = figure.subplots()
    place = np.arange(len(runs))
    bars = axes.barh(
        place,
        runs["accuracy"],
        xerr=runs["accuracy_sd"],
        height=0.62,
        color="0.82",
        edgecolor="black",
        linewidth=0.6,
        error_kw={"elinewidth": 1, "capsize": 3},
        label="accuracy (mean, SD over folds)",
    )
    majority = axes.vlines(
        runs["majority"],
        place - 0.45,
        place + 0.45,
        color=look.colour(style.HIGH),
        linestyle=(0, (3, 1)),
        linewidth=1.4,
        label="majority class",
    )
    handles = [bars, majority]
    if "paper_accuracy" in runs and runs["paper_accuracy"].notna().any():
        diamond: dict[str, Any] = {
            "marker": "D",
            "s": 34,
            "c": "white",
            "edgecolors": "black",
            "zorder": 3,
        }
        # The mark of simulated data is for the bars.
        label = "published, real data" if simulated else "paper"
        handles.append(axes.scatter(runs["paper_accuracy"], place, label=label, **diamond))
    names = [
        "\n".join(style.wrapped(name, 0.19 * figure.get_figwidth() + 0.5, style.SMALL))
        for name in runs["run"].astype(str)
    ]
    axes.set_yticks(place, names)
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel="accuracy [%]")
    style.write_values(axes, place, [_in_words(*each) for each in _values(runs)])
    style.dress(axes)
    axes.tick_params(axis="y", length=0)
    style.add_legend(figure, handles, look)
    return figure


def _values(runs: pd.DataFrame) -> Iterator[tuple[float, float]]:
    return zip(runs["accuracy"], runs["accuracy_sd"], strict=True)


def _in_words(accuracy: float, sd: float) -> str:
    return f"{accuracy:.1f}" if np.isnan(sd) else f"{accuracy:.1f} ± {sd:.1f}"
