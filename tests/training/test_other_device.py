"""The plain path on another device than the CPU: every tensor is there, and the numbers agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from rtcan_cli.choices import MapName
from rtcan_cli.errors import RtcanError
from rtcan_cli.explain.maps import attribute_trials
from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import every, find
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.models.weights import build
from rtcan_cli.training import fit as training_fit
from rtcan_cli.training import run as training_run
from rtcan_cli.training.fit import FoldResult, NotFinite, fit_fold
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import Roles
from rtcan_cli.training.predict import predict
from rtcan_cli.training.recipes import RECIPES, Recipe
from tests.training.pretend_device import Mixed, pretend_device
from tests.training.simulated import spec_of, trials

#: Networks with up to 11 million weights.
LARGE = ("res-sin", "inceptiontime")
NETWORKS = [model for model in every() if model.is_network]
PARTS = Roles(np.arange(0, 20), np.arange(20, 30), np.arange(30, 40))

pytestmark = pytest.mark.filterwarnings("ignore:.*meta parameter.*is a no-op")


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    with pretend_device(monkeypatch) as device:
        yield device


def train(model: Model, recipe: Recipe, device: torch.device | None = None) -> FoldResult:
    data = trials(model, model.fusion[-1], "EDA", n_subjects=4, n_songs=10)
    spec = spec_of(model.name, data)
    return fit_fold(data, PARTS, spec, recipe, fold=0, seed=0, device=device)


def test_the_pretended_device_refuses_what_a_gpu_refuses(device: torch.device) -> None:
    there, here = torch.ones(3, device=device), torch.ones(3)
    assert (there + 1).cpu().tolist() == [2, 2, 2]
    assert there.sum().item() == 3
    assert (there * torch.tensor(2.0)).cpu().tolist() == [2, 2, 2]  # PyTorch allows one number
    for wrong in (
        lambda: there + here,
        lambda: there.index_select(0, torch.tensor([1])),
        lambda: torch.nn.functional.linear(there, torch.ones(3, 3)),
    ):
        with pytest.raises(Mixed):
            wrong()
    with pytest.raises((TypeError, RuntimeError)):
        there.numpy()


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, id=model.name, marks=pytest.mark.long if model.name in LARGE else ())
        for model in NETWORKS
    ],
)
def test_a_fold_comes_out_on_another_device_as_on_the_cpu(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = {"epochs": 1, "batch_size": 8, "class_weights": "balanced", "clip_norm": 1.0}
    recipe = replace(RECIPES["tuned"], **how)
    expected = train(model, recipe)
    with pretend_device(monkeypatch) as device:
        found = train(model, recipe, device)
    np.testing.assert_allclose(found.history["train_loss"], expected.history["train_loss"], 1e-5)
    np.testing.assert_allclose(found.test_probability, expected.test_probability, atol=1e-5)
    assert all(isinstance(array, np.ndarray) for array in found.weights.values())


@pytest.mark.parametrize("recipe", ["tuned", pytest.param("paper", marks=pytest.mark.long)])
def test_training_goes_on_there_from_a_checkpoint(recipe: str, device: torch.device) -> None:
    model = next(each for each in NETWORKS if each.name == "rtcan")
    data = trials(model, "music", "EDA", n_subjects=4, n_songs=10)
    how = replace(RECIPES[recipe], epochs=3, batch_size=8)

    class Sink:
        kept: dict[str, np.ndarray] | None = None

        def load(self, fold: int) -> dict[str, np.ndarray] | None:
            return self.kept

        def save(self, fold: int, checkpoint: dict[str, np.ndarray]) -> None:
            if len(checkpoint["history.train_loss"]) == 2:
                self.kept = checkpoint

        def on_epoch(self, fold: int, epoch: int, row: dict[str, float]) -> None:
            pass

    def run(sink: Sink | None) -> FoldResult:
        spec = spec_of("rtcan", data)
        return fit_fold(data, PARTS, spec, how, fold=0, seed=0, device=device, sink=sink)  # type: ignore[arg-type]

    sink = Sink()
    whole = run(sink)
    again = run(sink)  # its last epoch only
    assert sink.kept is not None
    np.testing.assert_allclose(again.history["train_loss"], whole.history["train_loss"], rtol=1e-5)
    np.testing.assert_allclose(again.test_probability, whole.test_probability, atol=1e-5)


@pytest.mark.parametrize("method", get_args(MapName))
def test_predictions_and_maps_come_out_on_another_device_as_on_the_cpu(
    method: MapName, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = trials(find("rtcan"), "music", "EDA", n_subjects=2, n_songs=3)
    model = build(spec_of("rtcan", data), "default", 0)
    assert isinstance(model, RTCAN)
    assert data.music is not None
    inputs = data.eda, data.music[data.song]
    expected, answers = attribute_trials(model, *inputs, method=method), predict(model, *inputs)
    rounded: list[bool] = []
    model.register_forward_pre_hook(lambda *_: rounded.append(torch.backends.cudnn.allow_tf32))
    with pretend_device(monkeypatch) as device:
        model.to(device)
        found, there = attribute_trials(model, *inputs, method=method), predict(model, *inputs)
    np.testing.assert_allclose(found.channels, expected.channels, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(there, answers, atol=1e-6)
    assert rounded
    assert not any(rounded)  # single precision also where PyTorch by itself rounds convolutions


def test_too_little_memory_on_the_device_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*rest: object, **named: object) -> FoldResult:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\n...")

    model = next(each for each in NETWORKS if each.name == "rtcan")
    data = trials(model, "music", "EDA", n_subjects=4, n_songs=10)
    monkeypatch.setattr(training_fit, "fit_fold", full)
    with pytest.raises(RtcanError, match=r"^the free memory of cuda:0 is too small") as error:
        training_run.fit(
            data,
            PARTS,
            spec_of("rtcan", data),
            RECIPES["paper"],
            fold=0,
            seed=0,
            device=torch.device("cuda:0"),
        )
    assert not isinstance(error.value, NotFinite)


def test_so_is_too_little_for_all_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*rest: object) -> Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.\n...")

    data = trials(find("rtcan"), "music", "EDA", n_subjects=4, n_songs=10)
    protocol = PROTOCOLS["subject"]
    splits = protocol.split(data.subject, data.stimulus, data.label, 4, seed=0)
    monkeypatch.setattr(training_run, "place_if_room", full)
    with pytest.raises(RtcanError, match=r"^the free memory of cuda:0 is too small"):
        training_run.cross_validate(
            data,
            splits,
            protocol,
            spec_of("rtcan", data),
            RECIPES["paper"],
            seed=0,
            device=torch.device("cuda:0"),
        )
