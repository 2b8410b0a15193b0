"""The part of a recording that a model sees: what follows its onset, or a window of that."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from rtcan_cli.errors import RtcanError

#: The shortest window in seconds, and the shortest stretch that EDA features can describe.
MIN_SECONDS = 2.0

#: Ways to write a window, for help and errors.
GRAMMAR = "first:30, last:30, middle:30 or 10:40; or first:shortest"

_NUMBER = r"(\d+(?:\.\d+)?)"
_SIDE = re.compile(rf"(first|last|middle):(?:{_NUMBER}|shortest)")
_BETWEEN = re.compile(rf"{_NUMBER}:{_NUMBER}")


@dataclass(frozen=True)
class Window:
    """Seconds of a recording that a model sees, the same number of every recording.

    Parameters
    ----------
    place : {"first", "last", "middle", "from"}
        Where they lie in what follows the onset; or that they begin at ``begin``.
    seconds : float, optional
        How many; None for as many as the shortest recording has after its onset, which `of` fills
        in.
    begin : float
        Seconds from the start of the recording, for the place ``from``.
    """

    place: str
    seconds: float | None
    begin: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``first:30``, ``last:30``, ``middle:30``, ``10:40`` or ``first:shortest``.

        Raises
        ------
        ValueError
            If it is not one of these, or shorter than `MIN_SECONDS`.
        """
        text = text.strip()
        if found := _SIDE.fullmatch(text):
            seconds = None if found[2] is None else float(found[2])
            window = cls(found[1], seconds)
        elif found := _BETWEEN.fullmatch(text):
            begin, end = float(found[1]), float(found[2])
            window = cls("from", end - begin, begin)
        else:
            raise ValueError(f"'{text}' is not a window, such as {GRAMMAR}")
        if window.seconds is not None and not MIN_SECONDS <= window.seconds < math.inf:
            raise ValueError(f"'{text}' is not a window of at least {MIN_SECONDS:g} s")
        return window

    def __str__(self) -> str:
        if self.seconds is None:
            return f"{self.place}:shortest"
        if self.place == "from":
            return f"{_plain(self.begin)}:{_plain(self.begin + self.seconds)}"
        return f"{self.place}:{_plain(self.seconds)}"

    def of(self, seconds: float) -> Window:
        """The window with a length, where it was left to the shortest recording."""
        if self.seconds is not None:
            return self
        return replace(self, seconds=math.floor(100 * seconds + 1e-6) / 100)

    def check(self, onset: float) -> None:
        """Refuse a window that begins before the onset, which no model is to see.

        Raises
        ------
        RtcanError
            Naming both ways out.
        """
        if self.place == "from" and self.begin < onset:
            raise RtcanError(
                f"the window {self} begins before the onset of {onset:g} s, which is left out",
                f"--onset {self.begin:g}, or a window that begins at {onset:g} or later",
            )

    def samples(self, n_samples: int, start: int, sampling_rate: float) -> range:
        """Samples of a recording that are in the window.

        Parameters
        ----------
        n_samples : int
            Of the recording.
        start : int
            The first after the onset.
        sampling_rate : float
            In Hz.

        Raises
        ------
        RtcanError
            If the recording is too short for it; the words are the same for all recordings.
        """
        if self.seconds is None:
            raise ValueError("the window has no length yet")
        wanted = round(self.seconds * sampling_rate)
        if self.place == "from":
            first = max(start, round(self.begin * sampling_rate))
        else:
            spare = n_samples - start - wanted
            first = start + {"first": 0, "middle": spare // 2, "last": spare}[self.place]
        if first < start or first + wanted > n_samples:
            raise RtcanError(f"too short for the window {self}")
        return range(first, first + wanted)


def seen_samples(
    n_samples: int, sampling_rate: float, onset: float, window: Window | None
) -> range:
    """Samples of a recording that a model sees.

    Parameters
    ----------
    n_samples : int
        Of the recording.
    sampling_rate : float
        In Hz.
    onset : float
        Seconds dropped at the beginning; 0 or more.
    window : Window, optional
        What is seen of the rest; all of it by default.

    Raises
    ------
    RtcanError
        If the onset is negative or not finite, fewer than two samples are left after it, or the
        recording is too short for the window.
    """
    if not (math.isfinite(onset) and onset >= 0):
        raise RtcanError(
            f"{onset:g} s cannot be dropped from the beginning of a recording",
            hint="use an --onset of 0 or more seconds",
        )
    start = round(onset * sampling_rate)
    if window is not None:
        window.check(onset)
        return window.samples(n_samples, start, sampling_rate)
    if n_samples - start < 2:
        raise RtcanError(
            f"nothing is left of a recording of {n_samples / sampling_rate:.1f} s after its first "
            f"{onset:g} s are dropped",
            hint="use a smaller --onset",
        )
    return range(start, n_samples)


def _plain(seconds: float) -> str:
    """A number of seconds as a user types it."""
    return f"{seconds:.10g}"
