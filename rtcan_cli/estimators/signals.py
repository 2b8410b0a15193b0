"""From EDA as it was recorded to what the classifier takes, for a step of a pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from rtcan_cli import choices
from rtcan_cli.eda.cvxeda.parameters import USUAL, CvxedaParameters
from rtcan_cli.eda.cvxeda.solve import decompose_all
from rtcan_cli.eda.preprocess import find_problem, network_input, zscore
from rtcan_cli.errors import RtcanError


def decompose_trials(
    X: Any,
    sampling_rate: float,
    *,
    onset: float = 0.0,
    length: int = choices.LENGTH,
    parameters: CvxedaParameters = USUAL,
) -> NDArray[np.float32]:
    """Decompose the EDA of each trial by cvxEDA, as `rtcan decompose` and `rtcan train` do.

    Each trial is decomposed by itself, so nothing is learned from other trials. In a pipeline:
    ``FunctionTransformer(decompose_trials, kw_args={"sampling_rate": 50.0})``.

    Parameters
    ----------
    X : array-like (n, n_samples)
        EDA of each trial, in any unit.
    sampling_rate : float
        In Hz.
    onset : float
        Seconds that are left out at the beginning, after decomposing.
    length : int
        Samples that each signal is interpolated to.
    parameters : CvxedaParameters
        Time constants, knots and penalties.

    Returns
    -------
    ndarray of float32 (n, 3, length)
        Original, phasic and tonic EDA, each z-scored over the trial.

    Raises
    ------
    ValueError
        If a trial cannot be decomposed: too short, constant, or with missing samples; it is named
        by its row. Or if nothing is left after the onset.
    """
    X = check_array(X, dtype=np.float64, ensure_all_finite=False)
    for row, eda in enumerate(X):
        if (problem := find_problem(eda, sampling_rate)) is not None:
            raise ValueError(f"row {row} of X cannot be decomposed: {problem}")
    signals = [zscore(eda) for eda in X]
    found = np.empty((len(X), 3, length), np.float32)
    parts_of_all = decompose_all(signals, sampling_rate, parameters)
    for row, (z, parts) in enumerate(zip(signals, parts_of_all, strict=True)):
        try:
            if isinstance(parts, RtcanError):
                raise parts
            found[row] = network_input(z, parts.phasic, parts.tonic, sampling_rate, onset, length)
        except RtcanError as error:
            raise ValueError(f"row {row} of X: {error}") from error
    return found
