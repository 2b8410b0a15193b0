from __future__ import annotations

import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Provenance, Store, Workspace, create

MADE = Provenance("decompose", "pmemo", {"alpha": 8e-4}, {"recordings": "abc"}, simulated=True)


def write_components(path: Path, signals: list[np.ndarray], provenance: Provenance = MADE) -> None:
    n = len(signals)
    with create(path, "components", provenance) as store:
        for samples in signals:
            store.append_signals(dict.fromkeys(("phasic", "tonic", "driver", "residual"), samples))
        store.write_table(
            "recordings",
            pd.DataFrame(
                {
                    "subject": [f"sübject {i}" for i in range(n)],
                    "stimulus": [str(i) for i in range(n)],
                    "repetition": 1,
                    "song": [str(i) for i in range(n)],
                    "target": "both",
                    "sampling_rate": 50.0,
                    "solver": "structured",
                    "objective": 1.0,
                    "gap": 0.0,
                    "iterations": 7,
                    "tau0": 2.0,
                    "tau1": 0.7,
                    "noise": 0.1,
                    "noise_recorded": 0.01,
                    "alpha": 8e-4,
                    "raised": 0,
                    "phasic_variance": 0.5,
                    "tonic_variance": 0.5,
                    "residual_variance": 0.0,
                    "seconds": 0.1,
                    "problem": "",
                }
            ),
        )


@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(0, 5000), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_signals_of_any_lengths_come_back(
    lengths: list[int], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = np.random.default_rng(seed)
    signals = [rng.normal(size=n).astype(np.float32) for n in lengths]
    path = tmp_path_factory.mktemp("store") / "components.h5"
    write_components(path, signals)
    with Store(path, "components") as store:
        for index, samples in enumerate(signals):
            np.testing.assert_array_equal(store.signal("tonic", index), samples)
        assert store.table("recordings")["subject"].iloc[0] == "sübject 0"
        assert store.provenance == MADE


def test_a_table_loads_in_one_line_of_pandas(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.ones(3)])
    frame = pd.DataFrame({name: d[()] for name, d in h5py.File(path)["recordings"].items()})
    assert frame["sampling_rate"].tolist() == [50.0]


def test_units_and_shapes_are_attributes(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.ones(3)])
    with h5py.File(path) as h5:
        assert h5["recordings/sampling_rate"].attrs["unit"] == "Hz"
        assert h5["signals/phasic"].attrs["shape"] == "samples"


def test_content_id_depends_on_data_alone(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in ("a.h5", "b.h5", "c.h5"))
    write_components(a, [np.arange(5.0)])
    write_components(b, [np.arange(5.0)], dataclasses.replace(MADE, parameters={"alpha": 1}))
    write_components(c, [np.arange(5.0) + 1e-3])
    ids = [Store(path).content_id for path in (a, b, c)]
    assert ids[0] == ids[1] != ids[2]


def test_failure_keeps_the_old_store_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.arange(5.0)])
    before = path.read_bytes()
    with (
        pytest.raises(KeyboardInterrupt),
        create(path, "components", MADE) as store,
    ):
        store.append_signals({"phasic": np.ones(3)})
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_killed_processes_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    # No process has this number: Linux counts to 2**22 at most.
    leftover = tmp_path / f"components.h5.tmp-{2**22 + 1}"
    leftover.write_bytes(b"half")
    write_components(path, [np.ones(3)])
    assert not leftover.exists()


def test_an_incomplete_store_is_refused_when_written(tmp_path: Path) -> None:
    path = tmp_path / "labels.h5"
    with (
        pytest.raises(ValueError, match="labels store: 'labels/stimulus' is missing"),
        create(path, "labels", MADE) as store,
    ):
        store.write("labels/subject", ["1"])
    assert not path.exists()


def test_columns_of_different_lengths_are_refused_when_written(tmp_path: Path) -> None:
    path = tmp_path / "music.h5"
    with (
        pytest.raises(ValueError, match="columns of 'stimuli' differ in length"),
        create(path, "music", MADE) as s,
    ):
        s.write("stimuli/stimulus", ["1", "2", "3"])
        s.write("stimuli/seconds", [30.0] * 3)
        s.write("stimuli/eda_seconds", [30.0] * 3)
        s.write("features/name", ["a", "b"])
        s.write("features/value", np.zeros((2, 2)))
        s.write("excluded/stimulus", [])
        s.write("excluded/reason", [])


@pytest.mark.parametrize("keep", [0, 10, 800, -50])
def test_truncated_store_is_one_clear_error(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.random.default_rng(0).normal(size=4000)])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RtcanError, match=r"components\.h5: is (empty|cut off|damaged)") as error:
        Store(path, "components")
    assert "rtcan decompose" in str(error.value.hint)


def test_flipped_bytes_in_the_data_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.random.default_rng(0).normal(size=4000)])
    with h5py.File(path) as h5:
        place = h5["signals/tonic"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 100] ^= 0xFF
    path.write_bytes(content)
    with (
        Store(path, "components") as store,
        pytest.raises(RtcanError, match="'signals/tonic' is damaged"),
    ):
        store.signal("tonic", 0)


def test_wrong_kind_version_and_file(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.ones(3)])
    with pytest.raises(
        RtcanError, match="is a components store, but a labels store is needed"
    ) as no:
        Store(path, "labels")
    assert no.value.hint == "the path of a labels store"  # and not what would write over this one
    path.with_name("labels.h5").touch()
    with pytest.raises(RtcanError) as no:
        Store(path, "labels")
    assert no.value.hint == str(path.with_name("labels.h5"))
    table = tmp_path / "trials.csv"
    table.touch()
    with pytest.raises(RtcanError, match="a file of another kind") as no:
        Store(table, "labels")
    assert "trials.csv" not in str(no.value.hint)
    with h5py.File(path, "a") as h5:
        h5.attrs["schema_version"] = 99
    with pytest.raises(RtcanError, match="schema version 99"):
        Store(path)
    other = tmp_path / "other.h5"
    with h5py.File(other, "w"):
        pass
    with pytest.raises(RtcanError, match="not an rtcan store"):
        Store(other)
    with pytest.raises(RtcanError, match="does not exist"):
        Store(tmp_path / "absent.h5", "music")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("kind", np.arange(3), "not an rtcan store"),
        ("schema_version", "two", "schema version two"),
        ("parameters", "[]", "provenance"),
        ("inputs", "[1]", "provenance"),
        ("inputs", 3, "provenance"),
        ("simulated", np.array([True, False]), "provenance"),
    ],
)
def test_odd_attributes_are_one_clear_error(
    tmp_path: Path, name: str, value: object, problem: str
) -> None:
    path = tmp_path / "pmemo" / "components.h5"
    write_components(path, [np.ones(3)])
    with h5py.File(path, "a") as h5:
        h5.attrs[name] = value
    with pytest.raises(RtcanError, match=problem):
        Store(path)
    states = {step.kind: step.state for step in Workspace(tmp_path).steps("pmemo")}
    assert states["components"] == "damaged"


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    path, secret = tmp_path / "components.h5", tmp_path / "secret.h5"
    write_components(path, [np.ones(3)])
    with h5py.File(secret, "w") as h5:
        h5["tonic"] = np.arange(3.0)
    with h5py.File(path, "a") as h5:
        del h5["signals/tonic"]
        h5["signals/tonic"] = h5py.ExternalLink("secret.h5", "tonic")
    with (
        Store(path, "components") as store,
        pytest.raises(RtcanError, match="'signals/tonic' is missing"),
    ):
        store.signal("tonic", 0)
    _is_missing_alone(path)


def _is_missing_alone(path: Path) -> None:
    """Nor is it found by who looks for nothing else."""
    with (
        Store(path, "components", only=["signals/tonic"]) as store,
        pytest.raises(RtcanError, match="'signals/tonic' is missing"),
    ):
        store.array("signals/tonic")


def test_a_part_of_a_store_is_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.ones(3), np.arange(2.0)])
    with h5py.File(path, "a") as h5:
        del h5["signals/driver"]
    with Store(path, only=["signals/offsets", "recordings/subject"]) as store:
        assert store.array("signals/offsets").tolist() == [0, 3, 5]
        # A channel goes with the offsets, which are compared with its length.
        assert list(store.datasets()) == ["recordings/subject", "signals/offsets", "signals/phasic"]
    with Store(path) as store, pytest.raises(RtcanError, match="'signals/driver' is missing"):
        store.array("signals/offsets")


def test_what_was_not_to_be_read_does_not_seem_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.ones(3), np.arange(2.0)])
    with Store(path, only=["recordings/subject"]) as store:
        for read in (store.computed_content_id, store.verify):
            with pytest.raises(ValueError, match="for some of its datasets only"):
                read()
        for ask in (store.array, store.length, store.holds):
            with pytest.raises(ValueError, match="opened without 'signals/tonic'"):
                ask("signals/tonic")
        with pytest.raises(ValueError, match="opened without 'signals/'"):
            store.slices("signals", 0)
        assert store.array("recordings/subject").size == 2


def test_offsets_alone_are_compared_with_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.ones(3), np.arange(2.0)])
    with h5py.File(path, "a") as h5:
        h5["signals/offsets"][-1] = 6
    with (
        Store(path, only=["signals/offsets"]) as store,
        pytest.raises(RtcanError, match="does not divide its 5 samples into recordings"),
    ):
        store.array("signals/offsets")


def test_groups_of_other_files_are_not_read(tmp_path: Path) -> None:
    path, secret = tmp_path / "components.h5", tmp_path / "secret.h5"
    write_components(path, [np.ones(3)])
    write_components(secret, [np.arange(3.0)])
    with h5py.File(path, "a") as h5:
        del h5["signals"]
        h5["signals"] = h5py.ExternalLink("secret.h5", "signals")
    with (
        Store(path, "components") as store,
        pytest.raises(RtcanError, match=r"'signals/\w+' is missing"),
    ):
        store.signal("tonic", 0)
    _is_missing_alone(path)


@pytest.mark.parametrize("name", ["tonic", "phasic"])
def test_samples_in_other_files_are_not_read(tmp_path: Path, name: str) -> None:
    path, secret = tmp_path / "components.h5", tmp_path / "secret.bin"
    secret.write_bytes(np.arange(3.0, dtype=np.float32).tobytes())
    write_components(path, [np.ones(3)])
    layout = h5py.VirtualLayout((3,), np.float32)
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (3,))
    with h5py.File(path, "a") as h5:
        del h5[f"signals/{name}"]
        if name == "tonic":
            h5.create_dataset("signals/tonic", (3,), np.float32, external=[(str(secret), 0, 12)])
        else:
            h5.create_virtual_dataset("signals/phasic", layout)
    with (
        Store(path, "components") as store,
        pytest.raises(RtcanError, match=f"'signals/{name}' is missing"),
    ):
        store.signal(name, 0)


def test_text_and_description_have_checksums_too(tmp_path: Path) -> None:
    path = tmp_path / "components.h5"
    write_components(path, [np.arange(3.0)] * 40)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    content, found = Store(path).content_id, 0
    for place in rng.integers(len(whole), size=150):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            with Store(path) as store:
                store.verify()
                assert store.content_id == content
        except RtcanError as error:
            found += str(path) in str(error)
    assert found > 50  # the others are in room that HDF5 keeps free


def test_signals_that_just_fill_the_buffer_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.stores.writer._SIGNAL_BUFFER", 10)
    write_components(tmp_path / "a.h5", [np.arange(10.0)] * 2)
    with Store(tmp_path / "a.h5") as store:
        np.testing.assert_array_equal(store.array("signals/phasic"), [*range(10), *range(10)])


def test_rows_can_be_written_and_read_a_few_at_a_time(tmp_path: Path) -> None:
    values = np.arange(35, dtype=np.float32).reshape(7, 5)
    path = tmp_path / "music.h5"
    with create(path, "music", MADE) as store:
        store.write("stimuli/stimulus", list("abcdefg"))
        store.write("stimuli/seconds", np.full(7, 30.0))
        store.write("stimuli/eda_seconds", np.full(7, 30.0))
        store.write("features/name", list("vwxyz"))
        for start in range(0, 7, 3):
            store.append_rows("features/value", values[start : start + 3])
        for name in ("stimulus", "reason"):
            store.write(f"excluded/{name}", [])
    with Store(path) as read:
        read.verify()
        np.testing.assert_array_equal(read.array("features/value"), values)
        blocks = list(read.blocks("features/value", rows=2))
        assert [len(block) for block in blocks] == [2, 2, 2, 1]
        np.testing.assert_array_equal(np.concatenate(blocks), values)


@pytest.mark.parametrize(
    ("decimals", "shuffled"), [(2, False), (None, True)], ids=["recorded", "computed"]
)
def test_signals_are_packed_as_suits_them(
    tmp_path: Path, decimals: int | None, shuffled: bool
) -> None:
    eda = 5 + np.cumsum(np.random.default_rng(0).normal(scale=0.01, size=20_000))
    eda = eda if decimals is None else eda.round(decimals)
    write_components(tmp_path / "a.h5", [eda])
    with h5py.File(tmp_path / "a.h5") as h5:
        dataset = h5["signals/phasic"]
        assert (dataset.compression, dataset.fletcher32) == ("gzip", True)
        assert dataset.shuffle == shuffled
