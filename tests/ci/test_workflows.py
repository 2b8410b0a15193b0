"""The workflows run what the package supports, start by hand only, and have few permissions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import rtcan_cli

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
#: PyYAML takes the key `on` for a truth value.
ON = True


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def minor(version: str) -> int:
    return int(version.partition(".")[2])


def test_both_workflows_are_there() -> None:
    assert [path.name for path in WORKFLOWS] == ["release.yml", "versions.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_it_is_started_by_hand_and_may_only_read(path: Path) -> None:
    content = read(path)
    assert [*content[ON]] == ["workflow_dispatch"]
    assert content["permissions"] == {"contents": "read"}
    assert "secrets." not in path.read_text(encoding="utf-8")
    for name, job in content["jobs"].items():
        allowed = {"id-token": "write"} if name == "publish" else None
        assert job.get("permissions") == allowed
        assert job["timeout-minutes"] <= 60


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_scripts_exist(path: Path) -> None:
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"])
        for script in re.findall(r"\.ci/\S+", step.get("run", "")):
            assert (ROOT / script).is_file()


def test_the_versions_of_python_are_those_of_the_package() -> None:
    matrix = read(ROOT / ".github/workflows/versions.yml")["jobs"]["tests"]["strategy"]["matrix"]
    (oldest,) = re.findall(r'^requires-python = ">=(3\.\d+)"$', PROJECT, re.MULTILINE)
    stated = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PROJECT)
    assert (stated[0], stated) == (oldest, sorted(stated, key=minor))
    assert matrix["python"] == [f"3.{k}" for k in range(minor(oldest), minor(stated[-1]) + 1)]
    lowest = {each["os"]: each["python"] for each in matrix["include"]}
    assert lowest == dict.fromkeys(matrix["os"], oldest)


def test_the_page_on_versions_has_a_row_for_each_version_of_python_that_is_stated() -> None:
    page = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| (3\.\d+)[ .]", page, re.MULTILINE))
    assert rows == set(re.findall(r"Python :: (3\.\d+)", PROJECT))


def release(job: str) -> list[str]:
    """What a job of the release runs, in order: actions by name, and commands."""
    found = read(ROOT / ".github/workflows/release.yml")["jobs"][job]["steps"]
    return [step.get("uses", "").partition("@")[0] or step["run"] for step in found]


def test_what_is_published_was_built_before_code_of_other_packages_ran() -> None:
    jobs = read(ROOT / ".github/workflows/release.yml")["jobs"]
    scripts = {"python .ci/dist.py --only build", "python .ci/dist.py --only check"}
    build, check, publish = map(release, ("build", "check", "publish"))
    assert build[-2:] == ["python .ci/dist.py --only build", "actions/upload-artifact"]
    assert check[-2:] == ["actions/download-artifact", "python .ci/dist.py --only check"]
    assert publish == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    assert jobs["publish"]["needs"] == ["build", "check"]
    assert {run for run in (*build, *check) if ".ci/" in run} == scripts


@pytest.mark.skipif(sys.platform == "win32", reason="the job runs on Linux")
@pytest.mark.parametrize(
    ("kind", "name", "passes"),
    [("tag", "v{}", True), ("branch", "v{}", False), ("tag", "v{}.1", False)],
)
def test_only_the_tag_of_the_version_is_released(kind: str, name: str, passes: bool) -> None:
    (check,) = [run for run in release("build") if "GITHUB_REF_NAME" in run]
    given = {"GITHUB_REF_TYPE": kind, "GITHUB_REF_NAME": name.format(rtcan_cli.__version__)}
    # As GitHub runs it.
    line = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", check]
    done = subprocess.run(line, cwd=ROOT, env={**os.environ, **given}, check=False)
    assert (done.returncode == 0) == passes
