from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rtcan_cli.simulate import simulate
from rtcan_cli.steps.data.ingest import ingest_raw
from rtcan_cli.steps.data.quality import describe_quality, plot_quality
from rtcan_cli.stores import Store
from tests.conftest import rtcan


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated AMIGOS with faults: flat, clipped and broken recordings, one repaired."""
    folder = tmp_path_factory.mktemp("quality")
    simulate("amigos", folder / "raw", 24, 5, 24.0, seed=1, faults=True)
    path = folder / "recordings.h5"
    ingest_raw("amigos", folder / "raw", path)
    return path


def test_the_worst_come_first_with_their_reason(recordings: Path) -> None:
    report = describe_quality(recordings, rows=50)
    with Store(recordings) as store:
        table, quality = store.table("recordings"), store.table("quality")
    n_bad = int((table["problem"] != "").sum())
    assert n_bad >= 2
    assert report.facts["left out"] == n_bad
    spread, worst = report.tables
    assert [record["left out because"] != "used" for record in worst.records()] == (
        [True] * n_bad + [False] * (50 - n_bad)
    )
    flat = [r for r in worst.records() if r["left out because"].startswith("flat")]
    assert flat
    assert all(r["flat [%]"] == 100 for r in flat)
    # Numbers are those of the store, as percentages.
    assert {r["measure"]: r["most"] for r in spread.records()}["missing [%]"] == pytest.approx(
        100 * quality["missing"].max()
    )
    assert "--max-gap 1 " in report.facts["rules"]


def test_the_page_is_drawn(recordings: Path, tmp_path: Path) -> None:
    outcome = rtcan("info", recordings, "--quality", "--plot", "--figures-dir", tmp_path)
    assert outcome.exit_code == 0, outcome.stderr
    files = sorted(path.name for path in (tmp_path / "amigos").iterdir())
    assert files == ["quality.pdf", "quality.png", "quality.svg"]
    pixels = np.asarray(Image.open(tmp_path / "amigos" / "quality.png").convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20
    assert plot_quality(recordings, tmp_path)


@pytest.mark.parametrize("options", [("--plot",), ("--rows", "5"), ("--quality",)])
def test_options_that_do_not_go_together_are_wrong_usage(options: tuple[str, ...]) -> None:
    assert rtcan("info", *options).exit_code == 2


def test_only_recordings_have_a_quality(prepared: Path) -> None:
    outcome = rtcan("info", prepared / "pmemo" / "labels.h5", "--quality")
    assert outcome.exit_code == 1
    assert "holds labels, where a recordings store is needed" in outcome.stderr
