"""The smallest effect, against simulated studies and the noncentral t distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import nct, t

from rtcan_cli.evaluation.power import smallest_effect


@pytest.mark.parametrize("n", [10, 24, 100])
def test_such_an_effect_is_found_in_four_of_five_studies(n: int) -> None:
    error = 1 / math.sqrt(n)
    half = t.ppf(0.975, n - 1) * error
    effect = smallest_effect(-half, half, n)
    power = nct.sf(t.ppf(0.975, n - 1), n - 1, effect / error)
    assert power == pytest.approx(0.8, abs=0.02)


def test_many_subjects_need_2_8_standard_errors() -> None:
    assert smallest_effect(0.5 - 1.96, 0.5 + 1.96, 100_000) == pytest.approx(2.80, abs=0.01)


def test_no_interval_shows_nothing() -> None:
    assert math.isnan(smallest_effect(0.4, 0.6, 1))
    assert math.isnan(smallest_effect(np.nan, np.nan, 24))
