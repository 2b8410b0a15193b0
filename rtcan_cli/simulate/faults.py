"""What is wrong with real files, put into simulated ones on purpose, and written down.

With faults, the root holds ``FAULTS.json``: a list of objects with

- ``kind``: one of those below;
- ``file``: path below the root of the file that has it (for ``no-annotations``: that is missing);
- ``subject``, ``stimulus``, ``target``: whom and what it concerns, spelled as the readers do, with
  the target ``"both"`` where one recording serves both; null where it concerns the whole file;
- ``samples``: first sample concerned and the one after the last; null where that says nothing.

Faults of signals:

- ``nan-short``: half a second is lost, which can be repaired;
- ``nan-long``: a quarter of the recording, at least three seconds, is lost;
- ``flat``: the same value throughout;
- ``clipped``: the sensor was at its limit, and half of all samples lie there;
- ``offset``: shifted below zero, as some devices do (harmless).

Of ratings (PMEmo, HKU956):

- ``no-annotations``: the song is too short to be annotated; its table is missing;
- ``no-rating``: the subject has EDA, but no line in the table;
- ``empty-rating``: the line is there, the (static) rating is empty;
- ``no-recording`` (HKU956): the line is there, its recording is not.

Of text files (PMEmo), all harmless to a careful reader:

- ``byte-order-mark``, ``crlf``: as Windows programs save them;
- ``header``: a header over one value a line; ``time-value``: time and value on each line, without
  a header; ``time-value-header``: with one;
- ``no-header``: a table of ratings without its header.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from rtcan_cli.simulate.physiology import Array

FAULTS_FILE = "FAULTS.json"
"""Lies beside the marker of a simulation with faults."""

SIGNAL_FAULTS = ("nan-short", "nan-long", "flat", "clipped", "offset")
ENCODINGS = ("byte-order-mark", "crlf", "header", "time-value", "time-value-header")
TABLE_ENCODINGS = ("byte-order-mark", "crlf", "no-header")

_SHORT_GAP = 0.5
_LONG_GAP = 3.0


@dataclass(frozen=True)
class Fault:
    """One fault; see the module for what the attributes mean."""

    kind: str
    file: str
    subject: str | None = None
    stimulus: str | None = None
    target: str | None = None
    samples: tuple[int, int] | None = None


def spoil(eda: Array, kind: str, sampling_rate: float) -> tuple[Array, tuple[int, int] | None]:
    """Give a signal a fault.

    Parameters
    ----------
    eda : ndarray, shape (n_samples,)
        The sound signal.
    kind : str
        One of `SIGNAL_FAULTS`.
    sampling_rate : float
        In Hz.

    Returns
    -------
    spoiled : ndarray, shape (n_samples,)
        A new signal.
    samples : tuple of int or None
        First sample concerned and the one after the last; None where they are scattered.

    Raises
    ------
    ValueError
        If there is no such fault.
    """
    n, spoiled = len(eda), eda.copy()
    if kind == "flat":
        spoiled[:] = eda[0]
        return spoiled, (0, n)
    if kind == "offset":
        return spoiled - (eda.max() + 1), (0, n)
    if kind == "clipped":
        return np.minimum(eda, np.median(eda)), None
    if kind == "nan-short":
        start, length = n // 2, round(_SHORT_GAP * sampling_rate)
    elif kind == "nan-long":
        start, length = n // 3, max(n // 4, round(_LONG_GAP * sampling_rate))
    else:
        raise ValueError(f"no fault of signals is called {kind!r}")
    stop = min(start + length, n)
    spoiled[start:stop] = np.nan
    return spoiled, (start, stop)


def encode(lines: Sequence[str], kind: str | None) -> bytes:
    """Lines of a text file as bytes, possibly as Windows programs save them.

    Parameters
    ----------
    lines : sequence of str
        Without line ends.
    kind : str or None
        ``"byte-order-mark"`` or ``"crlf"``; anything else makes no difference here.

    Returns
    -------
    bytes
        UTF-8; the last line is ended too.
    """
    end = "\r\n" if kind == "crlf" else "\n"
    text = end.join(lines) + end
    return text.encode("utf-8-sig" if kind == "byte-order-mark" else "utf-8")


def as_json(faults: Iterable[Fault]) -> str:
    """Text of the file `FAULTS_FILE`, one fault a line."""
    rows = ",\n".join(" " + json.dumps(asdict(fault)) for fault in faults)
    return f"[\n{rows}\n]\n" if rows else "[]\n"
