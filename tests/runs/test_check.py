"""Run stores that are damaged, cut or a stranger's: one clear line, before any memory is taken."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build, to_arrays
from rtcan_cli.runs.check import check_run, check_trained
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.splits import borrow
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.trained import TrainedModel
from tests.runs.finished_runs import SETTINGS, finish_run

SPEC = ModelSpec("Rb", channels=(4, 4, 4, 4), length=96)
WEIGHTS = to_arrays(build(SPEC, "default", 0))
FIRST = next(iter(WEIGHTS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return finish_run(tmp_path, "run")


def changed(path: Path, **settings: Any) -> None:
    with h5py.File(path, "r+") as h5:
        parameters = json.loads(h5.attrs["parameters"])
        h5.attrs["parameters"] = json.dumps(parameters | settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("length", 10**12),
        ("length", -1),
        ("length", "long"),
        ("length", True),
        ("depth", 10**9),
        ("channels", [10**9] * 4),
        ("channels", [8] * 10**4),
        ("channels", []),
        ("channels", 8),
        ("folds", 10**12),
        ("folds", None),
        ("seed", -1),
        ("onset", -1.0),
        ("onset", "late"),
        ("window", "late"),
        ("window", 30),
        ("window", "first:shortest"),
        ("targets", []),
        ("targets", ["../../x"]),
        ("fusion", "all"),
        ("variant", "Rz"),
        ("layout", "other"),
        ("recipe", {"name": "tuned"}),
        ("recipe", asdict(RECIPES["tuned"]) | {"epochs": 0}),
        ("recipe", asdict(RECIPES["tuned"]) | {"optimizer": "none"}),
        ("model", "none"),
        ("splits_from", {"a": 1}),
    ],
)
def test_settings_that_no_run_has_are_refused(path: Path, name: str, value: Any) -> None:
    assert Run.load(path).settings.spec.length == 96
    changed(path, **{name: value})
    for load in (lambda: Run.load(path), lambda: borrow(path, SETTINGS, "pmemo")):
        with pytest.raises(RtcanError, match="does not say with which settings") as caught:
            load()
        assert str(path) in str(caught.value)
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("predictions/fold", 10**15, "'predictions' has a fold that is not one of its 5"),
        ("predictions/fold", -1, "'predictions' has a fold"),
        ("predictions/label", 7, "a label that is neither"),
        ("predictions/probability", 1.5, "not between 0 and 1"),
        ("predictions/probability", -np.inf, "not between 0 and 1"),
        ("models/fold", 0, "'models' has a fold"),
        ("models/fold", 2, "two models of one fold"),
        ("epochs/fold", 10**15, "'epochs' has a fold"),
        ("predictions/target", b"mood", "'predictions' has another target than valence and"),
        ("membership/role", 9, "whose role in a fold is unknown"),
    ],
)
def test_tables_that_do_not_fit_together_are_refused(
    path: Path, name: str, value: Any, message: str
) -> None:
    with h5py.File(path, "r+") as h5:
        h5[name][0] = value
    with pytest.raises(RtcanError, match=message) as caught:
        Run.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("epochs", "fold", 2, "'epochs' lacks fold 2 of arousal, which was trained"),
        ("models", "target", "arousal", "'models' has no model of arousal"),
        ("epochs", "target", "arousal", "'epochs' lacks fold 1 of arousal"),
    ],
)
def test_a_network_has_epochs_of_each_fold_and_a_model_of_each_target(
    path: Path, table: str, column: str, value: object, message: str
) -> None:
    run = Run.load(path)
    rows = getattr(run, table)
    mine = (rows["target"] == "arousal") & (rows[column] == value)
    with pytest.raises(RtcanError, match=message):
        check_run(replace(run, **{table: rows[~mine]}))
    # A learner has no epochs.
    learner = replace(run.settings, spec=ModelSpec(model="majority"), recipe=None)
    check_run(replace(run, settings=learner, epochs=run.epochs[:0]))


def test_weights_of_the_network_are_accepted() -> None:
    check_trained(TrainedModel(SPEC, WEIGHTS, {}, 1.0))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({k: v for k, v in WEIGHTS.items() if k != FIRST}, f"the weights '{FIRST}' are missing"),
        ({**WEIGHTS, FIRST: WEIGHTS[FIRST][:-1]}, f"the weights '{FIRST}' have the shape"),
        ({**WEIGHTS, FIRST: np.float32(1)}, f"the weights '{FIRST}' have the shape"),
        ({**WEIGHTS, FIRST: WEIGHTS[FIRST] * np.nan}, f"the weights '{FIRST}' are not all finite"),
        ({**WEIGHTS, "more": np.zeros(1)}, "the weights 'more' belong to another network"),
        ({}, "are missing"),
    ],
    ids=["missing", "cut", "scalar", "nan", "more", "none"],
)
def test_weights_that_are_cut_missing_or_not_finite_are_refused(
    weights: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(RtcanError, match=message):
        check_trained(TrainedModel(SPEC, weights, {}, 1.0))


def test_a_huge_network_is_refused_before_it_is_built() -> None:
    import resource

    spec = ModelSpec("Rb", channels=(1 << 14,) * 4, length=96)  # 800 million weights a layer
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        with pytest.raises(RtcanError, match="have the shape"):
            check_trained(TrainedModel(spec, WEIGHTS, {}, 1.0))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    "scales",
    [
        {"music_mean": np.zeros(3)},
        {"music_mean": np.zeros(3), "music_sd": np.zeros(2)},
        {"eda_mean": np.zeros((2, 2)), "eda_sd": np.zeros((2, 2))},
        {"eda_mean": np.array([np.nan]), "eda_sd": np.ones(1)},
    ],
)
def test_scales_that_do_not_fit_together_are_refused(scales: dict[str, np.ndarray]) -> None:
    with pytest.raises(RtcanError, match=r"do not fit together|not all finite"):
        check_trained(TrainedModel(SPEC, WEIGHTS, scales, 1.0))


@pytest.mark.parametrize("model", ["logistic", "boosting", "subject-prior", "svm-eda", "majority"])
def test_numbers_of_another_model_give_no_answer_but_an_error(model: str) -> None:
    from rtcan_cli.training.data import Trials

    assert not find(model).is_network
    trials = Trials(
        eda=np.zeros((2, 128), np.float32),
        subject=np.array(["1", "2"]),
        stimulus=np.array(["1", "1"]),
        music=None,
        song=None,
    )
    for arrays in ({}, {"high": np.array(np.nan), "name": np.zeros(3), "start": np.zeros((2, 2))}):
        trained = TrainedModel(ModelSpec(model=model, n_features=128), arrays, {}, 1.0)
        with pytest.raises(RtcanError, match="the stored numbers"):
            trained.probability(trials)
