"""How well a network ranks trials: ROC curves, and precision over recall beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.plots import style

GRID = np.linspace(0, 1, 501)
_FOLD: dict[str, Any] = {"color": "0.6", "linewidth": 0.6, "label": "one test fold"}
_MEAN: dict[str, Any] = {"color": "black", "linewidth": 2.0, "label": "mean of the folds"}
_CHANCE: dict[str, Any] = {
    "color": style.HIGH,
    "linestyle": (0, (4, 2)),
    "linewidth": 1.3,
    "label": "chance",
}


@style.styled
def roc(
    trials: pd.DataFrame,
    *,
    auc: float,
    average_precision: float,
    title: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw the ROC curve and the precision-recall curve of every fold, and their means.

    Each fold has its own network, whose probabilities are not on the scale of the others, so
    curves are averaged and not trials pooled: at each false positive rate the mean of the true
    positive rates (Fawcett 2006, sec. 8.1: vertical averaging), at each recall the mean of the
    precisions. Folds weigh by their trials, so the area under a mean is the mean of the areas.

    Parameters
    ----------
    trials : DataFrame
        Trials of one target: ``label`` (0 low, 1 high), ``fold`` and ``probability`` (of high;
        NaN if not tested: left out). Folds with a single class have no curve and are left out.
    auc, average_precision : float
        Named above the panels, from `rtcan_cli.evaluation.bootstrap.intervals`.
    title : str
        Dataset, target and network of the run.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
        Without curves if no fold has both classes.
    """
    if look.is_narrow:
        figure = style.new_figure(6.9, title, simulated, look=look, width=0.5 * style.WIDTH)
        grid = figure.subplots(2, 1)
    else:
        figure = style.new_figure(3.9, title, simulated, look=look)
        grid = figure.subplots(1, 2)
    without = look.of(_CHANCE)
    tested = trials[trials["probability"].notna()]
    folds = [fold for _, fold in tested.groupby("fold") if fold["label"].nunique() == 2]
    sizes = [len(fold) for fold in folds]
    # With a fold for each subject there are hundreds: fainter, or they would be one grey area.
    faint = _FOLD | {"alpha": float(np.clip(12 / max(len(folds), 1), 0.12, 1))}
    handles = []
    if folds:
        share = float(np.average([fold["label"].mean() for fold in folds], weights=sizes))
        for axes, heights, chance in (
            (grid[0], true_positive_rate, (0.0, 1.0)),
            (grid[1], precision, (share, share)),
        ):
            curves = np.array([heights(fold["label"], fold["probability"]) for fold in folds])
            axes.plot(GRID, curves.T, **faint)
            thick = axes.plot(GRID, np.average(curves, axis=0, weights=sizes), **_MEAN)
            handles = [*thick, Line2D([], [], **_FOLD), *axes.plot((0, 1), chance, **without)]
    grid[0].set(title=f"ROC, mean area {auc:.3f}")
    grid[0].set(xlabel="false positive rate", ylabel="true positive rate")
    grid[1].set(title=f"precision and recall, mean area {average_precision:.3f}")
    grid[1].set(xlabel="recall of high", ylabel="precision of high")
    for axes in grid:
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), aspect="equal")
        axes.set_anchor("S")  # room that squares leave is above, where no label needs it
        axes.set(xticks=(0, 0.25, 0.5, 0.75, 1), yticks=(0, 0.25, 0.5, 0.75, 1))
        style.dress(axes)
    if not folds:
        handles = [*grid[0].plot((0, 1), (0, 1), **without)]
    style.add_legend(figure, handles, look)
    return figure


def true_positive_rate(label: ArrayLike, probability: ArrayLike) -> NDArray[np.floating]:
    """Height of the ROC curve over `GRID`; from the corner, where it may begin above it."""
    high, low = _found(label, probability)
    x, y = (np.append(0, found) / found[-1] for found in (low, high))
    return np.append(0.0, np.interp(GRID[1:], x, y))


def precision(label: ArrayLike, probability: ArrayLike) -> NDArray[np.floating]:
    """Height of the precision-recall curve over `GRID`, in steps as average precision sums it."""
    high, low = _found(label, probability)
    recall = high / high[-1]
    # The curve has no height where nothing is found yet.
    reached = np.maximum(np.searchsorted(recall, GRID), np.searchsorted(recall, 0, side="right"))
    return (high / (high + low))[reached]


def _found(label: ArrayLike, probability: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """High and low trials above each threshold, from the greatest probability down.

    scikit-learn's curves are these numbers (the tests compare them), but it takes a second to load.
    """
    order = np.argsort(-np.asarray(probability))
    descending = np.asarray(probability)[order]
    last = np.append(np.flatnonzero(np.diff(descending)), len(order) - 1)  # of equal ones
    high = np.cumsum(np.asarray(label)[order])[last]
    return high, last + 1 - high
