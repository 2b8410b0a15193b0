"""Runs whose folds are trained together: the same stores, but for rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rtcan_cli.steps.run_units as run_units
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.run_plan import Unit
from rtcan_cli.steps.run_units import Pace, PartialSink, alike
from rtcan_cli.steps.runs import Run
from rtcan_cli.steps.sweep import train_sweep
from rtcan_cli.stores import Partial
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.splits import Roles
from tests.conftest import must, rtcan
from tests.steps.test_sweep import SETTINGS, SMALL, request, variants

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

    def shapes(stack: int | None) -> list[list[str]]:
        return [
            [f"{unit.settings.spec.variant}{unit.fold}" for unit in group]
            for group in alike(missing, stack)
        ]

    base, ra = ["base0", "base1", "base2"], ["Ra0", "Ra1", "Ra2"]
    assert shapes(None) == [base + base, ra]
    assert shapes(4) == [base, base, ra]
    assert shapes(1) == [[name] for name in base + base + ra]
    other = replace(missing[0].settings, recipe=replace(SETTINGS.recipe, lr=1.0))
    assert len(alike([*missing, replace(missing[0], settings=other)], None)) == 3


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
    train_sweep(wanted, jobs=2, stack=4)  # six networks: three in each worker
    assert {path.suffix for path in stacked.iterdir()} == {".h5"}
    one_by_one = [request(prepared, alone, each) for each in settings]
    train_sweep(one_by_one)
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
    asked: list[tuple[int, int | None]] = []
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


def test_a_stack_that_diverges_says_what_single_folds_say(prepared: Path, tmp_path: Path) -> None:
    recipe = replace(SETTINGS.recipe, lr=1e30)
    messages = []
    for stack in (None, 3):
        wanted = request(prepared, tmp_path, replace(SETTINGS, recipe=recipe))
        with pytest.raises(RtcanError) as error:
            train_sweep([wanted], stack=stack)
        messages.append((str(error.value), error.value.hint))
    assert messages[0] == messages[1]
    assert "fold 1, epoch 1 (and in 2 more folds)" in messages[0][0]
