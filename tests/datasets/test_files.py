from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from rtcan_cli.datasets.files import MARKER, find_files, list_files, read_marker
from rtcan_cli.errors import RtcanError


def wanted_text(folder: Path) -> list[str]:
    found, _ = find_files(folder, lambda each: each.name.suffix == ".txt", "texts (a.txt)")
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
    with pytest.raises(RtcanError, match=r"raw\.zip cannot be read"):
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


@pytest.mark.parametrize("marked", [".", "raw", "raw/deep"])
@pytest.mark.parametrize("named", [".", "raw", "raw/deep"])
@pytest.mark.parametrize("content", ["{}", "not JSON", '{"stimuli": 3}'])
def test_the_marker_holds_for_all_below_it(
    folder: Path, tmp_path: Path, marked: str, named: str, content: str
) -> None:
    (tmp_path / marked / MARKER).write_text(content)
    found, listing = find_files(tmp_path / named, lambda each: each.name.name == "b.txt", "b")
    marker = read_marker(found[0], listing, tmp_path / named)
    assert marker == ({"stimuli": 3} if "stimuli" in content else {})


def test_no_marker_means_real_and_one_in_another_folder_does_not_count(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / MARKER).write_text("{}")
    found, listing = find_files(folder, lambda each: each.name.name == "b.txt", "b")
    assert read_marker(found[0], listing, folder) is None
