"""``rtcan --version`` names the libraries that compute, and loads none of them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import rtcan_cli
from rtcan_cli import versions


def test_the_first_line_is_the_version_and_then_come_those_of_what_computes() -> None:
    lines = versions.described().splitlines()
    assert lines[0] == f"rtcan {rtcan_cli.__version__}"
    assert lines[1].startswith(f"Python {'.'.join(map(str, sys.version_info[:3]))}")
    assert f"numpy {version('numpy')}" in lines
    assert len(lines) == 2 + len(versions.COMPUTING) + len(versions.OTHERS)


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "OTHERS", ("no-such-package",))
    assert versions.described().endswith("\nno-such-package (not installed)")


def test_the_option_prints_them_and_loads_no_numerical_library() -> None:
    code = (
        "import sys; from rtcan_cli.app import main; sys.argv[1:] = ['--version']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'numpy', 'torch', 'h5py'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{versions.described()}\n[]\n"
