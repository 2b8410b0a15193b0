from __future__ import annotations

from dataclasses import replace

import numpy as np

from rtcan_cli.models.prior import GroupPrior, to_bytes, to_names
from tests.models.trials import examples


def test_a_share_is_that_with_two_more_trials_like_all_others() -> None:
    trials, _ = examples(n=5)
    names = np.array(["a", "b", "b", "b", "b"])
    trials = replace(trials, stimulus=names, stimuli=np.array(["a", "b", "never heard"]))
    label = np.array([1, 0, 0, 1, 0])
    for seed in (0, 1):
        fitted = GroupPrior("stimulus").fit(trials, label, trials, 1 - label, seed)
        np.testing.assert_allclose(fitted.arrays["share"], [1.8 / 3, 1.8 / 6, np.nan])
        assert fitted.n_parameters == 3
    asked = replace(trials, stimulus=np.array(["b", "never heard", "b", "unknown", "a"]))
    found = GroupPrior("stimulus").probability(fitted.arrays, asked)
    np.testing.assert_allclose(found, [0.3, 0.4, 0.3, 0.4, 0.6])


def test_subjects_are_told_apart_as_songs_are() -> None:
    trials, label = examples()
    fitted = GroupPrior("subject").fit(trials, label, trials, label, 0)
    found = GroupPrior("subject").probability(fitted.arrays, trials)
    mine = trials.subject == "S3"
    expected = (label[mine].sum() + 2 * label.mean()) / (mine.sum() + 2)
    np.testing.assert_allclose(found[mine], expected)
    assert len(np.unique(found)) > 2


def test_names_survive_as_numbers() -> None:
    names = np.array(["1", "Ägypten 2", "歌", "a b\tc", ""])
    encoded = to_bytes(names)
    assert encoded.dtype == np.uint8
    assert to_names(encoded).tolist() == names.tolist()
