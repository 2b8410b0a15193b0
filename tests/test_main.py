"""Ctrl-C while rtcan is being loaded: one line, as later."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
MODULE, _, FUNCTION = SCRIPT["rtcan"].partition(":")

# Is interrupted as it loads a module, whatever the process that started this one does with Ctrl-C.
PROGRAM = """
import importlib.abc, runpy, signal, sys
name, how, handler, start, *sys.argv[1:] = sys.argv[1:]
signal.signal(signal.SIGINT, eval(handler))
class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, wanted, path, target=None):
        if wanted == name:
            sys.meta_path.remove(self)
            exec(how)
sys.meta_path.insert(0, Interrupting())
sys.argv[0] = "rtcan"
exec(start)
"""
STARTS = {
    "script": f"from {MODULE} import {FUNCTION}; sys.exit({FUNCTION}())",
    "module": "runpy.run_module('rtcan_cli', run_name='__main__', alter_sys=True)",
}
RAISED, SENT = "raise KeyboardInterrupt", "signal.raise_signal(signal.SIGINT)"
USUAL = "signal.default_int_handler"


def interrupted(
    module: str, how: str, handler: str, start: str, *command: str
) -> subprocess.CompletedProcess[str]:
    arguments = (module, how, handler, STARTS[start], *command)
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("how", [RAISED, SENT])
@pytest.mark.parametrize("module", ["rtcan_cli.app", "rtcan_cli.commands.train"])
def test_ctrl_c_while_rtcan_is_loaded_is_one_line(module: str, how: str, start: str) -> None:
    ended = interrupted(module, how, USUAL, start, "--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "error: interrupted\n")


def test_ctrl_c_before_a_command_has_begun_is_one_line() -> None:
    """Typer runs by then, and would say something else."""
    ended = interrupted("rtcan_cli.versions", SENT, USUAL, "script", "--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize("start", STARTS)
def test_ctrl_c_that_was_ignored_stays_ignored(start: str) -> None:
    ended = interrupted("rtcan_cli.commands.train", SENT, "signal.SIG_IGN", start, "--help")
    assert ended.returncode == 0, ended.stderr
    assert "compare" in ended.stdout
