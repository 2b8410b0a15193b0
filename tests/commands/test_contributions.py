"""`rtcan contributions` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import must, rtcan


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_what_is_printed_is_what_is_written(trained: Path, tmp_path: Path) -> None:
    options = ("--target", "arousal", "--background", "5", "--max-trials", "24", "-j", "1")
    run = ("contributions", "-w", trained, "-o", tmp_path, *options)
    found = json.loads(must(*run, "--json").stdout)
    assert found["command"] == "contributions"
    assert found["run"]["simulated"]
    assert found["n_background"] == 5
    names = {Path(name).name for name in found["files"]}
    tables = {name for name in names if name.endswith(".csv")}
    assert tables == {
        f"contributions_arousal_{name}.csv" for name in ("parts", "averages", "music", "trials")
    }
    assert {f"contributions_arousal.{each}" for each in ("png", "svg", "pdf")} < names
    (csv,) = tmp_path.rglob("contributions_arousal_trials.csv")
    table = pd.read_csv(csv)
    assert len(table) == len(found["trials"]) == 24
    assert table["eda"].tolist() == pytest.approx([row["eda"] for row in found["trials"]])
    notes = {note["kind"] for note in found["notes"]}
    assert {"drawn_trials"} < notes
    assert [kind.split("_")[0] for kind in notes if kind.startswith(("eda_", "music_"))]


def test_without_music_there_is_one_clear_line(prepared: Path, tmp_path: Path) -> None:
    outcome = rtcan("contributions", "-w", prepared, "-o", tmp_path)
    assert outcome.exit_code == 1
    assert "no finished run" in outcome.stderr
    assert not list(tmp_path.iterdir())
