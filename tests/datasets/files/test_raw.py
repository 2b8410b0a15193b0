from __future__ import annotations

import io
import os
import shutil
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.files.raw import (
    find_files,
    list_files,
    regular_only,
    unreadable,
)
from rtcan_cli.errors import RtcanError
from tests.datasets.reading import zip_folder


def wanted_text(folder: Path, follow_links: bool = False) -> list[str]:
    found, _ = find_files(
        folder, lambda each: each.name.suffix == ".txt", "texts (a.txt)", follow_links
    )
    return [each.text() for each in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raw" / "deep").mkdir(parents=True)
    (tmp_path / "raw" / "deep" / "b.txt").write_text("b")
    (tmp_path / "raw" / "a.txt").write_text("a")
    return tmp_path / "raw"


def test_folders_and_zip_files_are_listed_alike(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
        for name in ("a.txt", "deep/b.txt"):
            archive.write(folder / name, name)
    for raw in (folder, tmp_path / "raw.zip"):
        files = list_files(raw)
        assert [str(each.name) for each in files] == ["a.txt", "deep/b.txt"]
        assert [each.text() for each in files] == ["a", "b"]


def test_a_zip_file_in_a_folder_is_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
        archive.writestr("a.txt", "zipped")
    assert wanted_text(tmp_path) == ["zipped"]


def test_unpacked_files_go_before_zipped_ones(folder: Path) -> None:
    with zipfile.ZipFile(folder / "raw.zip", "w") as archive:
        archive.writestr("a.txt", "zipped")
    assert wanted_text(folder) == ["a", "b"]


def test_what_systems_leave_behind_is_no_data(folder: Path) -> None:
    for name in (".hidden/c.txt", "__MACOSX/a.txt", "._a.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("junk")
    assert wanted_text(folder) == ["a", "b"]


def test_a_missing_layout_says_what_was_looked_for_and_found(folder: Path) -> None:
    with pytest.raises(RtcanError) as caught:
        find_files(folder, lambda each: False, "songs (1.mp3)")
    message = str(caught.value)
    assert message == f"{folder} holds no songs (1.mp3), but 2 other files (a.txt, deep/b.txt)"


def test_of_several_zip_files_none_is_left_out_silently(folder: Path, tmp_path: Path) -> None:
    zips = tmp_path / "zips"
    zips.mkdir()
    zip_folder(folder, zips / "one.zip")
    with zipfile.ZipFile(zips / "other.zip", "w") as archive:
        archive.writestr("readme.md", "nothing of the dataset")
    assert wanted_text(zips) == ["a", "b"]
    zip_folder(folder, zips / "two.zip")
    with pytest.raises(RtcanError, match=r"in 2 zip files: one\.zip, two\.zip"):
        wanted_text(zips)
    (zips / "c.txt").write_text("unpacked")
    assert wanted_text(zips) == ["unpacked"]


def test_an_empty_folder_and_a_wrong_path_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="no files at all"):
        wanted_text(tmp_path)
    with pytest.raises(RtcanError, match="does not exist"):
        wanted_text(tmp_path / "nowhere")


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


# --- symbolic links --------------------------------------------------------------------------


def test_linked_folders_are_found(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "data" / "inner"
    elsewhere.mkdir(parents=True)
    (elsewhere / "c.txt").write_text("c")
    (folder / "deep" / "link").symlink_to(tmp_path / "data")
    (tmp_path / "named").symlink_to(folder)
    for raw in (folder, tmp_path / "named"):
        names = [str(each.name) for each in list_files(raw, follow_links=True)]
        assert names == ["a.txt", "deep/b.txt", "deep/link/inner/c.txt"]
    assert wanted_text(folder, follow_links=True) == ["a", "b", "c"]


def test_links_in_a_circle_end_and_nothing_is_found_twice(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "private.txt").write_text("beside the folder")
    (folder / "again").symlink_to(folder)
    (folder / "above").symlink_to(tmp_path)
    (folder / "also").symlink_to(folder / "deep")
    (folder / "deep" / "back").symlink_to(folder)
    (folder / "nowhere").symlink_to(tmp_path / "missing", target_is_directory=True)
    (folder / "itself").symlink_to(folder / "itself")
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.txt").write_text("c")
    (other / "round").symlink_to(other)
    (folder / "out").symlink_to(other)
    (folder / "out2").symlink_to(other)
    assert wanted_text(folder, follow_links=True) == ["a", "b", "c"]


def test_links_do_not_lead_deeper_than_folders(folder: Path, tmp_path: Path) -> None:
    plain, linked = folder / "1" / "2" / "3", tmp_path / "2" / "3"
    for path in (plain, linked):
        (path / "4" / "5").mkdir(parents=True)
        (path / "4" / "in.txt").write_text("in")
        (path / "4" / "5" / "out.txt").write_text("out")
    (folder / "1" / "l").symlink_to(tmp_path / "2")
    (linked / "4" / "link").symlink_to(folder.parent)
    names = {str(each.name) for each in list_files(folder, follow_links=True)}
    assert names == {"a.txt", "deep/b.txt", "1/2/3/4/in.txt", "1/l/3/4/in.txt"}


def test_links_that_stay_in_the_folder_are_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "c.txt").symlink_to("deep/b.txt")
    (folder / "d.txt").symlink_to(folder / "a.txt")
    (folder / ".annex").mkdir()
    (folder / ".annex" / "4f2a").write_text("e")
    (folder / "e.txt").symlink_to(".annex/4f2a")
    (tmp_path / "alias").symlink_to(folder)
    for raw in (folder, tmp_path / "alias"):
        assert wanted_text(raw) == ["a", "b", "a", "b", "e"]


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


def test_a_link_to_a_folder_outside_is_refused_before_it_is_looked_at(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "other" / "inner").mkdir(parents=True)
    (folder / "deep" / "link").symlink_to(tmp_path / "other")
    with pytest.raises(RtcanError, match=r"deep/link is a link that leads out of .*, to .*/other"):
        list_files(folder)


def test_a_linked_zip_file_outside_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").rename(tmp_path / "data")
    zip_folder(tmp_path / "data", tmp_path / "secret.zip")
    folder.mkdir()
    (folder / "raw.zip").symlink_to(tmp_path / "secret.zip")
    with pytest.raises(RtcanError, match=r"raw\.zip is a link that leads out of"):
        wanted_text(folder)
    assert wanted_text(folder, follow_links=True) == ["a", "b"]


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


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything can be read by root"
)
def test_folders_and_files_without_permission_are_named(folder: Path) -> None:
    (folder / "a.txt").chmod(0)
    with pytest.raises(RtcanError, match=r"a\.txt cannot be read: Permission denied"):
        list_files(folder)[0].content()
    (folder / "deep").chmod(0)
    try:
        with pytest.raises(RtcanError, match="deep cannot be read: Permission denied"):
            list_files(folder)
    finally:
        (folder / "deep").chmod(0o755)


def test_a_folder_that_cannot_be_listed_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, where the tests run as root."""
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(RtcanError, match=r"raw/deep cannot be read: Permission denied") as caught:
        list_files(folder)
    assert "permissions" in str(caught.value.hint)


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


def test_a_damaged_zip_file_does_not_hide_another(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"damaged")
    with pytest.raises(RtcanError, match=r"a\.zip cannot be read"):
        wanted_text(tmp_path)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a.txt", "zipped")
    assert wanted_text(tmp_path) == ["zipped"]
