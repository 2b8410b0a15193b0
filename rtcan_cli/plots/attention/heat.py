"""The signals of one trial above each model's attention as a heat strip (paper, figs. 6 and 8)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from rtcan_cli.plots import style
from rtcan_cli.plots.attention.columns import AttentionPanel, head, head_panel, to_columns


@style.styled
def attention_heat(
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
    """Draw three curves over time, and the attention weight as a strip under them.

    Parameters and columns are those of `rtcan_cli.plots.attention.columns.attention_columns`; the
    strip shows each column's height as a colour, from cold (0) to warm (1).

    Returns
    -------
    Figure
    """
    time, signals = np.asarray(time, dtype=float), np.asarray(signals, dtype=float)
    title = head(target, subject, music, true_class)
    height = 0.95 + 1.7 * len(panels)
    figure = style.new_figure(height, title, simulated, look=look, rows=look.is_narrow)
    grid = figure.subplots(
        2 * len(panels), 1, sharex=True, squeeze=False, height_ratios=[4, 1] * len(panels)
    )[:, 0]
    for axes, strip, panel in zip(grid[::2], grid[1::2], panels, strict=True):
        lines = style.draw_signals(axes, time, signals, look.signals, name)
        style.dress(axes)
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(bottom=False)
        head_panel(axes, panel, true_class)
        edges, columns = to_columns(time, panel.weight)
        heat = strip.pcolormesh(
            edges, (0, 1), columns[None], cmap=style.COLD_TO_WARM, vmin=0, vmax=1, rasterized=True
        )
        style.dress(strip)
        strip.set_yticks(())
        strip.spines["left"].set_visible(False)
    grid[-1].set_xlabel("time [s]")
    bar = figure.colorbar(heat, ax=grid, pad=0.015, aspect=40, ticks=(0, 0.5, 1))
    bar.set_label("attention weight")
    bar.ax.tick_params(labelsize=style.SMALL)
    style.add_legend(figure, lines, look)
    return figure
