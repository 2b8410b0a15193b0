"""Functions translated to machine code by Numba, where it is installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from rtcan_cli.extras import is_installed

Function = TypeVar("Function", bound=Callable[..., Any])

#: Whether Numba is here. Without it the interpreter runs the same functions, or NumPy does what
#: they would take too long for (`rtcan_cli.eda.lockstep`).
IS_COMPILED = is_installed("numba") and is_installed("llvmlite")

_OLD = 30 * 24 * 3600  # seconds


def compiled(*freedoms: str) -> Callable[[Function], Function]:
    """Translate a function of arrays and numbers when it is first called.

    The machine code is kept on disk, so that only the first call ever waits for the compiler; see
    `_folder`. It runs without the interpreter lock: threads work at the same time.

    Its last bits do not depend on whether it was kept, or on what was called before. Numba links a
    function that another one calls by name, and of several translations of one name, a process
    takes what it loads first: its own, or a copy that LLVM made for a caller, which may fuse and
    order sums differently. So what is called becomes part of its caller.

    Parameters
    ----------
    *freedoms : str
        Departures from strict floating-point arithmetic beyond fused multiply-adds, in LLVM's
        words: ``reassoc`` lets sums be taken in any order, ``nnan`` promises that no number is
        missing.
    """
    if not IS_COMPILED:
        return lambda function: function
    import numba

    settings: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",  # a division by zero gives infinity, as in NumPy
        "fastmath": {"contract", *freedoms},
        "forceinline": True,
    }

    def translate(function: Function) -> Function:
        config: Any = numba.config
        before = config.CACHE_DIR
        config.CACHE_DIR = _folder(before)
        try:
            return numba.njit(cache=bool(config.CACHE_DIR), **settings)(function)
        finally:
            config.CACHE_DIR = before

    return translate


def is_kept() -> bool:
    """Whether machine code of this version is on disk, of whichever function; needs Numba."""
    import numba

    config: Any = numba.config
    folder = _folder(config.CACHE_DIR)
    return bool(folder) and any(Path(folder).rglob("*.nbi"))


@cache
def _folder(chosen: str) -> str:
    """Where machine code is kept; empty if no such folder can be written to.

    Below the folder that the user has chosen (``NUMBA_CACHE_DIR``), or beside the package, or in
    the user's cache where the package may not be written to. What is kept is run, so it must be
    ours: a folder that others own or can write to is not used.
    """
    # Numba looks only at the file of a function to see whether its machine code is out of date, not
    # at those of the functions it calls. So a change of any such file means another folder, and so
    # does a change of what generates code.
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.rglob("*.py")):
        text = source.read_bytes()
        if b"@compiled(" in text or b"from numba" in text:
            digest.update(text)
    users = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    for place in (chosen, here / "__pycache__", Path(users, "rtcan")):
        if not place:
            continue
        folder = Path(place, f"compiled-{digest.hexdigest()[:12]}")
        try:
            is_new = not folder.exists()
            Path(place).mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            if not _is_ours(folder):
                continue
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        if is_new and place == Path(users, "rtcan"):
            _remove_old(folder)
        return str(folder)
    return ""


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder, not a link to one, that nobody else can have written to."""
    found = folder.lstat()
    if not hasattr(os, "getuid"):  # Windows, where the user's folders are closed to others
        return stat.S_ISDIR(found.st_mode)
    alone = found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and alone


def _remove_old(folder: Path) -> None:
    """Remove what earlier versions left beside a folder, and was not added to for a month."""
    for other in folder.parent.glob("compiled-*"):
        with suppress(OSError):
            is_old = time.time() - other.lstat().st_mtime > _OLD
            if other != folder and is_old and _is_ours(other):
                shutil.rmtree(other)
