"""NumPy arrays: one axis of samples, or samples x columns. They say neither names nor times."""

from __future__ import annotations

from rtcan_cli.datasets.files.npyfile import open_npy
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents
from rtcan_cli.errors import RtcanError

SUFFIXES = (".npy",)


def read(file: RawFile) -> Contents:
    """Map an array into memory.

    Raises
    ------
    RtcanError
        If it does not hold an array of numbers, or its rows are not samples.
    """
    values = open_npy(file)
    if values.ndim == 1:
        values = values[:, None]
    n_samples, n_columns = values.shape
    if 0 < n_samples < n_columns:
        raise RtcanError(
            f"{file} has {n_samples} rows and {n_columns} columns, but rows are samples",
            hint="save the transposed array",
        )
    channels = (Channel("", "", values[:, i], column=i + 1) for i in range(n_columns))
    return Contents("NumPy array", tuple(channels))
