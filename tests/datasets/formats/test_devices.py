"""Exports of common devices, written here from their documented layouts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.read import read_contents
from rtcan_cli.datasets.single import read_single
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.trials import Recording, Trial
from rtcan_cli.errors import RtcanError

BEGIN = 1_700_000_000.0
HEADER = "subject,stimulus,valence,arousal,signal,column,start,duration,sampling_rate"


def skin(n: int) -> np.ndarray:
    """Microsiemens that no two samples share."""
    return np.round(3 + 0.5 * np.sin(np.arange(n) / 40) + np.arange(n) * 1e-4, 6)


def ingested(
    folder: Path, *rows: str, options: TableOptions | None = None
) -> tuple[list[Recording], list[RtcanError]]:
    (folder / "trials.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    items = [item for part in open_raw("table", folder, options).parts for item in part()]
    trials = sorted((t for t in items if isinstance(t, Trial)), key=lambda t: t.stimulus)
    found = [recording for trial in trials for recording in trial.recordings]
    return found, [item for item in items if isinstance(item, RtcanError)]


def one(folder: Path, row: str, options: TableOptions | None = None) -> Recording:
    (found,), errors = ingested(folder, row, options=options)
    assert errors == []
    return found


def refusal(folder: Path, row: str, options: TableOptions | None = None) -> RtcanError:
    found, (error,) = ingested(folder, row, options=options)
    assert found == []
    return error


def write(path: Path, *lines: str, end: str = "\n", encoding: str = "utf-8") -> None:
    path.write_bytes((end.join(lines) + end).encode(encoding))


@pytest.mark.parametrize("separator", [";", "\t"])
def test_shimmer(tmp_path: Path, separator: str) -> None:
    values = skin(4000)
    name = "Shimmer_77FF_{}_CAL"
    columns = ("Timestamp_Unix", "GSR_Range", "GSR_Skin_Conductance", "GSR_Skin_Resistance")
    rows = [
        separator.join(
            (f"{1000 * BEGIN + 1000 * i / 51.2:.12E}", "2.0", f"{x:.12f}", f"{1000 / x:.10f}", "")
        )
        for i, x in enumerate(values)
    ]
    rows.insert(2000, rows[1999])
    write(
        tmp_path / "s.csv",
        f'"sep={separator}"',
        separator.join([*(name.format(c) for c in columns), ""]),
        separator.join(["ms", "no_units", "uS", "kOhms", ""]),
        *rows,
    )
    row = f"1,s,6,4,s.csv,{{}},{BEGIN + 10:.0f},30,"
    found = one(tmp_path, row.format(""))
    assert found.sampling_rate == pytest.approx(51.2, rel=1e-4)
    assert_allclose(found.eda, values[512 : 512 + 1536])
    assert found.notes == ("rows that repeat the one before, dropped: 1",)
    assert found.position.startswith("Shimmer export, column Shimmer_77FF_GSR_Skin_Conductance")
    # The resistance of the same skin is the same.
    resistance = one(tmp_path, row.format("Shimmer_77FF_GSR_Skin_Resistance_CAL"))
    assert_allclose(resistance.eda, found.eda)
    assert resistance.polarity == "conductance, converted from kOhm"


def test_shimmer_with_a_unit_that_is_spelled_out(tmp_path: Path) -> None:
    values = skin(1000)
    names = ("Timestamp_Unix", "GSR_Skin_Conductance", "Temperature_BMP280")
    rows = [f"{1000 * BEGIN + 1000 * i / 51.2:.6f};{x};33.4;" for i, x in enumerate(values)]
    top = ";".join([*(f"Shimmer_77FF_{name}_CAL" for name in names), ""])
    write(tmp_path / "s.csv", '"sep=;"', top, "ms;uS;Degrees Celsius;", *rows)
    found = one(tmp_path, "1,s,6,4,s.csv,,,,")
    assert_allclose(found.eda, values)
    assert found.position.endswith("column Shimmer_77FF_GSR_Skin_Conductance_CAL [uS]")


def test_embraceplus_with_a_hole(tmp_path: Path) -> None:
    values = skin(400)
    there = np.r_[0:160, 240:400]
    rows = [f"{int(BEGIN * 1e6) + 250_000 * i},{values[i]}" for i in there]
    write(tmp_path / "e.csv", "unix_timestamp,eda", *rows)
    found = one(tmp_path, "1,s,6,4,e.csv,,,,4")
    assert found.sampling_rate == 4
    assert_array_equal(np.flatnonzero(~np.isnan(found.eda)), there)
    assert_array_equal(found.eda[there], values[there])


def test_emotibit(tmp_path: Path) -> None:
    values, rng = skin(900), np.random.default_rng(0)
    counts = rng.integers(1, 4, 900)
    ends = np.cumsum(counts)
    counts, ends = counts[ends <= 900], ends[ends <= 900]
    rows = []
    for packet, (end, count) in enumerate(zip(ends, counts, strict=True)):
        sent = (end - 1) / 15
        for value in values[end - count : end]:
            stamps = f"{BEGIN + sent:.6f},{1000 * sent:.3f},{17000 + packet}"
            rows.append(f"{stamps},{count},EA,1,100,{value:.6f}")
    names = "LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion"
    write(tmp_path / "x.csv", f"{names},DataReliability,EA", *rows)
    found = one(tmp_path, f"1,s,6,4,x.csv,,{BEGIN + 10:.0f},30,")
    assert found.sampling_rate == pytest.approx(15, rel=1e-3)
    assert_allclose(found.eda, values[150:600], atol=2e-3)
    assert "EmotiBitTimestamp" in found.notes[0]


def test_a_header_in_kiloohm_is_converted(tmp_path: Path) -> None:
    values = skin(1440)
    rows = [f"{i / 16:.4f},{1000 / x:.9f}" for i, x in enumerate(values)]
    write(tmp_path / "g.csv", "time,GSR (kOhm)", *rows)
    found = one(tmp_path, "1,s,6,4,g.csv,,,,")
    assert_allclose(found.eda, values, rtol=1e-8)
    assert (found.unit, found.polarity) == ("uS", "conductance, converted from kOhm")
    error = refusal(tmp_path, "1,s,6,4,g.csv,,,,", TableOptions(unit="uS"))
    assert "contains EDA in 'kOhm', not in uS" in str(error)
    # predict reads with the same code.
    assert_array_equal(read_single(tmp_path / "g.csv").eda, found.eda)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_imotions(tmp_path: Path, encoding: str) -> None:
    values = skin(1440)
    rows = [f"{62.5 * i},{2000 + i},{1000 / x:.6f},{x}" for i, x in enumerate(values)]
    names = "Timestamp CAL (mSecs),GSR RAW (no units),GSR CAL (kOhms),GSR CAL (µSiemens)"
    write(tmp_path / "g.csv", names, *rows, encoding=encoding)
    for column in ("", "GSR CAL (µSiemens)", "4"):
        found = one(tmp_path, f"1,s,6,4,g.csv,{column},,,16")
        assert_array_equal(found.eda, values)
    assert_allclose(one(tmp_path, "1,s,6,4,g.csv,GSR CAL (kOhms),,,16").eda, values, rtol=1e-6)
    assert "in 'no units'" in str(refusal(tmp_path, "1,s,6,4,g.csv,GSR RAW,,,16"))
    assert "2 columns 'GSR CAL'" in str(refusal(tmp_path, "1,s,6,4,g.csv,GSR CAL,,,16"))


def opensignals(path: Path, counts: np.ndarray, **device: object) -> None:
    about = {
        "sensor": ["EDA", "ECG"],
        "device name": "00:07:80:00:00:01",
        "column": ["nSeq", "DI", "CH1", "CH2"],
        "sampling rate": 100,
        "resolution": [16, 16],
        "label": ["CH1", "CH2"],
    } | device
    rows = [f"{i % 16}\t0\t{x}\t33726\t" for i, x in enumerate(counts)]
    write(
        path,
        "# OpenSignals Text File Format. Version 1",
        f"# {json.dumps({'00:07:80:00:00:01': about})}",
        "# EndOfHeader",
        *rows,
    )


def test_opensignals_that_tells_its_device(tmp_path: Path) -> None:
    counts = np.round(12000 + 500 * np.sin(np.arange(3000) / 200)).astype(int)
    opensignals(tmp_path / "o.txt", counts, device="biosignalsplux")
    found = one(tmp_path, "1,s,6,4,o.txt,,,,")
    assert found.sampling_rate == 100
    assert_allclose(found.eda, counts / 2**16 * 3 / 0.12)
    opensignals(tmp_path / "o.txt", counts // 64, device="bitalino_rev", resolution=[10, 10])
    assert_allclose(one(tmp_path, "1,s,6,4,o.txt,3,,,").eda, (counts // 64) / 2**10 * 3.3 / 0.132)
    opensignals(tmp_path / "o.txt", counts, device="biosignalsplux", resolution=[4, 1, 1, 16, 16])
    assert "5 resolutions for 4 columns and 2" in str(refusal(tmp_path, "1,s,6,4,o.txt,3,,,"))
    opensignals(tmp_path / "o.txt", counts // 64, device="bitalino_rev", resolution=[10, 10])
    assert "100 Hz, not at 50 Hz" in str(refusal(tmp_path, "1,s,6,4,o.txt,3,,,50"))
    twice = {"column": ["nSeq", "DI", "CH1", "CH1"], "label": ["CH1", "CH1"]}
    opensignals(tmp_path / "o.txt", counts, device="biosignalsplux", **twice)
    assert "o.txt has two columns CH1" in str(refusal(tmp_path, "1,s,6,4,o.txt,3,,,"))


def bitalino(path: Path, values: np.ndarray, **device: object) -> None:
    """As BITalino (r)evolution is recorded with OpenSignals: one bit for each digital channel."""
    about = {
        "position": 0,
        "device": "bitalino_rev",
        "device name": "20:17:09:18:58:62",
        "sampling rate": 100,
        "resolution": [4, 1, 1, 1, 1, 10],
        "date": "2018-10-16",
        "time": "9:24:11.51",
        "channels": [1],
        "sensor": ["EDA"],
        "label": ["A1"],
        "column": ["nSeq", "I1", "I2", "O1", "O2", "A1"],
    } | device
    head = json.dumps({"20:17:09:18:58:62": about})
    rows = [f"{i % 16}\t1\t1\t0\t0\t{x}\t" for i, x in enumerate(values)]
    top = "# OpenSignals Text File Format"
    write(path, top, f"# {head}", "# EndOfHeader", *rows)


def test_bitalino_has_ten_bits_in_its_analog_channel(tmp_path: Path) -> None:
    counts = np.round(300 + 50 * np.sin(np.arange(3000) / 200)).astype(int)
    bitalino(tmp_path / "b.txt", counts)
    found = one(tmp_path, "1,s,6,4,b.txt,A1 EDA,2018-10-16T09:24:16.51,10,")
    assert_allclose(found.eda, counts[500:1500] / 2**10 * 3.3 / 0.132)


def test_opensignals_writes_no_zeros_before_single_digits(tmp_path: Path) -> None:
    """As RespiBAN recordings have it; their counter of frames never starts again."""
    counts = np.round(300 + 50 * np.sin(np.arange(3000) / 200)).astype(int)
    bitalino(tmp_path / "b.txt", counts, date="2017-5-2", time="9:4:1.05")
    found = one(tmp_path, "1,s,6,4,b.txt,A1 EDA,2017-05-02T09:04:06.05,10,")
    assert_allclose(found.eda, counts[500:1500] / 2**10 * 3.3 / 0.132)
    head, *rows = (tmp_path / "b.txt").read_text().splitlines(keepends=True)
    rows = [
        row if i < 2 else f"{i + 65_534 + 4 * (i > 900)}\t1\t1\t0\t0\t300\t\n"
        for i, row in enumerate(rows)
    ]
    (tmp_path / "b.txt").write_text("".join([head, *rows]))
    error = refusal(tmp_path, "1,s,6,4,b.txt,A1 EDA,,,")
    assert "frames were lost (gaps: 1), first after frame 899" in str(error)


def test_values_that_opensignals_has_converted_stay_as_they_are(tmp_path: Path) -> None:
    values = skin(3000)
    bitalino(tmp_path / "b.txt", values, convertedValues=1)
    assert_array_equal(one(tmp_path, "1,s,6,4,b.txt,A1 EDA,,,").eda, values)


def test_frames_that_opensignals_lost_are_not_closed_up(tmp_path: Path) -> None:
    counts = np.round(300 + 50 * np.sin(np.arange(3000) / 200)).astype(int)
    bitalino(tmp_path / "b.txt", counts)
    head, *rows = (tmp_path / "b.txt").read_text().splitlines(keepends=True)
    (tmp_path / "b.txt").write_text("".join([head, *rows[:1002], *rows[1307:]]))
    error = refusal(tmp_path, "1,s,6,4,b.txt,A1 EDA,,,")
    assert "frames were lost (gaps: 1), first after frame 1000: the counter" in str(error)


def test_opensignals_in_counts_needs_a_word(tmp_path: Path) -> None:
    counts = np.arange(1000) + 12000
    opensignals(tmp_path / "o.txt", counts)
    row = "1,s,6,4,o.txt,3,,,100"
    assert "--unit a.u." in str(refusal(tmp_path, row).hint)
    found = one(tmp_path, row, TableOptions(unit="a.u."))
    assert_array_equal(found.eda, counts)
    opensignals(tmp_path / "o.txt", counts, column=["nSeq", "CH1", "CH2"])
    assert "header names 3 columns, but its rows have" in str(refusal(tmp_path, row))
    write(tmp_path / "o.txt", "# OpenSignals Text File Format. Version 1", "# {", "0\t1", "1\t2")
    assert "header cannot be read" in str(refusal(tmp_path, row))


def test_biograph(tmp_path: Path) -> None:
    values = skin(3968)
    rows = [f"{(i + 1) / 32:.11f},{x:.6f}" for i, x in enumerate(values)]
    preamble = (
        "Export Channel Data with rate of {} samples per second.",
        "",
        "Client: 999 - Test Test\tChannel Set: Test Channel Set.chs",
        "Session Date: 9/3/2010\t\tSession Time: 3:04:05 PM",
        "",
        "Time,SC-Pro/Flex - 1B",
        " ,2048",
    )
    write(tmp_path / "b.txt", preamble[0].format(32), *preamble[1:], *rows)
    found = one(tmp_path, "1,s,6,4,b.txt,,,,")
    assert (found.sampling_rate, found.notes) == (32, ())
    assert_array_equal(found.eda, values)
    assert found.position == "BioGraph export, column SC-Pro/Flex - 1B"
    write(tmp_path / "b.txt", preamble[0].format(256), *preamble[1:], *rows)
    assert "sampled at 32 Hz, not at 256 Hz" in str(refusal(tmp_path, "1,s,6,4,b.txt,,,,"))


@pytest.mark.parametrize("timed", [True, False])
def test_biopac_text(tmp_path: Path, timed: bool) -> None:
    values = skin(2000)
    lines = ["session.acq", "10 msec/sample", "2 channels"]
    lines += ["EDA - EDA100C", "microsiemens", "Pulse", "Volts"]
    lines += [("min\t" if timed else "") + "CH1\tCH2\t", ("\t" if timed else "") + "2000\t2000\t"]
    rows = [f"{x}\t{i % 7}\t" for i, x in enumerate(values)]
    if timed:
        rows = [f"{i / 6000:.9f}\t{row}" for i, row in enumerate(rows)]
    else:
        lines.pop()
    write(tmp_path / "a.txt", *lines, *rows)
    found = one(tmp_path, "1,s,6,4,a.txt,,,,")
    assert found.sampling_rate == pytest.approx(100, rel=1e-6)
    assert_array_equal(found.eda, values)
    assert "BioPac text export, column EDA - EDA100C [microsiemens]" in found.position


def test_ledalab_text(tmp_path: Path) -> None:
    values = skin(600)
    rows = [f"{i / 20:.2f}\t{x:.6f}\t{5 if i == 200 else 0}" for i, x in enumerate(values)]
    write(tmp_path / "l.txt", *rows)
    found = one(tmp_path, "1,s,6,4,l.txt,2,,,")
    assert found.sampling_rate == pytest.approx(20)
    assert_array_equal(found.eda, values)


def test_pandas_with_dates(tmp_path: Path) -> None:
    import pandas as pd

    index = pd.date_range("2020-07-28 10:56:50", periods=480, freq="250ms")
    values = skin(480)
    frame = pd.DataFrame({"EDA": values}, index=index)
    frame[(np.arange(480) < 200) | (np.arange(480) >= 280)].to_csv(tmp_path / "e.csv")
    found = one(tmp_path, "1,s,6,4,e.csv,,,,4")
    assert_array_equal(np.flatnonzero(np.isnan(found.eda)), np.arange(200, 280))
    found = one(tmp_path, "1,s,6,4,e.csv,,2020-07-28T10:57:00,20,")
    assert_array_equal(found.eda, values[40:120])
    error = refusal(tmp_path, "1,s,6,4,e.csv,,2020-07-28T10:57:00Z,20,")
    assert "has dates without a time zone" in str(error)


def e4(folder: Path) -> np.ndarray:
    values = np.r_[0.0, skin(399)]
    folder.mkdir(parents=True)
    np.savetxt(folder / "EDA.csv", [BEGIN, 4.0, *values], fmt="%.6f", newline="\r\n")
    write(folder / "TEMP.csv", f"{BEGIN:.6f}", "4.000000", "30.1", "30.2", end="\r\n")
    write(folder / "tags.csv", f"{BEGIN + 20:.2f}", f"{BEGIN + 60:.2f}", end="\r\n")
    return values


def test_empatica_e4_as_file_folder_and_zip(tmp_path: Path) -> None:
    values = e4(tmp_path / "s1")
    with zipfile.ZipFile(tmp_path / "s1.zip", "w") as archive:
        for path in (tmp_path / "s1").iterdir():
            archive.write(path, path.name)
    for signal in ("s1/EDA.csv", "s1", "s1.zip"):
        found = one(tmp_path, f"1,s,6,4,{signal},,,,")
        assert np.isnan(found.eda[0])
        assert_array_equal(found.eda[1:], values[1:])
        raw = RawFile(tmp_path / signal, Path(signal))  # type: ignore[arg-type]
        contents = read_contents(raw, ".")
        assert [marker.time - BEGIN for marker in contents.markers] == [20, 60]
        dataset = open_raw("table", tmp_path)
        assert dataset.notes[0].startswith("Empatica E4 sessions: 1 of")
        named = {path.name for path in dataset.files}
        assert named >= ({"EDA.csv"} if signal != "s1.zip" else {"s1.zip"})
    (tmp_path / "s1" / "EDA.csv").unlink()
    assert "no EDA.csv" in str(refusal(tmp_path, "1,s,6,4,s1,,,,"))


def test_dates_and_clocks_of_other_programs(tmp_path: Path) -> None:
    """A line that names the separator, decimal commas, a footer, letters of Windows."""
    values = skin(400)
    rows = [f"00:00:{i / 8:09.6f};{x:.6f}".replace(".", ",") for i, x in enumerate(values)]
    lines = ["sep=;", "Zeit;Hautleitfähigkeit EDA [µS]", *rows, "", "Ende der Messung;"]
    write(tmp_path / "x.csv", *lines, encoding="cp1252", end="\r\n")
    found = one(tmp_path, "1,s,6,4,x.csv,,,,", TableOptions(decimal=","))
    assert found.sampling_rate == pytest.approx(8)
    assert_array_equal(found.eda, values)
    assert any("cp1252" in note for note in found.notes)
    assert any("Ende der Messung" in note for note in found.notes)


def test_columns_are_asked_for_where_several_may_be_meant(tmp_path: Path) -> None:
    write(tmp_path / "x.csv", "time,EDA left,EDA right", *(f"{i / 4},1,2" for i in range(40)))
    error = refusal(tmp_path, "1,s,6,4,x.csv,,,,")
    assert "does not show which column is EDA: there are 2 (EDA left, EDA right)" in str(error)
    assert one(tmp_path, "1,s,6,4,x.csv,eda right,,,").eda.mean() == 2
    # Exactly written names go before others.
    write(tmp_path / "x.csv", "time,EDA,eda", *(f"{i / 4},1,2" for i in range(40)))
    assert one(tmp_path, "1,s,6,4,x.csv,eda,,,").eda.mean() == 2


def test_other_names_of_columns_are_suggested(tmp_path: Path) -> None:
    text = "participant_id,song_id,valence,arousal,filename\n1,s,5,5,a.csv\n"
    (tmp_path / "trials.csv").write_text(text)
    with pytest.raises(RtcanError, match="lacks the columns subject, stimulus, signal") as caught:
        open_raw("table", tmp_path)
    hint = "rename participant_id to subject, song_id to stimulus, filename to signal"
    assert str(caught.value.hint).startswith(hint)


def test_embraceplus_averages_of_a_minute_are_refused_by_name(tmp_path: Path) -> None:
    names = "timestamp_unix,timestamp_iso,participant_full_id,eda_scl_usiemens,missing_value_reason"
    rows = [f"{1000 * (int(BEGIN) + 60 * i)},2023-11-14T22:13:20Z,1-1-p,0.5," for i in range(60)]
    write(tmp_path / "e.csv", names, *rows)
    assert "averages of a minute" in str(refusal(tmp_path, "1,s,6,4,e.csv,,,,"))


@pytest.mark.parametrize(
    ("rate", "column"),
    [("Output rate:\t32\tSamples/sec.", "TIME"), ("Ausgabe:\t32\tSamples/sek.", "ZEIT")],
)
def test_biotrace(tmp_path: Path, rate: str, column: str) -> None:
    values = skin(1200)
    above = ["RAW Data export file (tab separated)", "", "", "Client:\tTest", "Date:\t22-01-2016"]
    above += ["Time:\t11:07:59", "Duration:\t37\tSeconds.", rate, "", "Samples\t32 SPS\t"]
    rows = [f"{i}\t{x}\t{'4' if i == 700 else ''}\t" for i, x in enumerate(values)]
    names = f"{column}\tSensor-13:SC/GSR\tEvents\t"
    del rows[900:940]
    write(tmp_path / "b.txt", *above, names, "", "", *rows, "", "<end of exported RAW data>")
    found = one(tmp_path, "1,s,6,4,b.txt,,,,")
    assert found.sampling_rate == 32
    assert found.position == "BioTrace export, column Sensor-13:SC/GSR"
    assert_array_equal(np.flatnonzero(np.isnan(found.eda)), np.arange(900, 940))
    there = ~np.isnan(found.eda)
    assert_array_equal(found.eda[there], values[there])
    assert_array_equal(one(tmp_path, "1,s,6,4,b.txt,,10,15,").eda, values[320:800])


def qsensor(path: Path, *rows: str, about: str = "Sampling Rate: 32", rule: str = "-" * 57) -> None:
    head = ["Log File Created by Q Analytics - (c) 2011 Affectiva Inc.", "File Version: 1.01"]
    head += [about, "Start Time: 2016-10-17 15:06:28 Offset:-05"]
    names = " Z-axis | Y-axis | X-axis | Battery | °Celsius | EDA(uS) "
    write(path, *head, names, rule, *rows, end="\r\n")


def test_q_sensor(tmp_path: Path) -> None:
    values = skin(1600)
    rows = [f"0.07,1.0,-0.19,4.4,29.9,{x}" for x in values]
    qsensor(tmp_path / "q.csv", *rows[:640], ",,,,,", *rows[640:])
    # The press of the button is not a sample: what follows is not later for it.
    found = one(tmp_path, "1,s,6,4,q.csv,,2016-10-17T20:06:38Z,30,")
    assert_array_equal(found.eda, values[320:1280])
    assert (found.sampling_rate, found.unit) == (32, "uS")
    assert found.position.startswith("Q Sensor log, column EDA [uS]")
    contents = read_contents(RawFile(tmp_path / "q.csv", Path("q.csv")), ".")
    (marker,) = contents.markers
    assert (marker.time, marker.label) == (1476734788 + 20, "button 1")
    for about, rule in (("Sampling Rate: Unset", "-" * 57), ("Sampling Rate: 32", "")):
        qsensor(tmp_path / "q.csv", *rows, about=about, rule=rule)
        assert "header is not complete" in str(refusal(tmp_path, "1,s,6,4,q.csv,,,,"))


def imotions(path: Path, values: np.ndarray, back: bool = False, utc: bool = True) -> None:
    """A Shimmer at 64 Hz and an eye tracker at 60 Hz, whose rows repeat the Shimmer's last sample.

    The computer gets the samples of the Shimmer four at a time.
    """
    own = 512_000 + 1000 / 64 * np.arange(len(values))
    if back:
        own[600:] -= 5000
    got = np.ceil((np.arange(len(values)) // 4 + 1) * 62.5).astype(int)
    shimmer = [(ms, i, "Shimmer Sensor Shimmer Sensor") for i, ms in enumerate(got)]
    eyes = np.round(np.arange(got[0] + 5, got[-1], 1000 / 60)).astype(int)
    tracker = [(ms, int(np.searchsorted(got, ms, "right")) - 1, "ET") for ms in eyes]
    rows = []
    for ms, i, sensor in sorted(shimmer + tracker, key=lambda each: each[:2]):
        stamp = f"20170826_1407{ms // 1000:02d}{ms % 1000:03d}"
        stamps = [stamp.replace("_14", "_21"), stamp] if utc else [stamp]
        raw = 13_604_899 + 256 * i
        of_skin = [raw, own[i], 1150, round(1000 / values[i], 9), values[i], "VALID"]
        cells = ["A study", "20170917", "P1", "A film", sensor, *stamps, "", *of_skin]
        rows.append("\t".join(map(str, cells)))
    names = ["StudyName", "ExportDate", "Name", "StimulusName", "EventSource"]
    names += ["UTCTimestamp", "Timestamp"] if utc else ["Timestamp"]
    names += ["MediaTime", "Timestamp RAW (no units) (Shimmer Sensor)"]
    names += ["Timestamp CAL (mSecs) (Shimmer Sensor)", "GSR RAW (no units) (Shimmer Sensor)"]
    names += ["GSR CAL (kOhms) (Shimmer Sensor)", "GSR CAL (µSiemens) (Shimmer Sensor)"]
    above = ["#Study : A study", "#Version : 6.4.8223.4", ""]
    write(path, *above, "\t".join([*names, "GSR Quality (Shimmer Sensor)"]), *rows)


@pytest.mark.parametrize("utc", [True, False])
def test_imotions_with_several_sensors(tmp_path: Path, utc: bool) -> None:
    values = skin(1280)
    imotions(tmp_path / "i.txt", values, utc=utc)
    found = one(tmp_path, "1,s,6,4,i.txt,,,,")
    assert found.sampling_rate == pytest.approx(64, rel=1e-6)
    assert_array_equal(found.eda, values)
    assert found.position.startswith("iMotions export, column GSR CAL Shimmer Sensor [µSiemens]")
    assert any("rows without a new sample of the sensor, not read: 1" in n for n in found.notes)
    start = "2017-08-26T21:07:10Z" if utc else "2017-08-26T14:07:10"
    part = one(tmp_path, f"1,s,6,4,i.txt,,{start},5,")
    assert len(part.eda) == 320
    # The computer gets a sample up to 63 ms after it was taken.
    first = int(np.flatnonzero(values == part.eda[0])[0])
    assert 0 <= first / 64 - 9.9 < 0.1


def test_imotions_with_a_clock_that_was_set_back_goes_by_the_computer(tmp_path: Path) -> None:
    values = skin(1280)
    imotions(tmp_path / "i.txt", values, back=True)
    found = one(tmp_path, "1,s,6,4,i.txt,,,,")
    assert found.sampling_rate == pytest.approx(64, rel=1e-3)
    assert_allclose(found.eda, values, atol=5e-3)


@pytest.mark.parametrize("dated", [True, False])
def test_imotions_from_version_8(tmp_path: Path, dated: bool) -> None:
    """Times in milliseconds, and empty cells in the rows of other sensors."""
    values = skin(1280)
    got = np.ceil((np.arange(1280) // 4 + 1) * 62.5).astype(int)
    rows = []
    for i, ms in enumerate(got):
        system = f"{1000 * BEGIN + ms:.1f}" if dated else ""
        of_skin = f"{i},{512_000 + 1000 / 64 * i},{system},1150,{1000 / values[i]:.6f},{values[i]}"
        rows.append(f"{len(rows)},{ms},2,,{of_skin}")
        if i % 4 == 3:
            rows.append(f"{len(rows)},{ms + 7},1,,,,,,,")
    names = "Row,Timestamp,EventSource,SlideEvent,SampleNumber,Timestamp CAL,System Timestamp CAL"
    top = ["#INFO", "#DATA,,Shimmer", f"{names},GSR RAW,GSR Resistance CAL,GSR Conductance CAL"]
    write(tmp_path / "i.csv", *top, *rows)
    found = one(tmp_path, "1,s,6,4,i.csv,,,,")
    assert found.sampling_rate == pytest.approx(64, rel=1e-6)
    assert_array_equal(found.eda, values)
    start = BEGIN + 10 if dated else 10
    part = one(tmp_path, f"1,s,6,4,i.csv,,{start},5,")
    first = int(np.flatnonzero(values == part.eda[0])[0])
    assert 0 <= first / 64 - 9.9 < 0.1
