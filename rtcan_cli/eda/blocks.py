"""Many recordings, one after the other: from raw samples to what a store keeps of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.components import Components
from rtcan_cli.eda.cvxeda.parameters import CvxedaComponents
from rtcan_cli.eda.methods import Method, get_ready
from rtcan_cli.eda.noise import noise_sd
from rtcan_cli.eda.preprocess import find_problem, zscore
from rtcan_cli.eda.resample import resample
from rtcan_cli.errors import RtcanError

PARTS = ("phasic", "tonic", "residual")
SIGNALS = ("phasic", "tonic", "driver", "residual")
# Noise of the z-scored recording, and in its own unit.
_NOISES = ("noise", "noise_recorded")


class Undecomposed(NamedTuple):
    """A recording to be decomposed.

    Attributes
    ----------
    eda : ndarray of float64, shape (n_samples,)
        As recorded.
    sampling_rate, rate : float
        Its sampling rate, and the one it is to be decomposed at, in Hz.
    problem : str
        Why it shall not be decomposed; empty if it shall.
    """

    eda: NDArray[np.float64]
    sampling_rate: float
    rate: float
    problem: str


def decompose_block(block: list[Undecomposed], method: Method) -> dict[str, NDArray[Any]]:
    """Decompose some recordings: what a worker process does.

    Parameters
    ----------
    block : list of Undecomposed
        One for each recording.
    method : Method
        How.

    Returns
    -------
    dict of ndarray
        ``samples``: the length of each; the channels, float32, one recording after another; and the
        table's columns, as `rtcan_cli.stores.schema.COMPONENTS` names them.
    """
    get_ready(method, max(item.eda.size * item.rate / item.sampling_rate for item in block))
    start = time.thread_time()
    scaled, noises = zip(*map(_scaled, block), strict=True)
    outcomes = _split(scaled, [item.rate for item in block], method)
    signals: list[list[NDArray[np.float32]]] = []
    rows = []
    for outcome, noise in zip(outcomes, noises, strict=True):
        row, channels = _described(outcome, method)
        rows.append(row | dict(zip(_NOISES, noise, strict=True)))
        signals.append(channels)
    joined = (np.concatenate(each) for each in zip(*signals, strict=True))
    samples = np.array([len(channels[0]) for channels in signals])
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    # They are decomposed together, so each is given its share.
    sizes = np.array([item.eda.size for item in block])
    table["seconds"] = (time.thread_time() - start) * sizes / max(1, sizes.sum())
    return {"samples": samples, **dict(zip(SIGNALS, joined, strict=True)), **table}


def _scaled(item: Undecomposed) -> tuple[NDArray[np.float64] | str, tuple[float, float]]:
    """What is to be decomposed, or why nothing is; and its noise, as `_NOISES` names it."""
    unknown = (np.nan, np.nan)
    problem = item.problem or find_problem(item.eda, item.sampling_rate)
    if problem:
        return problem, unknown
    try:
        eda = resample(item.eda, item.sampling_rate, item.rate)
        scaled = zscore(eda)
        return scaled, (noise_sd(scaled), noise_sd(eda))
    except RtcanError as error:
        return str(error), unknown


def _split(
    scaled: Sequence[NDArray[np.float64] | str], rates: Sequence[float], method: Method
) -> list[Components | str]:
    """The parts of each recording, or why there are none; those of one rate together."""
    outcomes: dict[int, Components | str] = {}
    together: dict[float, dict[int, NDArray[np.float64]]] = {}
    for index, (y, rate) in enumerate(zip(scaled, rates, strict=True)):
        if isinstance(y, str):
            outcomes[index] = y
        else:
            together.setdefault(rate, {})[index] = y
    for rate, recordings in together.items():
        found = method.split_all(list(recordings.values()), rate)
        for index, outcome in zip(recordings, found, strict=True):
            outcomes[index] = str(outcome) if isinstance(outcome, RtcanError) else outcome
    return [outcomes[index] for index in range(len(scaled))]


def _described(
    outcome: Components | str, method: Method
) -> tuple[dict[str, Any], list[NDArray[np.float32]]]:
    """A recording's row of the table, and its channels; empty ones if there is only a reason."""
    row: dict[str, Any] = {"solver": "", "objective": np.nan, "gap": np.nan, "iterations": 0}
    row |= {f"{part}_variance": np.nan for part in PARTS}
    row |= {"tau0": np.nan, "tau1": np.nan, "problem": "", "alpha": np.nan, "raised": 0}
    if isinstance(outcome, str):
        return row | {"problem": outcome}, [np.zeros(0, np.float32)] * len(SIGNALS)
    if isinstance(outcome, CvxedaComponents):
        row |= {"objective": outcome.objective, "gap": outcome.gap}
        row |= {"solver": outcome.solver, "iterations": outcome.iterations}
        row |= {"alpha": outcome.alpha, "raised": outcome.raised}
    else:
        row["solver"] = method.name
    if outcome.response is not None:
        row["tau0"], row["tau1"] = outcome.response
    row |= {f"{part}_variance": float(getattr(outcome, part).var()) for part in PARTS}
    return row, [getattr(outcome, channel).astype(np.float32) for channel in SIGNALS]
