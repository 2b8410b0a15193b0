"""Figures and tables of two runs lie beside each other, whatever draws them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SONG, SUBJECT, must

TARGET = ("--target", "arousal")
TRIAL = ("--subject", SUBJECT, "--music", SONG)
FEW = ("--max-trials", "6", "-j", "1")
WAYS = {
    "gradcam": ("gradcam", *TRIAL, *TARGET),
    "gradcam --all": ("gradcam", "--all", *TARGET, *FEW),
    "gradcam --check": ("gradcam", "--check", *TARGET, *FEW),
    "contributions": ("contributions", *TARGET, "--no-groups"),
    "evaluate": ("evaluate",),
    "listen": ("listen", f"{SUBJECT}:{SONG}", *TARGET),
}
QUICK = ("gradcam", "listen")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "way", [way if way in QUICK else pytest.param(way, marks=pytest.mark.long) for way in WAYS]
)
def test_another_run_has_files_of_its_own(
    way: str,
    trained: Path,
    copy_of: Callable[[Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = copy_of(trained)
    (run,) = (workspace / "pmemo" / "runs").glob("Rf-*.h5")
    other = Path(shutil.copy(run, run.with_name("other.h5")))
    command, *options = WAYS[way]
    # `listen` takes the trial first.
    trial, options = (options[:1], options[1:]) if command == "listen" else ([], options)
    before: set[Path] = set()
    for path in (run, other):
        words = (command, *trial, path.stem, *options, "-w", workspace, "--json")
        files = {Path(name) for name in json.loads(must(*words).stdout)["files"]}
        assert files
        assert not files & before
        assert all(path.stem in file.parts for file in files)
        before |= files
