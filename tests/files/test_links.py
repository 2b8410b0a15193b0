"""Folders that somebody else has prepared: no link in them is followed, nothing waits."""

from __future__ import annotations

import ntpath
import os
import stat
import sys
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.files.atomic import new_file, remove_leftovers, write_whole
from rtcan_cli.files.links import (
    folder_below,
    is_link,
    name_problem,
    open_regular,
    opened_folder,
    part_of_name,
    refuse_links,
)
from rtcan_cli.stores import Workspace
from tests.like_windows import POSIX_ONLY

#: No process has such a number: Linux ends at 4,194,304.
NOBODY = 4_194_305


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A user's file, in a folder of its own."""
    path = tmp_path / "home" / "precious.txt"
    path.parent.mkdir()
    path.write_text("mine")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "strange"
    path.mkdir()
    return path


def test_only_regular_files_are_opened_and_nothing_waits(folder: Path, precious: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(precious)
    (folder / "device").symlink_to("/dev/zero")
    (folder / "below").mkdir()
    for name, kind in {
        "pipe": "a named pipe",
        "link": "a symbolic link",
        "device": "a symbolic link",
        "below": "a folder",
    }.items():
        for flags in (os.O_RDONLY, os.O_RDWR | os.O_CREAT, os.O_WRONLY):
            with pytest.raises(OSError, match=f"not a file, but {kind}"):
                open_regular(folder / name, flags)
    with pytest.raises(OSError, match="not a file, but a device"):
        open_regular("/dev/null")
    with opened_folder(folder) as at, pytest.raises(OSError, match="a symbolic link"):
        open_regular("link", at=at)
    with pytest.raises(OSError, match="not a folder, but a file"), opened_folder(precious):
        pass
    assert precious.read_text(encoding="utf-8") == "mine"


@POSIX_ONLY  # Windows looks first, and then opens: docs/crash_safety.md
def test_a_file_that_is_replaced_while_it_is_looked_at_is_not_followed(
    folder: Path, precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the first look sees is a file; the kernel still refuses the link.
    (folder / "a").symlink_to(precious)
    monkeypatch.setattr("rtcan_cli.files.links._kind", lambda path, at: None)
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(folder / "a", os.O_RDWR | os.O_CREAT)
    (folder / "b").symlink_to(precious.parent)
    with pytest.raises(OSError), opened_folder(folder / "b"):  # noqa: PT011
        pass


@pytest.mark.parametrize("how", ["symbolic", "hard"])
def test_a_file_that_is_a_link_is_replaced_and_not_written_through(
    folder: Path, precious: Path, how: str
) -> None:
    place = folder / "scores.csv"
    if how == "symbolic":
        place.symlink_to(precious)
    else:
        place.hardlink_to(precious)
    write_whole(place, "new")
    assert place.read_text() == "new"
    assert not place.is_symlink()
    assert precious.read_text(encoding="utf-8") == "mine"


def test_temporary_names_cannot_be_prepared(folder: Path, precious: Path) -> None:
    # The names that earlier versions used, for all processes that there might be next.
    for pid in range(os.getpid(), os.getpid() + 3):
        (folder / f".a.csv.part-{pid}").symlink_to(precious)
    with new_file(folder / "a.csv") as beside:
        assert beside.parent == folder
        assert not beside.is_symlink()
        assert str(os.getpid()) in beside.name  # so that the next process knows whose it was
        assert len(beside.name) > len(f".a.csv.part-{os.getpid()}")
        beside.write_text("new")
    assert (folder / "a.csv").read_text() == "new"
    assert precious.read_text(encoding="utf-8") == "mine"


def test_files_keep_the_permissions_that_the_user_wants(folder: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(folder / "a.csv", "shared with the group")
    finally:
        os.umask(before)
    assert (folder / "a.csv").stat().st_mode & 0o777 == 0o640


def test_left_over_links_and_folders_do_no_harm(folder: Path, precious: Path) -> None:
    prefix = ".a.csv.part-"
    (folder / f"{prefix}{NOBODY}").symlink_to(precious)
    (folder / f"{prefix}{NOBODY}-0a1b").symlink_to(precious.parent)
    (folder / f"{prefix}{NOBODY + 1}").mkdir()
    (folder / f"{prefix}{NOBODY + 1}" / "file").touch()
    write_whole(folder / "a.csv", "new")
    assert {path.name for path in folder.iterdir()} == {"a.csv", f"{prefix}{NOBODY + 1}"}
    remove_leftovers(folder, prefix, alone=True)
    assert precious.read_text(encoding="utf-8") == "mine"


def test_links_below_a_folder_are_refused_and_the_folder_itself_may_be_one(
    folder: Path, precious: Path, tmp_path: Path
) -> None:
    (folder / "deap").symlink_to(precious.parent)
    with pytest.raises(RtcanError, match=r"strange/deap: is a symbolic link \(to .*home\)"):
        refuse_links(folder / "deap" / "runs" / "a.h5", folder)
    with pytest.raises(RtcanError, match="symbolic link"):
        folder_below(folder, "deap", "a run")
    (tmp_path / "alias").symlink_to(folder)
    other = tmp_path / "alias" / "pmemo" / "a.h5"
    assert refuse_links(other, tmp_path / "alias") == other
    assert folder_below(tmp_path / "alias", "pmemo") == tmp_path / "alias" / "pmemo"


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    """A figure of an earlier version has the name of a run."""
    (tmp_path / "pmemo").mkdir()
    (tmp_path / "pmemo" / "run").write_text("")
    with pytest.raises(RtcanError, match=r"run is a file, where a folder is to be"):
        folder_below(tmp_path, "pmemo", "run")
    with pytest.raises(RtcanError, match=r"run is a file, where a folder is to be"):
        folder_below(tmp_path, "pmemo", "run", "on_deap")


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc", "a\0b"])
def test_no_name_leads_out_of_a_folder(folder: Path, name: str) -> None:
    with pytest.raises(RtcanError, match="cannot be the name of a folder"):
        folder_below(folder, name)


def test_dots_do_not_lead_out_either(folder: Path) -> None:
    with pytest.raises(RtcanError, match="leads out of"):
        refuse_links(folder / ".." / "home", folder)


def test_names_of_subjects_become_names_of_files(folder: Path) -> None:
    names = ["01", "a/b", "a%2Fb", "../../x", "Ünal"]
    made = [f"subject_{part_of_name(name)}.png" for name in names]
    assert len(set(made)) == len(names)
    assert made[0] == "subject_01.png"
    assert all((folder / name).parent == folder for name in made)


@pytest.mark.parametrize(
    "name",
    [
        *("CON", "nul.txt", "Aux", "com1", "LPT9.csv", "COM\u00b9", "con ", "prn .x", "conin$"),
        *("a:b", "a*", "what?", "a|b", "<a>", 'say "no"', "a\\b", "a/b", "\n"),
        *("x.", "x ", "..", "%2F"),
    ],
)
def test_names_are_possible_on_every_system(name: str) -> None:
    part = part_of_name(name)
    assert part != name
    assert unquote(part) == name  # so different names stay different
    place = PureWindowsPath(part)
    assert place.name == part
    assert not (ntpath.isreserved(part) if sys.version_info >= (3, 13) else place.is_reserved())
    assert not set(part) & set('<>:"/\\|?*\n')
    assert not part.endswith((".", " "))
    assert name_problem(part) is None


@pytest.mark.parametrize(
    "name", ["100184", "S01", "Björk – Jóga", "console", "com10", "a.b", "~$x"]
)
def test_usual_names_stay_as_they_are(name: str) -> None:
    assert part_of_name(name) == name
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a:b", "':' cannot be"),
        ("a/b", "'/' cannot be"),
        ("..", "a name is needed"),
        ("nul", "a device"),
        ("x.", "a dot or a space"),
        ("", "a name is needed"),
    ],
)
def test_runs_have_names_that_are_possible_on_every_system(name: str, why: str) -> None:
    with pytest.raises(RtcanError, match=f"a run cannot be called '{name}': .*{why}"):
        Workspace(Path("stores")).run("pmemo", name)


def test_a_run_that_is_there_is_read_whatever_its_name(tmp_path: Path) -> None:
    runs = tmp_path / "pmemo" / "runs"
    (runs / "a").mkdir(parents=True)
    for name in ("x.", "a/b"):
        (runs / f"{name}.h5").touch()
    assert Workspace(tmp_path).run("pmemo", "x.") == runs / "x..h5"
    with pytest.raises(RtcanError, match="a run cannot be called 'a/b'"):
        Workspace(tmp_path).run("pmemo", "a/b")


def test_no_text_is_a_name_too(folder: Path) -> None:
    part = part_of_name("")
    assert part not in {part_of_name(text) for text in ("%", "%25", "\0", " ")}
    assert folder_below(folder, part).name == part


@POSIX_ONLY  # which is what is changed here
def test_junctions_of_windows_are_links(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "a").mkdir()
    real = os.lstat(folder / "a")
    tag = 0xA0000003  # of a junction; another one is that of a file that lies in a cloud
    assert not is_link(folder / "a")
    assert not is_link(folder / "b")
    monkeypatch.setattr("rtcan_cli.files.links.sys.platform", "win32")
    monkeypatch.setattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", tag, raising=False)
    for found, expected in ((tag, True), (0, False), (0x9000001A, False)):
        status = SimpleNamespace(st_mode=real.st_mode, st_reparse_tag=found)
        monkeypatch.setattr("rtcan_cli.files.links.os.lstat", lambda path, it=status: it)
        assert is_link(folder / "a") is expected
