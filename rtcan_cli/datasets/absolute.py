"""Whether samples can be held against what skin conductance can be."""

from __future__ import annotations

from rtcan_cli.datasets.polarity import CONDUCTANCE, FLIPPED, SignalKind, quantity, same_unit
from rtcan_cli.datasets.profiles import Profile
from rtcan_cli.datasets.units import RELATIVE


def is_absolute(kind: SignalKind, known: Profile) -> bool:
    """Whether signals are skin conductance in microsiemens, with their offset."""
    return known.absolute and _is_conductance(kind) and same_unit(kind.unit, "uS")


def unit_in_words(unit: str, known: Profile) -> str:
    """The unit of the files, and whether samples can be taken for what it says."""
    if known.absolute or quantity(unit) != "conductance":
        return unit
    return f"{unit}, offset and scale unknown"


def axis_unit(unit: str, known: Profile) -> str:
    """The unit as heads of columns and axes show it: ``a.u.`` where the scale is not known."""
    if known.absolute or quantity(unit) != "conductance":
        return unit
    return RELATIVE


def rises(kind: SignalKind) -> bool:
    """Whether a response is known to make the stored signal rise."""
    return kind.polarity == FLIPPED or _is_conductance(kind)


def _is_conductance(kind: SignalKind) -> bool:
    return kind.polarity == CONDUCTANCE or kind.was_converted
