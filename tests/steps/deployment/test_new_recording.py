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
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.origin import notes_on_settings
from rtcan_cli.steps.deployment.new_recording import (
    NewRecording,
    judged,
    quality_notes,
    recording_notes,
    rules_of,
)
from tests.eda.damage import clean

RUN: Any = SimpleNamespace(dataset=profile("table"), name="R")


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


def test_what_a_run_was_trained_on_is_not_refused(tmp_path: Path) -> None:
    """A version before did not look for artefacts: those of a file are repaired, or left."""
    (hand,) = clean(1, 16.0, 30.0, 0.0015)
    kind, before = signal_kind("uS"), {"recordings": {"max_gap": 1.0}}

    def asked(eda: np.ndarray, trained: Any) -> tuple[str | None, dict[str, str]]:
        np.savetxt(tmp_path / "new.csv", eda)
        found = read_single(tmp_path / "new.csv", sampling_rate=16.0)
        notes = quality_notes("new.csv", found, kind, RUN, trained)
        return judged(found, kind, RUN, trained)[0].fault, {n.kind: n.text for n in notes}

    step = hand.eda + 2.0 * (np.arange(480) > 240)
    assert "does not come back" in str(asked(step, {})[0])
    fault, said = asked(step, before)
    assert fault is None
    assert "new.csv was used as it is, like them" in said["artefacts_kept"]
    zeros = np.where(np.arange(480) // 4 == 60, 0.0, hand.eda)
    fault, said = asked(zeros, before)
    assert fault is None
    assert said.keys() == {"implausible_samples"}
    assert "a version of rtcan that did not look for" in said["implausible_samples"]
    assert "a version of rtcan" not in asked(zeros, {})[1]["implausible_samples"]


def test_rules_that_are_gone_are_said(tmp_path: Path) -> None:
    """Recordings that were read again after training leave components, but not their rules."""
    (hand,) = clean(1, 16.0, 30.0, 0.0015)
    np.savetxt(tmp_path / "new.csv", hand.eda)
    new = NewRecording(tmp_path / "new.csv", 16.0, unit="uS")
    settings = SimpleNamespace(
        model=SimpleNamespace(sees=lambda _: "signals", features=()), fusion="none"
    )
    run: Any = SimpleNamespace(dataset=profile("table"), settings=settings, name="R")
    trained = {"components": signal_kind("uS").parameters, "recordings": {}}
    assert recording_notes(new, run, trained, None) == []
    del trained["recordings"]
    (note,) = recording_notes(new, run, trained, None)
    assert note.text.startswith("the recordings that R was trained on are not in the workspace")


def test_other_rules_of_a_dataset_are_said() -> None:
    run: Any = SimpleNamespace(name="R", provenance=SimpleNamespace(inputs={}))
    now = {"keep_artefacts": False}

    def said(old: Any, new: Any) -> list[str]:
        trained = {"components": {}, **({} if old is None else {"recordings": old})}
        notes = notes_on_settings(run, trained, {"components": {}, "recordings": new})
        return [note.text for note in notes]

    assert said(now, now) == []
    assert "keep_artefacts False instead of True" in said({}, now)[0]
    assert "min_eda 0.01 instead of 0.05" in said(now, {**now, "min_eda": 0.01})[0]
    assert "it is not known whether these were repaired" in said(None, now)[0]


def test_a_start_may_be_written_as_in_a_table_of_trials(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    rows = [f"2024-05-01T10:00:{i // 4:02d}.{25 * (i % 4):02d}Z,{2 + i / 100}" for i in range(160)]
    path.write_text("\n".join(["timestamp,EDA", *rows]))
    for start in (10, "10", "2024-05-01T12:00:10+02:00", str(1714557610)):
        found = read_single(path, start=start, duration=20)
        np.testing.assert_allclose(found.eda, 2 + np.arange(40, 120) / 100)
    with pytest.raises(RtcanError, match="a date without a time zone"):
        read_single(path, start="2024-05-01T10:00:10")
    for start in ("soon", "-1", "nan", ""):
        with pytest.raises(RtcanError, match="is neither seconds nor a time"):
            read_single(path, start=start)
