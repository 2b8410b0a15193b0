from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.training.data import TrainingData


def responses(n_subjects: int, per_subject: int) -> TrainingData:
    """Trials with a skin conductance response in the phasic channel if the label is high.

    The music of the ten songs says nothing.
    """
    rng = np.random.default_rng(0)
    n = n_subjects * per_subject
    label = np.tile([0, 1], n // 2)
    since_onset = np.arange(60) - rng.uniform(5, 40, size=(n, 1))
    response = np.where(since_onset > 0, np.exp(-since_onset / 10) - np.exp(-since_onset / 3), 0)
    eda = rng.normal(size=(n, 3, 60))
    eda[:, 1] = 0.3 * eda[:, 1] + 3 * label[:, None] * response
    song = rng.integers(0, 10, n)
    return TrainingData(
        eda=eda.astype(np.float32),
        label=label,
        subject=np.repeat([f"s{i:02d}" for i in range(n_subjects)], per_subject),
        stimulus=np.array([f"song{i}" for i in song]),
        music=rng.normal(2, 3, size=(10, 7)).astype(np.float32),
        song=song,
    )


@pytest.fixture(scope="session")
def toy() -> TrainingData:
    return responses(n_subjects=12, per_subject=10)


@pytest.fixture(scope="session")
def large_toy() -> TrainingData:
    return responses(n_subjects=24, per_subject=30)
