"""Statistics that stay finite: of no values, and of values that do not change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.features.stretch import FLAT


def _iqr(x: NDArray[np.float64]) -> float:
    low, high = np.quantile(x, [0.25, 0.75])
    return float(high - low)


def _moment(x: NDArray[np.float64], order: int) -> float:
    spread = x.std()
    return float(np.mean(((x - x.mean()) / spread) ** order)) if spread > FLAT else 0.0


def _kurtosis(x: NDArray[np.float64]) -> float:
    return _moment(x, 4) - 3 if x.std() > FLAT else 0.0


_STATISTICS: dict[str, Callable[[NDArray[np.float64]], float]] = {
    "mean": lambda x: float(x.mean()),
    "std": lambda x: float(x.std()),
    "median": lambda x: float(np.median(x)),
    "max": lambda x: float(x.max()),
    "sum": lambda x: float(x.sum()),
    "range": lambda x: float(np.ptp(x)),
    "iqr": _iqr,
    "skewness": lambda x: _moment(x, 3),
    "kurtosis": _kurtosis,
    "mean_abs": lambda x: float(np.abs(x).mean()),
    "change": lambda x: float(np.abs(np.diff(x)).sum() / max(x.size - 1, 1)),
}


def summary(prefix: str, values: NDArray[np.float64], *names: str) -> dict[str, float]:
    """Statistics of some values, by ``prefix_name``.

    Parameters
    ----------
    prefix : str
        What the values are.
    values : ndarray, shape (n,)
        May be empty: every statistic of no values is 0.
    *names : str
        ``mean``, ``std`` (population), ``median``, ``max``, ``sum``, ``range``, ``iqr``,
        ``skewness`` and ``kurtosis`` (excess; both 0 for values that do not change), ``mean_abs``,
        ``change`` (mean absolute difference of neighbours; 0 for a single value).
    """
    return {f"{prefix}_{name}": _STATISTICS[name](values) if values.size else 0.0 for name in names}
