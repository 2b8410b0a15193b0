"""What a protocol does not hold out, a network finds: the reason why there are protocols."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.run import cross_validate

SUBJECTS, SONGS, LENGTH = 18, 12, 48
RECIPE = replace(RECIPES["tuned"], epochs=12, batch_size=32, lr=2e-3, dropout=0.0)


def crossed(of_subject: bool) -> TrainingData:
    """Trials whose label says only who listened, or only what was played.

    Each subject has a curve of its own under the noise, each song a vector of its own. Neither
    tells anything about another subject or song.
    """
    rng = np.random.default_rng(1)
    subject, song = (part.ravel() for part in np.indices((SUBJECTS, SONGS)))
    time = np.linspace(0, 2 * np.pi, LENGTH)
    phase = rng.uniform(0, 2 * np.pi, (SUBJECTS, 3, 1))
    curve = np.sin(np.arange(1, SUBJECTS + 1)[:, None, None] * time + phase)
    eda = 2 * curve[subject] + 0.3 * rng.normal(size=(len(subject), 3, LENGTH))
    own = subject if of_subject else song
    label = rng.permutation(np.arange(own.max() + 1) % 2)[own]
    return TrainingData(
        eda=eda.astype(np.float32),
        label=label.astype(np.int64),
        subject=np.array([f"s{i:02d}" for i in subject]),
        stimulus=np.array([f"{i:02d}" for i in song]),
        music=None if of_subject else rng.normal(size=(SONGS, 20)).astype(np.float32),
        song=None if of_subject else song.astype(np.int64),
    )


def nearest(data: TrainingData, name: str) -> float:
    """Accuracy of calling each test trial as its nearest training trial."""
    splits = PROTOCOLS[name].split(data.subject, data.stimulus, data.label, 3, seed=0)
    seen = data.eda.reshape(len(data.eda), -1)
    if data.music is not None:
        seen = np.hstack([seen, 10 * data.music[data.song]])
    right = []
    for k in range(splits.n_folds):
        parts = splits.roles(k)
        model = KNeighborsClassifier(1).fit(seen[parts.train], data.label[parts.train])
        right.append(model.predict(seen[parts.test]) == data.label[parts.test])
    return float(np.concatenate(right).mean())


@pytest.mark.parametrize(
    ("of_subject", "leaking", "honest"),
    [
        (True, ["trial", "stimulus"], ["subject", "loso", "subject+stimulus"]),
        (False, ["trial", "subject", "loso"], ["stimulus", "subject+stimulus"]),
    ],
)
def test_who_or_what_is_known_is_recognised(
    of_subject: bool, leaking: list[str], honest: list[str]
) -> None:
    data = crossed(of_subject)
    assert {name: nearest(data, name) for name in leaking} == dict.fromkeys(leaking, 1.0)
    for name in honest:
        # As many subjects, or songs, of each class, so about half of these guesses are right.
        assert nearest(data, name) < 0.75


def test_a_network_finds_the_leak_of_shuffled_trials() -> None:
    data = crossed(of_subject=True)
    trial = PROTOCOLS["trial"]
    splits = trial.split(data.subject, data.stimulus, data.label, 3, seed=0)
    spec = ModelSpec("base", (8, 8, 8, 8), length=LENGTH)
    (result,) = cross_validate(data, splits, trial, spec, RECIPE, seed=0, folds=[0])
    right = (result.test_probability > 0.5) == data.label[splits.roles(0).test]
    assert right.mean() > 0.8
