"""Functions translated to machine code by Numba."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(*freedoms: str) -> Callable[[Function], Function]:
    """Translate a function of arrays and numbers when it is first called.

    The machine code is kept on disk, so that only the first call ever waits for the compiler. It
    runs without the interpreter lock: threads work at the same time.

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
        # Numba goes on to the user's cache folder by itself if this one cannot be written to.
        config.CACHE_DIR = _folder()
        try:
            return numba.njit(cache=True, **settings)(function)
        except RuntimeError:  # there is no folder that can be written to
            return numba.njit(**settings)(function)
        finally:
            config.CACHE_DIR = before

    return translate


@cache
def _folder() -> str:
    # Numba looks only at the file of a function to see whether its machine code is out of date, not
    # at those of the functions it calls. So a change of any such file means another folder, and so
    # does a change of what generates code.
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.rglob("*.py")):
        text = source.read_bytes()
        if b"@compiled(" in text or b"from numba" in text:
            digest.update(text)
    return str(here / "__pycache__" / f"compiled-{digest.hexdigest()[:12]}")
