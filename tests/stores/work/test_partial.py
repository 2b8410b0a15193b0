from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Partial


def test_items_survive_a_restart_and_belong_to_one_step(tmp_path: Path) -> None:
    store = tmp_path / "components.h5"
    assert not list(tmp_path.iterdir())
    Partial(store, "step one").put("3", {"x": np.arange(4.0), "why": np.array("für")})
    again = Partial(store, "step one")
    assert again.names() == {"3"}
    item = again.get("3")
    assert item is not None
    np.testing.assert_array_equal(item["x"], np.arange(4.0))
    assert str(item["why"]) == "für"
    assert Partial(store, "step two").names() == set()
    assert again.names() == {"3"}


def test_a_damaged_item_counts_as_absent(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "run.h5", "step")
    partial.put("a", {"x": np.arange(1000.0)})
    place = partial.folder / "a.npz"
    whole = place.read_bytes()
    for damaged in (b"", whole[:500], whole[:300] + b"\xff\xff" + whole[302:]):
        place.write_bytes(damaged)
        assert partial.get("a") is None
    assert partial.get("never there") is None


def test_pickled_objects_are_not_read(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "run.h5", "step")
    partial.put("good", {"x": np.zeros(1)})
    np.savez(partial.folder / "evil.npz", x=np.array([print], dtype=object))
    assert partial.get("evil") is None


def test_peek_reads_one_array(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "run.h5", "step")
    partial.put("a", {"x": np.arange(3.0), "y": np.zeros(9)})
    x = partial.peek("a", "x")
    assert x is not None
    np.testing.assert_array_equal(x, np.arange(3.0))
    assert partial.peek("a", "z") is None
    assert partial.peek("b", "x") is None


def test_discard_removes_the_folder(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "run.h5", "step")
    partial.put("a", {"x": np.zeros(1)})
    partial.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_does_not_bring_back_a_folder_that_was_removed(tmp_path: Path) -> None:
    """Its caller was killed, and the next process has finished and removed all."""
    partial = Partial(tmp_path / "components.h5", "step")
    partial.make()
    partial.put("a", {"x": np.zeros(1)}, in_worker=True)
    assert partial.names() == {"a"}
    partial.discard()
    with pytest.raises(RtcanError, match="cannot be written"):
        partial.put("b", {"x": np.zeros(1)}, in_worker=True)
    assert not list(tmp_path.iterdir())


def test_items_are_found_from_another_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    partial = Partial(Path("run.h5"), "step")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    partial.put("a", {"x": np.zeros(1)})
    assert (tmp_path / "run.h5.partial" / "step" / "a.npz").exists()


def test_what_was_killed_at_its_very_end_is_tidied_up(tmp_path: Path) -> None:
    store = tmp_path / "components.h5"
    done, other = Partial(store, "done"), Partial(store, "other")
    done.tidy()
    assert not list(tmp_path.iterdir())
    done.put("a", {"x": np.zeros(1)})
    (done.folder.parent / "lock").write_text("process 1 on nowhere")
    other.put("b", {"x": np.zeros(1)})
    with other.held():
        done.tidy()  # somebody works there
        assert done.names() == {"a"}
    done.tidy()
    assert done.names() == set()
    assert other.names() == {"b"}
    other.discard()
    done.put("a", {"x": np.zeros(1)})
    done.tidy()
    assert not list(tmp_path.iterdir())
