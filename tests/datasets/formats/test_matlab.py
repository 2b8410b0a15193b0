"""MATLAB files as programs write them, and as people do."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath
from typing import Any

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


def test_ledalab(tmp_path: Path) -> None:
    """A struct `data`, and a struct array of events, as its documentation describes them."""
    events = np.array(
        [(7.0, 2, "end", np.empty((0, 0))), (2.5, 1, "song", np.empty((0, 0)))],
        dtype=[("time", "O"), ("nid", "O"), ("name", "O"), ("userdata", "O")],
    )
    content = {"conductance": EDA, "time": TIME, "timeoff": 0, "event": events}
    contents = read(tmp_path, {"data": content, "fileinfo": {"version": 3.49, "date": "x"}})
    assert contents.format == "Ledalab file"
    assert [(c.name, c.unit) for c in contents.channels] == [("conductance", "uS")]
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


def test_version_7_3_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "s.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + bytes(600))
    with pytest.raises(RtcanError, match=r"version 7\.3") as raised:
        matlab.read(RawFile(tmp_path / "s.mat", PurePosixPath("s.mat")))
    assert "-v7" in str(raised.value.hint)


def test_all_variables_together_may_not_be_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matlab, "_LARGEST", 1000)
    with pytest.raises(RtcanError, match="is more than is read"):
        read(tmp_path, {"a": EDA, "b": EDA})
