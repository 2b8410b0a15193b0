"""What `rtcan info STORE` says of a store."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import pytest

from rtcan_cli import views
from rtcan_cli.results.base import as_data
from rtcan_cli.steps.overview.info import store_content
from rtcan_cli.views.layout import fact_lines, table_lines
from tests.conftest import put_text
from tests.runs.finished_runs import finish_run
from tests.views.rows import rows_of


def test_datasets_are_those_of_the_file(prepared: Path) -> None:
    path = prepared / "pmemo" / "components.h5"
    result = store_content(path)
    found = result.datasets.set_index("path")
    with h5py.File(path) as h5:
        for name in ("signals/phasic", "signals/offsets"):
            assert found["shape"][name] == ",".join(map(str, h5[name].shape))
            assert found["unit"][name] == h5[name].attrs["unit"]
        assert result.content_id == h5.attrs["content_id"]
        assert result.parameters == json.loads(h5.attrs["parameters"])
    assert (result.kind, result.dataset, result.simulated) == ("components", "pmemo", True)
    assert (result.made_by, result.n_bytes) == ("decompose", path.stat().st_size)
    assert result.inputs.keys() == {"recordings"}
    assert (result.training, len(result.arrays)) == (None, 0)


def test_a_run_says_how_it_was_trained_and_counts_its_weights(tmp_path: Path) -> None:
    path = finish_run(tmp_path, "run")
    assert store_content(path).training is None, "nobody knows where"
    with h5py.File(path, "r+") as h5:
        for row in (0, 2):
            put_text(h5, "models/hardware", row, "abacus")
        seconds = h5["models/seconds"][()][[0, 2]].sum()
    result = store_content(path)
    assert result.training is not None
    assert result.training.n_networks == 2
    assert [place.split(": ")[1] for place in result.training.places] == ["abacus"]
    assert result.training.device_seconds == pytest.approx(seconds)
    page = views.page(result)
    assert page.facts["networks"] == 2
    (datasets,) = (table for table in page.tables if table.title == "Datasets")
    listed = {row["path"]: row["shape"] for row in rows_of(datasets)}
    for group, n_arrays in result.arrays.itertuples(index=False):
        assert listed[f"{group}/..."] == f"{n_arrays} arrays"


def test_keys_are_the_same_for_simulated_and_real_data(tmp_path: Path) -> None:
    real, simulated = (
        as_data(store_content(finish_run(tmp_path, f"run{flag}", simulated=flag)))
        for flag in (False, True)
    )
    assert list(real) == list(simulated)
    assert (real["simulated"], simulated["simulated"]) == (False, True)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_a_terminal(prepared: Path, width: int) -> None:
    page = views.page(store_content(prepared / "pmemo" / "labels.h5"))
    for table in page.tables:
        assert max(map(len, table_lines(table, width))) <= width
    assert "dataset" in " ".join(fact_lines(page.facts, width))
