"""Numbers in a raw signal that stand for a missing value.

They have to be found in what the file holds: 9999 in kOhm would become a plausible 0.1 uS, and -1
a plausible 1 where the sign is flipped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.files.sentinels import SENTINELS

_CODES = np.array([0.0, *SENTINELS])
_OUTSTANDING = 10.0
"""How many usual steps (95 % quantile) lie between a code and its neighbours.

As in `rtcan_cli.eda.artefacts`, which looks for the same in what is stored.
"""
_FEW = 8


def are_codes(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a number is one of the usual codes, whether it means that or not."""
    return np.isin(values, _CODES)


def find_codes(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a number stands for a missing value: all that is known beside it is far away.

    Parameters
    ----------
    values : ndarray, shape (n_samples,)
        A whole signal, as its file holds it.
    """
    codes = are_codes(values)
    if not codes.any():
        return codes
    values = np.asarray(values, np.float64)
    plain = np.flatnonzero(~codes & np.isfinite(values))
    if len(plain) < _FEW:
        return np.zeros(codes.shape, np.bool_)
    far = _OUTSTANDING * float(np.quantile(np.abs(np.diff(values[plain])), 0.95))
    at = np.flatnonzero(codes)
    behind = np.searchsorted(plain, at)
    before, after = plain[np.maximum(behind - 1, 0)], plain[np.minimum(behind, len(plain) - 1)]
    away = np.minimum(np.abs(values[at] - values[before]), np.abs(values[at] - values[after]))
    codes[at] = away > far
    return codes
