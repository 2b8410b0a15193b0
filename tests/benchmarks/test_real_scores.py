"""What the benchmark of real listeners shows models, where rows have another order than trials."""

from __future__ import annotations

import importlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.splits import Roles
from rtcan_cli.trial_key import TRIAL_KEY
from tests.docs.blocks import ROOT

RNG = np.random.default_rng(0)
N = 24
DATA = TrainingData(
    eda=RNG.normal(size=(N, 4)).astype(np.float32),
    label=np.tile([0, 1], N // 2),
    subject=np.repeat(["a", "b", "c", "d"], N // 4),
    stimulus=np.tile([f"s{i}" for i in range(6)], 4),
)
ORDER = RNG.permutation(N)
#: The same trials, whose rows are in another order, among rows of others.
MOVED = replace(DATA, eda=np.repeat(DATA.eda[ORDER], 2, axis=0), row=2 * np.argsort(ORDER))


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "benchmarks" / "real_scores")
    return {name: importlib.import_module(name) for name in ("inputs", "experiments", "scores")}


def test_regression_sees_each_trials_own_features(benchmark: dict[str, ModuleType]) -> None:
    roles = Roles(np.arange(12), np.arange(12, 18), np.arange(18, N))
    rating = DATA.own_eda[:, 0] + RNG.normal(size=N)
    one, other = (benchmark["experiments"]._ridge(data, rating, roles) for data in (DATA, MOVED))
    np.testing.assert_array_equal(one, other)


def test_each_trial_has_its_own_inputs(
    benchmark: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = benchmark["inputs"]
    signals = replace(DATA, eda=np.zeros((N, 3, 20), np.float32)).take(ORDER)

    def training_data(sources: SimpleNamespace, *rest: object, **named: object) -> object:
        return (signals if sources.features is None else MOVED), Counter()

    monkeypatch.setattr(inputs, "training_data", training_data)
    keys = [getattr(DATA, name) for name in TRIAL_KEY]
    table = pd.DataFrame({"order": np.arange(N)}, index=pd.MultiIndex.from_arrays(keys))
    study = inputs.Study(Path("nowhere"), table, [], [], np.zeros(N))
    features, scaled, order = (
        inputs.see(study, name, "arousal") for name in ("features", "features-listener", "order")
    )
    np.testing.assert_array_equal(features.own_eda, DATA.eda[ORDER])
    expected = inputs.within(DATA.eda, DATA.subject)[ORDER]
    np.testing.assert_allclose(scaled.own_eda, expected, atol=1e-6)
    assert order.own_eda[:, 0].tolist() == ORDER.tolist()
    assert order.subject.tolist() == DATA.subject[ORDER].tolist()


def test_folds_of_seeds_are_compared(benchmark: dict[str, ModuleType]) -> None:
    one = pd.DataFrame({"subject": list("aabbcdd"), "fold": [1, 1, 1, 1, 2, 2, 2]})
    numbered_otherwise = one.assign(fold=3 - one["fold"])
    other = one.assign(fold=[1, 1, 2, 2, 1, 2, 2])
    shared = benchmark["scores"].shared_pairs
    assert shared([one, numbered_otherwise]) == (1.0, 2 / 6)
    assert shared([one, other]) == (0.0, 2 / 6)
