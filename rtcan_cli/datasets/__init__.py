"""From the publishers' raw files to trials."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from rtcan_cli.datasets.profiles import profile

if TYPE_CHECKING:
    from rtcan_cli.datasets.trials import RawDataset


def open_raw(name: str, raw: Path) -> RawDataset:
    """Open a dataset's raw files.

    Parameters
    ----------
    name : str
        ``"deap"``, ``"amigos"`` or ``"pmemo"``.
    raw : Path
        The publisher's folder, a folder above it, or the publisher's zip file.

    Returns
    -------
    RawDataset

    Raises
    ------
    RtcanError
        If there is no such dataset, or its files are not there or damaged.
    """
    reader = import_module(f"rtcan_cli.datasets.{profile(name).name}")
    dataset: RawDataset = reader.open_raw(Path(raw).expanduser())
    return dataset
