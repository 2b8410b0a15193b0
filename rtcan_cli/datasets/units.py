"""Units of electrodermal activity: what a text means, and how to get microsiemens from it.

Skin conductance is converted by its factor, absolute skin resistance by 1/R. Resistance that has
lost its offset, as some published data have, cannot be: about half of its values are negative.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.codes import are_codes
from rtcan_cli.errors import RtcanError

STORED = "uS"
"""What all absolute signals are converted to."""

RELATIVE = "a.u."
"""Arbitrary units: the signal rises with conductance, and nothing else is known."""

# In microsiemens: one of each unit of conductance; the conductance of one of each of resistance.
_MICROSIEMENS = {"S": 1e6, "mS": 1e3, "uS": 1.0, "nS": 1e-3, "Ohm": 1e6, "kOhm": 1e3, "MOhm": 1.0}

KNOWN = tuple(_MICROSIEMENS)
"""The units that are converted."""

Quantity = Literal["conductance", "resistance", "relative"]

_NO_OFFSET = 0.05
"""Resistance of which more samples than this are not positive has lost its offset."""

_NEARLY_ALL = 0.9

_RELATIVE = {"a.u.", "a.u", "au", "arb. unit", "arb. units", "arbitrary", "arbitrary units"}
_RELATIVE |= {"relative", "no units", "no_units", "unitless", "raw", "counts", "adc"}
_BASE = {
    **dict.fromkeys(("s", "siemens", "siemen", "mho", "mhos"), "S"),
    **dict.fromkeys(("ohm", "ohms", "ω"), "Ohm"),
}
_PREFIXES = {"": "", "micro": "u", "u": "u", "nano": "n", "n": "n", "kilo": "k", "k": "k"}
_PREFIXES |= {"milli": "m", "mega": "M"}
_OF_CONVERTERS = {"v", "mv", "uv", "volt", "volts", "millivolt", "millivolts", "adc", "counts"}
_BRACKETS = re.compile(r"(?P<name>.*?)\s*[\[(](?P<unit>[^\[\]()]*)[\])]\s*")
_LAST_WORD = re.compile(r"(?P<name>.+?)[\s_.,/\-]+(?P<unit>[^\s_.,/\-]+)")
_TWO_WORDS = re.compile(
    r"(?:(?P<name>.+?)[\s_.,/\-]+)?(?P<unit>(?:kilo|mega|milli|micro|nano)[\s_\-]+"
    r"(?:ohms?|siemens|mhos?))",
    re.IGNORECASE,
)
# `SkinResistanceMegaohm` and `EDAnS`: a short unit only behind a capital letter.
_GLUED = re.compile(
    r"(?P<name>.*?[^\W\d_].*?)(?P<unit>(?:kilo|mega|milli|micro|nano|[kmunµμ])?"
    r"(?:ohms?|[Ωω\u2126]|siemens|mhos?)|(?<=(?-i:[A-Z]))(?-i:[numµμ]S))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Unit:
    """A unit that is known.

    Attributes
    ----------
    name : str
        As rtcan writes it: one of `KNOWN`, or `RELATIVE`.
    quantity : {"conductance", "resistance", "relative"}
        What it measures.
    """

    name: str

    @property
    def quantity(self) -> Quantity:
        """What it measures."""
        if self.name == RELATIVE:
            return "relative"
        return "resistance" if self.name.endswith("Ohm") else "conductance"

    def microsiemens(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Values in this unit in microsiemens; NaN for a resistance that is not positive."""
        values = np.array(values, np.float64)
        if self.quantity == "relative" or self.name == STORED:
            return values
        one = _MICROSIEMENS[self.name]
        if self.quantity == "conductance":
            return values * one
        values[~(values > 0)] = np.nan
        return one / values

    def has_no_offset(self, values: NDArray[Any]) -> bool:
        """Whether values are a resistance without its offset, from which 1/R cannot be taken."""
        known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
        # Electrodes that are not worn yet are not a sign of an offset that was removed.
        known = known[~are_codes(known)]
        return (
            self.quantity == "resistance"
            and len(known) > 0
            and float((known <= 0).mean()) > _NO_OFFSET
        )


def parse_unit(text: str) -> Unit | None:
    """The unit that a text means.

    Any spelling is understood: u, µ and micro; S, siemens and mho; Ohm and its Greek letter; with
    or without brackets. The case of a letter tells M (mega) from m (milli) and nothing else, but
    that ``s`` and ``ms`` are seconds.

    Returns
    -------
    Unit or None
        None for what is neither conductance nor resistance in a unit of skin.
    """
    plain = unicodedata.normalize("NFKC", text).strip().strip("[]()").strip()
    plain = plain.replace("μ", "u").replace("Ω", "ohm").replace("ω", "ohm")
    small = plain.casefold().replace("µ", "u").replace("μ", "u")
    if small in _RELATIVE:
        return Unit(RELATIVE)
    if plain in ("s", "ms"):
        return None  # seconds
    small = re.sub(r"[\s-]+", "", small)
    for base, symbol in _BASE.items():
        if not small.endswith(base):
            continue
        prefix = small[: -len(base)]
        if prefix == "m":
            prefix = "mega" if plain[0] == "M" else "milli"
        if prefix in _PREFIXES:
            name = _PREFIXES[prefix] + symbol
            return Unit(name) if name in KNOWN else None
    return None


def fitting_units(values: NDArray[Any], lowest: float, highest: float) -> dict[str, float]:
    """Units in which nearly all values would be between two conductances in microsiemens.

    Parameters
    ----------
    values : ndarray
        A signal; NaN where samples are missing.
    lowest, highest : float
        In microsiemens.

    Returns
    -------
    dict of float
        The median in microsiemens, by the name of the unit.
    """
    known = values[np.isfinite(values) & ~are_codes(values)]
    found = {}
    for name in KNOWN if known.size else ():
        with np.errstate(over="ignore"):  # an infinite conductance is not between them
            converted = Unit(name).microsiemens(known)
        if ((converted >= lowest) & (converted <= highest)).mean() >= _NEARLY_ALL:
            found[name] = float(np.median(converted))
    return found


def require_unit(text: str, what: object = "") -> Unit:
    """The unit that a text means.

    Parameters
    ----------
    text : str
        The unit.
    what : object
        What has it, for the message.

    Raises
    ------
    RtcanError
        If it is not known.
    """
    unit = parse_unit(text)
    if unit is None:
        raise RtcanError(
            f"{f'{what}: ' if what else ''}{text!r} is not a unit of skin conductance or skin "
            "resistance that is known",
            hint=f"known are {', '.join(KNOWN)}, however they are spelled; --unit {RELATIVE} reads "
            "the signal as one in arbitrary units",
        )
    return unit


def is_unit(text: str) -> bool:
    """Whether a text is a unit of electrodermal activity, or says that there is none."""
    return parse_unit(text) is not None


def split_unit(name: str) -> tuple[str, str]:
    """A column's name, and the unit that stands in it.

    ``EDA [µS]`` gives ``EDA`` and ``µS``, ``EDA_uS`` the same with ``uS``. Brackets at the end
    always hold a unit; a last word, or the end of one, only where it is one of conductance,
    resistance or voltage. iMotions writes the sensor behind it: ``GSR CAL (kOhms) (Shimmer)``.
    """
    name = name.strip()
    if match := _BRACKETS.fullmatch(name):
        inner = _BRACKETS.fullmatch(match["name"])
        if inner and parse_unit(inner["unit"]) and not parse_unit(match["unit"]):
            return f"{inner['name']} {match['unit'].strip()}", inner["unit"].strip()
        return match["name"], match["unit"].strip()
    if match := _TWO_WORDS.fullmatch(name):
        unit = match["unit"].replace("_", " ")
        return match["name"] or unit, unit
    match = _LAST_WORD.fullmatch(name)
    if match and match["unit"].casefold() in _OF_CONVERTERS:
        return match["name"], match["unit"]
    if match and len(match["unit"]) > 1:
        unit = parse_unit(match["unit"])
        # `_ms` is rather milliseconds, and `_raw` belongs to the name.
        if unit and unit.quantity != "relative" and match["unit"] != "ms":
            return match["name"], match["unit"]
    if name and len(name) > 1 and (unit := parse_unit(name)) and unit.quantity != "relative":
        return name, name
    if match := _GLUED.fullmatch(name):
        return match["name"], match["unit"]
    return name, ""
