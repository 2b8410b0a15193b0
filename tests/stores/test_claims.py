"""Stores that claim more than they hold: one clear line, soon, and without the memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Partial, Provenance, Store, claims, create
from rtcan_cli.stores.schema import SCHEMAS
from rtcan_cli.stores.work.items import read_item

MADE = Provenance("decompose", "pmemo", {}, {"recordings": "ab"})
CHANNELS = ("phasic", "tonic", "driver", "residual")


def row(kind: str, table: str) -> pd.DataFrame:
    columns = [each for each in SCHEMAS[kind].columns(table) if not each.path.endswith("*")]
    return pd.DataFrame(
        {each.path.partition("/")[2]: ["1" if each.dtype == "str" else 1] for each in columns}
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A components store of one recording of 1000 samples."""
    path = tmp_path / "components.h5"
    with create(path, "components", MADE) as store:
        store.write_table("recordings", row("components", "recordings"))
        store.append_signals(dict.fromkeys(CHANNELS, np.ones(1000, np.float32)))
    return path


def packed(h5: h5py.File, path: str, n: int, dtype: Any, value: Any = 0) -> None:
    """Replace a dataset by one of ``n`` equal values, packed as tightly as deflate can."""
    if path in h5:
        del h5[path]
    rows = min(n, (1 << 26) // np.dtype(dtype).itemsize)
    dataset = h5.create_dataset(
        path, (n,), dtype, chunks=(rows,), maxshape=(None,), compression=9, shuffle=True
    )
    whole = np.full(rows, value, dtype)
    dataset[:rows] = whole
    _, chunk = dataset.id.read_direct_chunk((0,))
    for start in range(rows, n, rows):
        if start + rows <= n:
            dataset.id.write_direct_chunk((start,), chunk)  # equal values are packed once
        else:
            dataset[start:] = whole[: n - start]


def deflated_zeros(n: int, piece: int = 1 << 26) -> bytes:
    """So many zeros, as zlib packs them, of which only one piece is packed: all are equal."""
    assert n % piece == 0
    pack = zlib.compressobj(9, wbits=-15)
    one = pack.compress(bytes(piece)) + pack.flush(zlib.Z_FULL_FLUSH)
    # The header, the pieces, an empty last block, and the checksum of zeros (RFC 1950, section 9).
    return (
        b"\x78\xda" + one * (n // piece) + pack.flush() + (n % 65521 << 16 | 1).to_bytes(4, "big")
    )


READ_ALL = """
import resource, sys, time
from pathlib import Path
from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Store
began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for read in (
    lambda store: store.signal("phasic", 0),
    lambda store: store.array("recordings/subject"),
    lambda store: store.table("recordings"),
    lambda store: store.datasets(),
    lambda store: store.verify(),
):
    try:
        with Store(Path(sys.argv[1]), "components") as store:
            read(store)
    except RtcanError as error:
        print(str(error).count(chr(10)), error)
    else:
        print("was read")
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * 1024, file=sys.stderr)
"""


def refused(path: Path, message: str) -> None:
    """Every way to read it is refused in one line, in a process of its own that is measured."""
    outcome = subprocess.run(
        [sys.executable, "-c", READ_ALL, path], capture_output=True, text=True, check=True
    )
    lines = outcome.stdout.splitlines()
    assert len(lines) == 5
    for line in lines:
        assert line.startswith(f"0 {path}: ")
        assert message in line
    assert int(outcome.stderr) < 50e6


def test_a_small_store_with_much_in_it_is_refused(path: Path) -> None:
    n = 1 << 29  # 4 x 2 GB, of which deflate makes 2 MB each
    with h5py.File(path, "r+") as h5:
        packed(h5, "signals/phasic", n, np.float32)
        del h5["signals/offsets"]
        h5["signals/offsets"] = np.array([0, n])
        for channel in CHANNELS[1:]:
            del h5[f"signals/{channel}"]
            h5[f"signals/{channel}"] = h5["signals/phasic"]
    assert path.stat().st_size < 4e6
    refused(path, "its data would unpack to more than 2.1 GB, but the file has only")


@pytest.mark.long
def test_a_table_of_many_trials_is_refused(path: Path) -> None:
    n = 6_000_000
    with h5py.File(path, "r+") as h5:
        for name in list(h5["recordings"]):
            dtype = h5[f"recordings/{name}"].dtype
            packed(h5, f"recordings/{name}", n, dtype, h5[f"recordings/{name}"][0])
    assert path.stat().st_size < 4e6
    refused(path, "GB, but the file has only")


def test_one_value_in_a_huge_chunk_is_refused(path: Path) -> None:
    # A chunk is unpacked as a whole, however little of it belongs to the dataset.
    with h5py.File(path, "r+") as h5:
        del h5["recordings/iterations"]
        dataset = h5.create_dataset(
            "recordings/iterations", (1,), "i8", chunks=(1 << 28,), maxshape=(None,), compression=9
        )
        dataset.id.write_direct_chunk((0,), deflated_zeros(8 << 28))
        assert dataset.id.get_storage_size() > 1e6
    assert path.stat().st_size < 4e6
    refused(path, "its data would unpack to more than 2.1 GB")


# --- what rtcan itself writes ----------------------------------------------------------------


def write_recordings(path: Path, eda: list[np.ndarray]) -> None:
    """A recordings store with one row in every table but those of the recordings."""
    with create(path, "recordings", MADE) as store:
        for table in ("trials", "stimuli", "excluded", "files"):
            store.write_table(table, row("recordings", table))
        for table in ("recordings", "quality"):
            store.write_table(table, pd.concat([row("recordings", table)] * len(eda)))
        for each in eda:
            store.append_signals({"eda": each, "repaired": np.zeros(len(each), np.uint8)})


@pytest.mark.parametrize("share_flat", [0.0, 0.9, 1.0])
def test_eda_at_a_higher_rate_than_it_was_measured_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share_flat: float
) -> None:
    # An E4 measures at 4 Hz. Exported with other channels, each sample stands 250 times in a row.
    monkeypatch.setattr(claims, "_ALWAYS", 0)  # as if there were hours of it
    rng, path = np.random.default_rng(0), tmp_path / "recordings.h5"
    held = [np.round(rng.normal(size=400).cumsum(), 6).repeat(250) for _ in range(20)]
    eda = [np.ones(100_000) if i < 20 * share_flat else each for i, each in enumerate(held)]
    write_recordings(path, eda)
    assert 64 * path.stat().st_size < 9 * 20 * 100_000
    with Store(path, "recordings") as store:
        np.testing.assert_array_equal(store.signal("eda", 19), eda[19])
        store.verify()


def test_a_table_of_many_trials_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_ALWAYS", 0)  # as if there were millions
    n, path = 100_000, tmp_path / "labels.h5"
    table = pd.DataFrame(
        {
            "subject": np.repeat([f"s{i:03}" for i in range(100)], n // 100),
            "stimulus": np.tile([f"song{i:03}" for i in range(n // 100)], 100),
            "repetition": 1,
            "song": np.tile([f"song{i:03}" for i in range(n // 100)], 100),
            "valence": np.arange(n) // 7 % 2,
            "arousal": np.arange(n) // 5 % 2,
        }
    )
    with create(path, "labels", MADE) as store:
        store.write_table("labels", table)
        store.write_table("thresholds", row("labels", "thresholds"))
    with Store(path, "labels") as store:
        pd.testing.assert_frame_equal(store.table("labels"), table, check_dtype=False)


def test_what_does_not_fit_into_memory_is_neither_written_nor_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "machine_memory", lambda: 1000)
    message = r"its tables may take 0\.0 GB in memory, more than half of the 0\.0 GB"
    with Store(path) as store, pytest.raises(RtcanError, match=message) as caught:
        store.table("recordings")
    assert caught.value.hint == "a machine with more memory"
    before = path.read_bytes()
    with pytest.raises(RtcanError, match=message), create(path, "components", MADE) as writer:
        writer.write_table("recordings", row("components", "recordings"))
        writer.append_signals(dict.fromkeys(CHANNELS, np.ones(1000, np.float32)))
    assert path.read_bytes() == before


def test_one_recording_that_does_not_fit_into_memory_is_not_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = 10_000_000
    with create(path, "components", MADE) as writer:
        writer.write_table("recordings", pd.concat([row("components", "recordings")] * 2))
        for length in (100, n):
            writer.append_signals(dict.fromkeys(CHANNELS, np.ones(length, np.float32)))
    monkeypatch.setattr(claims, "machine_memory", lambda: n)
    with Store(path) as store:
        assert len(store.signal("phasic", 0)) == 100
        store.verify()  # reads a piece at a time
        for read in (
            lambda: store.signal("phasic", 1),
            lambda: store.signals("phasic", range(2)),
            lambda: store.array("signals/phasic"),
        ):
            with pytest.raises(RtcanError, match=r"'signals/phasic' may take 0\.0 GB in memory"):
                read()


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("recordings/subject", np.array([b"x" * 10] * 2), "columns of 'recordings' differ"),
        ("recordings/gap", np.zeros(0), "columns of 'recordings' differ"),
        ("recordings/gap", np.zeros((1, 1)), "'recordings/gap' is 2-dimensional float64"),
        ("recordings/gap", np.array([b"text"]), "'recordings/gap' is 1-dimensional"),
        ("recordings/subject", np.zeros(1), "'recordings/subject' is 1-dimensional float64"),
        ("recordings/gap", np.float64(1), "'recordings/gap' is 0-dimensional"),
        ("recordings/gap", h5py.Empty("f8"), "'recordings/gap' has no shape"),
        ("recordings/gap", np.zeros(1, [("a", "f8")]), "'recordings/gap' is 1-dimensional"),
        ("recordings/gap", np.zeros(1, complex), "'recordings/gap' is 1-dimensional"),
        ("signals/tonic", np.zeros(999, np.float32), "columns of 'samples' differ"),
        ("signals/offsets", np.zeros(1, np.int64), "columns of 'recordings' differ"),
        ("signals/offsets", np.zeros(2), "'signals/offsets' is 1-dimensional float64"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(
    path: Path, name: str, values: Any, message: str
) -> None:
    with h5py.File(path, "r+") as h5:
        del h5[name]
        h5[name] = values
    for read in (
        lambda store: store.array(name),
        lambda store: store.signal("phasic", 0),
        lambda store: store.length("recordings/subject"),
        lambda store: store.verify(),
    ):
        with Store(path) as store, pytest.raises(RtcanError, match=message):
            read(store)


@pytest.mark.parametrize(
    "offsets", [(0, 1001), (-1, 1000), (1000, 0), (0, 2**62), (2**62, 2**62 + 1)]
)
def test_places_of_recordings_outside_of_the_samples_are_refused(
    path: Path, offsets: tuple[int, int]
) -> None:
    with h5py.File(path, "r+") as h5:
        h5["signals/offsets"][:] = offsets
    for read in (
        lambda store: store.signal("phasic", 0),
        lambda store: store.signals("phasic", range(1)),
        lambda store: store.seconds(range(1)),
        lambda store: store.array("signals/offsets"),
    ):
        with (
            Store(path) as store,
            pytest.raises(RtcanError, match="does not divide its 1000 samples"),
        ):
            read(store)


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf])
def test_impossible_sampling_rates_are_refused(path: Path, rate: float) -> None:
    with h5py.File(path, "r+") as h5:
        h5["recordings/sampling_rate"][:] = rate
    for read in (
        lambda store: store.table("recordings"),
        lambda store: store.rows("recordings/sampling_rate", range(1)),
        lambda store: store.seconds(range(1)),
    ):
        with Store(path) as store, pytest.raises(RtcanError, match="not a sampling rate"):
            read(store)


def test_text_of_any_length_is_refused(path: Path) -> None:
    # Its values may all be one and the same long text, which is then in memory once for each.
    with h5py.File(path, "r+") as h5:
        del h5["recordings/subject"]
        h5.create_dataset("recordings/subject", data=["x" * 10**6], dtype=h5py.string_dtype())
    with (
        Store(path) as store,
        pytest.raises(RtcanError, match="contains neither numbers nor text"),
    ):
        store.array("recordings/subject")


@pytest.mark.parametrize(
    "text",
    ["[" * 10_000 + "]" * 10_000, json.dumps({"a": "x" * (2 << 20)}), '{"a": 1'],
    ids=["nested", "long", "cut"],
)
def test_huge_or_damaged_settings_are_one_clear_error(path: Path, text: str) -> None:
    with h5py.File(path, "r+") as h5:
        h5.attrs["parameters"] = text
    with pytest.raises(RtcanError, match="provenance is") as caught:
        Store(path, "components")
    assert len(str(caught.value)) < 300


def test_attributes_that_repeat_one_long_text_are_not_read(path: Path) -> None:
    with h5py.File(path, "r+") as h5:
        h5.attrs.create("inputs", ["x" * 10**6] * 100, dtype=h5py.string_dtype())
        h5["signals/tonic"].attrs.create("unit", np.zeros(10**7, np.uint8))
    tracemalloc.start()
    try:
        with pytest.raises(RtcanError, match="provenance is damaged"):
            Store(path, "components")
        with h5py.File(path, "r+") as h5:
            h5.attrs["inputs"] = "{}"
        with Store(path) as store, pytest.raises(RtcanError, match="'signals/tonic' is damaged"):
            store.datasets()
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


# --- items of unfinished steps ---------------------------------------------------------------


def header(shape: str, dtype: str = "<f8") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def item(content: bytes, how: int = zipfile.ZIP_STORED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", how) as archive:
        archive.writestr("x.npy", content)
    return whole.getvalue()


def many_names_of_one() -> bytes:
    """A zip file whose list has one member a thousand times."""
    one = item(header("(1000000,)") + bytes(8_000_000))
    start = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    entry = one[start:end]
    entries = b"".join(entry.replace(b"x.npy", b"%05d" % i) for i in range(1000))
    tail = bytearray(one[end:])
    tail[8:10] = tail[10:12] = (1000).to_bytes(2, "little")
    tail[12:16] = len(entries).to_bytes(4, "little")
    return one[:start] + entries + bytes(tail)


@pytest.mark.parametrize(
    "make",
    [
        lambda: item(header("(1000000000000,)") + bytes(8)),
        lambda: item(header("(-1, 4)") + bytes(8)),
        lambda: item(header("(10**9,)") + bytes(8)),
        lambda: item(header("(2,)") + bytes(8)),
        lambda: item(header("(1,)", "|O") + bytes(8)),
        lambda: item(header("(10000000000,)", "|S0")),
        lambda: item(header("(" * 200 + ")" * 200) + bytes(8)),
        lambda: item(header("(10000000,)") + bytes(80_000_000), zipfile.ZIP_DEFLATED),
        many_names_of_one,
        lambda: b"",
    ],
    ids=["huge", "negative", "sum", "cut", "object", "empty", "nested", "packed", "again", "none"],
)
def test_items_that_claim_more_than_they_hold_count_as_not_there(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    content = make()
    partial = Partial(tmp_path / "run.h5", "step")
    partial.make()
    (partial.folder / "a.npz").write_bytes(content)
    tracemalloc.start()
    try:
        assert partial.get("a") is None
        assert not partial.peek("a", "y")
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_items_come_back_as_they_were(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "number": np.array(3.5),
        "empty": np.zeros((0, 3), np.float32),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "text": np.array(["a", "für"]),
        "nothing": np.array(""),
        "flags": np.array([True, False]),
    }
    with (tmp_path / "a.npz").open("wb") as file:
        np.savez(file, **arrays)
    with (tmp_path / "a.npz").open("rb") as file:
        found = read_item(file)
    assert found is not None
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        found[name].setflags(write=True)  # training goes on with them


def test_a_number_that_is_not_a_label_is_refused(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    path = copy_of(prepared) / "pmemo" / "labels.h5"
    with h5py.File(path, "r+") as h5:
        h5["labels/arousal"][0] = 5
    with pytest.raises(RtcanError, match="a number that is not a label"), Store(path) as store:
        store.table("labels")
