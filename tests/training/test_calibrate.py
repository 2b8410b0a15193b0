from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from rtcan_cli.training.calibrate import LIMITS, calibrate, temperature


def _trials(scale: float, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    score = rng.normal(size=n)
    return expit(scale * score), (rng.random(n) < expit(score)).astype(int)


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_temperature_is_that_of_an_unpenalised_logistic_regression(scale: float) -> None:
    probability, label = _trials(scale)
    scores = np.log(probability / (1 - probability))[:, None]
    fitted = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-10).fit(scores, label)
    assert temperature(probability, label) == pytest.approx(1 / fitted.coef_.item(), rel=1e-3)
    assert temperature(probability, label) == pytest.approx(scale, rel=0.1)


def test_where_all_are_right_it_stays_within_its_limits() -> None:
    assert LIMITS[0] <= temperature([0.9, 0.1, 0.8], [1, 0, 1]) <= 1.1 * LIMITS[0]
    assert temperature([0.9, 0.1, 0.8], [0, 1, 0]) <= LIMITS[1]


@given(st.floats(0.001, 0.999), st.floats(*LIMITS))
def test_the_likelier_class_stays_the_same(probability: float, t: float) -> None:
    found = calibrate([probability], t)[0]
    assert (found > 0.5) == (probability > 0.5) or abs(found - 0.5) < 1e-12
    assert calibrate([probability], 1.0)[0] == pytest.approx(probability)
