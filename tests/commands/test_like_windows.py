"""Commands as on Windows, as far as that can be imitated (`tests/like_windows`)."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from rtcan_cli.stores import Store
from tests.like_windows import run_like_windows

COMMANDS = """
import sys
from rtcan_cli import app, platforms

assert platforms.OPEN_FILES_STAY

def rtcan(*words, fails=False):
    sys.argv = ["rtcan", *words]
    try:
        app.app()
    except SystemExit as ended:
        assert bool(ended.code) is fails, (words, ended.code)

app.prepare()
"""
SIZE = ("--subjects", "9", "--stimuli", "8", "--duration", "14")  # as in `raw_pmemo`
TRAINING = (
    *("--recipe", "tuned", "--folds", "3", "--epochs", "1"),
    *("--length", "64", "--channels", "4,4,4,4"),
)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.long
def test_a_chain_of_commands(raw_pmemo: Path, prepared: Path, tmp_path: Path) -> None:
    """From raw files to a comparison, again with --force, in worker processes and in this one."""
    code = COMMANDS + textwrap.dedent(
        f"""
        rtcan("simulate", "pmemo", "raw", *{SIZE}, "--jobs", "2")
        rtcan("simulate", "pmemo", "raw", *{SIZE}, "--force")
        for force in ([], ["--force"]):
            rtcan("ingest", "pmemo", "raw", *force)
            rtcan("relabel", "--plot", "100184", *force)
            rtcan("decompose", "--jobs", "2", "--plot", "100184:1", *force)
            rtcan("train", "--model", "majority", "--folds", "3", *force)
            rtcan("train", *{TRAINING}, "--jobs", "2", "--log", "curves.csv", *force)
            rtcan("evaluate")
        rtcan("train", *{TRAINING}, "--jobs", "1", "--seed", "1", "--log", "curves.csv")
        rtcan("gradcam", "--subject", "100184", "--music", "1")
        rtcan("compare")
        rtcan("info", "--verify")
        """
    )
    done = run_like_windows(tmp_path, code, PYTHONIOENCODING="cp1252")
    # What the encoding lacks would be written as such a sign.
    assert "\\u" not in done.stdout + done.stderr
    assert done.stdout.count("recordings.h5") >= 3
    # Nothing is left behind, and nothing is different.
    left = [path for path in tmp_path.rglob("*") if ".part" in path.name or ".tmp" in path.name]
    assert left == []
    assert _contents(tmp_path / "raw") == _contents(raw_pmemo)
    for kind in ("recordings", "labels", "components"):
        place = f"pmemo/{kind}.h5"
        with Store(tmp_path / "rtcan-stores" / place) as one, Store(prepared / place) as other:
            assert one.content_id == other.content_id
    lines = (tmp_path / "curves.csv").read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + 2 * 2 * 3
    assert not any(line.endswith(b"\r\n") for line in lines)


def test_a_dataset_in_bids_takes_the_place_of_an_empty_folder(
    prepared: Path, tmp_path: Path
) -> None:
    code = COMMANDS + textwrap.dedent(
        f"""
        import os

        os.mkdir("there")
        for place in ("there", "new"):
            rtcan("export-bids", place, "-w", {str(prepared)!r})
        rtcan("export-bids", "new", "-w", {str(prepared)!r}, fails=True)
        """
    )
    done = run_like_windows(tmp_path, code)
    assert "new is there already, and not empty" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"there", "new"}
    assert _contents(tmp_path / "there") == _contents(tmp_path / "new")


def test_what_is_open_elsewhere_is_not_replaced(prepared: Path, tmp_path: Path) -> None:
    code = COMMANDS + textwrap.dedent(
        f"""
        import pathlib, shutil
        import h5py
        from rtcan_cli.files.atomic import write_whole

        platforms._TRIES = 2
        shutil.copytree({str(prepared)!r}, "rtcan-stores")
        labels = pathlib.Path("rtcan-stores/pmemo/labels.h5")
        before = labels.read_bytes()
        with h5py.File(labels, locking=False):
            rtcan("relabel", "--force", fails=True)
            rtcan("info")
        assert labels.read_bytes() == before
        rtcan("relabel", "--force")
        with open("here.csv", "w"):
            try:
                write_whole(pathlib.Path("here.csv"), "new")
            except Exception as error:
                print(error, error.hint)
        """
    )
    done = run_like_windows(tmp_path, code)
    assert "labels.h5: cannot be put in place: The file is open in another program" in done.stderr
    assert "close it in other programs" in done.stderr
    assert "here.csv: cannot be written: The file is open in another program" in done.stdout
    assert "close it in other programs" in done.stdout
    left = [path.name for path in (tmp_path / "rtcan-stores/pmemo").iterdir()]
    assert sorted(left) == sorted(path.name for path in (prepared / "pmemo").iterdir())


@pytest.mark.long
def test_the_tests_of_files_and_stores_pass(tmp_path: Path) -> None:
    """Those of locks, of work that is kept, of files that are whole, and of workers."""
    here = Path(__file__).parents[1]
    places = ("files", "stores/work", "stores/test_store.py", "test_parallel.py", "test_signals.py")
    code = f"""
import sys
import pytest
places = [{str(here)!r} + "/" + each for each in {places!r}]
options = ["-x", "-q", "-p", "no:cacheprovider", "--basetemp", "tests"]
sys.exit(pytest.main(["--rootdir", {str(here.parent)!r}, *options, *places]))
"""
    run_like_windows(tmp_path, code)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp932"])
def test_every_help_can_be_printed(tmp_path: Path, encoding: str) -> None:
    code = COMMANDS + textwrap.dedent(
        """
        import json
        names = [each.name for each in app.app.registered_commands]
        for name in names:
            rtcan(name, "--help")
        rtcan("models")
        rtcan("models", "rtcan")
        print(json.dumps(names))
        """
    )
    done = run_like_windows(tmp_path, code, PYTHONIOENCODING=encoding)
    names = json.loads(done.stdout.splitlines()[-1])
    assert len(names) > 15
    assert done.stdout.count("Usage: ") == len(names)
    assert "\\u25" not in done.stdout  # the lines of a sketch
    assert "--+" in done.stdout
