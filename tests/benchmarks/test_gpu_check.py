"""The script that checks a GPU passes on the CPU at small size, and finds what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from benchmarks import gpu_check
from benchmarks.gpu_check import CPU, FULL, PARTS, SMALL, Found, Plan
from rtcan_cli.training.fit import FoldResult
from tests.training.pretend_device import pretend_device

ALONE = replace(SMALL, together=(1,))
#: The CPU as well, but told apart from it.
OTHER = torch.device("cpu:0")

pytestmark = pytest.mark.filterwarnings("ignore:.*meta parameter.*is a no-op")


@pytest.mark.parametrize(
    "name", [name for name in PARTS if name not in {"memory", "command", "speed"}]
)
def test_each_part_passes_on_the_cpu(name: str) -> None:
    found = PARTS[name][0](ALONE, CPU)
    assert found.wrong == []
    assert found.numbers


def test_each_precision_is_timed() -> None:
    found = PARTS["speed"][0](ALONE, CPU)  # how fast it is says nothing about the code
    for name in gpu_check.precisions(CPU):
        own = {key: value for key, value in found.numbers.items() if key.startswith(name)}
        assert len(own) >= 5
        assert all(value > 0 for value in own.values())


@pytest.mark.parametrize("name", ["step", "precision"])
def test_no_tensor_is_left_on_the_cpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pretend_device(monkeypatch) as device:
        found = PARTS[name][0](ALONE, device)
    # The numbers are those of the CPU, and the pretended device computes in single precision only.
    assert found.wrong == []


@pytest.mark.long
def test_the_command_trains_where_it_is_told(prepared: Path) -> None:
    assert gpu_check.command(ALONE, CPU, prepared).wrong == []


@pytest.mark.parametrize("name", ["step", "answers"])
def test_a_perturbed_weight_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = gpu_check.moved

    def perturbed(model: nn.Module, device: torch.device) -> nn.Module:
        copied = usual(model, device)
        if device == OTHER:
            with torch.no_grad():
                next(copied.parameters()).mul_(1.01)
        return copied

    monkeypatch.setattr(gpu_check, "moved", perturbed)
    assert PARTS[name][0](ALONE, OTHER).wrong


def test_another_learning_rate_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = gpu_check.train

    def hastier(data: Any, size: Any, how: Any, device: torch.device, *rest: Any) -> FoldResult:
        if device == OTHER:
            how = replace(how, lr=1.1 * how.lr)
        return usual(data, size, how, device, *rest)

    monkeypatch.setattr(gpu_check, "train", hastier)
    assert gpu_check.losses(ALONE, OTHER).wrong


def test_training_that_does_not_go_on_as_before_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = gpu_check.interrupted

    def forgetful(*arguments: Any) -> dict[str, Any]:
        kept = usual(*arguments)
        return {
            name: 0 * array if name.startswith("optimizer.") else array
            for name, array in kept.items()
        }

    monkeypatch.setattr(gpu_check, "interrupted", forgetful)
    for name in ("resume", "deterministic"):
        assert PARTS[name][0](ALONE, CPU).wrong


def test_a_precision_that_changes_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = gpu_check.train

    def exact(data: Any, size: Any, how: Any, device: torch.device, *rest: Any) -> FoldResult:
        return usual(data, size, replace(how, precision="fp32"), device, *rest)

    monkeypatch.setattr(gpu_check, "train", exact)
    assert "bf16 changes nothing" in gpu_check.precision(ALONE, CPU).wrong


def test_a_number_that_is_none_is_wrong() -> None:
    found = Found()
    found.within("loss", float("nan"), 1.0)
    assert len(found.wrong) == 1


def test_operations_of_the_full_network_are_those_of_the_documentation() -> None:
    assert gpu_check.operations(FULL.timed.spec) / 1e9 == pytest.approx(0.367, abs=0.0005)


def parts(monkeypatch: pytest.MonkeyPatch, **own: Callable[[Plan, torch.device], Found]) -> None:
    monkeypatch.setattr(gpu_check, "PARTS", {name: (part, 60.0) for name, part in own.items()})


def test_a_part_that_fails_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(plan: Plan, device: torch.device) -> Found:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nmore lines")

    def fine(plan: Plan, device: torch.device) -> Found:
        return Found({"difference": 1e-7})

    parts(monkeypatch, broken=broken, fine=fine)
    monkeypatch.setattr(gpu_check, "in_process", lambda name, *_: gpu_check.here(name, SMALL, CPU))
    output = tmp_path / "found.json"
    words = ["--device", "cpu", "--small", "--output", str(output)]
    assert gpu_check.main(words) == 1
    kept = json.loads(output.read_text())["parts"]
    assert list(kept) == ["broken", "fine"]
    assert "illegal memory access" in kept["broken"]["wrong"][0]
    assert kept["fine"]["numbers"] == {"difference": 1e-7}
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0].partition(" (")[0] for line in lines[:2]] == [
        "broken: FAILED",
        "fine: ok",
    ]


def test_folds_that_are_not_trained_together_have_no_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_check, "BEGUN", 0.0)
    with pytest.raises(RuntimeError, match="only 1 of 2 folds began"):
        gpu_check.Starting(tmp_path, 2).on_epoch(0, 0, {})


def test_a_part_that_checks_nothing_does_not_say_that_all_is_well() -> None:
    outcome = gpu_check.here("memory", SMALL, CPU)
    assert "nothing to check on this device" in gpu_check.described("memory", outcome)


@pytest.mark.long
def test_a_process_of_its_own_tells_what_it_found_or_that_it_took_too_long() -> None:
    assert gpu_check.in_process("memory", "cpu", True, 120.0)["wrong"] == []
    assert gpu_check.in_process("memory", "cpu", True, 0.1)["wrong"] == ["it took over 0.1 s"]
    absent = gpu_check.in_process("memory", "cuda:63", True, 120.0)["wrong"]
    assert len(absent) == 1
    assert re.search("CUDA|NVIDIA", absent[0])  # the second is what a build with CUDA says
