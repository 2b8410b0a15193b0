"""Learners on trials of which it is known what decides them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rtcan_cli.models.registry import every, find
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.run import cross_validate
from tests.training.simulated import spec_of, trials

N_FOLDS = 3
LEARNERS = [(m.name, f) for m in every() if not m.is_network for f in m.fusion]
#: Two standard deviations of the accuracy of 480 guesses, and a bit.
LUCK = 0.05


@cache
def accuracy(name: str, fusion: str, decided_by: str) -> float:
    """Accuracy over all test trials, each fold with the candidate that its validation chose."""
    model = find(name)
    data = trials(model, fusion, decided_by)
    protocol = PROTOCOLS["subject" if "subject" in model.protocols else "trial"]
    splits = protocol.split(data.subject, data.stimulus, data.label, N_FOLDS, seed=0)
    spec = spec_of(name, data)
    found = [
        list(cross_validate(data, splits, protocol, replace(spec, candidate=c), None, seed=0))
        for c in range(len(model.grid))
    ]
    right = []
    for k, folds in enumerate(zip(*found, strict=True)):
        best = min(folds, key=lambda fold: fold.history["validation_loss"][fold.best_epoch])
        right.append((best.test_probability > 0.5) == data.label[splits.roles(k).test])
    return float(np.concatenate(right).mean())


@pytest.mark.parametrize(("name", "fusion"), LEARNERS)
def test_on_labels_that_mean_nothing_nobody_beats_chance(name: str, fusion: str) -> None:
    share = trials(find(name), fusion, "nothing").label.mean()
    assert accuracy(name, fusion, "nothing") < max(share, 1 - share) + LUCK


@pytest.mark.parametrize(("name", "fusion"), LEARNERS)
def test_what_is_seen_decides_who_can_tell(name: str, fusion: str) -> None:
    sees_eda = find(name).sees(fusion) in ("features", "duration")
    knows_song = fusion != "none" or name == "song-prior"
    felt, played = (accuracy(name, fusion, decided_by) for decided_by in ("EDA", "song"))
    assert (felt > 0.6) == sees_eda
    assert (played > 0.65) == knows_song
    if not sees_eda:
        assert felt < 0.5 + LUCK
    if not knows_song:
        assert played < 0.5 + LUCK


def test_where_only_the_song_matters_those_who_know_songs_win() -> None:
    others = [accuracy(*each, "song") for each in LEARNERS if each[1] == "none"]
    best_of_others = sorted(others)[-2]  # the best is song-prior itself
    prior = accuracy("song-prior", "none", "song")
    assert prior == max(others)
    assert min(prior, accuracy("svm-music", "music-only", "song")) > best_of_others + 0.15


def test_where_only_the_eda_matters_music_does_not_help() -> None:
    for name in ("svm-eda", "logistic", "boosting"):
        alone = accuracy(name, "none", "EDA")
        assert alone > accuracy("svm-music", "music-only", "EDA") + 0.1
        assert alone > accuracy("song-prior", "none", "EDA") + 0.1
