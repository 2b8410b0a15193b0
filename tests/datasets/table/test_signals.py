from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import encoding
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.datasets.table.signals import SignalFile
from rtcan_cli.errors import RtcanError


def signal_file(path: Path, decimal: str = ".") -> SignalFile:
    return SignalFile(RawFile(path, PurePosixPath(path.name)), decimal)


def written(folder: Path, text: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@settings(max_examples=150)
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    separator=st.sampled_from(",;\t"),
    decimal=st.sampled_from(".,"),
    time=st.booleans(),
    header=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
)
def test_what_pandas_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[float],
    separator: str,
    decimal: str,
    time: bool,
    header: bool,
    end: str,
    bom: bool,
) -> None:
    if decimal == separator == ",":
        separator = ";"
    table = pd.DataFrame({"Skin conductance [uS]": values})
    if time:
        table.insert(0, "Time (s)", np.arange(len(values)) / 50)
    path = tmp_path_factory.mktemp("signal") / "x.txt"
    table.to_csv(
        path,
        sep=separator,
        decimal=decimal,
        index=False,
        header=header,
        lineterminator=end,
        encoding="utf-8-sig" if bom else "utf-8",
    )
    track = signal_file(path, decimal).track("2" if time and not header else "")
    assert_array_equal(track.eda, values)
    # Without a name, it takes some rows to tell that the first column is a clock.
    if time and (header or len(values) >= 8):
        assert track.time is not None
        assert_array_equal(track.time, np.arange(len(values)) / 50)
    else:
        assert track.time is None


@pytest.mark.parametrize("column", ["gsr", "GSR", "3", " gsr [uS] "])
def test_a_column_is_chosen_by_name_or_number(tmp_path: Path, column: str) -> None:
    path = written(tmp_path, "t;marker;GSR [uS];temp\n0,0;on;1,5;30\n0,5;;NA;30\n1,0;off;;30\n")
    track = signal_file(path, ",").track(column.strip())
    assert_array_equal(track.eda, [1.5, np.nan, np.nan])
    assert track.name == "column GSR [uS]"


def test_the_one_column_called_eda_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, "t,EDA,temp\n0,1,30\n0.1,2,30\n")
    assert signal_file(path).track("").eda.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        *(("Phasic (uS)", "phasic"), ("EDA_zscore", "zscore"), ("EDA z-score", "z-score")),
        *(("eda_filtered", "filtered"), ("GSR detrended [uS]", "detrended"), ("SCR", "scr")),
    ],
)
def test_what_was_computed_from_eda_has_to_be_named(tmp_path: Path, name: str, word: str) -> None:
    file = signal_file(written(tmp_path, f"time,{name}\n0,1\n0.25,2\n0.5,3\n"))
    with pytest.raises(RtcanError, match=f"says '{word}'") as caught:
        file.track("")
    assert f"give {name.split(' (')[0].split(' [')[0]}" in str(caught.value.hint)
    assert file.track(name).eda.tolist() == [1, 2, 3]
    both = signal_file(written(tmp_path, f"time,EDA,{name}\n0,4,1\n0.25,5,2\n0.5,6,3\n"))
    assert both.track("").eda.tolist() == [4, 5, 6]


@pytest.mark.parametrize(
    ("name", "scale"),
    [("time", 1), ("T", 1), ("Timestamp [ms]", 1000), ("time_us", 1e6), ("seconds", 1)],
)
def test_times_come_in_several_units(tmp_path: Path, name: str, scale: float) -> None:
    path = written(tmp_path, f"{name},x\n0,5\n{0.25 * scale},6\n{0.5 * scale},7\n")
    time = signal_file(path).track("").time
    assert time is not None
    np.testing.assert_allclose(time, [0, 0.25, 0.5])


def test_arrays_have_columns(tmp_path: Path) -> None:
    values = np.arange(12).reshape(6, 2)
    np.save(tmp_path / "x.npy", values)
    file = signal_file(tmp_path / "x.npy")
    assert_array_equal(file.track("2").eda, values[:, 1])
    assert file.track("2").name == "column 2"
    with pytest.raises(RtcanError, match="does not show which column is EDA"):
        file.track("")
    with pytest.raises(RtcanError, match="no column '3'"):
        file.track("3")
    np.save(tmp_path / "x.npy", values.T)
    with pytest.raises(RtcanError, match="2 rows and 6 columns, but rows are samples"):
        signal_file(tmp_path / "x.npy").track("1")


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a,b\n1,2\n3,4\n")
    file = signal_file(path)
    path.unlink()
    assert file.track("a").eda.tolist() == [1, 3]
    assert file.track("b").eda.tolist() == [2, 4]
    assert file.track("a") is file.track("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", "line 3 has 1 column instead of 2"),
        ("a,b\n1,2\n\n3,4\n", "line 3 has 1 column instead of 2"),
        ("a,b\n1,2,3\n", "line 2 has 3 columns instead of 2"),
        ("a,b\nx,2\n", "has no column '1'"),
        ("1.5\n1,5\n", "line 2 has text instead of a number: '1,5'"),
        ("a\n1_000 2\n", "line 2 has text instead"),
        ("time,eda\n0,1\n1,2\n0.5,2\n", "line 4 of the column 'time' is not later"),
        ("time,eda\n0,1\n,2\n", "line 3 of the column 'time' is not later"),
        ("time,eda\n0,1\n250,2\n500,2\n", "lie 250 apart, which would be 0.004 Hz"),
        ("x\0y\n1\n", "holds NUL characters"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RtcanError, match=rf"x\.csv.*{message}"):
        signal_file(written(tmp_path, text)).track("" if "time" in text else "1")


def test_a_decimal_comma_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(RtcanError) as caught:
        signal_file(written(tmp_path, "eda;t\n1,5;0\n")).track("eda")
    assert caught.value.hint == "--decimal , if that is a decimal comma"


@pytest.mark.parametrize("cell", ["4,512.3", "4'512.3", "4 512.3"])
def test_eda_with_separators_between_thousands_is_named(tmp_path: Path, cell: str) -> None:
    # The other column of numbers is not taken for EDA.
    text = "pulse;EDA [nS]\n" + f"70;{cell}\n" * 9
    with pytest.raises(RtcanError, match="column 'EDA' holds text instead of numbers") as e:
        signal_file(written(tmp_path, text))
    assert e.value.hint == "write the numbers without separators between thousands"


def test_rows_of_other_sensors_are_not_lost_samples(tmp_path: Path) -> None:
    def text(time: str, lost: range = range(0)) -> str:
        # EDA has 16 Hz, the camera 128 Hz.
        cells = [f"{i / 1000}" if i % 8 == 0 and i not in lost else "" for i in range(1600)]
        return f"{time},face,EDA\n" + "".join(
            f"{i / 128:.6f},{'' if cell else 0.5},{cell}\n" for i, cell in enumerate(cells)
        )

    file = signal_file(written(tmp_path, text("time_s", range(400, 800))))
    track = file.track("")
    assert "its EDA has a value in one of 8 rows: the others were not read" in track.notes
    assert track.time is not None
    kept = np.r_[0:400:8, 800:1600:8]
    assert_allclose(track.time, kept / 128, atol=1e-6)
    assert_allclose(track.eda, kept / 1000)
    # Without times, nothing tells the rate of the rows that are left.
    with pytest.raises(RtcanError, match="a value in one of 8 rows only"):
        signal_file(written(tmp_path, re.sub("(?m)^.*?,", "", text("x"))))
    # One value of a second of lost ones is not such a table.
    lost = "time_s,EDA\n" + "".join(f"{i / 4},{i if i % 40 > 30 else ''}\n" for i in range(400))
    assert len(signal_file(written(tmp_path, lost)).track("").eda) == 400


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "gbk"])
def test_other_encodings_are_named_as_such(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "时间,皮电\n0,1\n".encode(encoding))
    with pytest.raises(RtcanError, match=r"x\.csv is .*UTF-8") as caught:
        signal_file(path)
    assert "iconv" in str(caught.value.hint)


def test_what_is_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    written(tmp_path, "1\n", "x.xlsx")
    for name, message in (
        ("folder.csv", "folder"),
        ("loop.csv", "does not exist"),
        ("gone.csv", "does not exist"),
        ("pipe.csv", "pipe"),
        ("zero.csv", "device"),
        ("x.xlsx", "files that end in .xlsx cannot be read"),
        ("x" * 300 + ".csv", "does not exist"),
    ):
        with pytest.raises(RtcanError, match=message):
            signal_file(tmp_path / name)
    monkeypatch.setattr(encoding, "LARGEST", 3)
    with pytest.raises(RtcanError, match="is a text of 0 MB"):
        signal_file(written(tmp_path, "1\n2\n"))


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "x.csv").symlink_to(written(tmp_path, "1\n2\n", "elsewhere.dat"))
    assert signal_file(tmp_path / "study" / "x.csv").track("").eda.tolist() == [1, 2]


@pytest.mark.parametrize("text", ["", "\n", "eda\n", "time,eda\n"])
def test_nothing_is_no_samples(tmp_path: Path, text: str) -> None:
    assert len(signal_file(written(tmp_path, text)).track("").eda) == 0


def test_samples_of_a_trial_are_named_by_another_column(tmp_path: Path) -> None:
    songs = "a" * 20 + "b" * 10 + "a" * 10 + "c" * 20
    rows = [f"{i / 10},{song}" for i, song in enumerate(songs)]
    file = signal_file(written(tmp_path, "\n".join(["EDA,song", *rows])))
    track = file.track("")

    def placed(samples: str, rate: float = 4.0) -> Row | str:
        nan = float("nan")
        row = Row(2, "s", "m", 5, 5, "x.csv", rate, nan, nan, "", "both", "", "", "")
        return file.placed(replace(row, samples=samples), track)

    found = placed("Song = c")
    assert isinstance(found, Row)
    assert (found.start, found.duration) == (10, 5)
    assert placed("song=a") == "the samples with 'a' in the column 'song' are in 2 pieces"
    assert placed("song=d") == "no sample has 'd' in the column 'song'"
    assert placed("EDA=x") == "no sample has 'x' in the column 'EDA'"
    with pytest.raises(RtcanError, match="no column 'trial' that says to which trial") as caught:
        placed("trial=1")
    assert caught.value.hint == "of its columns song, EDA the one that does"
