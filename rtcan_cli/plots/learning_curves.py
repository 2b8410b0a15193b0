"""Loss by epoch, or tree, of each fold, with the one that its validation subjects chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from rtcan_cli.plots import style


@dataclass(frozen=True)
class FoldHistory:
    """How one fold learned.

    Parameters
    ----------
    fold : int
        Number of the fold.
    train_loss, validation_loss : array, shape (steps,)
        Loss after each epoch or tree: mean cross-entropy a trial.
    best_step : int
        Index of the chosen one, counted from 0.
    """

    fold: int
    train_loss: NDArray[np.floating]
    validation_loss: NDArray[np.floating]
    best_step: int


@style.styled
def learning_curves(
    folds: Sequence[FoldHistory],
    *,
    title: str,
    step: str = "epoch",
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw training and validation loss of every fold, one small panel each.

    Parameters
    ----------
    folds : sequence of FoldHistory
        The trained folds.
    title : str
        Dataset, target and network of the run.
    step : str
        What the model takes its steps in: ``epoch``, or ``tree``.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
        Steps are counted from 1.
    """
    n_columns = min(3 if look.is_narrow else 5, len(folds))
    n_rows = -(-len(folds) // n_columns)
    width = 0.5 * style.WIDTH if look.is_narrow else style.WIDTH
    height = 0.95 + (1.2 if look.is_narrow else 1.45) * n_rows
    figure = style.new_figure(height, title, simulated, look=look, width=width)
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(folds) :]:
        axes.remove()
    longest = max(len(fold.train_loss) for fold in folds)
    for axes, fold in zip(grid.flat, folds, strict=False):
        steps = 1 + np.arange(len(fold.train_loss))
        train = axes.plot(
            steps, fold.train_loss, color=style.GREY, linestyle="--", label="training"
        )
        validation = axes.plot(steps, fold.validation_loss, color="black", label="validation")
        chosen = axes.plot(
            fold.best_step + 1,
            fold.validation_loss[fold.best_step],
            "o",
            markersize=5,
            color=look.colour(style.HIGH),
            markeredgecolor="black",
            label=f"chosen {step}",
        )
        axes.set_title(f"fold {fold.fold}")
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True, min_n_ticks=1))
        axes.set_xlim(0.5, longest + 0.5)
        style.dress(axes)
    figure.supylabel("cross-entropy", fontsize=style.NORMAL)
    # The last panel of each column carries the numbers, also where the last row ends early.
    for axes in grid.flat[max(len(folds) - n_columns, 0) : len(folds)]:
        axes.set_xlabel(step)
        axes.tick_params(labelbottom=True)
    style.add_legend(figure, [*train, *validation, *chosen], look)
    return figure
