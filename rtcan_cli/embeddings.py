"""Vectors of songs that a model elsewhere has made, in NumPy's ``.npz`` files."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.zips import grows_too_much
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.arrays import DAMAGED, array_of

IDS, VALUES = "stimulus", "features"
"""Names of the two arrays of a file that has one array for all songs."""

# NumPy writes these; others may ask for gigabytes of memory before they begin.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HINT = (
    f"numpy.savez(FILE, {IDS}=numpy.array(names, str), {VALUES}=vectors), a row for each name; or "
    "numpy.savez(FILE, **{name: vector, ...})"
)


def read_npz(content: bytes, name: str) -> tuple[list[str], NDArray[np.float32]]:
    """Read one vector for each song.

    Parameters
    ----------
    content : bytes
        The whole file. Either the array ``stimulus`` (n,) with the names of the songs, and
        ``features`` (n, n_features); or an array (n_features,) for each song, under its name.
        Nothing in it is executed.
    name : str
        What to call it in messages.

    Returns
    -------
    stimuli : list of str
        Names of the songs, as they are written there.
    features : ndarray of float32, shape (n, n_features)

    Raises
    ------
    RtcanError
        If it is damaged or not such a file, a song is there twice, or a number is not finite.
    """
    arrays = _arrays(content, name)
    if VALUES in arrays or IDS in arrays:
        stimuli, values = _table(arrays, name)
    else:
        stimuli, values = list(arrays), _stacked(arrays, name)
    if len(set(stimuli)) < len(stimuli):
        twice = next(song for song in stimuli if stimuli.count(song) > 1)
        raise RtcanError(f"{name} has song {twice} more than once")
    if "" in stimuli:
        raise RtcanError(f"{name} has a row without a song's identifier")
    with np.errstate(over="ignore"):
        features = values.astype(np.float32)
    if not np.isfinite(features).all():
        song, column = np.argwhere(~np.isfinite(features))[0]
        raise RtcanError(
            f"{name} has no finite number for song {stimuli[song]} at position {column + 1}"
        )
    return stimuli, features


def _arrays(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if grows_too_much(size, len(content)):
                raise RtcanError(
                    f"{name} would unpack from {len(content) / 1e6:.1f} MB to {size / 1e6:.0f} MB, "
                    "which vectors of songs do not",
                    _HINT,
                )
            if any(member.compress_type not in _METHODS for member in members):
                raise ValueError("packed with a method that NumPy does not use")
            names = [member.filename.removesuffix(".npy") for member in members]
            if len(set(names)) < len(names):
                twice = next(each for each in names if names.count(each) > 1)
                raise RtcanError(f"{name} has the array {twice} more than once")
            return {
                each: array_of(archive.read(member))
                for each, member in zip(names, members, strict=True)
            }
    except (*DAMAGED, OSError) as error:
        reason = f"damaged, or not a file of arrays (.npz): {error}"
        raise RtcanError(f"{name} is {reason}", _HINT) from error


def _table(arrays: dict[str, NDArray[Any]], name: str) -> tuple[list[str], NDArray[np.generic]]:
    missing = [each for each in (IDS, VALUES) if each not in arrays]
    if missing or len(arrays) > 2:
        found = ", ".join(arrays)
        raise RtcanError(f"{name} has the arrays {found}, not {IDS} and {VALUES} alone", _HINT)
    ids, values = arrays[IDS], arrays[VALUES]
    if ids.ndim != 1 or ids.dtype.kind not in "Uiu":
        raise RtcanError(f"{name}: {IDS} is not a list of names (text or whole numbers)", _HINT)
    if values.ndim != 2 or values.dtype.kind not in "iuf" or not values.size:
        raise RtcanError(f"{name}: {VALUES} is not a table of numbers, songs x features", _HINT)
    if len(ids) != len(values):
        raise RtcanError(f"{name} has {len(ids)} names and {len(values)} rows of {VALUES}", _HINT)
    return [str(each) for each in ids], values


def _stacked(arrays: dict[str, NDArray[Any]], name: str) -> NDArray[np.generic]:
    if not arrays:
        raise RtcanError(f"{name} has no arrays", _HINT)
    first = next(iter(arrays))
    for song, vector in arrays.items():
        if vector.ndim != 1 or vector.dtype.kind not in "iuf" or not vector.size:
            raise RtcanError(
                f"{name}: what it has for {song} is of the shape {vector.shape} and type "
                f"{vector.dtype}, not a vector of numbers",
                _HINT,
            )
        if vector.size != arrays[first].size:
            raise RtcanError(
                f"{name} has {vector.size} numbers for song {song}, but {arrays[first].size} for "
                f"{first}"
            )
    return np.stack(list(arrays.values()))
