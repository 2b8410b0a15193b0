from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from rtcan_cli.datasets.files import MARKER, find_files, list_files, read_marker
from rtcan_cli.errors import RtcanError
from tests.datasets.reading import zip_folder


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


# --- symbolic links --------------------------------------------------------------------------


def test_linked_folders_are_found(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "data" / "inner"
    elsewhere.mkdir(parents=True)
    (elsewhere / "c.txt").write_text("c")
    (folder / "deep" / "link").symlink_to(tmp_path / "data")
    (tmp_path / "named").symlink_to(folder)
    for raw in (folder, tmp_path / "named"):
        names = [str(each.name) for each in list_files(raw)]
        assert names == ["a.txt", "deep/b.txt", "deep/link/inner/c.txt"]
    assert wanted_text(folder) == ["a", "b", "c"]


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
    assert wanted_text(folder) == ["a", "b", "c"]


def test_links_do_not_lead_deeper_than_folders(folder: Path, tmp_path: Path) -> None:
    plain, linked = folder / "1" / "2" / "3", tmp_path / "2" / "3"
    for path in (plain, linked):
        (path / "4" / "5").mkdir(parents=True)
        (path / "4" / "in.txt").write_text("in")
        (path / "4" / "5" / "out.txt").write_text("out")
    (folder / "1" / "l").symlink_to(tmp_path / "2")
    (linked / "4" / "link").symlink_to(folder.parent)
    names = {str(each.name) for each in list_files(folder)}
    assert names == {"a.txt", "deep/b.txt", "1/2/3/4/in.txt", "1/l/3/4/in.txt"}


# --- the simulator's marker ------------------------------------------------------------------


def marker_of(raw: Path, name: str = "pmemo") -> dict[str, object] | None:
    used, listing = find_files(raw, lambda each: each.name.name == "eda.csv", "eda.csv")
    return read_marker(name, used[0], listing, raw)


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    """A simulated folder, as far as the marker is concerned."""
    folder = tmp_path / "above" / "sim"
    (folder / "PMEmo" / "EDA").mkdir(parents=True)
    (folder / "PMEmo" / "EDA" / "eda.csv").touch()
    (folder / MARKER).write_text('{"dataset": "pmemo", "stimuli": 3}')
    return folder


def test_the_marker_holds_for_what_the_simulator_wrote(simulated: Path, tmp_path: Path) -> None:
    expected = {"dataset": "pmemo", "stimuli": 3}
    for raw in ("..", ".", "PMEmo", "PMEmo/EDA"):
        assert marker_of(simulated / raw) == expected, raw
    links = tmp_path / "links"
    links.mkdir()
    (links / "mine").symlink_to(simulated / "PMEmo")
    assert marker_of(links) == expected
    assert marker_of(links / "mine") == expected


def test_the_marker_holds_for_zip_files_of_it(simulated: Path, tmp_path: Path) -> None:
    whole = zip_folder(simulated, tmp_path / "whole.zip")
    assert marker_of(whole) is not None
    beside = zip_folder(simulated / "PMEmo", simulated / "PMEmo.zip")
    shutil.rmtree(simulated / "PMEmo")
    for raw in (beside, simulated, simulated.parent):
        assert marker_of(raw) is not None, raw
    (simulated / "PMEmo").mkdir()
    inside = beside.rename(simulated / "PMEmo" / "PMEmo.zip")
    for raw in (inside, simulated / "PMEmo", simulated, simulated.parent):
        assert marker_of(raw) is not None, raw


def test_the_folder_with_the_marker_counts_whatever_its_layout(simulated: Path) -> None:
    (simulated / "PMEmo").rename(simulated / "renamed")
    assert marker_of(simulated) is not None
    assert marker_of(simulated / "renamed") is None


@pytest.mark.parametrize("place", ["real", "real/PMEmo", "data_preprocessed_python"])
def test_real_data_below_an_old_simulation_stay_real(simulated: Path, place: str) -> None:
    real = simulated / place
    real.mkdir(parents=True)
    (real / "eda.csv").touch()
    assert marker_of(real) is None
    packed = zip_folder(real, simulated / "real.zip")
    (simulated / "zips").mkdir()
    assert marker_of(packed.rename(simulated / "zips" / "real.zip")) is None


def test_the_marker_of_another_dataset_does_not_count(simulated: Path) -> None:
    for raw in (simulated, simulated / "PMEmo", simulated.parent):
        assert marker_of(raw, "deap") is None
    (simulated / MARKER).write_text('{"dataset": "deap"}')
    for raw in (simulated, simulated / "PMEmo", simulated.parent):
        assert marker_of(raw) is None


def test_no_marker_means_real_and_one_in_another_folder_does_not_count(simulated: Path) -> None:
    (simulated / MARKER).rename(simulated / "PMEmo" / MARKER)
    assert marker_of(simulated) is None
    (simulated / "PMEmo" / MARKER).unlink()
    assert marker_of(simulated) is None


@pytest.mark.parametrize("content", ["{}", "[]", "not JSON", ""])
def test_a_damaged_marker_is_named(simulated: Path, content: str) -> None:
    (simulated / MARKER).write_text(content)
    with pytest.raises(RtcanError, match="does not say which dataset was simulated") as caught:
        marker_of(simulated)
    assert str(simulated / MARKER) in str(caught.value)
