"""The check of what is distributed notices what is missing, and what does not belong there."""

from __future__ import annotations

import importlib
import io
import shutil
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
TRACKED = {"rtcan_cli/app.py", "rtcan_cli/views/html/report.html", "tests/test_labels.py"}


@pytest.fixture
def dist(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / ".ci"))
    return importlib.import_module("dist")


def test_a_wheel_is_the_package_and_nothing_else(dist: ModuleType, tmp_path: Path) -> None:
    wheel = tmp_path / "rtcan.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("rtcan_cli/app.py", "tests/test_labels.py", "rtcan-1.dist-info/METADATA"):
            archive.writestr(name, "")
    assert list(dist.wrong_in_wheel(wheel, TRACKED)) == [
        "not in the wheel: rtcan_cli/views/html/report.html",
        "in the wheel, but not in git: tests/test_labels.py",
    ]


def test_an_sdist_is_what_git_knows(dist: ModuleType, tmp_path: Path) -> None:
    sdist = tmp_path / "rtcan.tar.gz"
    names = ("rtcan_cli/app.py", "tests/test_labels.py", "tests/notes.txt", "PKG-INFO")
    with tarfile.open(sdist, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"rtcan-1/{name}"), io.BytesIO())
    assert list(dist.wrong_in_sdist(sdist, {*TRACKED, ".gitignore"})) == [
        "not in the sdist: rtcan_cli/views/html/report.html",
        "in the sdist, but not in git: tests/notes.txt",
    ]


def test_the_sdist_takes_every_folder_that_git_knows(dist: ModuleType) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("the folder is not a git repository")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folders = {name.partition("/")[0] for name in dist.tracked() if "/" in name}
    lines = (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
    grafted = {line.removeprefix("graft ") for line in lines if line.startswith("graft ")}
    assert folders - {"rtcan_cli"} == grafted  # the package is taken in any case


def test_the_commands_of_the_readme_are_run_on_small_data(dist: ModuleType) -> None:
    lines = dist.readme_commands((ROOT / "README.md").read_text(encoding="utf-8"))
    steps = [words[1] for words in lines]
    chain = ["simulate", "ingest", "relabel", "decompose", "music-features", "train", "evaluate"]
    assert steps[: len(chain)] == chain
    assert {"gradcam", "eda-features", "compare", "report"} < set(steps)
    assert lines[1] == ["rtcan", "ingest", "pmemo", "raw"]
    assert all("--folds" in words for words in lines if words[1] == "train")
    assert not any("deap" in words for words in lines)


def test_a_readme_without_commands_is_an_error(dist: ModuleType) -> None:
    with pytest.raises(ValueError, match="no command"):
        dist.readme_commands("rtcan is a toolbox")
