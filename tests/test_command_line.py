"""Lines that rtcan prints: what a shell makes of them."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from rtcan_cli.command_line import WORKSPACE, WORKSPACE_VARIABLE, command_line, quoted
from tests.like_windows import POSIX_ONLY


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WORKSPACE_VARIABLE, raising=False)


def test_a_shell_reads_what_was_meant() -> None:
    line = command_line("evaluate", "it's; rm -rf", dataset="pmemo", output=Path("a folder/$x"))
    expected = ["evaluate", "it's; rm -rf", "--dataset", "pmemo", "--output", "a folder/$x"]
    assert shlex.split(line) == ["rtcan", *expected]


@pytest.mark.parametrize(
    "word", ["my stores", 'say "no"', "C:\\my data\\", '\\\\"', " ", "a\\b c", '"']
)
def test_programs_on_windows_read_what_was_meant(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.command_line.sys.platform", "win32")
    expected = subprocess.list2cmdline([f" {word}"]).replace('" ', '"', 1)  # always in quotes
    assert quoted(word) == expected


def test_only_what_means_something_is_quoted_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtcan_cli.command_line.sys.platform", "win32")
    line = command_line("info", "C:\\Users\\me\\run.h5", "a;b", dataset="pmemo", channels="8,8")
    assert line == 'rtcan info C:\\Users\\me\\run.h5 "a;b" --dataset pmemo --channels "8,8"'
    assert quoted("") == '""'


@POSIX_ONLY  # which has other quotes
def test_options_are_left_out_set_and_repeated() -> None:
    line = command_line(
        "train", force=True, gpu=None, stack=False, channels=["1,2,3,4", "5,6,7,8"], batch_size=0
    )
    assert line == "rtcan train --force --channels 1,2,3,4 --channels 5,6,7,8 --batch-size 0"


@POSIX_ONLY  # which has other quotes
def test_the_workspace_is_named_where_it_is_not_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command_line("info", workspace=Path(WORKSPACE)) == "rtcan info"
    assert command_line("info", workspace=tmp_path / WORKSPACE) == "rtcan info"
    assert command_line("info", workspace=Path("my stores")) == "rtcan info --workspace 'my stores'"
    monkeypatch.setenv(WORKSPACE_VARIABLE, "my stores")
    assert command_line("info", workspace=tmp_path / "my stores") == "rtcan info"
    assert command_line("info", workspace=Path(WORKSPACE)) == f"rtcan info --workspace {WORKSPACE}"
