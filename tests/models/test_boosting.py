from __future__ import annotations

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import log_loss

from rtcan_cli.models.baselines.boosting import Boosting, as_arrays, staged
from tests.models.trials import examples


def test_arrays_say_what_scikit_learn_says_after_every_tree() -> None:
    trials, label = examples()
    model = GradientBoostingClassifier(n_estimators=30, subsample=0.5, random_state=3)
    model.fit(trials.x, label)
    found = staged(as_arrays(model, label), trials)
    expected = np.stack([p[:, 1] for p in model.staged_predict_proba(trials.x)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    other, _ = examples(seed=1)
    found = staged(as_arrays(model, label), other)[:, -1]
    np.testing.assert_allclose(found, model.predict_proba(other.x)[:, 1], rtol=0, atol=1e-12)


def test_validation_trials_choose_the_number_of_trees() -> None:
    (train, label), (other, truth) = examples(), examples(seed=1)
    fitted = Boosting(n_trees=40).fit(train, label, other, truth, seed=0)
    by_step = staged(fitted.arrays, other)
    losses = [log_loss(truth, p) for p in by_step.T]
    np.testing.assert_allclose(fitted.history["validation_loss"], losses)
    assert fitted.best_step == int(np.argmin(losses)) < 39
    answer = Boosting().probability(fitted.arrays, other)
    np.testing.assert_array_equal(answer, by_step[:, fitted.best_step])
    # It gets no better on training trials by fewer trees, so these did not choose.
    assert np.argmin(fitted.history["train_loss"]) > fitted.best_step


def test_arrays_have_one_shape_whatever_was_learnt() -> None:
    shapes = set()
    for seed in range(3):
        trials, label = examples(n=20 + 20 * seed, seed=seed)
        fitted = Boosting(n_trees=5).fit(trials, label, trials, label, seed)
        shapes.add(tuple(array.shape for array in fitted.arrays.values()))
    assert len(shapes) == 1
