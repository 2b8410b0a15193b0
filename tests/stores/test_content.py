"""The content id is that of the content, however it was written."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.signals.blocks import open_same
from rtcan_cli.stores import Provenance, Store, StoreWriter, create
from rtcan_cli.stores.content import content_id, find_datasets
from rtcan_cli.stores.schema import SCHEMAS

MADE = Provenance("eda-features", "pmemo", {}, {}, simulated=True)
LENGTHS = (700, 0, 40, 1300, 5)


def write_features(path: Path, pieces: list[int]) -> Store:
    """A features store whose rows are appended in pieces."""
    values = np.random.default_rng(0).random((sum(pieces), 3))
    with create(path, "features", MADE) as store:
        for rows in np.split(values, np.cumsum(pieces)[:-1]):
            store.append_rows("features/value", rows)
        fill(store, "features", {"recordings": len(values), "features": 3}, {"features/value"})
    return Store(path)


def write_recordings(path: Path) -> Store:
    """A recordings store with signals of different lengths."""
    rng = np.random.default_rng(1)
    with create(path, "recordings", Provenance("ingest", "pmemo", {}, {}, True)) as store:
        for length in LENGTHS:
            store.append_signals({"eda": rng.random(length), "repaired": np.zeros(length, bool)})
        rows = {"recordings": len(LENGTHS), "quality": len(LENGTHS)}
        fill(store, "recordings", rows, {"signals/eda", "signals/repaired", "signals/offsets"})
    return Store(path)


def fill(store: StoreWriter, kind: str, rows: dict[str, int], there: set[str]) -> None:
    """Write the tables that are not of interest."""
    for field in SCHEMAS[kind].fields:
        if field.path in there:
            continue
        n = rows.get(field.path.split("/")[0], 2)
        store.write(field.path, ["" if field.dtype == "str" else 0] * n)


def test_rows_in_any_pieces_are_the_same_content(tmp_path: Path) -> None:
    one = write_features(tmp_path / "one.h5", [12])
    many = write_features(tmp_path / "many.h5", [1, 4, 2, 5])
    assert one.content_id == many.content_id
    one.verify()
    many.verify()


def test_signals_in_any_pieces_are_the_same_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for size in (1, 100, 1 << 20):
        monkeypatch.setattr("rtcan_cli.stores.writer._SIGNAL_BUFFER", size)
        store = write_recordings(tmp_path / f"{size}.h5")
        store.verify()  # what grew with the file is what is read from it
        found.add(store.content_id)
    assert len(found) == 1


def test_every_element_counts(tmp_path: Path) -> None:
    path = tmp_path / "one.h5"
    write_features(path, [3, 9])
    with h5py.File(path, "r+") as h5:
        before = content_id(find_datasets(h5))
        h5["features/value"][11, 2] += 1e-9
        assert content_id(find_datasets(h5)) != before


def test_neighbouring_signals_are_those_of_one_by_one(tmp_path: Path) -> None:
    store = write_recordings(tmp_path / "signals.h5")
    for rows in (range(5), range(1, 2), range(3, 5)):
        for row, signal in zip(rows, store.signals("eda", rows), strict=True):
            np.testing.assert_array_equal(signal, store.signal("eda", row))


def test_a_worker_notices_that_its_store_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "features.h5"
    first = write_features(path, [4]).content_id
    open_same(path, "features", first)
    write_features(path, [5])
    with pytest.raises(RtcanError, match="was replaced while it was read"):
        open_same(path, "features", first)


def test_text_is_part_of_the_content(tmp_path: Path) -> None:
    ids = set()
    for word in ("a", "b"):
        path = tmp_path / f"{word}.h5"
        with create(path, "features", MADE) as store:
            store.append_rows("features/value", np.zeros((1, 3)))
            frame = {
                field.path.split("/")[1]: [word if field.dtype == "str" else 0]
                for field in SCHEMAS["features"].fields
                if field.path.startswith("recordings/")
            }
            store.write_table("recordings", pd.DataFrame(frame))
            there = {f"recordings/{column}" for column in frame} | {"features/value"}
            fill(store, "features", {"features": 3}, there)
        ids.add(Store(path).content_id)
    assert len(ids) == 2
