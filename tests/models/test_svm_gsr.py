from __future__ import annotations

from dataclasses import replace

import numpy as np

from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.models.baselines.svm_gsr import FisherSVM, fisher
from rtcan_cli.models.registry import find
from tests.models.trials import examples


def test_its_features_exist() -> None:
    features = find("svm-gsr").features
    assert set(features) <= {feature.name for feature in CATALOGUE}
    assert len(set(features)) == len(features) == 19


def test_fishers_j() -> None:
    x = np.array([[1.0, 5, 0], [3, 5, 0], [7, 5, 0], [9, 5, 1]])
    label = np.array([0, 0, 1, 1])
    np.testing.assert_allclose(fisher(x, label), [6 / 2, 0, 0.5 / 0.25])


def test_only_what_tells_the_classes_apart_has_a_weight() -> None:
    trials, label = examples(n=400, n_eda=6, n_music=1)
    trials = replace(trials, music=trials.music[:, :0])
    j = fisher(trials.eda, label)
    threshold = float(np.sort(j)[-3])
    fitted = FisherSVM(threshold).fit(trials, label, trials, label, seed=0)
    weights = fitted.arrays["coefficient"]
    np.testing.assert_array_equal(weights != 0, j > threshold)
    assert fitted.n_parameters == 3
    best = FisherSVM(99.0).fit(trials, label, trials, label, seed=0).arrays["coefficient"]
    assert np.flatnonzero(best).tolist() == [int(np.argmax(j))]
