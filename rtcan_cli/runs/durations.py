"""How long recordings are: whether that differs much, and windows that all of them can fill."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.window import MIN_SECONDS, Window
from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Store
from rtcan_cli.stores.schema import OFFSETS

#: Longer by this much, recordings are unlike. Measured on 808 real wrist recordings (HKU956, 4 Hz):
#: windows of 30 s and of f times 30 s, each stretched to 2500 samples, are told apart by how often
#: the slope changes its sign, with an area under the ROC curve of 0.63 for f = 1.1, 0.77 for 1.25,
#: 0.88 for 1.5 and 0.93 for 2.
FACTOR = 1.5
#: Shares of the recordings that are shorter and longer than what is compared.
_SHORT, _LONG = 5, 95


def lengths_of(components: Path, onset: float) -> NDArray[np.float64]:
    """Seconds that each decomposed recording has after its onset.

    Parameters
    ----------
    components : Path
        Components store.
    onset : float
        Seconds dropped at the beginning.

    Returns
    -------
    ndarray of float64, shape (n_decomposed,)
    """
    with Store(components, "components") as store:
        rate = store.array("recordings/sampling_rate")
        samples = np.diff(store.array(OFFSETS)) - np.round(onset * rate)
        seconds: NDArray[np.float64] = (samples / rate)[store.array("recordings/problem") == ""]
        return seconds


def common_window(window: Window, components: Path, onset: float) -> Window:
    """A window with a length: that of the shortest recording after its onset, if it has none.

    Parameters
    ----------
    window : Window
    components : Path
        Components store, whose decomposed recordings count.
    onset : float
        Seconds dropped at the beginning.

    Raises
    ------
    RtcanError
        If the window begins before the onset, or the shortest recording is too short for one.
    """
    window.check(onset)
    if window.seconds is not None:
        return window
    shortest = float(lengths_of(components, onset).min(initial=math.inf))
    if not MIN_SECONDS <= shortest < math.inf:
        raise RtcanError(
            f"{components}: the shortest recording has {max(0.0, shortest):.1f} s after its onset "
            f"of {onset:g} s, and a window has at least {MIN_SECONDS:g} s",
            f"--window {window.place}:30, which leaves out what is shorter",
        )
    return window.of(shortest)


@dataclass(frozen=True)
class UnlikeLengths:
    """Recordings whose lengths differ by more than `FACTOR`.

    Parameters
    ----------
    seconds : NDArray of float64
        Of each, after its onset.
    short, long : int
        Their 5th percentile rounded down and their 95th percentile rounded up, in seconds.
    """

    seconds: NDArray[np.float64]
    short: int
    long: int

    @property
    def description(self) -> str:
        """The range in words."""
        least, most = max(0.0, float(self.seconds.min())), float(self.seconds.max())
        return (
            f"recordings last {least:.3g} to {most:.0f} s after the onset "
            f"(9 of 10 between {self.short} and {self.long} s)"
        )

    @property
    def window(self) -> str | None:
        """The window that most of them fill; None where it would be shorter than a window is."""
        return f"first:{self.short}" if self.short >= MIN_SECONDS else None

    @property
    def n_shorter(self) -> int:
        """Recordings that are too short for a window of ``short`` seconds."""
        return int(np.count_nonzero(self.seconds < self.short))

    @property
    def first_part(self) -> str:
        """What `window` takes, in words."""
        without = {0: "", 1: ", without the one that is shorter"}
        others = f", without the {self.n_shorter} that are shorter"
        return f"the first {self.short} s of all{without.get(self.n_shorter, others)}"


def usual(seconds: NDArray[np.float64]) -> tuple[float, float]:
    """Between which lengths 9 of 10 recordings are, in seconds."""
    short, long = np.percentile(seconds, [_SHORT, _LONG])
    return max(0.0, float(short)), float(long)


def unlike(seconds: NDArray[np.float64]) -> UnlikeLengths | None:
    """What to say of recordings whose lengths differ much; None if they do not.

    Parameters
    ----------
    seconds : NDArray of float64
        Of each, after its onset.
    """
    if not (seconds > 0).any():
        return None
    short, long = usual(seconds)
    if long <= FACTOR * short:
        return None
    return UnlikeLengths(seconds, math.floor(short), math.ceil(long))
