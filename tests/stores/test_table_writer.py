"""A table that is written a few rows at a time is the one that is written at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Provenance, Store, StoreWriter, create
from rtcan_cli.stores.datasets import CHUNK_CACHE
from rtcan_cli.stores.schema import SCHEMAS

MADE = Provenance("relabel", "pmemo", {}, {}, simulated=True)
LABELS = ("subject", "stimulus", "repetition", "song", "valence", "arousal")
ROW = {name: ["1"] for name in LABELS}
# Text with a NUL is refused, and UTF-8 has no surrogates.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
ROWS = st.lists(
    st.tuples(TEXT, TEXT, st.integers(1, 3), TEXT, st.integers(-1, 1), st.integers(-1, 1)),
    max_size=30,
)


def thresholds(store: StoreWriter) -> None:
    for field in SCHEMAS["labels"].columns("thresholds"):
        store.write(field.path, [])


def in_pieces(path: Path, rows: list[tuple[Any, ...]], pieces: list[int]) -> Store:
    with create(path, "labels", MADE) as store:
        table, start = store.table("labels"), 0
        for size in pieces:
            part = rows[start : start + size]
            start += size
            if len(part) == 1:
                table.append(**dict(zip(LABELS, part[0], strict=True)))
            elif part:
                table.extend(dict(zip(LABELS, zip(*part, strict=True), strict=True)))
        assert table.rows == len(rows[:start])
        thresholds(store)
    return Store(path)


def at_once(path: Path, rows: list[tuple[Any, ...]]) -> Store:
    with create(path, "labels", MADE) as store:
        store.write_table("labels", pd.DataFrame(rows, columns=LABELS))
        thresholds(store)
    return Store(path)


@settings(max_examples=30, deadline=None)
@given(rows=ROWS, pieces=st.lists(st.integers(0, 9), max_size=8), collected=st.integers(1, 7))
def test_pieces_make_the_same_table(
    rows: list[tuple[Any, ...]],
    pieces: list[int],
    collected: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rtcan_cli.stores.table_writer._ROWS", collected)
        grown = in_pieces(folder / "grown.h5", rows, [*pieces, len(rows)])
    whole = at_once(folder / "whole.h5", rows)
    grown.verify()
    assert grown.content_id == whole.content_id
    pd.testing.assert_frame_equal(grown.table("labels"), whole.table("labels"))


def test_text_that_gets_longer_moves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.stores.table_writer._ROWS", 2)
    monkeypatch.setattr("rtcan_cli.stores.datasets._COPIED", 3)
    subjects = ["", "a", "bb", "cc", "ddd", "é" * 30, "", "e" * 200]
    rows = [(subject, "s", 1, "s", 0, 1) for subject in subjects]
    with in_pieces(tmp_path / "a.h5", rows, [len(rows)]) as store:
        store.verify()
        assert store.array("labels/subject").tolist() == subjects
    with h5py.File(tmp_path / "a.h5") as h5:
        assert sorted(h5["labels"]) == sorted(LABELS)
        assert h5["labels/subject"].dtype.itemsize == 256
        assert h5["labels/subject"].attrs["meaning"] == "listener"


def test_a_table_without_rows_is_there(tmp_path: Path) -> None:
    store = in_pieces(tmp_path / "a.h5", [], [])
    store.verify()
    assert store.table("labels").columns.tolist() == list(LABELS)
    assert len(store.table("labels")) == 0


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({name: ["1"] for name in LABELS if name != "arousal"}, "arousal"),
        ({**ROW, "mood": ["?"]}, "mood"),
        ({**ROW, "arousal": [0, 1]}, "differ in length"),
    ],
)
def test_rows_must_have_all_columns(
    tmp_path: Path, columns: dict[str, list[Any]], problem: str
) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(ValueError, match=problem), create(path, "labels", MADE) as store:
        store.table("labels").extend(columns)
    assert not path.exists()


@pytest.mark.parametrize("write", [in_pieces, lambda path, rows, _: at_once(path, rows)])
@pytest.mark.parametrize("text", ["a\0b", "\0", "a\0"])
def test_text_with_nul_is_refused(tmp_path: Path, write: Any, text: str) -> None:
    """HDF5 ends it there, so that it would not come back."""
    with pytest.raises(ValueError, match="NUL"):
        write(tmp_path / "a.h5", [("a", "b", 1, "b", 1, 0), (text, "b", 1, "b", 1, 0)], [2])
    assert not (tmp_path / "a.h5").exists()


def test_columns_that_differ_in_length_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    in_pieces(path, [("a", "b", 1, "b", 1, 0), ("c", "d", 1, "d", 0, 1)], [2]).__exit__(
        None, None, None
    )
    with h5py.File(path, "r+") as h5:
        h5["labels/arousal"].resize(1, axis=0)
    with Store(path) as store:
        for read in (store.table, lambda name: list(store.table_blocks(name, *LABELS))):
            with pytest.raises(RtcanError, match="columns of 'labels' differ in length"):
                read("labels")


def test_blocks_of_a_table_are_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtcan_cli.stores.store._ROWS", 2)
    rows = [(str(i), "é", 1, "é", i % 2, 0) for i in range(5)]
    store = in_pieces(tmp_path / "a.h5", rows, [5])
    blocks = list(store.table_blocks("labels", "subject", "valence"))
    assert [len(subject) for subject, _ in blocks] == [2, 2, 1]
    found = [row for block in blocks for row in zip(*(c.tolist() for c in block), strict=True)]
    assert found == [(row[0], row[4]) for row in rows]


def test_some_columns_can_be_read_alone(tmp_path: Path) -> None:
    store = in_pieces(tmp_path / "a.h5", [("a", "b", 1, "b", 1, 0), ("c", "d", 1, "d", 0, 1)], [2])
    assert store.table("labels", ["arousal", "subject"]).to_dict("list") == {
        "arousal": [0, 1],
        "subject": ["a", "c"],
    }


def test_chunks_fit_into_what_is_kept_of_them(tmp_path: Path) -> None:
    """One that does not is unpacked again for each of the rows that are read from it."""
    path = tmp_path / "a.h5"
    with create(path, "components", Provenance("decompose", "pmemo", {}, {}, True)) as store:
        samples = np.zeros(1 << 17)
        store.append_signals(dict.fromkeys(("phasic", "tonic", "driver", "residual"), samples))
        table = store.table("recordings")
        fields = SCHEMAS["components"].columns("recordings")
        table.append(**{f.path.split("/")[1]: "x" * 300 if f.dtype == "str" else 0 for f in fields})
    with h5py.File(path) as h5:
        for field in SCHEMAS["components"].fields:
            dataset = h5[field.path]
            assert np.prod(dataset.chunks) * dataset.dtype.itemsize <= CHUNK_CACHE, field.path
