"""Signals and measures that tests of the quality share."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcan_cli.eda.quality.measures import Quality

NAN = np.nan
RNG = np.random.default_rng(7)
SOUND = 2 + RNG.standard_normal(2000).cumsum() / 50  # 40 s at 50 Hz
SIGNALS = arrays(
    np.float64,
    st.integers(0, 80),
    elements=st.sampled_from([-3.0, -1.0, 0.0, 0.0, 2.0, 5.0, NAN, NAN, np.inf]),
)


def damaged(**stretches):
    """A sound recording with {name: (start, stop, value)} written over it, in samples."""
    eda = SOUND.copy()
    for start, stop, value in stretches.values():
        eda[start:stop] = value
    return eda


def quality(**changes):
    best = Quality(40.0, 0.0, 0.0, 0.0, 0.0, 1.0, 3.0, NAN, 0.0)
    return dataclasses.replace(best, **changes)
