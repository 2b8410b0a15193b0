"""MATLAB files as programs write them, and as people do."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import matlab
from rtcan_cli.datasets.formats.contents import Contents, Marker
from rtcan_cli.datasets.formats.read import read_contents
from rtcan_cli.errors import RtcanError
from tests.datasets.formats.made_files import EDA

TIME = np.arange(80) / 8


def read(folder: Path, content: dict[str, Any]) -> Contents:
    savemat(folder / "s.mat", content)
    return matlab.read(RawFile(folder / "s.mat", PurePosixPath("s.mat")))


def summary(contents: Contents) -> list[tuple[str, str, int, float]]:
    return [(c.name, c.unit, len(c.values), c.sampling_rate) for c in contents.channels]


@pytest.mark.parametrize("orient", [np.atleast_2d, lambda x: x[:, None]], ids=["row", "column"])
def test_a_vector_and_its_rate(orient: Any, tmp_path: Path) -> None:
    contents = read(tmp_path, {"eda": orient(EDA), "Fs": 8, "subject": "anna", "unit": "nS"})
    assert summary(contents) == [("eda", "nS", 80, 8.0)]
    np.testing.assert_array_equal(contents.channels[0].values, EDA)


def test_a_matrix_and_a_clock(tmp_path: Path) -> None:
    """Rows may be channels; one variable of another length is left out, and named."""
    contents = read(tmp_path, {"data": [EDA, EDA + 1], "time": 5 + TIME, "other": [1.0, 2, 3]})
    assert [each[:3] for each in summary(contents)] == [("data 1", "", 80), ("data 2", "", 80)]
    assert contents.channels[1].time is not None
    np.testing.assert_allclose(contents.channels[1].time, 5 + TIME)
    assert math.isnan(contents.channels[0].sampling_rate)
    assert "the variable other is left out: it has 3 samples, and time has 80" in contents.notes


def test_the_unit_of_a_clock_has_to_be_sure(tmp_path: Path) -> None:
    """4 Hz in minutes would be 240 Hz in seconds."""
    minutes = np.arange(80) / 4 / 60
    with pytest.raises(RtcanError, match=r"240 Hz if they are seconds, .* 4 Hz if they are min"):
        read(tmp_path, {"eda": EDA, "time": minutes})
    seconds = np.arange(80) / 4
    for content in (
        {"time_min": minutes},
        {"time": minutes, "fs": 4},
        {"time": 1000 * seconds, "fs": 4},
        {"timestamp_ms": 1000 * seconds},
    ):
        (eda,) = read(tmp_path, {"eda": EDA, **content}).channels
        assert eda.time is not None
        np.testing.assert_allclose(eda.time, seconds)
    savemat(tmp_path / "s.mat", {"eda": EDA, "time": minutes})
    file = RawFile(tmp_path / "s.mat", PurePosixPath("s.mat"))
    time = read_contents(file, ".", 4.0).channels[0].time
    assert time is not None
    np.testing.assert_allclose(time, seconds)


def test_the_fields_of_one_struct(tmp_path: Path) -> None:
    contents = read(tmp_path, {"recording": {"EDA": EDA, "srate": 8.0, "info": {"a": 1}}})
    assert summary(contents) == [("EDA", "", 80, 8.0)]


def test_what_matlab_keeps_about_objects_is_not_a_signal(tmp_path: Path) -> None:
    """A file with a datetime ends with bytes about it: a variable of numbers without a name."""
    savemat(tmp_path / "s.mat", {"subject": "anna"})
    data = np.arange(256, dtype=np.uint8).tobytes()
    parts = ((6, np.array([9, 0], "<u4").tobytes()), (5, np.array([1, 256], "<i4").tobytes()))
    elements = b"".join(
        np.array([kind, len(content)], "<u4").tobytes() + content
        for kind, content in (*parts, (1, b""), (2, data))
    )
    with (tmp_path / "s.mat").open("ab") as stream:
        stream.write(np.array([14, len(elements)], "<u4").tobytes() + elements)
    file = RawFile(tmp_path / "s.mat", PurePosixPath("s.mat"))
    with pytest.raises(
        RtcanError, match=r"holds no recording: its variables are subject \(text\)$"
    ):
        matlab.read(file)


def test_ledalab(tmp_path: Path) -> None:
    """A struct `data`, and a struct array of events, as its documentation describes them."""
    events = np.array(
        [(7.0, 2, "end", np.empty((0, 0))), (2.5, 1, "song", np.empty((0, 0)))],
        dtype=[("time", "O"), ("nid", "O"), ("name", "O"), ("userdata", "O")],
    )
    content = {"conductance": EDA, "time": TIME, "timeoff": 0, "event": events}
    contents = read(tmp_path, {"data": content, "fileinfo": {"version": 3.49, "date": "x"}})
    assert contents.format == "Ledalab file"
    # Files do not state the unit, and some hold counts of a converter.
    assert [(c.name, c.unit) for c in contents.channels] == [("conductance", "")]
    assert contents.markers == (Marker(2.5, "song"), Marker(7.0, "end"))


def test_labchart(tmp_path: Path) -> None:
    """One row of numbers holds all channels, one after the other."""
    content = {
        "data": np.concatenate([np.arange(40.0), EDA]),
        "datastart": [[1.0], [41.0], [-1.0]],
        "dataend": [[40.0], [120.0], [-1.0]],
        "samplerate": [[4.0], [8.0], [0.0]],
        "titles": ["ECG", "GSR", "-  "],
        "unittext": ["mV", "uS"],
        "unittextmap": [[1.0], [2.0], [-1.0]],
    }
    contents = read(tmp_path, content)
    assert summary(contents) == [("ECG", "mV", 40, 4.0), ("GSR", "uS", 80, 8.0)]
    np.testing.assert_array_equal(contents.channels[1].values, EDA)
    two = {"datastart": [[1.0, 41]], "dataend": [[40.0, 120]], "samplerate": [[8.0, 8]]}
    with pytest.raises(RtcanError, match="2 blocks of LabChart; export each"):
        read(tmp_path, content | two)


def test_acqknowledge(tmp_path: Path) -> None:
    content = {
        "data": np.column_stack([EDA, EDA + 1]),
        "labels": ["EDA", "ECG"],
        "units": ["microsiemens", "mV"],
        "isi": 125.0,
        "isi_units": "ms",
        "start_sample": 0.0,
    }
    assert summary(read(tmp_path, content)) == [
        ("EDA", "microsiemens", 80, 8.0),
        ("ECG", "mV", 80, 8.0),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"data": {"conductance": EDA, "time": TIME[1:]}}, "79 values for 80 samples"),
        ({"eda": EDA, "time": TIME[::-1]}, "the times in its variable time do not increase"),
        ({"eda": EDA, "fs": 0.0}, "its variable fs is 0, not a sampling rate"),
        ({"name": "anna"}, r"holds no recording: its variables are name \(text\)"),
    ],
    ids=["lengths", "backwards", "rate", "nothing"],
)
def test_what_does_not_fit_together_is_named(
    content: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(RtcanError, match=said):
        read(tmp_path, content)


def read_73(path: Path, write: Callable[[h5py.File], object]) -> Contents:
    """Read a file as MATLAB writes it with ``-v7.3``: HDF5 behind 512 bytes of its own."""
    with h5py.File(path, "w", userblock_size=512) as h5:
        write(h5)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
    return matlab.read(RawFile(path, PurePosixPath(path.name)))


def put(group: h5py.Group, name: str, values: Any, kind: str = "double", **how: Any) -> None:
    """A variable; the shape is that of MATLAB."""
    numbers = [[ord(each) for each in values]] if kind == "char" else np.atleast_2d(values)
    dtype = np.uint16 if kind == "char" else None
    group.create_dataset(name, data=np.array(numbers, dtype).T, **how).attrs["MATLAB_class"] = (
        np.bytes_(kind)
    )


def test_version_7_3_is_read(tmp_path: Path) -> None:
    def vectors(h5: h5py.File) -> None:
        put(h5, "eda", EDA, compression="gzip")
        put(h5, "fs", 8.0)
        put(h5, "unit", "nS", "char")
        h5.create_dataset("cells", (2, 1), h5py.ref_dtype)
        h5["elsewhere"] = h5py.ExternalLink("/etc/passwd", "x")
        h5.create_group("#refs#")

    contents = read_73(tmp_path / "s.mat", vectors)
    assert summary(contents) == [("eda", "nS", 80, 8.0)]
    np.testing.assert_array_equal(contents.channels[0].values, EDA)

    def ledalab(h5: h5py.File) -> None:
        put(h5.create_group("data"), "conductance", EDA[:, None])
        put(h5["data"], "time", TIME[:, None])

    contents = read_73(tmp_path / "s.mat", ledalab)
    assert contents.format == "Ledalab file"
    assert contents.channels[0].time is not None
    np.testing.assert_array_equal(contents.channels[0].time, TIME)


def test_days_of_matlab_are_dates_without_a_zone(tmp_path: Path) -> None:
    contents = read(tmp_path, {"eda": EDA, "datenum": 739373.5 + TIME / 86_400})
    (channel,) = contents.channels
    assert channel.zone_unknown
    assert channel.time is not None
    np.testing.assert_allclose(channel.time, (739373.5 - 719529) * 86_400 + TIME, atol=2e-5)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda h5: h5.create_dataset("eda", (10**12, 1), "f8", chunks=(10**6, 1)), "claims"),
        (lambda h5: h5.create_dataset("eda", (9, 1), "f8", external="/etc/passwd"), "elsewhere"),
        (lambda h5: h5.create_dataset("eda", (9, 1), "f8", compression="lzf"), "with a filter"),
        (lambda h5: put(h5, "eda", np.zeros(3000)), "its arrays have more than|is larger than"),
        (lambda h5: put(h5, "note", "no numbers", "char"), r"its variables are note \(text\)"),
    ],
    ids=["claims", "external", "filter", "size", "text"],
)
def test_what_matlab_does_not_write_is_refused(
    write: Callable[[h5py.File], object],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matlab, "_LARGEST", 20_000)
    with pytest.raises(RtcanError, match=said):
        read_73(tmp_path / "s.mat", write)


def test_a_file_of_version_7_3_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.mat"
    read_73(path, lambda h5: put(h5, "eda", EDA))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RtcanError, match=r"s\.mat cannot be read"):
        matlab.read(RawFile(path, PurePosixPath("s.mat")))


def test_all_variables_together_may_not_be_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matlab, "_LARGEST", 1000)
    with pytest.raises(RtcanError, match="is more than is read"):
        read(tmp_path, {"a": EDA, "b": EDA})
