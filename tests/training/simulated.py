"""Trials of which it is known what decides them: what is felt (EDA), the song, or nothing."""

from __future__ import annotations

import numpy as np

from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.data import TrainingData

N_MUSIC = 30


def trials(
    model: Model,
    fusion: str,
    decided_by: str,
    n_subjects: int = 24,
    n_songs: int = 20,
    length: int = 300,
) -> TrainingData:
    """What a model sees of trials in which every subject hears every song.

    Parameters
    ----------
    decided_by : {"EDA", "song", "nothing"}
        What the label depends on, beside noise. With the EDA that is the first features, or where
        the phasic part is larger in the first half.
    """
    rng = np.random.default_rng(1)
    n = n_subjects * n_songs
    song = np.tile(np.arange(n_songs), n_subjects)
    music = rng.normal(size=(n_songs, N_MUSIC)).astype(np.float32)
    quality = rng.permutation(np.linspace(-2, 2, n_songs))
    music[:, 0] = quality
    felt = rng.normal(size=n)
    score = {"EDA": 3 * felt, "song": 2 * quality[song], "nothing": 0 * felt}[decided_by]
    label = (score + rng.logistic(size=n) > 0).astype(np.int64)
    sees = model.sees(fusion)
    if sees == "signals":
        eda = rng.normal(size=(n, 3, length))
        eda[:, 1, : length // 2] += felt[:, None]
    else:
        n_features = {"features": len(model.features) or 128, "duration": 1}.get(sees, 0)
        eda = rng.normal(size=(n, n_features))
        eda[:, :3] += 2.5 * felt[:, None]
    fused = fusion != "none"
    return TrainingData(
        eda=eda.astype(np.float32),
        label=label,
        subject=np.repeat([f"S{i:02d}" for i in range(n_subjects)], n_songs),
        stimulus=np.array([f"song {i:02d}" for i in song]),
        music=music if fused else None,
        song=song if fused else None,
    )


def spec_of(name: str, data: TrainingData) -> ModelSpec:
    """A model, small where it can be, that takes these trials."""
    return ModelSpec(
        variant="Rf" if name == "rtcan" else "",
        channels=(8, 8, 8, 8),
        n_music=data.n_music,
        length=data.eda.shape[-1] if data.eda.ndim == 3 else 300,
        model=find(name).name,
        n_features=data.n_features,
    )
