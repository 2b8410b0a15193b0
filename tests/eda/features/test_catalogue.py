"""The table of features is what is computed: no more, no less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from rtcan_cli.eda.features.catalogue import CATALOGUE, DOMAINS
from rtcan_cli.eda.features.frequency import frequency_features
from rtcan_cli.eda.features.scr import scr_features
from rtcan_cli.eda.features.stretch import Stretch
from rtcan_cli.eda.features.time import time_features
from rtcan_cli.eda.features.timefrequency import time_frequency_features


def test_there_are_128_with_names_of_their_own() -> None:
    assert len(CATALOGUE) == 128
    assert len({feature.name for feature in CATALOGUE}) == 128
    assert Counter(feature.domain for feature in CATALOGUE) == {
        "SCR": 30,
        "time": 42,
        "frequency": 20,
        "time-frequency": 36,
    }


def test_each_row_is_complete() -> None:
    units = {"z", "z/s", "z/s^2", "z s", "s", "1/s", "1/min", "Hz", "share", "log10 z^2"}
    for feature in CATALOGUE:
        assert feature.unit in units | {"", "as recorded"}, feature
        assert feature.formula, feature


@pytest.mark.parametrize(
    ("domain", "compute"),
    [
        (DOMAINS[0], scr_features),
        (DOMAINS[1], time_features),
        (DOMAINS[2], frequency_features),
        (DOMAINS[3], time_frequency_features),
    ],
)
def test_each_domain_computes_its_own_rows(
    domain: str, compute: Callable[[Stretch], dict[str, float]]
) -> None:
    signals = np.random.default_rng(0).normal(size=(4, 200))
    stretch = Stretch(*signals[:3], np.abs(signals[3]), level=5.0, spread=2.0)
    computed = compute(stretch)
    assert set(computed) == {each.name for each in CATALOGUE if each.domain == domain}
    assert {type(value) for value in computed.values()} == {float}
