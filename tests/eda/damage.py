"""Artefacts in simulated recordings, and what becomes of these; tests and a benchmark share it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.methods import cvxeda_method
from rtcan_cli.eda.preprocess import zscore
from rtcan_cli.eda.quality.inspection import inspect
from rtcan_cli.eda.quality.rules import Rules
from rtcan_cli.eda.stretches import repair
from rtcan_cli.simulate import physiology

#: What each artefact is called in a table.
KINDS = {
    "zeros": "zeros",
    "spike": "spike to 120 uS",
    "contact": "jump of 1 uS and back",
    "code": "-1 for missing",
    "late": "electrodes late (zeros first)",
    "step": "jump of 1 uS that stays",
}
#: Seconds; of a lasting jump, how long before the end it comes.
LENGTHS = {
    "zeros": (0.25, 0.75, 3.0),
    "spike": (0.1, 0.3, 1.0),
    "contact": (0.3, 0.75, 3.0),
    "code": (0.25, 0.75, 3.0),
    "late": (0.75, 5.0, 18.0),
    "step": (15.0,),
}


@dataclass(frozen=True)
class Clean:
    """A recording in microsiemens, and its true phasic part."""

    eda: NDArray[np.float64]
    phasic: NDArray[np.float64]
    rate: float


@dataclass(frozen=True)
class Case:
    """A recording, and the artefact that it gets."""

    recording: Clean
    kind: str
    seconds: float
    edge: float
    """Time constant of the sensor's filter in seconds; 0 for none."""


@dataclass(frozen=True)
class Outcome:
    """r of the phasic part with the truth; `after` is None for a recording that is left out."""

    before: float
    after: float | None
    touched: bool
    """Whether any sample was found implausible, or any lasting step."""


def cases() -> Iterator[tuple[str, float]]:
    """All kinds and lengths."""
    for kind, lengths in LENGTHS.items():
        for length in lengths:
            yield kind, length


def clean(count: int, rate: float, seconds: float, noise: float, seed: int = 1) -> list[Clean]:
    """Recordings of simulated listeners; `noise` is a standard deviation in microsiemens."""
    rng = np.random.default_rng(seed)
    listeners = physiology.draw_listeners(count, rng)
    signals = physiology.record(rng.standard_normal((count, 2)), listeners, seconds, rate, rng)
    # The simulator's own noise is one level among others, so here it is put anew.
    smooth = signals.tonic + signals.phasic
    eda = smooth + noise * rng.standard_normal(smooth.shape)
    return [Clean(y, p, rate) for y, p in zip(eda, signals.phasic, strict=True)]


def damaged(case: Case) -> NDArray[np.float64]:
    """The recording with its artefact, in the middle unless its kind says otherwise."""
    eda, rate = case.recording.eda.copy(), case.recording.rate
    length = max(1, round(case.seconds * rate))
    start = eda.size // 2
    where = slice(start, start + length)
    if case.kind == "late":
        where = slice(0, length)
    elif case.kind == "step":
        where = slice(eda.size - length, eda.size)
    value = {"zeros": 0.0, "late": 0.0, "code": -1.0, "spike": 120.0}
    added = np.zeros(eda.size)
    if case.kind in value:
        added[where] = value[case.kind] - eda[where]
    elif case.kind != "none":
        added[where] = 1.0
    if case.edge:
        # The sensor's filter: a low pass of the first order.
        share, level = 1 - np.exp(-1 / rate / case.edge), added[0]
        for i, wanted in enumerate(added):
            level += share * (wanted - level)
            added[i] = level
    return eda + added


def outcome(case: Case, grow: float = 0.0) -> Outcome:
    """Decompose a damaged recording as it is, and as it would be stored."""
    eda, rate = damaged(case), case.recording.rate
    found = inspect(eda, rate, absolute=True)
    mended, fault = found.eda, found.fault
    implausible = np.any(list(found.artefacts.values()), axis=0)
    if grow and implausible.any() and not fault:
        reach = np.ones(2 * round(grow * rate) + 1)
        wide = np.convolve(implausible, reach, mode="same") > 0
        mended, _ = repair(np.where(wide, np.nan, eda), rate, Rules().max_gap + 2 * grow)
    touched = bool(implausible.any() or found.quality.steps)
    after = None if fault else _agreement(mended, case.recording)
    return Outcome(_agreement(eda, case.recording), after, touched)


def _agreement(eda: NDArray[np.float64], recording: Clean) -> float:
    phasic = cvxeda_method().split(zscore(eda), recording.rate).phasic
    if phasic.std() == 0:
        return 0.0
    return float(np.corrcoef(phasic, recording.phasic)[0, 1])
