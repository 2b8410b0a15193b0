"""Stores that somebody else has made: nothing of theirs runs, and nothing fills the memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Provenance, Store, create
from rtcan_cli.stores.schema import SCHEMAS

COLUMNS = SCHEMAS["components"].columns("recordings")
#: One row.
RECORDINGS = pd.DataFrame(
    {each.path.partition("/")[2]: ["1" if each.dtype == "str" else 1] for each in COLUMNS}
)
MADE = Provenance("music-features", "pmemo", {}, {"recordings": "ab"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one song of three features."""
    path = tmp_path / "music.h5"
    with create(path, "music", MADE) as store:
        store.write("stimuli/stimulus", ["1"])
        store.write("stimuli/seconds", [30.0])
        store.write("stimuli/eda_seconds", [30.0])
        store.write("features/name", ["a", "b", "c"])
        store.write("features/value", np.zeros((1, 3), np.float32))
        store.write("excluded/stimulus", [])
        store.write("excluded/reason", [])
    return path


def replace(path: Path, make: Callable[[h5py.File], object]) -> None:
    with h5py.File(path, "r+") as h5:
        del h5["features/value"]
        make(h5)


def refused(path: Path, message: str) -> None:
    """Every way to read the dataset is refused, and takes next to no memory."""
    tracemalloc.start()
    try:
        with Store(path, "music") as store:
            for read in (
                lambda: store.array("features/value"),
                store.datasets,
                store.verify,
            ):
                with pytest.raises(RtcanError, match=message) as raised:
                    read()
                assert str(path) in str(raised.value)
        with (
            Store(path, "music", only=["features/value"]) as store,
            pytest.raises(RtcanError, match=message),
        ):
            store.array("features/value")
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


def test_a_dataset_that_claims_more_than_it_holds_is_refused(path: Path) -> None:
    # No chunk was ever written: HDF5 itself would make up all values.
    replace(
        path,
        lambda h5: h5.create_dataset(
            "features/value", (10**9, 10**6), "f4", chunks=(1, 1000), fillvalue=1, compression=1
        ),
    )
    refused(path, "claims 1000000000000000 values")


def test_one_dense_chunk_does_not_vouch_for_many(path: Path) -> None:
    def make(h5: h5py.File) -> None:
        dataset = h5.create_dataset("features/value", (10**12,), "f4", chunks=(10**6,))
        dataset[:100] = 1

    replace(path, make)
    refused(path, "claims 1000000000000 values")


def test_what_packs_best_is_still_read(tmp_path: Path) -> None:
    # Zeros are what gzip packs most tightly; such a dataset is real.
    path, n = tmp_path / "components.h5", 10_000_000
    with create(path, "components", MADE) as store:
        store.write_table("recordings", RECORDINGS)
        zeros = np.zeros(n, np.float32)
        channels = ("phasic", "tonic", "driver", "residual")
        store.append_signals(dict.fromkeys(channels, zeros))
    assert path.stat().st_size < 1e6
    with Store(path) as found:
        assert not found.signal("phasic", 0).any()
        assert found.length("signals/tonic") == n


def test_references_and_other_objects_are_refused(path: Path) -> None:
    replace(path, lambda h5: h5.create_dataset("features/value", (2, 2), h5py.ref_dtype))
    refused(path, "neither numbers nor text")


PLUGIN = """
#include <stdlib.h>
#include <stdio.h>
__attribute__((constructor)) static void run(void) {
    FILE *file = fopen(getenv("PROOF"), "w");
    if (file) fclose(file);
}
int H5PLget_plugin_type(void) { return 0; }
const void *H5PLget_plugin_info(void) { return 0; }
"""


@pytest.mark.long
def test_filters_of_others_are_not_looked_for(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(h5: h5py.File) -> None:
        h5.create_dataset(
            "features/value", (1, 3), "f4", chunks=(1, 3), compression=32001,
            allow_unknown_filter=True,
        )  # fmt: skip
        h5["features/value"].id.write_direct_chunk((0, 0), bytes(12), 0)

    replace(path, make)
    refused(path, "filter that rtcan does not use .number 32001")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: cannot show what HDF5 would do")
    # HDF5 by itself runs what lies in the folder that this variable names; rtcan does not let it.
    (tmp_path / "plugins").mkdir()
    source = tmp_path / "plugin.c"
    source.write_text(PLUGIN)
    library = tmp_path / "plugins" / "libfilter.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    monkeypatch.setenv("HDF5_PLUGIN_PATH", str(library.parent))
    monkeypatch.setenv("PROOF", str(tmp_path / "ran"))
    ours = (
        "import sys; from rtcan_cli.app import main; sys.argv[1:] = ['info', sys.argv[1]]; main()"
    )
    plain = "import sys, h5py; h5py.File(sys.argv[1])['features/value'][()]"
    outcome = subprocess.run(
        [sys.executable, "-c", ours, path], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 1
    assert "number 32001" in outcome.stderr
    assert not (tmp_path / "ran").exists()
    subprocess.run([sys.executable, "-c", plain, path], capture_output=True, check=False)
    assert (tmp_path / "ran").exists()


def test_groups_in_groups_end(path: Path) -> None:
    with h5py.File(path, "r+") as h5:
        group = h5["features"].id
        for _ in range(20_000):
            group = h5py.h5g.create(group, b"g")
        h5["features/circle"] = h5["features"]
    with Store(path, "music") as store:
        assert len(store.datasets()) == 7 + 2  # the circle is walked once
        store.array("features/value")


def test_deeply_nested_parameters_are_one_clear_error(path: Path) -> None:
    with h5py.File(path, "r+") as h5:
        h5.attrs["parameters"] = '{"a":' * 60_000 + "1" + "}" * 60_000
    with pytest.raises(RtcanError, match="provenance is missing or unreadable"):
        Store(path, "music")


def test_attributes_that_nobody_asked_for_are_not_read(path: Path) -> None:
    with h5py.File(path, "r+") as h5:
        h5.attrs["more"] = np.zeros(20_000_000, np.uint8)
    tracemalloc.start()
    try:
        Store(path, "music")
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()
