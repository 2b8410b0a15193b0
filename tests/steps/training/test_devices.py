"""Where folds are trained: one after the other on another device, and how far they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import torch

import rtcan_cli.steps.training.train as train_step
import rtcan_cli.steps.training.units as run_units
import rtcan_cli.training.device as devices
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.training.plan import Unit
from rtcan_cli.steps.training.train import train_runs
from rtcan_cli.stores import Partial, Provenance
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.device import named_device
from rtcan_cli.training.fit import FoldResult, NotFinite
from rtcan_cli.training.folds.splits import Roles
from tests.conftest import rtcan
from tests.steps.training.test_sweep import SETTINGS, request, variants
from tests.training.pretend_device import pretend_device

NOBODY = Roles(*(np.arange(0),) * 3)


def units(tmp_path: Path, *variant: str) -> list[Unit]:
    data = TrainingData(
        eda=np.zeros((1, 3, 96), np.float32),
        label=np.array([0]),
        subject=np.array(["a"]),
        stimulus=np.array(["b"]),
    )
    partial = Partial(tmp_path / "run.h5", "0")
    made = Provenance("train", "pmemo", {}, {}, True)
    return [
        Unit("arousal", fold, NOBODY, data, settings, partial, made, 3)
        for settings in variants(*variant)
        for fold in range(3)
    ]


@pytest.mark.parametrize("name", ["cpu", "cuda:0", "mps"])
def test_whatever_the_device_each_fold_is_trained_by_itself_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[tuple[int, str]] = []

    def fit(*rest: object, fold: int, device: torch.device, **named: object) -> FoldResult:
        trained.append((fold, str(device)))
        raise NotFinite(f"fold {fold + 1}")  # what is trained is not the question here

    monkeypatch.setattr(run_units, "fit", fit)
    some = units(tmp_path, "base")
    failed = run_units.fit_units(some, torch.device(name), 1, lambda unit: None)
    assert trained == [(fold, name) for fold in range(3)]
    assert [unit for unit, _ in failed] == some


def test_processes_that_share_a_gpu_are_told_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, int]] = []

    def spread(work: Any, items: Sequence[Unit], jobs: int, **named: object) -> Iterator[Any]:
        asked.append((work.keywords["device"], jobs))
        for i in range(len(items)):
            yield i, NotFinite("not the question here")

    monkeypatch.setattr(run_units, "map_unordered", spread)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    cuda = torch.device("cuda:0")
    run_units.fit_units(units(tmp_path, "base"), cuda, 3, lambda unit: None)
    assert asked == [(cuda, 3)]


@pytest.mark.parametrize(
    ("typed", "jobs"),
    [
        (("--gpu", "0"), 1),
        (("--gpu", "0", "--jobs", "4"), 4),
        (("--device", "mps"), 1),
        (("--device", "cpu"), 4),
        ((), 4),
    ],
)
def test_one_fold_at_a_time_is_trained_on_a_gpu_unless_more_are_asked_for(
    typed: tuple[str, ...], jobs: int, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[torch.device, object]] = []

    def train(requests: object, device: torch.device, jobs: object, *rest: object) -> None:
        asked.append((device, jobs))
        raise RtcanError("not the question here")

    monkeypatch.setattr(f"{devices.__name__}.pick_device", lambda *how: (named_device(*how), None))
    monkeypatch.setattr(f"{train_step.__name__}.train_runs", train)
    outcome = rtcan("train", "--dataset", "pmemo", "-w", prepared, *typed)
    assert "not the question here" in outcome.stderr
    assert [each for _, each in asked] == [jobs]


def fit_there(unit: Unit, device: torch.device, caller: int) -> run_units.Outcome:
    """Fit a unit in a worker process, which has the pretended device as well."""
    assert caller == os.getppid()
    with pytest.MonkeyPatch.context() as own, pretend_device(own):
        return run_units._fit(unit, device, caller)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*meta parameter.*is a no-op")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_on_another_device_is_that_of_the_cpu(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    settings = replace(SETTINGS, fusion="music", recipe=replace(SETTINGS.recipe, batch_size=256))
    here, there = (request(prepared, tmp_path / name, settings) for name in ("cpu", "other"))
    train_runs([here])
    if jobs > 1:
        monkeypatch.setattr(run_units, "_fit", fit_there)
        monkeypatch.setattr(joblib, "cpu_count", lambda: jobs)
    with pretend_device(monkeypatch) as device:
        train_runs([there], device, jobs)
    expected, found = Run.load(here.output), Run.load(there.output)
    np.testing.assert_allclose(
        found.predictions["probability"], expected.predictions["probability"], atol=1e-5
    )
    assert set(found.models["device"]) == {str(device)}


def test_the_readmes_line_trains_on_the_cpu_where_there_is_no_gpu(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = torch.zeros

    def no_gpu(*size: int, device: torch.device | None = None, **named: object) -> torch.Tensor:
        if device is not None and device.type == "cuda":
            raise AssertionError("Torch not compiled with CUDA enabled")
        return zeros(*size, device=device, **named)  # type: ignore[call-overload,no-any-return]

    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert "rtcan train --dataset pmemo --fusion music --gpu 0" in readme
    monkeypatch.setattr(torch, "zeros", no_gpu)
    workspace = copy_of(prepared)
    line = ("train", "--dataset", "pmemo", "--fusion", "music", "--gpu", "0")
    small = ("--length", "96", "--folds", "3", "--epochs", "1", "--channels", "8,8,8,8", "-j", "1")
    outcome = rtcan(*line, "-w", workspace, *small)
    assert outcome.exit_code == 0
    warned = [each for each in outcome.stderr.splitlines() if "cuda:0" in each]
    assert len(warned) == 1
    assert "training on the CPU" in warned[0]
    assert "not compiled with CUDA" in warned[0]
    run = Run.load(next((workspace / "pmemo" / "runs").glob("*.h5")))
    assert set(run.models["device"]) == {"cpu"}
