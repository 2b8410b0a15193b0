"""Functions translated to machine code by Numba."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(*freedoms: str) -> Callable[[Function], Function]:
    """Translate a function of arrays and numbers when it is first called.

    The machine code is kept on disk, so that only the first call ever waits for the compiler; see
    `_folder`. It runs without the interpreter lock: threads work at the same time.

    Parameters
    ----------
    *freedoms : str
        Departures from strict floating-point arithmetic beyond fused multiply-adds, in LLVM's
        words: ``reassoc`` lets sums be taken in any order, ``nnan`` promises that no number is
        missing.
    """
    settings: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",  # a division by zero gives infinity, as in NumPy
        "fastmath": {"contract", *freedoms},
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


@cache
def _folder(chosen: str) -> str:
    """Where machine code is kept; empty if no such folder can be written to.

    Below the folder that the user has chosen (``NUMBA_CACHE_DIR``), or beside the package, or in
    the user's cache where the package may not be written to.
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
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return str(folder)
    return ""
