"""What plain tables say about themselves in words."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Contents, Marker
from rtcan_cli.datasets.formats.read import read_contents
from rtcan_cli.errors import RtcanError

ROWS = "0.2204\n0.2205\n0.2206\n0.2207\n"


def read(folder: Path, text: str) -> Contents:
    (folder / "x.csv").write_text(text)
    return read_contents(RawFile(folder / "x.csv", PurePosixPath("x.csv")), ".")


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("# Units: MOhm", "MOhm"),
        ("Units: 0.1 uS", "0.1 uS"),
        ("EDA unit = kOhm", "kOhm"),
        ('"Unit","nS"', "nS"),
        ("# Einheiten:\ts\tkOhm", "kOhm"),
        ("Units: seconds, GSR kOhm", "kOhm"),
        ("# Unit: mV", "mV"),
        ("# Units: metric", ""),
        ("# Unit number: 7", ""),
        ("# Temperature unit: uS", ""),
    ],
)
def test_the_unit_above_a_table_is_used(tmp_path: Path, line: str, unit: str) -> None:
    found = read(tmp_path, f"Device 7\n{line}\ngsr\n{ROWS}")
    assert [channel.unit for channel in found.channels] == [unit]
    assert any("the unit was read from the line" in note for note in found.notes) == bool(unit)


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        ("# Sampling rate: 32 Hz", 32),
        ("sampling_rate,0.128 kHz", 128),
        ("Rate: 4", 4),
        ("# Sampling Rate (Hz):= 1000.00", 1000),  # BioSPPy
        ("Sample Rate:\t500.000000", 500),  # MindWare
        ("EDA sampling frequency (Hz) = 15.625", math.nan),
        ("Sampling interval: 4 ms", 250),
        ("Heart rate: 70", math.nan),
        ("ACC sampling rate: 32 Hz", math.nan),
        ("Sampling rate: 4 km", math.nan),
    ],
)
def test_the_rate_above_a_table_is_used(tmp_path: Path, line: str, rate: float) -> None:
    (channel,) = read(tmp_path, f"{line}\ngsr\n{ROWS}").channels
    assert channel.sampling_rate == pytest.approx(rate, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"Units: MOhm\nUnit of EDA: uS\ngsr\n{ROWS}", "several units for its EDA: the line"),
        (f"Rate: 4\nfs = 32\ngsr\n{ROWS}", "state two sampling rates: 'Rate: 4' and 'fs: 32'"),
        (f"Units: MOhm\ngsr [uS]\n{ROWS}", "'gsr' is 'uS', but the line 'Units: MOhm' says"),
        ("time,EDA,Unit\n0,1,uS\n1,2,kOhm\n2,2,uS\n", "the column 'Unit' \\(kOhm\\) and the"),
        ("time,EDA, MOhm\n0,1\n1,2\n2,3\n", "line 1 has 3 names, but the rows below have 2"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RtcanError, match=message):
        read(tmp_path, text)


def test_a_column_may_hold_the_unit(tmp_path: Path) -> None:
    rows = "".join(f"{i / 4},{0.2 + i},33,MOhm\n" for i in range(6))
    found = read(tmp_path, f"time_s,EDA,temp,Unit\n{rows}")
    assert [(c.name, c.unit) for c in found.channels] == [("EDA", "MOhm"), ("temp", "")]
    assert "the unit was read from the column 'Unit' (MOhm)" in found.notes


def test_a_unit_in_the_name_of_another_column_is_used_or_named(tmp_path: Path) -> None:
    rows = "".join(f"{i / 4},{33 + i},2\n" for i in range(6))
    found = read(tmp_path, f"time_s,GSR,GSR unit (kOhm)\n{rows}")
    assert found.channels[0].unit == "kOhm"
    assert "the unit was read from the name of the column 'GSR unit' (kOhm)" in found.notes
    found = read(tmp_path, f"time_s,GSR,Range (kOhm)\n{rows}")
    assert found.channels[0].unit == ""
    assert "'GSR' has no unit, but the column 'Range' has kOhm: --unit kOhm" in found.notes[0]
    assert read(tmp_path, f"time_s,GSR [uS],Range (kOhm)\n{rows}").notes == ()


def test_labchart(tmp_path: Path) -> None:
    rows = "".join(f"{i / 32:.5f}\t{200 + i}\t0.2\n" for i in range(20))
    header = "Interval=\t0.03125 s\nTimeFormat=\tStartOfBlock\nChannelTitle=\tGSR\tPulse\n"
    for last in ("Range=\t40.000 kOhm\t10.000 V\n", "UnitName=\tkOhm\tV\nTopValue=\t1\t*\n"):
        found = read(tmp_path, header + last + rows)
        assert found.format == "LabChart text"
        assert [(c.name, c.unit) for c in found.channels] == [("GSR", "kOhm"), ("Pulse", "V")]
        assert found.channels[0].sampling_rate == 32
        assert found.channels[0].time is not None
        assert len(found.channels[0].time) == 20


def labchart(*blocks: list[str]) -> str:
    header = "Interval=\t0.03125 s\nExcelDateTime=\t4.58e+04\t07/17/25 15:34:45.691\n"
    header += "TimeFormat=\tStartOfBlock\nChannelTitle=\tGSR\tPulse\nUnitName=\tuS\tV\n"
    return "".join(header + "".join(rows) for rows in blocks)


def test_a_comment_of_labchart_is_a_marker_and_its_row_a_sample(tmp_path: Path) -> None:
    rows = [f"{i / 32:.5f}\t{2 + i / 1000}\t0.2\n" for i in range(400)]
    for at, text in ((100, "#* song 1 "), (250, "#2 song 2")):
        rows[at] = rows[at].replace("\n", f"\t{text}\n")
    found = read(tmp_path, labchart(rows))
    assert found.markers == (Marker(3.125, "song 1"), Marker(7.8125, "song 2"))
    assert found.notes == ()
    np.testing.assert_array_equal(found.channels[0].values, 2 + np.arange(400) / 1000)


def test_blocks_of_labchart(tmp_path: Path) -> None:
    def rows(begin: float) -> list[str]:
        return [f"{begin + i / 32:.5f}\t{2 + i / 1000}\t0.2\n" for i in range(1000)]

    with pytest.raises(RtcanError, match="2 blocks of LabChart, and the times of block 2 begin"):
        read(tmp_path, labchart(rows(0), rows(0)))
    found = read(tmp_path, labchart(rows(0), rows(100)))
    time = found.channels[0].time
    assert time is not None
    assert (len(time), time[999], time[1000]) == (2000, 999 / 32, 100)
    assert "comments between the rows, not read: 5" in found.notes[0]
