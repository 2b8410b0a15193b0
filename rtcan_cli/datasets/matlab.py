"""Variables of MATLAB files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from scipy.io import loadmat

from rtcan_cli.datasets.files import RawFile, unreadable
from rtcan_cli.errors import RtcanError


def load_variables(file: RawFile, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read some variables of a MATLAB file (version 5), skipping the others.

    Parameters
    ----------
    file : RawFile
        The file.
    names : sequence of str
        Variables to read; those that the file lacks are missing from the result.

    Returns
    -------
    dict of str to ndarray
        A cell array is an array of objects.

    Raises
    ------
    RtcanError
        If the file is damaged, truncated or in another format.
    """
    content = io.BytesIO(file.content())
    try:
        found = loadmat(content, variable_names=list(names))
    except NotImplementedError:
        raise RtcanError(
            f"{file} is a MATLAB file of version 7.3, which is not read",
            hint="load it in MATLAB and save it with -v7",
        ) from None
    except Exception as error:  # a damaged file makes SciPy raise almost anything
        raise unreadable(file, error) from error
    return {name: value for name, value in found.items() if name in names}
