"""Fewer subjects: nested subsets, to see how a score grows with the number of listeners."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.errors import RtcanError

#: Part of the seed, so that the draw does not repeat the shuffle that deals folds.
_DRAW = 4


def parse_share(text: str) -> str | None:
    """Read how many subjects are wanted, and write it in one way only.

    Parameters
    ----------
    text : str
        A percentage (``40%``) or a number (``183``).

    Returns
    -------
    str or None
        The same, such as ``40%`` for ``40.0 %``; None for all subjects (``100%``).

    Raises
    ------
    ValueError
        If it is neither, or not above 0, or above 100 %.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", text)
    if match is None or not float(match[1]) > 0 or (not match[2] and "." in match[1]):
        raise ValueError(f"'{text}' is neither a percentage (40%) nor a number of subjects (183)")
    if not match[2]:
        return str(int(match[1]))
    share = float(match[1])
    if share > 100:
        raise ValueError(f"'{text}' is more than all subjects")
    return f"{share:g}%" if share < 100 else None


def draw_subjects(subject: ArrayLike, share: str, seed: int) -> NDArray[np.str_]:
    """Draw some of the subjects.

    The subjects are shuffled once, by the seed alone, and the first of them are taken. So with the
    same seed every smaller subset lies in every larger one (Yin et al. 2022, Fig. 4).

    Parameters
    ----------
    subject : array of str (n,)
        Subject of each trial.
    share : str
        What `parse_share` returned. A percentage is rounded to the nearest number of subjects.
    seed : int
        Seed of the shuffle, 0 or above.

    Returns
    -------
    NDArray of str
        Names of the drawn subjects, sorted.

    Raises
    ------
    RtcanError
        If more subjects are wanted than there are.
    """
    everybody = np.unique(np.asarray(subject))
    n = round(float(share[:-1]) * len(everybody) / 100) if share.endswith("%") else int(share)
    if n > len(everybody):
        raise RtcanError(
            f"{n} subjects are wanted, but {len(everybody)} have labelled trials",
            f"--subjects {len(everybody)} at most",
        )
    order = np.random.default_rng([seed, _DRAW]).permutation(len(everybody))
    return np.sort(everybody[order[:n]])
