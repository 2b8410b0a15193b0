from __future__ import annotations

import io
import os
import shutil
import socket
import zipfile
from pathlib import Path

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.files.listing import list_files
from rtcan_cli.datasets.files.raw import regular_only, unreadable
from rtcan_cli.errors import RtcanError
from tests.datasets.files.listed import wanted_text


@pytest.mark.parametrize("keep", [0, 10, 60])
def test_a_truncated_zip_file_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "raw.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "text" * 100)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RtcanError, match=r"raw\.zip (cannot be read|is empty)"):
        list_files(path)


def test_a_damaged_member_of_a_zip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "raw.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "text" * 100)
    path.write_bytes(path.read_bytes().replace(b"texttext", b"texTtext"))
    with pytest.raises(RtcanError, match=r"raw\.zip:a\.txt cannot be read"):
        list_files(path)[0].content()


def test_text_may_start_with_a_byte_order_mark_but_must_be_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Señorita", encoding="utf-8-sig")
    assert wanted_text(tmp_path) == ["Señorita"]
    (tmp_path / "a.txt").write_text("Señorita", encoding="latin1")
    with pytest.raises(RtcanError, match=r"a\.txt is not UTF-8"):
        wanted_text(tmp_path)


def test_a_link_to_a_file_outside_is_named_with_its_target(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (folder / "c.txt").symlink_to("../secret.txt")
    (folder / "unused.csv").symlink_to(secret)  # nobody opens it
    message = f"{folder / 'c.txt'} is a link that leads out of {folder}, to {secret}, and is not"
    files = {str(each.name): each for each in list_files(folder)}
    for act in (files["c.txt"].content, lambda: wanted_text(folder)):
        with pytest.raises(RtcanError) as caught:
            act()
        assert str(caught.value).startswith(message)
        assert "--follow-links" in str(caught.value.hint)
    good, (error,) = regular_only([files["a.txt"], files["c.txt"]])
    assert (good, str(error)[: len(message)]) == ([files["a.txt"]], message)
    assert wanted_text(folder, follow_links=True) == ["a", "secret", "b"]


# --- what only looks like a file -------------------------------------------------------------


def make(path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
    elif kind == "circle":
        path.symlink_to(path)
    elif kind == "nowhere":
        path.symlink_to(path.parent / "missing")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "pipe behind a link":
        os.mkfifo(path.parent / "pipe")
        path.symlink_to(path.parent / "pipe")


NO_FILES = {
    "pipe": "it is a named pipe",
    "socket": "it is a socket",
    "circle": "Too many levels of symbolic links",
    "nowhere": "No such file or directory",
    "device": "it is a device",
    "pipe behind a link": "it is a named pipe",
}


@pytest.mark.parametrize(("kind", "reason"), NO_FILES.items())
def test_what_is_no_file_is_never_opened(
    tmp_path: Path, kind: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.dat").touch()
    make(tmp_path / "a.dat", kind)
    files = [each for each in list_files(tmp_path, follow_links=True) if each.name.suffix == ".dat"]
    with pytest.raises(RtcanError, match=rf"a\.dat cannot be read: {reason}"):
        files[0].content()
    good, (error,) = regular_only(files)
    assert [each.path.name for each in good] == ["b.dat"]
    assert str(error) == f"{tmp_path / 'a.dat'} cannot be read: {reason}"


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize(
    ("dataset", "name", "other"),
    [
        ("deap", "s01.dat", "s02.dat"),
        ("amigos", "Data_Preprocessed_P01.mat", "Data_Preprocessed_P02.mat"),
    ],
)
def test_readers_go_on_without_what_is_no_file(
    tmp_path: Path,
    dataset: str,
    name: str,
    other: str,
    kind: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    source = request.getfixturevalue(f"{dataset}_raw")
    make(tmp_path / name, kind)
    with pytest.raises(RtcanError, match=f"{name} cannot be read"):
        open_raw(dataset, tmp_path, follow_links=True)
    shutil.copy(next(source.rglob(other)), tmp_path)
    opened = open_raw(dataset, tmp_path, follow_links=True)
    assert [f"{name} cannot be read" in str(error) for error in opened.damaged] == [True]
    assert [path.name for path in opened.files] == [other]


@pytest.mark.parametrize("kind", NO_FILES)
def test_a_zip_file_that_is_no_file_is_never_opened(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "a.zip", kind)
    with pytest.raises(RtcanError, match=r"a\.zip (cannot be read|does not exist)"):
        open_raw("deap", tmp_path, follow_links=True)
    with pytest.raises(RtcanError, match=r"a\.zip (cannot be read|does not exist)"):
        open_raw("deap", tmp_path / "a.zip")


def test_a_folder_with_a_files_name_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "s01.dat").mkdir()
    with pytest.raises(RtcanError, match=r"holds no DEAP subject files .*, but no files at all"):
        open_raw("deap", tmp_path)
    (tmp_path / "s01.dat" / "s02.dat").touch()
    assert [path.name for path in open_raw("deap", tmp_path).files] == ["s02.dat"]


def test_empty_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "s01.dat").touch()
    (part,) = open_raw("deap", tmp_path).parts
    with pytest.raises(RtcanError, match=r"s01\.dat is empty: it has 0 bytes"):
        part()


def test_a_failing_disk_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.FileIO):
        def readall(self) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", lambda path, mode: io.BufferedReader(Failing(path)))
    with pytest.raises(RtcanError, match=r"a\.txt cannot be read: Input/output error") as caught:
        list_files(folder)[0].content()
    assert "sound disk" in str(caught.value.hint)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(RtcanError, match=r"a\.txt has 1099\.5 GB, as no file of a dataset has"):
        wanted_text(tmp_path)


def test_names_that_cannot_be_shown_are_replaced(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\n\x1b[31m.txt")).write_text("text")
    (file,) = list_files(tmp_path)
    assert file.text() == "text"
    shown = f"{tmp_path}/\ufffd\ufffd\ufffd[31m.txt"
    assert (str(file), file.source) == (shown, shown)
    assert file.within("here") == "here"
    message = str(unreadable(file.path, OSError("no\x07")))
    assert message == f"{shown} cannot be read: no\ufffd"
    message.encode()
