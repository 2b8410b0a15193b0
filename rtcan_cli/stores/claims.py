"""What a store claims, compared with what its file can contain, before memory or time is spent.

A store may come from a stranger. HDF5 makes up values that were never written, unpacks a thousand
bytes from one, and repeats one text as often as a file says.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rtcan_cli import platforms
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.hdf5 import reason_to_refuse
from rtcan_cli.stores.schema import OFFSETS, Schema

#: All data of a store may unpack to this many bytes, and this many more for each of the file's.
#: Stores are packed by deflate at its fastest level, which makes one byte of 229 at most.
_ALWAYS, _PER_BYTE = 1 << 28, 400
#: What a text takes in memory besides its letters: a Python object, and the pointer to it.
_TEXT = 72
#: What tables and one piece of a signal may take, as a share of the memory of the machine; and that
#: memory in bytes where the system does not report it.
_SHARE, _USUAL = 0.5, 8 << 30


def is_text(dataset: h5py.Dataset) -> bool:
    """Whether a dataset contains text."""
    return h5py.check_string_dtype(dataset.dtype) is not None


def size_problem(datasets: Mapping[str, h5py.Dataset], size: int) -> str | None:
    """Why the datasets of a store cannot be what was packed into its file; None if they can.

    Only what describes them is read.

    Parameters
    ----------
    datasets : mapping of str to h5py.Dataset
        All of a store, `rtcan_cli.stores.content.find_datasets`.
    size : int
        Bytes of its file.
    """
    claimed = 0
    for path, dataset in datasets.items():
        if reason := reason_to_refuse(dataset):
            return f"'{path}' {reason}"
        claimed += max(dataset.size * dataset.dtype.itemsize, _chunk(dataset))
        if claimed > _ALWAYS + _PER_BYTE * size:
            return (
                f"its data would unpack to more than {claimed / 1e9:.1f} GB, but the file has only "
                f"{size / 1e6:.1f} MB: rtcan packs no store so tightly"
            )
    return None


def layout_problem(datasets: Mapping[str, h5py.Dataset], schema: Schema) -> str | None:
    """Why the datasets of a store are not those of the schema; None if they are.

    Only what describes them is read.
    """
    lengths: dict[str, dict[int, str]] = defaultdict(dict)
    for field in schema.fields:
        if "{" in field.path:
            continue
        if field.path not in datasets:
            return f"'{field.path}' is missing"
        dataset = datasets[field.path]
        kind = "S" if field.dtype == "str" else np.dtype(field.dtype).kind
        if dataset.dtype.kind != kind or dataset.ndim != len(field.shape):
            return (
                f"'{field.path}' is {dataset.ndim}-dimensional {dataset.dtype}, not "
                f"{len(field.shape)}-dimensional {field.dtype}"
            )
        for axis, length in zip(field.shape, dataset.shape, strict=True):
            name, extra = (axis[:-2], 1) if axis.endswith("+1") else (axis, 0)
            lengths[name].setdefault(length - extra, field.path)
    for name, known in lengths.items():
        if len(known) > 1:
            return f"the columns of '{name}' differ in length: {', '.join(known.values())}"
    return None


def check_tables_fit(datasets: Mapping[str, h5py.Dataset], schema: Schema, name: object) -> None:
    """Refuse tables that do not fit into the memory of this machine.

    Samples and weights are not counted: these are read one recording and one model at a time,
    which `check_fits` looks at.

    Parameters
    ----------
    datasets : mapping of str to h5py.Dataset
        All of a store, without a problem of `size_problem` or `layout_problem`.
    schema : Schema
        What it contains.
    name : object
        What to call it.

    Raises
    ------
    RtcanError
        If all of them together may take more than half of the memory.
    """
    tables = [
        datasets[field.path]
        for field in schema.fields
        if "{" not in field.path and "samples" not in field.shape
    ]
    check_fits(sum(in_memory(table, table.size) for table in tables), f"{name}: its tables")


def check_fits(needed: int, what: str) -> None:
    """Refuse to read what does not fit into the memory of this machine.

    Parameters
    ----------
    needed : int
        Bytes that it takes at most.
    what : str
        The store, and what of it.

    Raises
    ------
    RtcanError
        If that is more than half of the memory.
    """
    memory = machine_memory()
    if needed > _SHARE * memory:
        raise RtcanError(
            f"{what} may take {needed / 1e9:.1f} GB in memory, more than half of the "
            f"{memory / 1e9:.1f} GB of this machine",
            "a machine with more memory",
        )


def machine_memory() -> int:
    """Memory of this machine in bytes; 8 GiB where the system does not report it."""
    return platforms.machine_memory() or _USUAL


def in_memory(dataset: h5py.Dataset, n_values: int) -> int:
    """Bytes that this many values of a dataset take, or one of its chunks if that is larger."""
    value = dataset.dtype.itemsize + (_TEXT if is_text(dataset) else 0)
    return max(n_values * value, _chunk(dataset))


def _chunk(dataset: h5py.Dataset) -> int:
    """Bytes of one chunk, which HDF5 unpacks as a whole."""
    chunks = dataset.chunks
    return math.prod(chunks) * dataset.dtype.itemsize if chunks else 0


def values_problem(path: str, values: NDArray[Any], samples: int | None) -> str | None:
    """Why neighbouring values of a dataset cannot be right, where others are read by them.

    Parameters
    ----------
    path : str
        The dataset.
    values : ndarray
        Some of its rows.
    samples : int or None
        How many samples the store has in each channel.
    """
    if path == OFFSETS and samples is not None and values.size:
        inside = values.min() >= 0 and values.max() <= samples
        if not inside or (np.diff(values) < 0).any():
            return f"'{path}' does not divide its {samples} samples into recordings"
    if path == "recordings/sampling_rate" and not (np.isfinite(values) & (values > 0)).all():
        return f"'{path}' contains a number that is not a sampling rate"
    if path in ("labels/valence", "labels/arousal") and not np.isin(values, (-1, 0, 1)).all():
        return f"'{path}' contains a number that is not a label"
    return None
