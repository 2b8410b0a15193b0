"""Unit and polarity of EDA: whether a response makes the recorded signal rise or fall.

Skin *conductance* rises with a response, skin *resistance* falls. All later steps are made for a
signal that rises. To first order a change of conductance is minus the change of resistance,
dG = -dR / R^2, with R nearly constant within a trial. So resistance is inverted: its sign is
flipped where its offset was removed (DEAP). Of a lab's own recordings 1 / R is taken instead,
wherever the resistance is absolute: see `rtcan_cli.datasets.conversion`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rtcan_cli.choices import Polarity
from rtcan_cli.datasets.units import parse_unit
from rtcan_cli.errors import RtcanError

FLIPPED = "resistance, sign flipped"
KEPT = "resistance, left as it is"
CONDUCTANCE = "conductance"
NOT_STATED = "not stated, left as it is"

_CONVERTED = "conductance, converted from "

_PREFIX = "(?:u|n|m|k|g|micro|nano|milli|kilo|mega|giga)?"
_RESISTANCE = re.compile(_PREFIX + r"\s*ohm")
_CONDUCTANCE = re.compile(_PREFIX + r"\s*(?:s|siemens|mhos?)")


@dataclass(frozen=True)
class SignalKind:
    """What a store holds of the EDA in the raw files.

    Attributes
    ----------
    unit : str
        Unit in the files.
    polarity : str
        `CONDUCTANCE`, `FLIPPED`, `KEPT`, `NOT_STATED` or what `converted` says: what the files
        held, and whether the sign was changed.
    """

    unit: str
    polarity: str

    @property
    def sign(self) -> float:
        """What samples of a file are multiplied with, 1 or -1."""
        return -1.0 if self.polarity == FLIPPED else 1.0

    @property
    def falls(self) -> bool:
        """Whether a response makes the stored signal fall."""
        return self.polarity == KEPT

    @property
    def was_converted(self) -> bool:
        """Whether the files held another unit than is stored."""
        return self.polarity.startswith(_CONVERTED)

    @property
    def axis_unit(self) -> str:
        """Unit of the stored signal, as a figure shows it."""
        return f"-{self.unit}" if self.sign < 0 else self.unit

    @property
    def name(self) -> str:
        """Name of the stored signal in figures."""
        return "skin resistance" if self.falls else "EDA"

    @property
    def description(self) -> str:
        """Both in words."""
        return f"{self.unit} ({self.polarity})"

    @property
    def warning(self) -> str | None:
        """What later steps have to say about signals in which responses fall."""
        if not self.falls:
            return None
        return (
            "the EDA is skin resistance, left as it is: a response makes it fall, but the "
            "decomposition and all features are made for responses that rise"
        )

    @property
    def parameters(self) -> dict[str, str]:
        """How the provenance of a store says it; `stored_kind` reads it."""
        return {"eda_unit": self.unit, "eda_polarity": self.polarity}


def holds_resistance(kind: SignalKind) -> bool:
    """Whether what is stored is skin resistance, inverted or not."""
    return kind.polarity in (FLIPPED, KEPT)


def converted(unit: str) -> str:
    """The polarity of conductance that was computed from another unit."""
    return f"{_CONVERTED}{unit}"


def quantity(unit: str) -> Polarity | None:
    """What a unit is of: ``"conductance"``, ``"resistance"``, or None where it does not say."""
    known = parse_unit(unit)
    if known is not None:
        return None if known.quantity == "relative" else known.quantity
    plain = _plain(unit)  # a prefix that is not converted, such as that of gigaohm
    if _RESISTANCE.fullmatch(plain):
        return "resistance"
    return "conductance" if _CONDUCTANCE.fullmatch(plain) else None


def same_unit(one: str, other: str) -> bool:
    """Whether two ways of writing mean one unit, such as uS and µS, but not MS and mS."""
    known = parse_unit(one), parse_unit(other)
    if known[0] is not None and known[1] is not None:
        return known[0] == known[1]
    return _plain(one) == _plain(other) and _is_mega(one) == _is_mega(other)


def _is_mega(unit: str) -> bool:
    """Whether a unit begins with a capital M: the one prefix whose case tells it from another."""
    return re.match(r"M\s*(?:[oOΩ]|S|siemens|mho)", _normal(unit)) is not None


def _plain(unit: str) -> str:
    """In lower case, with ``u`` for micro and ``ohm`` for the letter."""
    return re.sub("ω|ohms", "ohm", _normal(unit).casefold().replace("μ", "u"))


def _normal(unit: str) -> str:
    """Without look-alikes, such as the sign for ohm beside the Greek letter."""
    return unicodedata.normalize("NFKC", unit).strip()


def signal_kind(unit: str, stated: Polarity | None = None) -> SignalKind:
    """Decide how the EDA of some files is stored.

    Parameters
    ----------
    unit : str
        Unit in the files.
    stated : {"conductance", "resistance", "as-is"}, optional
        What the user says that they hold. ``"as-is"`` keeps the sign whatever it is.

    Raises
    ------
    RtcanError
        If the unit says otherwise.
    """
    of_unit = quantity(unit)
    if stated == "as-is":
        kept = {"resistance": KEPT, "conductance": CONDUCTANCE}
        return SignalKind(unit, kept.get(of_unit or "", NOT_STATED))
    if stated and of_unit and stated != of_unit:
        raise RtcanError(
            f"{unit} is a unit of {of_unit}, not of {stated}",
            "--polarity as-is keeps the sign; for a table, --unit names the unit of the files",
        )
    found = stated or of_unit
    if found is None:
        return SignalKind(unit, NOT_STATED)
    return SignalKind(unit, FLIPPED if found == "resistance" else CONDUCTANCE)


def told(parameters: Mapping[str, Any]) -> dict[str, str]:
    """What the parameters of a step say of unit and polarity; empty if they say nothing."""
    return stored_kind(parameters).parameters if "eda_polarity" in parameters else {}


def stored_kind(parameters: Mapping[str, Any]) -> SignalKind:
    """What the parameters of a step say about the signals that it worked on.

    A store that others wrote need not say anything.
    """
    return SignalKind(
        str(parameters.get("eda_unit", "a.u.")), str(parameters.get("eda_polarity", NOT_STATED))
    )
