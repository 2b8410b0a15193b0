"""Trials of subjects who heard songs, as learners see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.models.learner import Examples


def examples(
    n: int = 120, n_eda: int = 6, n_music: int = 40, n_songs: int = 10, seed: int = 0
) -> tuple[Examples, NDArray[np.int64]]:
    """Trials whose label depends on one EDA feature and on the song, and these labels."""
    rng = np.random.default_rng(seed)
    eda, music = rng.normal(size=(n, n_eda)), rng.normal(size=(n_songs, n_music))
    song = rng.integers(0, n_songs, n)
    score = music[song, 0] + (eda[:, 0] if n_eda else 0) + rng.normal(size=n)
    subject = np.array([f"S{i % 8}" for i in range(n)])
    stimulus = np.array([f"song {i}" for i in song])
    trials = Examples(eda, music, song, subject, stimulus, np.unique(subject), np.unique(stimulus))
    return trials, (score > 0).astype(np.int64)
