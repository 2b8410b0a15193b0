"""Which trials have been there: eight bytes for each, beside a name for each subject and song."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_RECENT = 1 << 14  # numbers that wait before they are sorted in


class SeenTrials:
    """A set of trials: subject, stimulus and repetition, for millions of them."""

    def __init__(self) -> None:
        self._subjects: dict[str, int] = {}
        self._stimuli: dict[tuple[str, int], int] = {}
        self._recent: set[int] = set()
        self._sorted: NDArray[np.uint64] = np.empty(0, np.uint64)

    def add(self, subject: str, stimulus: str, repetition: int = 1) -> bool:
        """Add a trial; return whether it was not there yet."""
        row = self._subjects.setdefault(subject, len(self._subjects))
        column = self._stimuli.setdefault((stimulus, repetition), len(self._stimuli))
        number = row << 32 | column
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
