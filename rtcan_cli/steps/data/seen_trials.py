"""Which trials and signals have been there: some bytes for each, for millions of them."""

from __future__ import annotations

import hashlib
from array import array

import numpy as np
from numpy.typing import NDArray

_RECENT = 1 << 14  # numbers that wait before they are sorted in


class _SeenNumbers:
    """A set of numbers below 2**64: eight bytes for each."""

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._sorted: NDArray[np.uint64] = np.empty(0, np.uint64)

    def add(self, number: int) -> bool:
        """Add a number; return whether it was not there yet."""
        if number in self._recent:
            return False
        place = int(np.searchsorted(self._sorted, np.uint64(number)))
        if place < len(self._sorted) and int(self._sorted[place]) == number:
            return False
        self._recent.add(number)
        if len(self._recent) == _RECENT:
            recent = np.fromiter(self._recent, np.uint64, _RECENT)
            self._sorted = np.sort(np.concatenate([self._sorted, recent]))
            self._recent.clear()
        return True


class SeenTrials:
    """A set of trials: subject, stimulus and repetition, and a name for each of these."""

    def __init__(self) -> None:
        self._subjects: dict[str, int] = {}
        self._stimuli: dict[tuple[str, int], int] = {}
        self._seen = _SeenNumbers()

    def number(self, subject: str, stimulus: str, repetition: int = 1) -> int:
        """The number of a trial; no other one has it."""
        row = self._subjects.setdefault(subject, len(self._subjects))
        column = self._stimuli.setdefault((stimulus, repetition), len(self._stimuli))
        return row << 32 | column

    def key(self, number: int) -> tuple[str, str, int]:
        """Subject, stimulus and repetition of the trial with a number."""
        stimulus, repetition = list(self._stimuli)[number & 0xFFFFFFFF]
        return list(self._subjects)[number >> 32], stimulus, repetition

    def add(self, subject: str, stimulus: str, repetition: int = 1) -> bool:
        """Add a trial; return whether it was not there yet."""
        return self._seen.add(self.number(subject, stimulus, repetition))


def fingerprint(signal: NDArray[np.float64]) -> int:
    """A number that no other samples have, as far as anybody will see: eight bytes of a hash."""
    samples = np.ascontiguousarray(signal).data
    return int.from_bytes(hashlib.blake2b(samples, digest_size=8).digest())


class SeenSignals:
    """Signals by a fingerprint, with the number of the trial that had each first."""

    def __init__(self) -> None:
        self._seen = _SeenNumbers()
        self._fingerprints, self._trials = array("Q"), array("Q")

    def add(self, signal: NDArray[np.float64], trial: int) -> int:
        """Add a signal of a trial; return the trial that had the same samples first, or this one.

        Parameters
        ----------
        signal : ndarray of float64, shape (n_samples,)
            NaN where samples are missing.
        trial : int
            Its number, of `SeenTrials`.
        """
        number = fingerprint(signal)
        if self._seen.add(number):
            self._fingerprints.append(number)
            self._trials.append(trial)
            return trial
        return self._trials[self._fingerprints.index(number)]
