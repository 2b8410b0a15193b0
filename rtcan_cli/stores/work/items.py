"""Arrays in an ``.npz`` file that this package has written, and that may have been replaced."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection
from typing import IO, Any

from numpy.typing import NDArray

from rtcan_cli.files.arrays import DAMAGED, array_of


def read_item(
    file: IO[bytes], only: Collection[str] | None = None
) -> dict[str, NDArray[Any]] | None:
    """Read arrays of an ``.npz`` file; never an object, nor more than the file has bytes for.

    NumPy's own reader sets memory aside for whatever a header claims, and unpacks whatever was
    packed. `numpy.savez` packs nothing.

    Parameters
    ----------
    file : file
        Open for reading.
    only : collection of str, optional
        The arrays that are wanted; all by default.

    Returns
    -------
    dict of str to ndarray, or None
        None if it is not whole, or claims to contain more than it has.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            size = file.seek(0, io.SEEK_END)
            packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
            if packed or sum(member.file_size for member in members) > size:
                return None
            named = {member.filename.removesuffix(".npy"): member for member in members}
            # Read whole: their checksums are compared on the way.
            return {
                name: array_of(archive.read(member))
                for name, member in named.items()
                if only is None or name in only
            }
    except DAMAGED:
        return None
