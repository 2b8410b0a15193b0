"""Messages, errors and progress, on standard error. Results are for `rtcan_cli.views`.

Rich and tqdm are imported when first needed, so that ``rtcan --help`` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


@dataclass
class Verbosity:
    """How the current command talks; set once from its options."""

    json: bool = False
    quiet: bool = False
    debug: bool = False


verbosity = Verbosity()


class Progress(Protocol):
    """The part of tqdm that steps use."""

    total: float | None
    initial: float
    n: float

    def update(self, n: float = 1) -> Any:
        """Count ``n`` finished units."""

    def set_postfix_str(self, s: str) -> Any:
        """Put a few words behind the bar."""


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False)


def _print(text: str, style: str | None = None) -> None:
    """Print whole lines where nobody looks at a terminal, and lines folded between words there."""
    out = _stderr()
    out.print(text, style=style, markup=False, soft_wrap=not out.is_terminal)


def say(message: str) -> None:
    """Tell the user something on stderr, unless ``--quiet``."""
    if not verbosity.quiet:
        _print(message)


def warn(message: str) -> None:
    """Tell the user something they must not miss, on stderr, unless ``--quiet``."""
    if not verbosity.quiet:
        _print(f"warning: {message}", "yellow")


def fail(message: str, hint: str | None = None) -> None:
    """One clear line for what went wrong; a second one for what to do about it."""
    _print(f"error: {message}", "red")
    if hint:  # never folded: it may be a command to copy
        _stderr().print(f"  try: {hint}", markup=False, soft_wrap=True)


@contextmanager
def progress(total: int, description: str, unit: str, done: int = 0) -> Iterator[Progress]:
    """A tqdm bar on stderr; silent with ``--quiet`` or where stderr is not a terminal."""
    from tqdm import tqdm

    disable = True if verbosity.quiet else None
    with tqdm(
        total=total,
        initial=done,
        desc=description,
        unit=unit,
        file=sys.stderr,
        disable=disable,
        dynamic_ncols=True,
        smoothing=0.1,
    ) as bar:
        yield bar
