"""What is needed to run a program of rtcan as if on Windows, see `sitecustomize.py` here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtcan_cli import platforms

HERE = Path(__file__).parent
#: For tests of what Windows does not have, or has in another way.
POSIX_ONLY = pytest.mark.skipif(platforms.OPEN_FILES_STAY, reason="not so on Windows")


def like_windows(root: Path, **variables: str) -> dict[str, str]:
    """Variables of a process that behaves as if it were on Windows, with the files of a folder."""
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    return {**os.environ, "LIKE_WINDOWS": str(root), "PYTHONPATH": path, **variables}


def run_like_windows(
    root: Path, code: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a folder as if on Windows; it has to succeed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=root,
        env=like_windows(root, **variables),
        capture_output=True,
        encoding="latin-1",
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
