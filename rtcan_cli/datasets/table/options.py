"""What a user says of own recordings beside their table; also of a dataset in BIDS."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rtcan_cli.choices import Polarity
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.units import require_unit
from rtcan_cli.errors import RtcanError


@dataclass(frozen=True)
class TableOptions:
    """What a table of trials does not say itself.

    Attributes
    ----------
    decimal : {".", ","}
        The decimal mark of the table and the signal files.
    rating_scale : tuple of float
        Lowest and highest possible rating.
    unit : str, optional
        Of signals whose files do not say it; by default microsiemens. Files that say another one
        are refused.
    polarity : {"conductance", "resistance", "as-is"}, optional
        What the signals are; by default what their unit says.
    scale_is_stated : bool
        Whether the user has named the scale, so that files may not say another one.

    Raises
    ------
    RtcanError
        If one of them is not possible.
    """

    decimal: str = "."
    rating_scale: tuple[float, float] = profile("table").rating_scale
    unit: str | None = None
    polarity: Polarity | None = None
    scale_is_stated: bool = False

    def __post_init__(self) -> None:
        low, high = self.rating_scale
        if self.decimal not in (".", ","):
            raise RtcanError(f"the decimal mark is . or , and not {self.decimal!r}")
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise RtcanError(
                f"a rating scale from {low:g} to {high:g} is not possible", "--rating-scale 1 9"
            )
        if self.unit is not None:
            require_unit(self.unit)
