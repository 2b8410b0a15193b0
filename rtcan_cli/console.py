"""Messages, errors and progress, on standard error. Results are for `rtcan_cli.views`.

Rich and tqdm are imported when first needed, so that ``rtcan --help`` stays quick.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


@dataclass
class Verbosity:
    """How the current command talks; set once from its options."""

    json: bool = False
    quiet: bool = False
    debug: bool = False


verbosity = Verbosity()


#: Seconds between two lines on the progress where no bar can be drawn.
LINE_SECONDS = 30.0


class Progress(Protocol):
    """How far a long step is, as steps tell it."""

    n: float
    total: float

    @property
    def drawn(self) -> bool:
        """Whether somebody sees a bar."""

    def start_at(self, n: float) -> None:
        """Take so many units as finished before this call: the pace is that of the others."""

    def update(self, n: float = 1) -> Any:
        """Count ``n`` finished units."""

    def at(self, n: float) -> None:
        """Count finished units up to so many in all; fewer than there are change nothing."""

    def set_postfix_str(self, s: str) -> Any:
        """Put a few words behind the bar."""

    def show(self, lines: Sequence[str]) -> None:
        """Put lines below the bar, in place of those that are there."""

    def state(self) -> str:
        """How much is done, and the time left, in words."""


class _Bar:
    """A bar of tqdm with lines below it; where it is not drawn, a line of text now and then."""

    def __init__(
        self,
        bar: Any,
        description: str,
        unit: str,
        lines: bool,
        remaining: Callable[[], float | None] | None,
    ) -> None:
        self._bar, self._below = bar, list[Any]()
        self._remaining = remaining
        self._description, self._unit = description, unit
        self._lines = lines and not self.drawn
        self._told = time.monotonic()
        self.n = bar.n
        #: When something was finished first, and what: before, workers may have had to start.
        self._since: tuple[float, float] | None = None

    @property
    def drawn(self) -> bool:
        return not self._bar.disable

    @property
    def total(self) -> float:
        return float(self._bar.total)

    @total.setter
    def total(self, total: float) -> None:
        self._bar.total = total

    def start_at(self, n: float) -> None:
        self.n = self._bar.initial = self._bar.n = n

    def update(self, n: float = 1) -> None:
        self.n += n
        self._bar.update(n)
        if n and self._since is None:
            self._since = time.monotonic(), self.n
        if self._lines and time.monotonic() - self._told >= LINE_SECONDS:
            self._told = time.monotonic()
            say(f"{self._description}: {self.state()}")

    def at(self, n: float) -> None:
        self.update(max(0, n - self.n))

    def set_postfix_str(self, s: str) -> None:
        self._bar.set_postfix_str(s)

    def show(self, lines: Sequence[str]) -> None:
        if not self.drawn:
            return
        while len(self._below) < len(lines):
            position = len(self._below) + 1
            below = type(self._bar)(
                **{"file": sys.stderr, "bar_format": "  {desc}", "dynamic_ncols": True},
                **{"position": position, "leave": False},
            )
            self._below.append(below)
        for index, below in enumerate(self._below):
            below.set_description_str(lines[index] if index < len(lines) else "")

    def state(self) -> str:
        total = self.total
        done = f"{self.n:g} of {total:g} {self._unit}{'s' * (total != 1)}"
        left = self.seconds_left()
        return done if left is None else f"{done}, about {duration(left)} left"

    def seconds_left(self) -> float | None:
        """Time until the end, at the pace since something was finished first."""
        begun, first = self._since or (0.0, self.n)
        if not first < self.n < self.total:
            return None
        remaining = self.total - self.n if self._remaining is None else self._remaining()
        if remaining is None:
            return None
        return (time.monotonic() - begun) / (self.n - first) * remaining

    def close(self) -> None:
        for below in reversed(self._below):
            below.close()


def duration(seconds: float) -> str:
    """A length of time in words that are short: ``41 s``, ``4 min``, ``2 h 10 min``."""
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False)


def _print(text: str, style: str | None = None) -> None:
    """Print whole lines where nobody looks at a terminal, and lines folded between words there.

    Bars that are drawn make room for them.
    """
    out = _stderr()
    tqdm = sys.modules.get("tqdm")  # without it, there is no bar
    above = tqdm.tqdm.external_write_mode(sys.stderr) if tqdm is not None else nullcontext()
    with above:
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


#: As tqdm draws a bar, but with a time left that is not its own.
_OWN_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{left}, {rate_fmt}{postfix}]"


@cache
def _drawn() -> type[Any]:
    """tqdm, which knows the time left from elsewhere."""
    from tqdm import tqdm

    class Drawn(tqdm):
        seconds_left: Callable[[], float | None] | None = None

        @property
        def format_dict(self) -> dict[str, Any]:
            left = self.seconds_left() if self.seconds_left is not None else None
            if self.n == self.total:
                left = 0.0
            return super().format_dict | {
                "left": "?" if left is None else self.format_interval(left)
            }

    return Drawn


@contextmanager
def progress(
    total: int,
    description: str,
    unit: str,
    done: int = 0,
    *,
    leave: bool = True,
    lines: bool = True,
    remaining: Callable[[], float | None] | None = None,
) -> Iterator[Progress]:
    """Show how far a long step is, on stderr; silent with ``--quiet``.

    A bar on a terminal; elsewhere a line every `LINE_SECONDS`.

    Parameters
    ----------
    total : int
        Units of work.
    description : str
        What is being done.
    unit : str
        What is counted, as a singular.
    done : int
        Units that were finished before.
    leave : bool
        Whether the bar stays when the step is done.
    lines : bool
        Whether there are lines where there is no terminal.
    remaining : callable, optional
        How many units all workers together could finish until the end, at the pace so far: more
        than are left if some of them have nothing to do at the end. None if it is not known yet.
        By default, what is left.
    """
    disable = True if verbosity.quiet else None
    with _drawn()(
        total=total,
        initial=done,
        desc=description,
        unit=unit,
        file=sys.stderr,
        disable=disable,
        dynamic_ncols=True,
        smoothing=0.1,
        leave=leave,
        bar_format=None if remaining is None else _OWN_FORMAT,
    ) as drawn:
        bar = _Bar(drawn, description, unit, lines, remaining)
        drawn.seconds_left = bar.seconds_left
        try:
            yield bar
        finally:
            bar.close()


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """Say what is waited for, on stderr; silent with ``--quiet``.

    On a terminal one line that changes, and goes at the end; elsewhere a line at once, then one
    every `LINE_SECONDS`.

    Yields
    ------
    callable
        Takes the words.
    """
    from tqdm import tqdm

    said: float | None = None
    how: dict[str, Any] = {"bar_format": "{desc}", "dynamic_ncols": True, "leave": False}
    with tqdm(file=sys.stderr, disable=True if verbosity.quiet else None, **how) as line:

        def tell(words: str) -> None:
            nonlocal said
            line.set_description_str(words)
            now = time.monotonic()
            if line.disable and (said is None or now - said >= LINE_SECONDS):
                said = now
                say(words)

        yield tell


def counted(items: Collection[T], description: str, unit: str) -> Iterator[T]:
    """Hand on items one by one, with a bar that goes when all are done; see `progress`."""
    with progress(len(items), description, unit, leave=False) as bar:
        for item in items:
            yield item
            bar.update()
