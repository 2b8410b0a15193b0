"""EmbracePlus: times, button presses, and schemas that ask for endless values."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

import fastavro
import numpy as np
import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import avro
from rtcan_cli.datasets.formats.contents import Contents, Marker
from rtcan_cli.datasets.single import read_single
from rtcan_cli.datasets.table.signals import SignalFile
from rtcan_cli.errors import RtcanError
from tests.datasets.formats.made_files import EDA, RATE, UNIX, write_avro


def read(path: Path) -> Contents:
    return avro.read(RawFile(path, PurePosixPath(path.name)))


def number(value: int) -> bytes:
    """A whole number as Avro writes it."""
    value = value << 1 ^ value >> 63
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def avro_file(schema: Any, records: int, block: bytes, codec: str = "null") -> bytes:
    """A file of one block, written by hand: no writer makes what the tests below need."""
    meta = {b"avro.schema": json.dumps(schema).encode(), b"avro.codec": codec.encode()}
    header = b"Obj\x01" + number(len(meta))
    for key, value in meta.items():
        header += number(len(key)) + key + number(len(value)) + value
    sync = b"s" * 16
    return header + number(0) + sync + number(records) + number(len(block)) + block + sync


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_times_are_unix_times(codec: str, tmp_path: Path) -> None:
    contents = read(write_avro(tmp_path / "s.avro", codec))
    (eda,) = contents.channels  # the temperature was not recorded
    assert (eda.name, eda.unit, eda.sampling_rate, eda.start) == ("eda", "uS", RATE, UNIX)
    np.testing.assert_allclose(eda.values, EDA, rtol=1e-6)
    assert contents.markers == (Marker(UNIX + 2.5, "tag"),)


def test_a_folder_of_files_is_one_recording_in_the_order_of_time(tmp_path: Path) -> None:
    length = len(EDA) / RATE
    begins = (UNIX, UNIX + length, UNIX + 3 * length)  # then one file is lacking
    folder = tmp_path / "v6"
    folder.mkdir()
    for place, begin in zip("cab", begins, strict=True):  # names do not tell the order
        write_avro(folder / f"1-1-p01_{place}.avro", begin=begin)
    with zipfile.ZipFile(tmp_path / "v6.zip", "w") as packed:
        for path in folder.iterdir():
            packed.write(path, path.name)
    for name in ("v6", "v6.zip"):
        track = SignalFile(RawFile(tmp_path / name, PurePosixPath(name)), ".").track("")
        assert track.time is not None
        steps = np.diff(track.time)
        np.testing.assert_allclose(steps[steps < 1], 1 / RATE, atol=1e-6)
        np.testing.assert_allclose(track.time[2 * len(EDA)] - UNIX, 3 * length, atol=1e-6)
        np.testing.assert_allclose(track.eda, np.tile(EDA, 3), rtol=1e-6)
        found = read_single(tmp_path / name, start=UNIX + length / 2, duration=3 * length)
        assert np.isnan(found.eda).sum() == len(EDA)
    write_avro(folder / "1-1-p01_d.avro", begin=UNIX + 1)
    with pytest.raises(RtcanError, match="its files overlap in time"):
        read_single(folder)
    write_avro(folder / "1-1-p02_d.avro")
    with pytest.raises(RtcanError, match="2 participants: 1-1-p01, 1-1-p02"):
        read_single(folder)


def test_a_clock_that_is_corrected_between_files_is_no_overlap(tmp_path: Path) -> None:
    length = len(EDA) / RATE
    for place, begin in zip("ab", (UNIX, UNIX + length - 0.4 / RATE), strict=True):
        write_avro(tmp_path / f"1-1-p01_{place}.avro", begin=begin)
    track = SignalFile(RawFile(tmp_path, PurePosixPath(tmp_path.name)), ".").track("")
    assert track.time is not None
    np.testing.assert_allclose(track.eda, np.tile(EDA, 2), rtol=1e-6)
    np.testing.assert_allclose(track.time[len(EDA)] - UNIX, length - 0.4 / RATE, atol=1e-6)
    steps = np.diff(track.time)
    np.testing.assert_allclose(steps, 1 / RATE, rtol=0.02)
    np.testing.assert_allclose(steps[: len(EDA) - 1], steps[len(EDA) - 1], atol=1e-6)


def test_another_avro_file_is_named_as_such(tmp_path: Path) -> None:
    schema = {"type": "record", "name": "a", "fields": [{"name": "b", "type": "int"}]}
    stream = io.BytesIO()
    fastavro.writer(stream, fastavro.parse_schema(schema), [{"b": 1}])
    (tmp_path / "s.avro").write_bytes(stream.getvalue())
    with pytest.raises(RtcanError, match="no raw data of an EmbracePlus"):
        read(tmp_path / "s.avro")


def record(name: str, *types: Any) -> dict[str, Any]:
    fields = [{"name": f"f{index}", "type": each} for index, each in enumerate(types)]
    return {"type": "record", "name": name, "fields": fields}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (record("a", {"type": "array", "items": "null"}), "items in its schema have no size"),
        (record("a", {"type": "array", "items": record("b", "null")}), "have no size"),
        (record("a", record("b", "null"), {"type": "map", "values": "b"}), "has no size"),
        (record("a", {"type": "fixed", "name": "c", "size": 0}), "has no size"),
        (record("a", ["null", "a"]), "a type in its schema holds itself"),
        ("null", "records instead of one|no size"),
    ],
    ids=["nulls", "empty records", "named", "fixed", "itself", "null"],
)
def test_endless_values_are_refused_before_they_are_read(
    schema: Any, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "s.avro"
    path.write_bytes(avro_file(schema, 1, number(1 << 60) + b"\2" * 1000))
    with pytest.raises(RtcanError, match=said):
        read(path)


def test_what_unpacks_to_far_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(avro, "_LARGEST", 100_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1_000_000)) + packer.flush()
    path = tmp_path / "s.avro"
    path.write_bytes(avro_file(record("a", {"type": "array", "items": "int"}), 1, block, "deflate"))
    with pytest.raises(RtcanError, match="unpacks to more than 0 MB"):
        read(path)
