"""Fresh virtual environments, in which the other scripts of this folder run their checks."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The quick tests, on all cores; what is run if no options for pytest are given.
QUICK = ("-n", "auto", "--dist", "worksteal", "-m", "not long")


def split(line: list[str]) -> tuple[list[str], list[str]]:
    """A script's own arguments, and the options of pytest, which follow ``--``."""
    at = line.index("--") if "--" in line else len(line)
    return line[:at], line[at + 1 :] or [*QUICK]


def environment(folder: Path, python: str) -> Path:
    """Make a virtual environment, in place of what is in the folder.

    Parameters
    ----------
    folder : Path
        Where to put it.
    python : str
        Name or path of the Python that it is made from.

    Returns
    -------
    Path
        Of the Python inside it.
    """
    run(python, "-m", "venv", "--clear", folder)
    return folder.absolute() / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run(*words: str | Path, folder: Path = ROOT) -> None:
    """Run a command without the modules of this folder's caller, and end if it fails.

    The scripts of the environment whose Python is called come first on the path.
    """
    line = [str(word) for word in words]
    print("+", shlex.join(line), flush=True)
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    beside = Path(line[0]).parent
    if beside != Path():
        variables["PATH"] = os.pathsep.join([str(beside), variables.get("PATH", "")])
    done = subprocess.run(line, cwd=folder, env=variables, check=False)
    if done.returncode:
        sys.exit(f"failed with exit code {done.returncode}: {shlex.join(line)}")
