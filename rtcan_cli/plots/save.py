"""Writing figures to files."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rtcan_cli.errors import RtcanError
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.plots import style

# Dates would make two files of the same figure differ.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def save(
    figure: Figure,
    stem: Path | str,
    formats: Sequence[str] = ("png", "svg", "pdf"),
    dpi: float = 200,
) -> list[Path]:
    """Write a figure, in each format, beside each other.

    A file appears whole or not at all, and the same figure gives the same bytes. Its layout is
    worked out once, for all formats, and stays.

    Parameters
    ----------
    figure : Figure
    stem : Path
        Where to, without the ending; its folder is made if it is missing.
    formats : sequence of {"png", "svg", "pdf"}
    dpi : float
        Pixels an inch of the PNG.

    Returns
    -------
    list of Path
        The files, in the order of ``formats``.

    Raises
    ------
    RtcanError
        If a format is unknown; nothing is written then. If a file cannot be written.
    """
    stem = Path(stem)
    for unknown in set(formats) - set(_METADATA):
        raise RtcanError(
            f"cannot write a figure as {unknown!r}", hint=f"choose from: {', '.join(_METADATA)}"
        )
    stem.parent.mkdir(parents=True, exist_ok=True)
    _settle(figure)
    files = []
    for ending in formats:
        with style.rc(), BytesIO() as buffer:
            figure.savefig(buffer, format=ending, dpi=dpi, metadata=_METADATA[ending])
            content = buffer.getvalue()
        path = stem.with_name(f"{stem.name}.{ending}")
        write_whole(path, content)
        files.append(path)
    return files


def _settle(figure: Figure) -> None:
    """Lay out a figure, and round away the last digits of its axes, which differ by run."""
    with style.rc():
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = np.round(axes.get_position(original=True).bounds, 5)
        axes.set_position((left, bottom, width, height))
