"""What is known of a trial's subject, or of its stimulus, from the training labels alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.models.learner import Examples, Fitted

#: Trials that the overall share counts as, besides a group's own. Where the classes are equally
#: frequent this is Laplace's rule: one more high and one more low.
EXTRA = 2.0


class GroupPrior:
    """Learner of the share of high in each group of trials.

    ::

        training labels ─┬─ share of high of each group, drawn to the overall share ─┬─ P(high)
                         └─ overall share, for groups that did not train ────────────┘

    A group with k of n training trials high has the share (k + 2 s) / (n + 2), where s is the share
    of all training trials. It is what they would have with two more trials like all the others.

    Parameters
    ----------
    what : {"subject", "stimulus"}
        What the trials of a group have in common.
    """

    def __init__(self, what: Literal["subject", "stimulus"]) -> None:
        self.what = what

    def fit(
        self,
        train: Examples,
        label: NDArray[np.int64],
        validation: Examples,
        validation_label: NDArray[np.int64],
        seed: int,
    ) -> Fitted:
        """Count; validation trials and the seed are not needed."""
        names = train.subjects if self.what == "subject" else train.stimuli
        group = np.searchsorted(names, self._of(train))
        n, high = (np.bincount(group, weights, len(names)) for weights in (None, label))
        overall = label.mean()
        share = np.where(n > 0, (high + EXTRA * overall) / (n + EXTRA), np.nan)
        arrays = {"name": to_bytes(names), "share": share, "overall": np.array(overall)}
        return Fitted(arrays, n_parameters=1 + int(np.count_nonzero(n)))

    def probability(
        self, arrays: Mapping[str, NDArray[np.generic]], trials: Examples
    ) -> NDArray[np.float64]:
        """Share of each trial's group, or the overall one."""
        overall = float(arrays["overall"])
        names = to_names(arrays["name"]).tolist()
        share = dict(zip(names, arrays["share"].tolist(), strict=True))
        own = np.array([share.get(name, np.nan) for name in self._of(trials).tolist()])
        return np.where(np.isnan(own), overall, own)

    def _of(self, trials: Examples) -> NDArray[np.str_]:
        return trials.subject if self.what == "subject" else trials.stimulus


def to_bytes(names: NDArray[np.str_]) -> NDArray[np.uint8]:
    """Names as numbers (n, width): UTF-8, filled up with zeros."""
    encoded = np.char.encode(names, "utf-8")
    return encoded.view(np.uint8).reshape(len(names), encoded.itemsize)


def to_names(encoded: NDArray[np.generic]) -> NDArray[np.str_]:
    """Names that `to_bytes` wrote."""
    numbers = np.ascontiguousarray(encoded, dtype=np.uint8)
    return np.char.decode(numbers.view(f"S{numbers.shape[1]}")[:, 0], "utf-8")
