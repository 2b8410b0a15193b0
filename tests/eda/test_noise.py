import math

import numpy as np
import pytest

from rtcan_cli.eda.noise import noise_sd


def test_it_is_the_standard_deviation_of_white_noise() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, 20_000)
    assert noise_sd(noise) == pytest.approx(0.03, rel=0.03)


def test_what_is_smooth_counts_for_nothing() -> None:
    t = np.arange(0, 60, 1 / 16)
    smooth = 4 + 0.1 * t + np.sin(t / 5)
    noise = np.random.default_rng(1).normal(0, 0.01, t.size)
    assert noise_sd(smooth) < 1e-4
    assert noise_sd(smooth + noise) == pytest.approx(0.01, rel=0.15)


def test_too_few_samples_say_nothing() -> None:
    assert math.isnan(noise_sd([1.0, 2.0, 3.0, 4.0, 5.0]))
