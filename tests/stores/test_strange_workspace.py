"""A workspace from a stranger: whatever lies in it, no file of the user's is touched or read."""

from __future__ import annotations

import os
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.results.base import as_data
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.overview.info import stores_of
from rtcan_cli.steps.overview.workspace import workspace_state
from rtcan_cli.stores import Partial, Provenance, Store, Workspace, create
from tests.stores.work.test_lock import write

MADE = Provenance("music-features", "pmemo", {}, {"recordings": "ab"})
DIGEST = MADE.digest()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's folder."""
    home = tmp_path / "home"
    (home / "thesis" / DIGEST).mkdir(parents=True)
    (home / "thesis" / "chapter.txt").write_text("years of work")
    (home / "thesis" / DIGEST / "a.npz").write_text("years of work")
    (home / "lock").write_text("years of work")
    (home / "numbers.npz").write_bytes(b"")
    np.savez(home / "numbers.npz", x=np.arange(3))
    return home


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store is to be made."""
    (tmp_path / "workspace" / "pmemo").mkdir(parents=True)
    return tmp_path / "workspace" / "pmemo" / "music.h5"


def make(path: Path) -> None:
    """What a step does that keeps items, from beginning to end."""
    is_current(path, "music", MADE, force=False)
    partial = Partial(path, DIGEST)
    with partial.held():
        for name in ("a", "b"):
            if partial.get(name) is None:
                partial.put(name, {"x": np.zeros(2)})
        assert partial.peek("a", "x") is not None
        with create(path, "music", MADE) as store:
            write(store)
        partial.discard()


def test_a_linked_partial_folder_is_refused(path: Path, home: Path) -> None:
    before = everything(home)
    path.with_name("music.h5.partial").symlink_to(home / "thesis")
    partial = Partial(path, DIGEST)
    message = r"music\.h5\.partial is not a folder, but a symbolic link"
    with pytest.raises(RtcanError, match=message):
        make(path)
    with pytest.raises(RtcanError, match=message), create(path, "music", MADE):
        pass
    for act in (
        partial.discard,
        partial.tidy,
        lambda: partial.remove("a"),
        lambda: partial.put("a", {"x": np.zeros(1)}),
        partial.make,
        partial.names,
        lambda: partial.get("a"),
    ):
        try:
            act()
        except RtcanError as error:
            assert "symbolic link" in str(error)  # noqa: PT017
    assert everything(home) == before


def test_a_linked_folder_of_items_is_refused(path: Path, home: Path) -> None:
    before = everything(home)
    path.with_name("music.h5.partial").mkdir()
    (path.with_name("music.h5.partial") / DIGEST).symlink_to(home / "thesis" / DIGEST)
    with pytest.raises(RtcanError, match="not a folder, but a symbolic link"):
        make(path)
    Partial(path, DIGEST).discard()
    Partial(path, DIGEST).tidy()
    assert everything(home) == before


@pytest.mark.parametrize("kind", ["symbolic", "hard", "pipe", "folder"])
def test_a_lock_that_is_none_is_refused(path: Path, home: Path, kind: str) -> None:
    before = everything(home)
    place = path.with_name("music.h5.partial") / "lock"
    place.parent.mkdir()
    if kind == "symbolic":
        place.symlink_to(home / "lock")
    elif kind == "hard":
        place.hardlink_to(home / "lock")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    started = time.monotonic()
    with pytest.raises(RtcanError, match=r"music\.h5: cannot be made: .*lock is not a"):
        make(path)
    assert time.monotonic() - started < 60
    assert everything(home) == before


def test_items_that_are_links_or_pipes_are_made_anew(path: Path, home: Path) -> None:
    before = everything(home)
    folder = path.with_name("music.h5.partial") / DIGEST
    folder.mkdir(parents=True)
    (folder / "a.npz").symlink_to(home / "numbers.npz")
    os.mkfifo(folder / "b.npz")
    (folder / "a.tmp-7").symlink_to(home / "thesis" / "chapter.txt")
    (folder / "b.tmp-8").mkdir()
    partial = Partial(path, DIGEST)
    assert partial.get("a") is None
    assert partial.get("b") is None
    make(path)
    assert everything(home) == before
    assert path.exists()


def test_temporary_names_of_stores_cannot_be_prepared(path: Path, home: Path) -> None:
    before = everything(home)
    chapter = home / "thesis" / "chapter.txt"
    for pid in range(os.getpid(), os.getpid() + 3):
        path.with_name(f"music.h5.tmp-{pid}").symlink_to(chapter)
    path.with_name("music.h5.tmp-1-ab").mkdir()
    make(path)
    assert everything(home) == before
    # Left-over links go as left-over files do; a folder is not ours.
    assert {each.name for each in path.parent.iterdir()} == {"music.h5", "music.h5.tmp-1-ab"}


@pytest.mark.parametrize("how", ["symbolic", "hard"])
def test_a_store_that_is_a_link_is_replaced_where_the_user_names_it(
    path: Path, home: Path, how: str
) -> None:
    mine = home / "music.h5"
    with create(mine, "music", MADE) as store:
        write(store)
    before = everything(home)
    if how == "symbolic":
        path.symlink_to(mine)
    else:
        path.hardlink_to(mine)
    with create(path, "music", Provenance("music-features", "pmemo", {"a": 1}, {})) as store:
        write(store)
    assert everything(home) == before
    assert Store(path).provenance.parameters == {"a": 1}


@pytest.mark.parametrize(
    ("link", "target"),
    [("pmemo", ""), ("pmemo/music.h5", "music.h5"), ("pmemo/runs", ""), ("pmemo/runs/a.h5", "")],
)
def test_no_link_below_the_workspace_is_followed(
    tmp_path: Path, home: Path, link: str, target: str
) -> None:
    root = tmp_path / "other"
    place = root / link
    place.parent.mkdir(parents=True)
    for name in ("music.h5", "recordings.h5", "a.h5"):
        with h5py.File(home / name, "w") as h5:
            h5.attrs["kind"] = "music"
    place.symlink_to(home / target)
    before = everything(home)
    stores = Workspace(root)
    refused = pytest.raises(RtcanError, match=rf"{link}: is a symbolic link \(to {home}")
    with refused as caught:
        stores.store("pmemo", "music")
        stores.run("pmemo", "a")
    assert caught.value.hint is not None
    for look in (
        lambda: stores_of(root),
        lambda: stores.runs("pmemo"),
        lambda: stores.find_run("a", None),
        lambda: stores.steps("pmemo"),
        lambda: as_data(workspace_state(root)),
    ):
        try:
            shown = look()
        except RtcanError as error:
            assert "symbolic link" in str(error) or "does not exist" in str(error)  # noqa: PT017
        else:
            assert str(home) not in str(shown)
    assert everything(home) == before


def test_the_workspace_itself_may_be_a_link(tmp_path: Path, path: Path) -> None:
    (tmp_path / "alias").symlink_to(tmp_path / "workspace")
    stores = Workspace(tmp_path / "alias")
    make(stores.store("pmemo", "music"))
    assert Store(path).schema.kind == "music"
    assert [each.name for each in stores_of(tmp_path / "alias")] == ["music.h5"]
