"""WFDB records: only files beside the header are opened, and nothing is fetched."""

from __future__ import annotations

import socket
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import physionet
from rtcan_cli.datasets.formats.contents import Contents
from rtcan_cli.errors import RtcanError
from tests.datasets.formats.made_files import EDA, UNIX, write_wfdb


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def read(path: Path) -> Contents:
    return physionet.read(RawFile(path, PurePosixPath(path.name), root=path.parent.resolve()))


def test_a_record_in_a_folder_with_strange_letters(tmp_path: Path) -> None:
    folder = tmp_path / "a [b] *"
    folder.mkdir()
    contents = read(write_wfdb(folder / "s01.hea"))
    assert [(c.name, c.unit, c.start) for c in contents.channels] == [
        ("EDA", "uS", UNIX),
        ("Temp", "degC", UNIX),
    ]
    assert [(m.time, m.label) for m in contents.markers] == [
        (UNIX + 2.5, "song"),
        (UNIX + 7.5, "end"),
    ]


def test_a_unit_that_the_header_does_not_state_is_not_millivolts(tmp_path: Path) -> None:
    """As `foot GSR` of PhysioNet's drivedb: wfdb takes it for mV."""
    path = write_wfdb(tmp_path / "s01.hea")
    text = path.read_text()
    assert "/uS " in text
    path.write_text(text.replace("/uS ", " "))
    assert [channel.unit for channel in read(path).channels] == ["", "degC"]
    path.write_text(text.replace("/uS ", "/ "))
    assert [channel.unit for channel in read(path).channels] == ["", "degC"]


@pytest.mark.parametrize("layout", [True, False])
def test_units_of_segments_are_those_that_all_of_them_state(layout: bool, tmp_path: Path) -> None:
    """wfdb takes those of one segment, also for samples of others in another unit."""
    for name in "ab":
        path = write_wfdb(tmp_path / f"{name}.hea")
    signals = "".join(f"~ 0 1/{unit} 0 0 0 0 0 {n}\n" for n, unit in (("EDA", "uS"), ("Temp", "C")))
    (tmp_path / "layout.hea").write_text(f"layout 2 8 0\n{signals}")
    whole = tmp_path / "all.hea"
    first = "layout 0\n" if layout else ""
    whole.write_text(f"all/{2 + layout} 2 8 160\n{first}a 80\nb 80\n")
    assert [channel.unit for channel in read(whole).channels] == ["uS", "degC"]
    text = path.read_text()
    for other, said in (("/nS ", "nS and uS"), (" ", "no unit and uS")):
        path.write_text(text.replace("/uS ", other))
        with pytest.raises(RtcanError, match=f"state different units of EDA: {said}"):
            read(whole)
    path.with_name("a.hea").write_text(path.with_name("a.hea").read_text().replace("/uS ", " "))
    assert [channel.unit for channel in read(whole).channels] == ["", "degC"]


@pytest.mark.parametrize("name", ["../s02.dat", "/etc/passwd", "s3://x/y.dat", "http://x/y.dat"])
def test_files_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    path = write_wfdb(tmp_path / "s01.hea")
    path.write_text(path.read_text().replace("s01.dat", name))
    with pytest.raises(RtcanError, match=r"not in its own folder|its content is not valid"):
        read(path)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = write_wfdb(tmp_path / "in" / "s01.hea")
    (tmp_path / "in" / "s01.dat").rename(tmp_path / "other.dat")
    (tmp_path / "in" / "s01.dat").symlink_to(tmp_path / "other.dat")
    with pytest.raises(RtcanError, match="a link that leads out of"):
        read(path)


def test_a_missing_signal_file_is_named(tmp_path: Path) -> None:
    path = write_wfdb(tmp_path / "s01.hea")
    (tmp_path / "s01.dat").unlink()
    with pytest.raises(RtcanError, match=r"names the file s01\.dat, which is not beside it"):
        read(path)


def test_segments_follow_each_other_with_what_is_missing_between(tmp_path: Path) -> None:
    write_wfdb(tmp_path / "a.hea")
    write_wfdb(tmp_path / "b.hea")
    path = tmp_path / "all.hea"
    path.write_text("all/4 2 8 176\nlayout 0\na 80\n~ 16\nb 80\n")
    signals = "".join(f"~ 0 1/{unit} 0 0 0 0 0 {n}\n" for n, unit in (("EDA", "uS"), ("Temp", "C")))
    (tmp_path / "layout.hea").write_text(f"layout 2 8 0\n{signals}")
    eda = read(path).channels[0].values
    np.testing.assert_allclose(eda, [*EDA, *[np.nan] * 16, *EDA], atol=1e-4)


def test_annotations_that_wfdb_would_never_finish_are_left_out(tmp_path: Path) -> None:
    path = write_wfdb(tmp_path / "s01.hea")
    note = b"## a comment"
    # A note (type 22) at sample 0, with its text (type 63), then the end.
    content = bytes([0, 22 << 2, len(note), 63 << 2]) + note + bytes(2)
    (tmp_path / "s01.atr").write_bytes(content)
    contents = read(path)
    assert contents.markers == ()
    assert "its annotations (s01.atr) cannot be read" in contents.notes


def test_a_claimed_length_takes_no_memory(tmp_path: Path) -> None:
    path = write_wfdb(tmp_path / "s01.hea")
    path.write_text(path.read_text().replace(" 8 80 ", " 8 8000000000 "))
    with pytest.raises(RtcanError, match="claims 8000000000 samples"):
        read(path)
