from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from rtcan_cli import views
from rtcan_cli.simulate import simulate
from rtcan_cli.steps.data.ingest import ingest_raw
from rtcan_cli.steps.data.quality import plot_quality, quality_of
from rtcan_cli.stores import Store
from rtcan_cli.stores.schema import SCHEMAS
from rtcan_cli.views.layout import table_lines
from tests.conftest import rtcan, without_drawing
from tests.views.rows import rows_of

NEW_RULES = (
    *("min_eda", "max_eda", "max_slope", "max_steps", "min_signal_to_noise", "keep_artefacts"),
)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated AMIGOS with faults: flat, clipped and broken recordings, one repaired."""
    folder = tmp_path_factory.mktemp("quality")
    simulate("amigos", folder / "raw", 24, 5, 24.0, seed=1, faults=True)
    path = folder / "recordings.h5"
    ingest_raw("amigos", folder / "raw", path)
    return path


def test_the_worst_come_first_with_their_reason(recordings: Path) -> None:
    result = quality_of(recordings, rows=50)
    with Store(recordings) as store:
        table, quality = store.table("recordings"), store.table("quality")
    n_bad = int((table["problem"] != "").sum())
    assert n_bad >= 2
    assert (result.n_recordings, result.n_left_out) == (len(table), n_bad)
    assert result.n_repaired == (quality["repaired"] > 0).sum()
    worst = result.worst
    assert worst["problem"].notna().tolist() == [True] * n_bad + [False] * (50 - n_bad)
    flat = worst[worst["problem"].str.startswith("flat", na=False)]
    assert len(flat)
    assert (flat["flat"] == 1).all()
    # Numbers are those of the store.
    spread = result.spread.set_index("measure")
    assert spread["most"]["missing"] == quality["missing"].max()
    assert spread["median"]["duration"] == pytest.approx(np.median(quality["duration"]))
    assert {rule.option: rule.limit for rule in result.rules}["--max-gap"] == 1


def test_a_person_reads_shares_in_per_cent(recordings: Path) -> None:
    result = quality_of(recordings, rows=50)
    spread, left_out, worst = views.page(result).tables
    assert sum(record["count"] for record in rows_of(left_out)) == result.n_left_out
    most = {record["measure"]: record["most"] for record in rows_of(spread)}
    found = result.spread.set_index("measure")["most"]
    assert most["missing [%]"] == 100 * found["missing"]
    assert most["seconds"] == found["duration"]
    why = [record["used"] for record in rows_of(worst)]
    assert why[-1] == "yes"
    assert why[0].startswith("no: ")
    assert not any("at most" in text for text in why), "the rules stand above the table"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_a_terminal(recordings: Path, width: int) -> None:
    page = views.page(quality_of(recordings, rows=20))
    for table in page.tables:
        assert max(map(len, table_lines(table, width))) <= width


def test_what_was_not_measured_is_null(recordings: Path) -> None:
    outcome = rtcan("info", recordings, "--quality", "--rows", "2", "--json")
    said = json.loads(outcome.stdout)
    assert [len(said[name]) for name in ("spread", "worst", "files")] == [20, 2, 0]
    # AMIGOS has no times of samples, so no jitter.
    assert {row["measure"]: row["most"] for row in said["spread"]}["jitter"] is None


def test_the_page_is_drawn(recordings: Path, tmp_path: Path) -> None:
    outcome = rtcan("info", recordings, "--quality", "--plot", "--figures-dir", tmp_path)
    assert outcome.exit_code == 0, outcome.stderr
    files = sorted(path.name for path in (tmp_path / "amigos").iterdir())
    assert files == ["quality.pdf", "quality.png", "quality.svg"]
    pixels = np.asarray(Image.open(tmp_path / "amigos" / "quality.png").convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20
    with without_drawing():
        assert plot_quality(recordings, tmp_path)


@pytest.mark.parametrize("options", [("--plot",), ("--rows", "5"), ("--quality",)])
def test_options_that_do_not_go_together_are_wrong_usage(options: tuple[str, ...]) -> None:
    assert rtcan("info", *options).exit_code == 2


def test_only_recordings_have_a_quality(prepared: Path) -> None:
    outcome = rtcan("info", prepared / "pmemo" / "labels.h5", "--quality")
    assert outcome.exit_code == 1
    assert "is a labels store, but a recordings store is needed" in outcome.stderr


def test_a_store_of_the_version_before_is_read(recordings: Path, tmp_path: Path) -> None:
    """What it did not measure is null, and a note says how to measure it."""
    path = tmp_path / "recordings.h5"
    shutil.copy(recordings, path)
    with h5py.File(path, "a") as h5:
        h5.attrs["schema_version"] = 5
        for field in SCHEMAS["recordings"].fields:
            if field.since > 5:
                del h5[field.path]
        made = json.loads(h5.attrs["parameters"])
        before = {name: made[name] for name in made if name not in NEW_RULES}
        h5.attrs["parameters"] = json.dumps(before, sort_keys=True)
    old, new = quality_of(path, rows=9), quality_of(recordings, rows=9)
    assert "earlier_store" in {note.kind for note in old.notes}
    assert "earlier_store" not in {note.kind for note in new.notes}
    assert not old.artefacts_kept, "nobody typed it"
    assert {rule.option for rule in old.rules} <= {rule.option for rule in new.rules}
    assert "--min-signal-to-noise" not in {rule.option for rule in old.rules}
    assert "--keep-artefacts" not in str(views.page(old).facts["rules"])
    assert old.worst["problem"].tolist() == new.worst["problem"].tolist()
    assert old.worst["signal_to_noise"].isna().all()
    assert "signal/noise" not in rows_of(views.page(old).tables[0])[-1].values()
    assert len(plot_quality(path, tmp_path)) > 0
