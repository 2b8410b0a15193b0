from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def simulate() -> Callable[..., pd.DataFrame]:
    """Make trials whose subjects differ in habit, in skill and in the level of their answers."""

    def make(
        seed: int, n_subjects: int = 30, n_trials: int = 15, n_folds: int = 3, skill: float = 0.8
    ) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        code = np.repeat(np.arange(n_subjects), n_trials)
        habit, own, shift = rng.normal((0.2, skill, 0), (0.5, 0.8, 0.7), (n_subjects, 3)).T
        label = (rng.random(len(code)) < 1 / (1 + np.exp(-habit[code]))).astype(np.int8)
        answer = own[code] * (label - 0.5) + shift[code] + rng.normal(size=len(code))
        return pd.DataFrame(
            {
                "subject": [f"s{k:05d}" for k in code],
                "stimulus": [f"{k % n_trials:03d}" for k in range(len(code))],
                "label": label,
                "fold": 1 + code % n_folds,
                # Rounded, so that there are ties.
                "probability": np.round(1 / (1 + np.exp(-answer)), 2),
            }
        )

    return make
