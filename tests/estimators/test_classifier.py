"""The classifier trains as `rtcan train` does, and is used as scikit-learn's classifiers are."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from rtcan_cli.estimators import ProtocolSplit, RTCANClassifier, decompose_trials
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Workspace
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.splits import Roles
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.run import fit
from tests.conftest import SMALL_TRAINING, must
from tests.training.conftest import responses

SMALL = {"variant": "Rb", "channels": (8, 8, 8, 8), "recipe": "tuned", "epochs": 2}
QUICK = {"channels": (4, 4, 4, 4), "recipe": "tuned", "epochs": 1}

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning:rtcan_cli.*",
    "ignore:.*too few steps:sklearn.exceptions.ConvergenceWarning",
)


@pytest.fixture(scope="module")
def trials() -> TrainingData:
    return responses(n_subjects=8, per_subject=10)


def in_columns(data: TrainingData) -> np.ndarray:
    assert data.music is not None
    return np.hstack([data.eda.reshape(len(data), -1), data.music[data.song]])


@pytest.mark.parametrize("groups", ["none", "subject", "both"])
def test_a_fit_is_a_fold_of_the_training_loop(trials: TrainingData, groups: str) -> None:
    who = {
        "none": None,
        "subject": trials.subject,
        "both": np.column_stack([trials.subject, trials.stimulus]),
    }[groups]
    model = RTCANClassifier(**SMALL, validation_fraction=0.3, random_state=5)
    model.fit(trials.eda, trials.label, groups=who)

    validation = model.validation_
    train = np.setdiff1d(np.arange(len(trials)), validation)
    if groups != "none":
        train = train[~np.isin(trials.subject[train], trials.subject[validation])]
    if groups == "both":
        train = train[~np.isin(trials.stimulus[train], trials.stimulus[validation])]
    recipe = replace(RECIPES["tuned"], epochs=2)
    spec = ModelSpec("Rb", channels=(8, 8, 8, 8), length=60)
    parts = Roles(train, validation, np.arange(len(trials)))
    result = fit(trials, parts, spec, recipe, fold=0, seed=5)
    assert model.model_.spec == spec
    assert model.history_["train_loss"].tolist() == result.history["train_loss"].tolist()
    assert all((model.model_.weights[name] == x).all() for name, x in result.weights.items())
    np.testing.assert_allclose(
        model.predict_proba(trials.eda)[:, 1], result.test_probability, atol=1e-6
    )


def test_a_fit_has_the_weights_of_a_run_of_train(prepared: Path, tmp_path: Path) -> None:
    space, run = Workspace(prepared), tmp_path / "run.h5"
    must("train", "-w", prepared, "-o", run, *SMALL_TRAINING, "--target", "arousal")
    loaded = Run.load(run)
    parts = loaded.roles("arousal")[1]
    sources = Sources(space.store("pmemo", "components"), space.store("pmemo", "labels"))
    data, _ = training_data(sources, "arousal", loaded.settings.onset, 96)

    class OfThisFold(RTCANClassifier):
        """With the validation trials of the fold; scikit-learn's own are drawn."""

        def _roles(self, label: Any, groups: Any, seed: int) -> Roles:
            return Roles(parts.train, parts.validation, parts.validation[:0])

    model = OfThisFold(
        variant=loaded.settings.spec.variant,
        channels=(8, 8, 8, 8),
        recipe="tuned",
        epochs=2,
        random_state=0,
    )
    model.fit(data.own_eda, data.label)
    stored = loaded.network_of_fold("arousal", 1).model.state_dict()
    assert all((x.numpy() == model.model_.weights[name]).all() for name, x in stored.items())
    table = loaded.trials("arousal")
    tested = model.predict_proba(data.own_eda[parts.test])[:, 1]
    np.testing.assert_allclose(tested, table["probability"].to_numpy()[parts.test], atol=1e-6)


def test_signals_in_one_row_are_those_of_three_axes(trials: TrainingData) -> None:
    model = RTCANClassifier(**SMALL, random_state=0)
    flat = trials.eda.reshape(len(trials), -1)
    first = model.fit(trials.eda, trials.label).predict_proba(trials.eda)
    assert model.n_features_in_ == flat.shape[1]
    assert (model.predict_proba(flat) == first).all()
    assert (clone(model).fit(flat, trials.label).predict_proba(flat) == first).all()


def test_signals_that_are_not_given_are_zero(trials: TrainingData) -> None:
    model = RTCANClassifier(**SMALL, n_signals=2, random_state=0)
    padded = trials.eda.copy()
    padded[:, 2] = 0
    found = model.fit(trials.eda[:, :2], trials.label).predict_proba(trials.eda[:, :2])
    usual = clone(model).set_params(n_signals=3).fit(padded, trials.label)
    assert (usual.predict_proba(padded) == found).all()


def test_music_is_scaled_with_the_songs_that_train(trials: TrainingData) -> None:
    X = in_columns(trials)
    model = RTCANClassifier(**SMALL, n_music=7, random_state=0)
    model.fit(X, trials.label, groups=pd.DataFrame({"stimulus": trials.stimulus}))
    trained = ~np.isin(trials.stimulus, trials.stimulus[model.validation_])
    songs = np.unique(X[trained, -7:], axis=0)
    assert len(songs) < 10
    scales = model.model_.scales
    np.testing.assert_allclose(scales["music_mean"], songs.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scales["music_sd"], songs.std(axis=0), rtol=1e-5)


def test_predictions_do_not_depend_on_the_other_trials(trials: TrainingData) -> None:
    X = in_columns(trials)
    model = RTCANClassifier(**SMALL, n_music=7, random_state=0).fit(X, trials.label)
    together = model.predict_proba(X)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_allclose(model.predict_proba(X[order]), together[order], atol=2e-6)
    alone = np.vstack([model.predict_proba(row[None]) for row in X[:10]])
    np.testing.assert_allclose(alone, together[:10], atol=2e-6)


def test_a_planted_response_is_found_in_unseen_subjects() -> None:
    data = responses(n_subjects=12, per_subject=20)
    scores = cross_validate(
        RTCANClassifier(recipe="tuned", epochs=12, lr=0.002, random_state=0),
        data.eda,
        data.label,
        groups=data.subject,
        cv=ProtocolSplit("subject", 3),
        params={"groups": data.subject},
        scoring="roc_auc",
    )
    # The median, as one of three networks of a few subjects may learn nothing.
    assert np.median(scores["test_score"]) > 0.9
    shuffled = np.random.default_rng(0).permutation(data.label)
    model = RTCANClassifier(recipe="tuned", epochs=2, random_state=0)
    chance = cross_validate(
        *(model, data.eda, shuffled),
        groups=data.subject,
        cv=ProtocolSplit("subject", 3),
        scoring="roc_auc",
    )
    assert abs(chance["test_score"].mean() - 0.5) < 0.15


def test_groups_are_routed_by_scikit_learn(trials: TrainingData) -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        model = RTCANClassifier(**QUICK, random_state=0).set_fit_request(groups=True)
        found = cross_validate(
            *(model, trials.eda, trials.label),
            params={"groups": trials.subject},
            cv=ProtocolSplit("loso"),
            return_estimator=True,
            return_indices=True,
        )
    assert len(found["estimator"]) == 8
    for fitted, train in zip(found["estimator"], found["indices"]["train"], strict=True):
        subjects = trials.subject[train]
        validates = set(subjects[fitted.validation_])
        assert len(validates) == 1
        assert np.isin(np.flatnonzero(np.isin(subjects, [*validates])), fitted.validation_).all()


def test_a_pipeline_from_raw_eda_and_a_search() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(0, 15, 0.25)
    y = np.tile(["calm", "excited"], 18)
    rise = np.where(time > 8, 1 - np.exp(-(time - 8)), 0) * (y == "excited")[:, None]
    X = 5 + rise + np.cumsum(rng.normal(0, 0.02, (36, len(time))), axis=1)
    decompose = FunctionTransformer(decompose_trials, kw_args={"sampling_rate": 4.0, "length": 40})
    pipeline = make_pipeline(decompose, RTCANClassifier(**QUICK, random_state=0))
    search = GridSearchCV(
        pipeline,
        {"rtcanclassifier__variant": ["base", "Rd"], "rtcanclassifier__lr": [1e-3]},
        cv=ProtocolSplit("subject", 3),
    )
    search.fit(X, y, groups=np.repeat([f"s{i}" for i in range(9)], 4))
    assert search.best_params_["rtcanclassifier__variant"] in ("base", "Rd")
    assert set(search.predict(X)) <= {"calm", "excited"}
    assert list(search.classes_) == ["calm", "excited"]


def test_a_fitted_classifier_can_be_pickled(trials: TrainingData) -> None:
    model = RTCANClassifier(**SMALL, random_state=0).fit(trials.eda, trials.label)
    back = pickle.loads(pickle.dumps(model))
    assert (back.predict_proba(trials.eda) == model.predict_proba(trials.eda)).all()
    assert b"torch" not in pickle.dumps(model)


def test_calibrated_probabilities_leave_the_class(trials: TrainingData) -> None:
    model = RTCANClassifier(**SMALL, random_state=0).fit(trials.eda, trials.label)
    plain, classes = model.predict_proba(trials.eda), model.predict(trials.eda)
    model.set_params(calibrate=True)
    scaled = model.predict_proba(trials.eda)
    assert (model.predict(trials.eda) == classes).all()
    odds = [np.log(p[:, 1] / p[:, 0]) for p in (plain, scaled)]
    np.testing.assert_allclose(odds[0] / model.model_.temperature, odds[1], atol=1e-6)


def test_a_generator_and_none_draw_and_an_integer_repeats(trials: TrainingData) -> None:
    model = RTCANClassifier(**QUICK, random_state=np.random.RandomState(0))
    first = model.fit(trials.eda, trials.label).predict_proba(trials.eda)
    again = model.fit(trials.eda, trials.label).predict_proba(trials.eda)
    assert (first != again).any()
    same = [
        RTCANClassifier(**QUICK, random_state=3).fit(trials.eda, trials.label) for _ in range(2)
    ]
    assert (same[0].predict_proba(trials.eda) == same[1].predict_proba(trials.eda)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_signals": 4}, "n_signals=4 must be an integer of 1 to 3"),
        ({"n_signals": 2}, r"X has 3 signals \(shape \(80, 3, 60\)\), but n_signals=2"),
        ({"n_music": 5}, "X is 3-D, but n_music=5"),
        ({"n_music": -1}, "n_music=-1"),
        ({"length": 0}, "length=0"),
        ({"length": 4}, "too short for network variant Rb"),
        ({"variant": "Rz"}, "no network variant 'Rz'; choose one of base,"),
        ({"layout": "mine"}, "no network layout 'mine'"),
        ({"recipe": "best"}, "recipe='best' is not one of paper, tuned"),
        ({"lr": -1.0}, "lr -1.0 is out of range"),
        ({"validation_fraction": 1.0}, "validation_fraction=1.0"),
        ({"device": "abacus"}, "no device called 'abacus'"),
        ({"random_state": -1}, "Seed must be between 0"),
    ],
)
def test_parameters_out_of_range_are_refused(
    trials: TrainingData, change: dict[str, Any], message: str
) -> None:
    model = RTCANClassifier(**{**SMALL, **change})
    with pytest.raises(ValueError, match=message):
        model.fit(trials.eda, trials.label)
    with pytest.raises(NotFittedError):
        model.predict(trials.eda)


def test_data_that_do_not_fit_are_refused(trials: TrainingData) -> None:
    model = RTCANClassifier(**QUICK, random_state=0)
    flat = trials.eda.reshape(len(trials), -1)
    with pytest.raises(ValueError, match="n_signals=3 and n_music=0"):
        model.fit(flat[:, :-1], trials.label)
    with pytest.raises(ValueError, match="Only binary classification"):
        model.fit(flat, np.arange(len(flat)) % 3)
    with pytest.raises(ValueError, match="groups has 79 rows"):
        model.fit(flat, trials.label, groups=trials.subject[:-1])
    with pytest.raises(ValueError, match="among subject, stimulus, repetition, song, got person"):
        model.fit(flat, trials.label, groups=pd.DataFrame({"person": trials.subject}))
    with pytest.raises(ValueError, match="2 subjects cannot be divided"):
        model.fit(flat, trials.label, groups=np.arange(len(flat)) % 2)
    of_one_class = np.where(trials.label == 1, trials.subject, "all")
    with pytest.raises(ValueError, match="not of both classes"):
        RTCANClassifier(**QUICK, validation_fraction=0.1, random_state=0).fit(
            flat, trials.label, groups=of_one_class
        )
    model.fit(flat, trials.label)
    with pytest.raises(ValueError, match="expecting 180 features"):
        model.predict(flat[:, :90])


def test_a_device_that_is_not_there_is_said(trials: TrainingData) -> None:
    model = RTCANClassifier(**QUICK, device="cuda:63", random_state=0)
    with pytest.warns(UserWarning, match="cuda:63 cannot be used .*: training on the CPU"):
        model.fit(trials.eda, trials.label)
    assert model.predict(trials.eda).shape == (len(trials),)


def test_too_few_steps_are_said(trials: TrainingData) -> None:
    with pytest.warns(ConvergenceWarning, match="needs about 500.*recipe='tuned'"):
        RTCANClassifier(channels=(4,) * 4, recipe=replace(RECIPES["paper"], epochs=1)).fit(
            trials.eda, trials.label
        )


def test_pytorch_is_loaded_by_fitting_alone() -> None:
    program = (
        "import sys; from rtcan_cli.estimators import RTCANClassifier, ProtocolSplit\n"
        "RTCANClassifier().get_params(); ProtocolSplit()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("kind", ["short", "flat", "missing"])
def test_a_trial_that_cannot_be_decomposed_is_named(kind: str) -> None:
    X = np.random.default_rng(0).normal(5, 1, (3, 40))
    if kind == "flat":
        X[1] = 2.0
    if kind == "missing":
        X[1, 3] = np.nan
    row = 0 if kind == "short" else 1
    with pytest.raises(ValueError, match=f"row {row} of X cannot be decomposed"):
        decompose_trials(X[:, :10] if kind == "short" else X, sampling_rate=4.0)


def test_groups_that_hold_out_nothing_are_refused() -> None:
    X, y = np.zeros((8, 20), np.float32), np.arange(8) % 2
    with pytest.raises(ValueError, match="neither a column subject"):
        RTCANClassifier(n_signals=1).fit(X, y, groups=pd.DataFrame({"repetition": np.ones(8)}))
    with pytest.raises(ValueError, match="at most 1/3"):
        RTCANClassifier(n_signals=1, validation_fraction=0.5).fit(X, y, groups=np.arange(8))


@pytest.mark.parametrize("channels", [(0, 0, 0, 0), (4, 4), (4, 4, 4, 4.5)])
def test_widths_that_no_network_has_are_refused(channels: tuple[float, ...]) -> None:
    X, y = np.zeros((8, 20), np.float32), np.arange(8) % 2
    with pytest.raises(ValueError, match="four integers"):
        RTCANClassifier(n_signals=1, channels=channels).fit(X, y)


def test_nested_lists_are_signals_of_trials() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 1, 16)).astype(np.float32), np.arange(12) % 2
    network = {"n_signals": 1, "channels": (4, 4, 4, 4), "epochs": 1, "random_state": 0}
    arrays = RTCANClassifier(**network).fit(X, y).predict_proba(X)
    lists = RTCANClassifier(**network).fit(X.tolist(), y).predict_proba(X.tolist())
    np.testing.assert_allclose(arrays, lists)
