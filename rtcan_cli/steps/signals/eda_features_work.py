"""What `eda-features` does with blocks of recordings: read and describe them."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.features import eda_features
from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.eda.resample import resample
from rtcan_cli.eda.window import Window
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.signals.blocks import BlockWork
from rtcan_cli.stores import Store

_COMPONENTS = ("phasic", "tonic", "driver")


class Decomposed(NamedTuple):
    """A recording to be described.

    Attributes
    ----------
    signals : dict of str to ndarray, each of shape (n_samples,)
        ``original``, in the unit of the recording, ``phasic``, ``tonic`` and ``driver``; empty if
        there is a problem.
    sampling_rate : float
        In Hz.
    problem : str
        Why it was not decomposed; empty if it was.
    """

    signals: dict[str, NDArray[Any]]
    sampling_rate: float
    problem: str


def features_work(
    raw: Store, parts: Store, onset: float, window: Window | None = None
) -> BlockWork[list[Decomposed]]:
    """What is done with recordings and the components that were made from them."""
    work = partial(describe_block, onset=onset, window=window)
    return BlockWork(stores=(raw, parts), read=_read, work=work)


def _read(stores: tuple[Store, ...], rows: range) -> list[Decomposed]:
    raw, parts = stores
    recorded = raw.signals("eda", rows)
    components = {name: parts.signals(name, rows) for name in _COMPONENTS}
    recorded_at = raw.rows("recordings/sampling_rate", rows)
    sampling_rate = parts.rows("recordings/sampling_rate", rows)
    problems = parts.rows("recordings/problem", rows)
    found = []
    for place in range(len(rows)):
        problem, rate = str(problems[place]), float(sampling_rate[place])
        signals: dict[str, NDArray[Any]] = {}
        if not problem:
            signals = {name: of_rows[place] for name, of_rows in components.items()}
            signals["original"] = resample(recorded[place], float(recorded_at[place]), rate)
        found.append(Decomposed(signals, rate, problem))
    return found


def describe_block(
    block: list[Decomposed], onset: float, window: Window | None = None
) -> dict[str, NDArray[Any]]:
    """Features of some recordings.

    Parameters
    ----------
    block : list of Decomposed
        n recordings.
    onset : float
        Seconds at their beginning that are left out.
    window : Window, optional
        What is described of the rest; all of it by default.

    Returns
    -------
    dict of ndarray
        ``value`` (n, 128), NaN for a recording that cannot be described; ``problem`` (n,), why.
    """
    value, problem = np.full((len(block), len(CATALOGUE)), np.nan), []
    for row, recording in enumerate(block):
        reason = recording.problem
        if not reason:
            try:
                value[row] = eda_features(
                    **recording.signals,
                    sampling_rate=recording.sampling_rate,
                    onset=onset,
                    window=window,
                )
            except RtcanError as error:
                reason = str(error)
        problem.append(reason)
    return {"value": value, "problem": np.array(problem)}
