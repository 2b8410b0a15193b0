"""Which trials of a target were called what, all test folds together."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from rtcan_cli.choices import CLASS_NAMES
from rtcan_cli.plots import style


@style.styled
def confusion(
    counts: ArrayLike, *, title: str, simulated: bool = False, look: style.Look = style.PAPER
) -> Figure:
    """Draw a confusion matrix: counts, and their share of the true class, which is the shade.

    Parameters
    ----------
    counts : array of int, shape (2, 2)
        Rows: truly low, truly high; columns: called low, called high.
    title : str
        Dataset, target and network of the run.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size; there is no colour.

    Returns
    -------
    Figure
    """
    counts = np.asarray(counts)
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = style.new_figure(3.0, title, simulated, look=look, width=3.6, legend=False)
    axes = figure.subplots()
    axes.imshow(share, cmap="Greys", vmin=0, vmax=100)
    for (row, column), percent in np.ndenumerate(share):
        axes.text(
            column,
            row,
            f"{counts[row, column]}\n{percent:.1f} %",
            ha="center",
            va="center",
            color="white" if percent > 55 else "black",
            fontsize=style.LARGE,
        )
    names = [f"{name}\n(n = {n})" for name, n in zip(CLASS_NAMES, counts.sum(axis=1), strict=True)]
    axes.set_xticks((0, 1), CLASS_NAMES)
    axes.set_yticks((0, 1), names)
    axes.set(xlabel="predicted (%: share of the row)", ylabel="own rating")
    style.dress(axes)
    axes.tick_params(length=0)
    return figure
