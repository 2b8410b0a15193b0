"""Excel workbooks give the same rows as a CSV."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import openpyxl
import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.table import excel
from rtcan_cli.datasets.table.excel import read_cells
from rtcan_cli.datasets.table.rows import read_table
from rtcan_cli.errors import RtcanError
from tests.datasets.reading import read as read_dataset

HEADER = ["subject", "stimulus", "valence", "arousal", "signal", "sampling_rate", "start"]


def workbook(path: Path, rows: list[list[object]]) -> RawFile:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.create_sheet("notes").append(["not read"])
    book.save(path)
    return RawFile(path, PurePosixPath(path.name))


def test_cells_are_as_in_a_csv(tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "t.xlsx",
        [
            [],
            ["007", 7, 7.0, 0.1, 1e-7, True, None, " a "],
            [
                datetime.datetime(2024, 3, 1, 10, 15),
                datetime.date(2024, 3, 1),
                datetime.time(9, 30),
            ],
        ],
    )
    rows = list(read_cells(file))
    assert rows[0] == (2, ["007", "7", "7", "0.1", "1e-07", "TRUE", "", "a"])
    assert rows[1][0] == 3
    assert rows[1][1][:3] == ["2024-03-01T10:15:00", "2024-03-01", "09:30:00"]


def test_a_number_that_is_shown_with_leading_zeros_has_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"], book.active["B1"] = 7, 1234
    book.active["A1"].number_format = book.active["B1"].number_format = "000"
    book.save(tmp_path / "t.xlsx")
    rows = list(read_cells(RawFile(tmp_path / "t.xlsx", PurePosixPath("t.xlsx"))))
    assert rows == [(1, ["007", "1234"])]


def test_a_table_of_trials(tmp_path: Path) -> None:
    """Read to the end: the trials of a dataset whose table is a workbook."""
    np.save(tmp_path / "a.npy", np.linspace(1, 2, 400))
    rows: list[list[object]] = [HEADER]
    rows += [["007", "song 1", 6, 3.5, "a.npy", 4, 0], ["008", 12, 2, 7, "a.npy", 4, 20.5]]
    file = workbook(tmp_path / "Trials.xlsx", rows)
    found, damaged, unused = read_table(file, ".")
    assert [(row.subject, row.stimulus, row.valence, row.start) for row in found] == [
        ("007", "song 1", 6.0, 0.0),
        ("008", "12", 2.0, 20.5),
    ]
    assert (damaged, unused) == ((), ())
    trials, _ = read_dataset("table", tmp_path)
    assert list(trials) == [("007", "song 1"), ("008", "12")]


def test_a_row_that_is_wrong_is_named_by_its_number(tmp_path: Path) -> None:
    file = workbook(tmp_path / "t.xlsx", [HEADER, ["1", "a", "high", 3, "a.npy", 4, 0]])
    _, damaged, _ = read_table(file, ".")
    assert "t.xlsx, line 2: the valence 'high' is not a number" in str(damaged[0])


def test_a_formula_without_a_value_is_refused(tmp_path: Path) -> None:
    """As openpyxl writes them: an empty cell in its place would be silently wrong."""
    file = workbook(tmp_path / "t.xlsx", [HEADER, ["1", "a", "=1+2", 3, "a.npy", 4, 0]])
    with pytest.raises(RtcanError, match="the formula in C2 has no value"):
        list(read_cells(file))


def test_sheets_of_another_size_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "subject"
    book.active["A1048576"] = book.active["XFD1"] = "x"
    book.save(tmp_path / "t.xlsx")
    monkeypatch.setattr(excel, "_MOST_ROWS", 100)
    with pytest.raises(RtcanError, match="more than 100 rows or 200 columns"):
        list(read_cells(RawFile(tmp_path / "t.xlsx", PurePosixPath("t.xlsx"))))


def test_damaged_workbooks_are_one_error(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    file = workbook(path, [HEADER, ["1", "a", 5, 3, "a.npy", 4, 0]])
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[: len(whole) * part // 10] for part in range(10)]
    damaged += [b"subject,stimulus\n", b"<html></html>", b"PK\x03\x04" + bytes(100)]
    for _ in range(20):
        content = bytearray(whole)
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        damaged.append(bytes(content))
    errors = []
    for content in damaged:
        path.write_bytes(content)
        try:
            list(read_cells(file))
        except RtcanError as error:
            errors.append(str(error))
    assert len(errors) >= 13
    assert all("t.xlsx" in error for error in errors)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    workbook(tmp_path / "t.xlsx", [HEADER])
    with (
        zipfile.ZipFile(tmp_path / "t.xlsx", "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/big.xml", "w") as member,
    ):
        for _ in range(60):
            member.write(bytes(1_000_000))
    with pytest.raises(RtcanError, match="would unpack from"):
        list(read_cells(RawFile(tmp_path / "t.xlsx", PurePosixPath("t.xlsx"))))


def test_entities_are_refused(tmp_path: Path) -> None:
    workbook(tmp_path / "t.xlsx", [HEADER])
    with zipfile.ZipFile(tmp_path / "t.xlsx", "a") as archive:
        archive.writestr("xl/more.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    with pytest.raises(RtcanError, match="defines entities"):
        list(read_cells(RawFile(tmp_path / "t.xlsx", PurePosixPath("t.xlsx"))))


def test_a_document_is_not_a_workbook(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    (tmp_path / "t.xlsx").write_bytes(stream.getvalue())
    with pytest.raises(RtcanError, match=r"t\.xlsx cannot be read"):
        list(read_cells(RawFile(tmp_path / "t.xlsx", PurePosixPath("t.xlsx"))))
