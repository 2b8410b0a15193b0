"""Ratings that do not lie on their scale: slips in a few trials, or another scale in all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rtcan_cli.errors import RtcanError

MOST_SLIPS = 0.05
"""Largest share of trials off the scale that counts as slips; above it the scale is another one.

One trial always counts as a slip. Where a scale is forgotten, many are off: of HKU956's ratings
from -10 to 10, read as 1 to 9, nearly two thirds.
"""

NAME_THE_SCALE = "--rating-scale LOW HIGH names the scale that was used"
"""What the user can do about ratings of a dataset whose scale is not published."""


@dataclass(frozen=True)
class Rated:
    """The ratings of one trial, and the place in the raw files that messages name."""

    place: str
    valence: float
    arousal: float


def off_scale(
    trials: Sequence[Rated], scale: tuple[float, float], file: object, advice: str
) -> dict[int, RtcanError]:
    """Find the trials whose ratings are not on the scale.

    Parameters
    ----------
    trials : sequence of Rated
        All that share a scale; NaN for no rating.
    scale : tuple of float
        Lowest and highest possible rating.
    file : object
        What the message names where the scale must be another one.
    advice : str
        What the user can do then.

    Returns
    -------
    dict of int to RtcanError
        One error for each slip, by its position among the trials.

    Raises
    ------
    RtcanError
        If more than `MOST_SLIPS` of the trials, and more than one, are off the scale: then leaving
        them out would keep a biased part of the data.
    """
    low, high = scale
    found = {
        index: wrong
        for index, trial in enumerate(trials)
        if (wrong := _first_off(trial, scale)) is not None
    }
    if not found:
        return {}
    finite = [
        rating
        for trial in trials
        for rating in (trial.valence, trial.arousal)
        if math.isfinite(rating)
    ]
    rated = sum(not (math.isnan(each.valence) and math.isnan(each.arousal)) for each in trials)
    spread = f"they go from {min(finite):.9g} to {max(finite):.9g}" if finite else "none is finite"
    on = f"on the scale from {low:g} to {high:g}"
    if len(found) > max(1, MOST_SLIPS * rated):
        raise RtcanError(
            f"{file}: the ratings of {len(found)} of {rated} trials are not {on}: {spread}", advice
        )
    return {
        index: RtcanError(
            f"{trials[index].place}: the {target} rating {rating:.9g} is not {on} ({len(found)} of "
            f"{rated} trials; {spread})",
            f"correct it, or {advice}",
        )
        for index, (target, rating) in found.items()
    }


def _first_off(trial: Rated, scale: tuple[float, float]) -> tuple[str, float] | None:
    """The first rating that is not on the scale, with its target."""
    for target, rating in (("valence", trial.valence), ("arousal", trial.arousal)):
        if rating < scale[0] or rating > scale[1]:
            return target, rating
    return None
