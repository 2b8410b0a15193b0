"""What a worker of `eda-features` does: read some recordings, describe and keep them."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.features import eda_features
from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.eda.resample import resample
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.signals.blocks import BlockWork, name_of, open_same
from rtcan_cli.stores import Partial, Store

_COMPONENTS = ("phasic", "tonic", "driver")


class Source(NamedTuple):
    """What a process needs to read recordings for itself: two stores, and what is in each."""

    recordings: Path
    recordings_id: str
    components: Path
    components_id: str


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


class Reader:
    """Reads recordings with their components.

    Parameters
    ----------
    raw, parts : Store
        Of recordings, and of components that were made from them.
    """

    def __init__(self, raw: Store, parts: Store) -> None:
        self._raw, self._parts = raw, parts

    def read(self, rows: range) -> list[Decomposed]:
        """Read neighbouring recordings."""
        raw = self._raw.signals("eda", rows)
        parts = {name: self._parts.signals(name, rows) for name in _COMPONENTS}
        recorded_at = self._raw.rows("recordings/sampling_rate", rows)
        sampling_rate = self._parts.rows("recordings/sampling_rate", rows)
        problems = self._parts.rows("recordings/problem", rows)
        found = []
        for place in range(len(rows)):
            problem, rate = str(problems[place]), float(sampling_rate[place])
            signals: dict[str, NDArray[Any]] = {}
            if not problem:
                signals = {name: of_rows[place] for name, of_rows in parts.items()}
                signals["original"] = resample(raw[place], float(recorded_at[place]), rate)
            found.append(Decomposed(signals, rate, problem))
        return found


def describe_block(block: list[Decomposed], onset: float) -> dict[str, NDArray[Any]]:
    """Features of some recordings.

    Parameters
    ----------
    block : list of Decomposed
        n recordings.
    onset : float
        Seconds at their beginning that are left out.

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
                    **recording.signals, sampling_rate=recording.sampling_rate, onset=onset
                )
            except RtcanError as error:
                reason = str(error)
        problem.append(reason)
    return {"value": value, "problem": np.array(problem)}


@lru_cache(maxsize=1)
def _opened(source: Source) -> Reader:
    """A reader of stores, which stay open: a process reads many blocks one after the other."""
    return Reader(
        open_same(source.recordings, "recordings", source.recordings_id),
        open_same(source.components, "components", source.components_id),
    )


def _keep(rows: range, source: Source, onset: float, kept: Partial) -> None:
    kept.put(name_of(rows), describe_block(_opened(source).read(rows), onset), in_worker=True)


def features_work(
    raw: Store, parts: Store, onset: float, kept: Partial
) -> BlockWork[list[Decomposed]]:
    """What `eda-features` does with blocks of the recordings of two stores."""
    source = Source(
        *(raw.path.absolute(), raw.content_id),
        *(parts.path.absolute(), parts.content_id),
    )
    return BlockWork(
        keep=partial(_keep, source=source, onset=onset, kept=kept),
        work=partial(describe_block, onset=onset),
        read=Reader(raw, parts).read,
    )
