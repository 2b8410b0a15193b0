"""The signals of one trial with each model's attention as columns (paper, figs. 5 and 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.choices import CLASS_NAMES
from rtcan_cli.plots import style

N_COLUMNS = 125  # about 1 mm each across a page: wide enough to be told apart in print


@dataclass(frozen=True)
class AttentionPanel:
    """What one model made of the trial.

    Parameters
    ----------
    model : str
        Name shown above the panel, such as ``Rb: channel attention``.
    weight : array, shape (L,)
        Attention in 0..1 for each time step.
    predicted : int
        The class that the model called: 0 low, 1 high.
    probability : float
        Probability that the model gave to that class.
    explained : int, optional
        The class whose score the weight explains, if it is not the one called.
    """

    model: str
    weight: NDArray[np.floating]
    predicted: int
    probability: float
    explained: int | None = None


@style.styled
def attention_columns(
    time: ArrayLike,
    signals: ArrayLike,
    panels: Sequence[AttentionPanel],
    *,
    target: str,
    subject: str,
    music: str,
    true_class: int,
    name: str = "EDA",
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw three curves over time, and the attention weight as columns, one panel a model.

    A column is as high as the largest weight in its time span (see `to_columns`).

    Parameters
    ----------
    time : array, shape (L,)
        Time of each step since the recording began [s].
    signals : array, shape (3, L)
        The network input: original, phasic, tonic, each z-scored.
    panels : sequence of AttentionPanel
        From top to bottom; the paper shows Rb, Rd and Rf.
    target, subject, music : str
        Named in the title.
    true_class : int
        0 low, 1 high.
    name : str
        What the signal is called at its axis.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    time, signals = np.asarray(time, dtype=float), np.asarray(signals, dtype=float)
    title = head(target, subject, music, true_class)
    height = 0.95 + 1.6 * len(panels)
    figure = style.new_figure(height, title, simulated, look=look, rows=look.is_narrow)
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(grid, panels, strict=True):
        edges, columns = to_columns(time, panel.weight)
        weights = axes.twinx()
        weights.bar(
            edges[:-1],
            columns,
            width=0.75 * np.diff(edges),
            align="edge",
            color=style.COLUMNS,
            linewidth=0,
        )
        weights.set(ylim=(0, 1), ylabel="attention", yticks=(0, 0.5, 1))
        style.dress(weights)
        weights.spines["right"].set_visible(True)
        # The curves go before the columns: their axes on top, with nothing behind them.
        axes.set_zorder(weights.get_zorder() + 1)
        axes.patch.set_visible(False)
        lines = style.draw_signals(axes, time, signals, look.signals, name)
        style.dress(axes)
        head_panel(axes, panel, true_class)
    grid[-1].set_xlabel("time [s]")
    style.add_legend(figure, [*lines, Patch(color=style.COLUMNS, label="attention weight")], look)
    return figure


def to_columns(
    time: NDArray[np.floating], weight: NDArray[np.floating], n: int = N_COLUMNS
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Turn one weight a time step into at most n columns, each the largest weight in its span.

    Returns
    -------
    edges : array, shape (n + 1,)
        Where columns begin and end [s].
    height : array, shape (n,)
    """
    n = min(n, len(weight))
    height = np.array([part.max() for part in np.array_split(np.asarray(weight), n)])
    starts = np.cumsum([0, *(len(part) for part in np.array_split(time, n))])
    step = (time[-1] - time[0]) / max(len(time) - 1, 1)
    return time[0] + step * starts, height


def head_panel(axes: Axes, panel: AttentionPanel, true_class: int) -> None:
    """Write the model, its answer and its probability above a panel."""
    verdict = "correct" if panel.predicted == true_class else "wrong"
    answer = f"(P = {panel.probability:.2f}, {verdict})".replace(" ", "\N{NO-BREAK SPACE}")
    words = f"{panel.model}, predicted {CLASS_NAMES[panel.predicted]} {answer}"
    if panel.explained not in (None, panel.predicted):
        words += f"; weight for {CLASS_NAMES[panel.explained]}"
    if not np.any(panel.weight):
        words += "; attention is zero everywhere"
    axes.set_title(words)


def head(target: str, subject: str, music: str, true_class: int) -> str:
    """Return the title: which trial this is, and how its subject rated it."""
    rated = CLASS_NAMES[true_class]
    return f"{target.capitalize()} of subject {subject}, {music}: {rated} by own rating"
