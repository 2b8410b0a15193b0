from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from rtcan_cli.models.baselines.logistic import Logistic
from rtcan_cli.models.linear import condense, decision, platt
from rtcan_cli.models.svm import LinearSVM
from tests.models.trials import examples

SIZES = {"EDA": (6, 0), "music": (0, 40), "both": (6, 40), "few numbers of music": (6, 4)}


@pytest.mark.parametrize(("n_eda", "n_music"), SIZES.values(), ids=SIZES)
def test_the_small_problem_has_the_solution_of_the_whole(n_eda: int, n_music: int) -> None:
    trials, label = examples(n_eda=n_eda, n_music=max(n_music, 1))
    if not n_music:
        trials = replace(trials, music=trials.music[:, :0])
    whole = LogisticRegression(C=0.3, solver="lbfgs", tol=1e-10, max_iter=10_000)
    whole.fit(trials.x, label)
    fitted = Logistic(C=0.3).fit(trials, label, trials, label, seed=0)
    np.testing.assert_allclose(fitted.arrays["coefficient"], whole.coef_[0], atol=2e-4)
    expected = whole.predict_proba(trials.x)[:, 1]
    found = Logistic(C=0.3).probability(fitted.arrays, trials)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(("n_eda", "n_music"), [(6, 40), (0, 40)])
def test_the_machine_is_that_of_scikit_learn_on_all_rows(n_eda: int, n_music: int) -> None:
    trials, label = examples(n_eda=n_eda, n_music=n_music)
    whole = SVC(kernel="linear", C=0.25, tol=1e-6).fit(trials.x, label)
    fitted = LinearSVM().fit(trials, label, trials, label, seed=0)
    expected = whole.decision_function(trials.x)
    np.testing.assert_allclose(decision(fitted.arrays, trials), expected, atol=5e-3)


def test_music_alone_needs_a_row_for_each_song_and_label() -> None:
    trials, label = examples(n_eda=0, n_songs=5)
    problem = condense(trials, label)
    pairs = set(zip(trials.stimulus.tolist(), label.tolist(), strict=True))
    assert len(problem.x) == len(pairs) < len(label)
    assert problem.weight.sum() == len(label)
    assert problem.x.shape[1] == 5


def test_probabilities_are_those_of_platts_scaling() -> None:
    trials, label = examples(n_eda=6, n_music=1)
    half = len(label) // 2
    machine = SVC(kernel="linear", C=0.25).fit(trials.x[:half], label[:half])
    known = CalibratedClassifierCV(FrozenEstimator(machine), method="sigmoid")
    known.fit(trials.x[half:], label[half:])
    score = machine.decision_function(trials.x[half:])
    slope, offset = platt(score, label[half:])
    expected = known.predict_proba(trials.x[half:])[:, 1]
    np.testing.assert_allclose(expit(slope * score + offset), expected, atol=1e-4)
    # The unit of the decisions does not matter.
    np.testing.assert_allclose(platt(1e4 * score - 7, label[half:])[0], slope / 1e4, rtol=1e-4)


def test_decisions_worse_than_chance_are_not_turned_around() -> None:
    label = np.tile([0, 1, 1], 20)
    slope, offset = platt(-label + np.linspace(0, 0.1, 60), label)
    assert slope == 0
    # All labels drawn together by Platt's rule: 40 of 41/42 and 20 of 1/22.
    assert offset == pytest.approx(logit((40 * 41 / 42 + 20 / 22) / 60), abs=1e-4)
    assert platt(np.ones(60), label) == pytest.approx((0, offset), abs=1e-4)
