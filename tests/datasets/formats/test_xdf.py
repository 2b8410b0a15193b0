"""XDF: clocks, gaps, markers, and chunks that claim more than the file holds."""

from __future__ import annotations

import struct
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import xdf
from rtcan_cli.datasets.formats.contents import Contents
from rtcan_cli.errors import RtcanError
from tests.datasets.formats.made_files import (
    EDA,
    RATE,
    xdf_chunk,
    xdf_file,
    xdf_header,
    xdf_samples,
)


def read(path: Path, content: bytes) -> Contents:
    (path / "s.xdf").write_bytes(content)
    return xdf.read(RawFile(path / "s.xdf", PurePosixPath("s.xdf")))


def test_all_streams_are_on_one_clock(tmp_path: Path) -> None:
    """The computer with the markers is 30 s behind; measured offsets say so."""
    contents = read(tmp_path, xdf_file(100 + np.arange(80) / RATE, EDA, offset=30.0))
    (eda,) = contents.channels
    assert (eda.name, eda.unit, eda.sampling_rate) == ("EDA", "microsiemens", RATE)
    assert eda.time is not None
    np.testing.assert_allclose(eda.time, 100 + np.arange(80) / RATE)
    assert [(each.label, each.time) for each in contents.markers] == [
        ("song", pytest.approx(102.5))
    ]


def test_a_gap_of_seconds_stays_a_gap(tmp_path: Path) -> None:
    """With pyxdf's own settings it would be spread over two minutes."""
    times = 100 + np.arange(80) / RATE
    times[40:] += 3.0
    (eda,) = read(tmp_path, xdf_file(times, EDA)).channels
    assert eda.time is not None
    np.testing.assert_allclose(eda.time, times, atol=1e-6)


@pytest.mark.parametrize("jitter", [0.0, 0.01])
def test_a_gap_of_less_than_a_second_stays_a_gap(jitter: float) -> None:
    """120 samples of 128 Hz are missing; packets of 32 samples are early and late."""
    rng = np.random.default_rng(1)
    times = 100 + np.arange(2560) / 128
    times[1280:] += 120 / 128
    packets = np.repeat(jitter * rng.standard_normal(80), 32)
    found = xdf._without_jitter(times + packets, 1 / 128)
    np.testing.assert_allclose(found, times, atol=0.4 * jitter + 1e-9)
    assert found[1280] - found[1279] > 100 / 128


def test_one_late_packet_is_no_gap() -> None:
    times = 100 + np.arange(2560) / 128
    late = times.copy()
    late[640:672] += 0.2
    found = xdf._without_jitter(late, 1 / 128)
    np.testing.assert_allclose(found, times, atol=0.02)


def test_a_stream_whose_time_goes_back_is_left_out_and_named(tmp_path: Path) -> None:
    times = 100 + np.arange(80) / RATE
    times[40:] -= 3.0
    contents = read(tmp_path, xdf_file(times, EDA))
    assert contents.channels == ()
    assert "stream Shimmer is left out: its time stamps do not increase" in contents.notes


def test_numbered_events_are_markers_and_equal_names_are_told_apart(tmp_path: Path) -> None:
    content = b"XDF:" + xdf_header(1, "left", "EDA", 4, "float32")
    content += xdf_header(2, "right", "EDA", 4, "float32")
    content += xdf_header(3, "box", "Markers", 0, "int32")
    for stream in (1, 2):
        content += xdf_samples(stream, [1.0, 1.25], [struct.pack("<f", stream)] * 2)
    content += xdf_samples(3, [1.1], [struct.pack("<i", 12)])
    contents = read(tmp_path, content)
    assert [each.name for each in contents.channels] == ["left EDA", "right EDA"]
    assert [each.label for each in contents.markers] == ["12"]


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (xdf_chunk(3, struct.pack("<IBQ", 1, 8, 1 << 60)), "claims 1152921504606846976 samples"),
        (xdf_header(2, "x", "EEG", 1, "float32").replace(b">1<", b">9<")[:-9], "ends too early"),
        (
            xdf_chunk(2, b"\2\0\0\0<!DOCTYPE a [<!ENTITY b 'c'>]><info>&b;</info>"),
            "defines entities",
        ),
    ],
    ids=["samples", "cut", "entities"],
)
def test_claims_are_held_against_the_file(chunk: bytes, said: str, tmp_path: Path) -> None:
    content = b"XDF:" + xdf_header(1, "EDA", "EDA", 4, "float32") + chunk
    with pytest.raises(RtcanError, match=said):
        read(tmp_path, content)
