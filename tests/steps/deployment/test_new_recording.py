"""What `predict` says of the quality of a file, by the rules of `ingest`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rtcan_cli.datasets.polarity import signal_kind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.single import read_single
from rtcan_cli.steps.deployment.new_recording import quality_notes, rules_of
from tests.eda.damage import clean

RUN: Any = SimpleNamespace(dataset=profile("table"))


def notes(path: Path, eda: np.ndarray, unit: str = "uS") -> dict[str, str]:
    np.savetxt(path, eda)
    found = read_single(path, sampling_rate=16.0)
    return {n.kind: n.text for n in quality_notes(path.name, found, signal_kind(unit), RUN, {})}


def test_implausible_samples_and_noise_are_said(tmp_path: Path) -> None:
    (hand,) = clean(1, 16.0, 30.0, 0.0015)
    path = tmp_path / "new.csv"
    assert notes(path, hand.eda) == {}
    hand.eda[100:105] = 120.0
    assert "1.042 % outside 0.05 to 60 uS" in notes(path, hand.eda)["implausible_samples"]
    noise = 2 + 0.01 * np.random.default_rng(0).standard_normal(480)
    assert "not a measurement of the skin" in notes(path, noise)["below_noise"]


@pytest.mark.parametrize("made", [{}, {"max_gap": 2.0}, {"max_gap": 2.0, "keep_artefacts": True}])
def test_a_file_is_judged_by_the_rules_of_the_run(made: dict[str, Any]) -> None:
    rules = rules_of({"recordings": made} if made else {})
    assert rules.max_gap == made.get("max_gap", 1.0)
    assert rules.keep_artefacts == made.get("keep_artefacts", False)
    assert rules.max_steps == 0
