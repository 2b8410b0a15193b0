"""`rtcan info --verify`: stores that do not hold what was written are named."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.overview.info import stores_of, verify_stores
from tests.conftest import rtcan


def test_whole_stores_are_listed(prepared: Path) -> None:
    paths = stores_of(prepared)
    assert {path.stem for path in paths} >= {"recordings", "labels", "components"}
    result = verify_stores(paths)
    assert result.stores["path"].tolist() == [str(path) for path in paths]
    assert result.stores["n_bytes"].tolist() == [path.stat().st_size for path in paths]
    with h5py.File(paths[0]) as h5:
        assert result.stores["content_id"][0] == h5.attrs["content_id"]
    outcome = rtcan("info", "--verify", "-w", prepared)
    assert outcome.exit_code == 0
    assert "components.h5" in outcome.stdout


def test_a_changed_value_is_found_and_the_others_are_read(prepared: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "stores"
    shutil.copytree(prepared, workspace)
    store = workspace / "pmemo" / "labels.h5"
    with h5py.File(store, "r+") as h5:
        h5["labels/valence"][0] = 1 - h5["labels/valence"][0]
    n = len(stores_of(workspace))
    with pytest.raises(RtcanError, match=f"1 of {n} stores.*labels.h5: its data do not match"):
        verify_stores(stores_of(workspace))
    outcome = rtcan("info", store, "--verify")
    assert outcome.exit_code == 1
    assert "labels.h5" in outcome.stderr


def test_there_must_be_something_to_verify(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="no store to verify"):
        verify_stores(stores_of(tmp_path))
