from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rtcan_cli.datasets.files.listing import find_files, list_files
from rtcan_cli.errors import RtcanError
from tests.datasets.files.listed import wanted_text
from tests.datasets.reading import zip_folder


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


def test_a_damaged_zip_file_does_not_hide_another(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"damaged")
    with pytest.raises(RtcanError, match=r"a\.zip cannot be read"):
        wanted_text(tmp_path)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a.txt", "zipped")
    assert wanted_text(tmp_path) == ["zipped"]
