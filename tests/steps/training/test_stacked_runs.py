"""Runs whose folds are trained together: the same stores, but for rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import rtcan_cli.steps.training.units as run_units
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.training.plan import Unit
from rtcan_cli.steps.training.train import train_runs
from rtcan_cli.steps.training.units import Pace, PartialSink, alike
from rtcan_cli.stores import Partial
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.fit import FoldResult, NotFinite
from rtcan_cli.training.folds.splits import Roles
from tests.conftest import must, rtcan
from tests.steps.training.test_sweep import SETTINGS, SMALL, request, variants
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
    return [
        Unit("arousal", fold, NOBODY, data, settings, partial)
        for settings in variants(*variant)
        for fold in range(3)
    ]


def test_networks_of_one_shape_come_together(tmp_path: Path) -> None:
    missing = units(tmp_path, "base", "Ra", "base")

    def shapes(stack: int) -> list[list[str]]:
        return [
            [f"{unit.settings.spec.variant}{unit.fold}" for unit in group]
            for group in alike(missing, stack)
        ]

    base, ra = ["base0", "base1", "base2"], ["Ra0", "Ra1", "Ra2"]
    assert shapes(9) == [base + base, ra]
    assert shapes(4) == [base, base, ra]
    assert shapes(1) == [[name] for name in base + base + ra]
    other = replace(missing[0].settings, recipe=replace(SETTINGS.recipe, lr=1.0))
    assert len(alike([*missing, replace(missing[0], settings=other)], 9)) == 3


def test_a_stack_tells_the_pace_what_checkpoints_do_not_show(tmp_path: Path) -> None:
    some = units(tmp_path, "base")
    pace = Pace(some)
    PartialSink(some[1], pace=pace).on_epoch(1, 4, {})
    assert pace.epochs() == 5
    pace.finish(some[1])
    assert pace.epochs() == SETTINGS.recipe.epochs
    PartialSink(some[0]).on_epoch(0, 4, {})  # of a worker, which has another pace


def test_stacked_runs_are_those_trained_one_by_one(prepared: Path, tmp_path: Path) -> None:
    settings = [replace(SETTINGS, fusion="music", seed=seed) for seed in (0, 1)]
    stacked, alone = tmp_path / "stacked", tmp_path / "alone"
    wanted = [request(prepared, stacked, each) for each in settings]
    train_runs(wanted, jobs=2, stack=4)  # six networks: three in each worker
    assert {path.suffix for path in stacked.iterdir()} == {".h5"}
    one_by_one = [request(prepared, alone, each) for each in settings]
    train_runs(one_by_one)
    for one, other in zip(wanted, one_by_one, strict=True):
        found, expected = Run.load(one.output), Run.load(other.output)
        for table, columns in (
            ("predictions", ["probability"]),
            ("epochs", ["train_loss", "validation_loss"]),
        ):
            np.testing.assert_allclose(
                getattr(found, table)[columns], getattr(expected, table)[columns], atol=1e-4
            )
        assert (found.models["seconds"] > 0).all()


def test_folds_are_stacked_only_where_that_is_asked_for(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copy_of(prepared)
    asked: list[tuple[int, int]] = []
    real = run_units.fit_stacked

    def counted(members: list[object], *rest: object, **named: object) -> object:
        asked.append((len(members), named["stack"]))  # type: ignore[arg-type]
        return real(members, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(run_units, "fit_stacked", counted)
    must("train", "-w", workspace, *SMALL, "--name", "plain")
    assert not asked
    must("train", "-w", workspace, *SMALL, "--name", "stacked", "--stack", "2", "-j", "1")
    assert asked == [(2, 2)]  # of three folds; the third is alone
    outcome = rtcan("train", "-w", workspace, *SMALL, "--stack", "0")
    assert outcome.exit_code == 2
    assert "--stack" in outcome.stderr


@pytest.mark.parametrize("name", ["cpu", "cuda:0", "mps"])
def test_whatever_the_device_each_fold_is_trained_by_itself_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[tuple[int, str]] = []

    def fit(*rest: object, fold: int, device: torch.device, **named: object) -> FoldResult:
        trained.append((fold, str(device)))
        raise NotFinite(f"fold {fold + 1}")  # what is trained is not the question here

    def stacked(*rest: object, **named: object) -> None:
        raise AssertionError("stacked though nobody asked for it")

    monkeypatch.setattr(run_units, "fit", fit)
    monkeypatch.setattr(run_units, "fit_stacked", stacked)
    some = units(tmp_path, "base")
    # One process: a context of CUDA cannot be handed on to forked ones.
    jobs = 1 if name == "cpu" else 4
    failed = run_units.fit_units(some, torch.device(name), jobs, lambda unit: None)
    assert trained == [(fold, name) for fold in range(3)]
    assert [unit for unit, _ in failed] == some


@pytest.mark.filterwarnings("ignore:.*meta parameter.*is a no-op")
def test_a_run_on_another_device_is_that_of_the_cpu(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, fusion="music", recipe=replace(SETTINGS.recipe, batch_size=256))
    here, there = (request(prepared, tmp_path / name, settings) for name in ("cpu", "other"))
    train_runs([here])
    with pretend_device(monkeypatch) as device:
        train_runs([there], device, jobs=4)
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


def test_a_stack_that_diverges_says_what_single_folds_say(prepared: Path, tmp_path: Path) -> None:
    recipe = replace(SETTINGS.recipe, lr=1e30)
    messages = []
    for stack in (1, 3):
        wanted = request(prepared, tmp_path, replace(SETTINGS, recipe=recipe))
        with pytest.raises(RtcanError) as error:
            train_runs([wanted], stack=stack)
        messages.append((str(error.value), error.value.hint))
    assert messages[0] == messages[1]
    assert "fold 1, epoch 1 (and in 2 more folds)" in messages[0][0]
