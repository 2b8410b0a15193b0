"""EDF and BDF: gaps, labels outside of ASCII, triggers, and headers that lie."""

from __future__ import annotations

import io
import math
from pathlib import Path, PurePosixPath

import edfio
import numpy as np
import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import edf
from rtcan_cli.datasets.formats.contents import Contents
from rtcan_cli.datasets.single import read_single
from rtcan_cli.errors import RtcanError
from tests.datasets.formats.made_files import EDA, RATE, UNIX, write_edf


def read(path: Path) -> Contents:
    return edf.read(RawFile(path, PurePosixPath(path.name)))


def replaced(path: Path, *pairs: tuple[bytes, bytes]) -> Path:
    content = path.read_bytes()
    for old, new in pairs:
        assert len(old) == len(new)
        assert content.count(old) == 1, old
        content = content.replace(old, new)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["EDF", "BDF"])
def test_times_of_signals_and_annotations_are_unix_times(kind: str, tmp_path: Path) -> None:
    contents = read(write_edf(tmp_path / "s.edf", kind))
    assert contents.format == f"{kind}+"
    assert [(each.name, each.unit, each.sampling_rate) for each in contents.channels] == [
        ("EDA", "uS", RATE),
        ("Temp", "degC", 2.0),
    ]
    assert contents.channels[0].start == UNIX
    assert [(marker.time, marker.label) for marker in contents.markers] == [
        (UNIX + 2.5, "song"),
        (UNIX + 7, "end"),
    ]
    assert all(channel.zone_unknown for channel in contents.channels)


def test_a_gap_stays_a_gap(tmp_path: Path) -> None:
    """EDF+D: the sixth second was taken 2.5 s later than it would follow."""
    path = write_edf(tmp_path / "s.edf")
    content = path.read_bytes().replace(b"EDF+C", b"EDF+D")
    for at in range(9, 4, -1):
        old = b"+%d.5\x14\x14" % at
        assert content.count(old) == 1
        content = content.replace(old, b"+%d\x14\x14" % (at + 3) + b"\0" * (2 if at < 7 else 1))
    path.write_bytes(content)
    eda = read(path).channels[0]
    assert eda.time is not None
    expected = UNIX + np.arange(80) / RATE
    expected[40:] += 2.5
    np.testing.assert_allclose(eda.time, expected)
    np.testing.assert_allclose(eda.values, EDA, atol=1e-4)
    # Seconds of a trial count from the first sample, across the gap.
    after = read_single(path, start=7.5, duration=2.5)
    np.testing.assert_allclose(after.eda, EDA[40:60], atol=1e-4)


def test_records_that_go_back_in_time_are_refused(tmp_path: Path) -> None:
    path = replaced(write_edf(tmp_path / "s.edf"), (b"+5.5\x14\x14", b"+1.5\x14\x14"))
    with pytest.raises(RtcanError, match="overlap in time"):
        read(path)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_units_may_be_written_with_the_greek_letter(encoding: str, tmp_path: Path) -> None:
    mu = "µS".encode(encoding)
    path = replaced(write_edf(tmp_path / "s.edf"), (b"uS".ljust(8), mu.ljust(8)))
    assert read(path).channels[0].unit == "µS"


def test_a_signal_without_a_range_is_left_out_and_named(tmp_path: Path) -> None:
    """edfio would give its counts as if they were in the unit."""
    path = write_edf(tmp_path / "s.edf")
    content = path.read_bytes()
    at = 256 + 3 * (16 + 80 + 8)
    path.write_bytes(content[:at] + b"5".ljust(8) + content[at + 8 :])
    contents = read(path)
    assert [each.name for each in contents.channels] == ["Temp"]
    assert "EDA is left out: its range is 5 to 5" in " ".join(contents.notes)


def test_an_anonymised_date_is_not_a_time(tmp_path: Path) -> None:
    edfio.Edf([edfio.EdfSignal(EDA, RATE, label="EDA")]).write(tmp_path / "s.edf")
    contents = read(tmp_path / "s.edf")
    assert math.isnan(contents.channels[0].start)
    assert contents.notes == ()
    assert contents.format == "EDF"


def test_triggers_of_biosemi_are_markers(tmp_path: Path) -> None:
    status = np.zeros(80, dtype=np.int32)
    status[16:24] = 7
    status[40:] = 0x10000 | 12  # a bit of the amplifier's beside it
    signals = [
        edfio.BdfSignal(EDA, RATE, label="GSR1", physical_dimension="nS"),
        edfio.BdfSignal.from_digital(status, RATE, label="Status", physical_dimension="Boolean"),
    ]
    edfio.Bdf(signals).write(tmp_path / "s.bdf")
    contents = read(tmp_path / "s.bdf")
    assert [each.name for each in contents.channels] == ["GSR1"]
    assert [(each.time, each.label) for each in contents.markers] == [(2.0, "7"), (5.0, "12")]
    assert "compare its values with those in ActiView" in contents.notes[0]


def test_fewer_records_than_the_header_says_are_an_incomplete_file(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "s.edf")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(RtcanError, match=r"its header says 10 data records, but it has 9"):
        read(path)


def test_a_recorder_that_was_not_stopped_says_minus_one(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "s.edf")
    content = path.read_bytes()
    path.write_bytes(content[:236] + b"-1".ljust(8) + content[244:])
    assert len(read(path).channels[0].values) == 80


def test_a_file_of_annotations_is_named_as_such(tmp_path: Path) -> None:
    stream = io.BytesIO()
    edfio.Edf([], annotations=[edfio.EdfAnnotation(1, None, "sleep")]).write(stream)
    (tmp_path / "s.edf").write_bytes(stream.getvalue())
    with pytest.raises(RtcanError, match="holds annotations, but no signals"):
        read(tmp_path / "s.edf")
