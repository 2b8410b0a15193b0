"""One recording and what a decomposition took it apart into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from rtcan_cli.plots import style


@style.styled
def decomposition(
    signal: ArrayLike,
    tonic: ArrayLike,
    phasic: ArrayLike,
    driver: ArrayLike | None,
    residual: ArrayLike,
    sampling_rate: float,
    *,
    title: str,
    name: str = "EDA",
    onset: float = 0.0,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw signal, tonic, phasic, driver and residual of one recording over time.

    Parameters
    ----------
    signal, tonic, phasic, driver, residual : array, shape (n,)
        z-scored signal and its parts, in the same units; signal = phasic + tonic + residual. No
        driver leaves its row out.
    sampling_rate : float
        In Hz.
    title : str
        What was recorded.
    name : str
        What the signal is called at its axis.
    onset : float
        Seconds that the network does not see; shaded if there are any.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    original, sparse, slow = look.signals
    black: dict[str, Any] = {"color": "black", "linestyle": "-", "linewidth": 0.9}
    rows = [
        (f"{name} [z]", 2.0, [(signal, original), (tonic, slow)]),
        ("phasic [z]", 1.2, [(phasic, sparse)]),
        ("residual [z]", 0.9, [(residual, black)]),
    ]
    if driver is not None:
        rows.insert(2, ("driver [z/s]", 1.2, [(driver, black)]))
    heights = [height for _, height, _ in rows]
    time = np.arange(len(np.asarray(signal))) / sampling_rate
    figure = style.new_figure(sum(heights), title, simulated, look=look, rows=look.is_narrow)
    grid = figure.subplots(len(rows), 1, sharex=True, height_ratios=heights)
    handles = []
    for axes, (label, _, curves) in zip(grid, rows, strict=True):
        for values, line in curves:
            handles += axes.plot(time, np.asarray(values), **line)
        if onset > 0:
            shade = axes.axvspan(0, onset, color="0.88", zorder=0, linewidth=0)
            shade.set_label("onset, not seen by the network")
        axes.set_ylabel(label)
        axes.margins(x=0)
        style.dress(axes)
    _same_scale(
        [
            (axes, height)
            for axes, (label, height, _) in zip(grid, rows, strict=True)
            if label.endswith("[z]")
        ]
    )
    grid[-1].set_xlabel("time [s]")
    figure.align_ylabels(grid)
    parts = handles[:3]  # the black rows are named by their axes
    style.add_legend(figure, [*parts, shade] if onset > 0 else parts, look)
    return figure


def _same_scale(rows: Sequence[tuple[Axes, float]]) -> None:
    """Let one z be as long in every row, so that a residual looks as small as it is."""
    per_height = max(np.ptp(axes.get_ylim()) / height for axes, height in rows)
    for axes, height in rows:
        middle, reach = np.mean(axes.get_ylim()), per_height * height / 2
        axes.set_ylim(middle - reach, middle + reach)
