"""From the unit of a file to what is stored of it: microsiemens wherever that is possible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.choices import MAX_EDA, MIN_EDA, Polarity
from rtcan_cli.datasets import names
from rtcan_cli.datasets.codes import find_codes
from rtcan_cli.datasets.polarity import (
    CONDUCTANCE,
    SignalKind,
    converted,
    signal_kind,
)
from rtcan_cli.datasets.units import (
    RELATIVE,
    STORED,
    Unit,
    fitting_units,
    parse_unit,
    require_unit,
)
from rtcan_cli.errors import RtcanError

LOOKED_AT = 5
"""Signals whose values decide what all of a study are stored as: one may have been spoilt."""

_USUAL = 3.0  # microsiemens
_DRY = 3.0
"""How far skin conductance may be from the usual range, before another unit is thought of."""


@dataclass(frozen=True)
class Conversion:
    """How samples of a file become what is stored, but for their sign.

    Attributes
    ----------
    unit : Unit
        Of the file.
    kind : SignalKind
        Of what is stored; where its `sign` is -1, samples have to be inverted.
    notes : tuple of str
        What was converted.
    missing : ndarray of bool, shape (n_samples,), or None
        Samples of the file that are codes for a missing value; None where there are none, or where
        they stay what they are and can be found later.
    """

    unit: Unit
    kind: SignalKind
    notes: tuple[str, ...] = ()
    missing: NDArray[np.bool_] | None = None

    def cleaned(self, values: NDArray[Any]) -> NDArray[Any]:
        """All samples of the file, NaN in the place of codes for a missing value."""
        return values if self.missing is None else np.where(self.missing, np.nan, values)

    def __call__(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Samples in the unit of `kind`."""
        if self.kind.unit == STORED:
            return self.unit.microsiemens(values)
        return np.array(values, np.float64)


def kind_of_unit(unit: Unit, stated: Polarity | None = None, flip: bool = False) -> SignalKind:
    """What is stored of signals in a unit.

    Parameters
    ----------
    unit : Unit
        Of the files.
    stated : {"conductance", "resistance", "as-is"}, optional
        What the user says that they hold. ``"as-is"`` keeps resistance as it is.
    flip : bool
        Whether the sign of resistance is flipped, because its offset is not known.

    Raises
    ------
    RtcanError
        If the unit says otherwise than the user.
    """
    if unit.quantity == "relative":
        return signal_kind(RELATIVE, stated)
    of_unit = signal_kind(unit.name, stated)  # raises if they do not agree
    if unit.quantity == "resistance" and (flip or stated == "as-is"):
        return of_unit
    return SignalKind(STORED, CONDUCTANCE if unit.name == STORED else converted(unit.name))


def alike(one: SignalKind, other: SignalKind) -> bool:
    """Whether signals of two kinds can be in one study."""
    if one.unit != other.unit:
        return False
    conductance = [kind.polarity == CONDUCTANCE or kind.was_converted for kind in (one, other)]
    return all(conductance) or one.polarity == other.polarity


def check_alike(source: object, kind: SignalKind, others: SignalKind) -> None:
    """Refuse a signal that cannot be in one study with others.

    Parameters
    ----------
    source : object
        What to call the file.
    kind, others : SignalKind
        What it would be stored as, and what the others are stored as.

    Raises
    ------
    RtcanError
        If these are not `alike`.
    """
    if not alike(kind, others):
        raise RtcanError(
            f"{source} would be stored in {kind.description}, but the other recordings of the "
            f"dataset in {others.description}",
            hint="read each kind as a dataset of its own; without --polarity as-is, resistance is "
            "converted to microsiemens",
        )


def conversion_of(
    values: NDArray[Any],
    of_file: str,
    given: str | None,
    default: str,
    stated: Polarity | None,
    flip: bool | None,
    source: object,
    name: str = "",
) -> Conversion:
    """Decide how one signal is converted.

    Parameters
    ----------
    values : ndarray
        All of it.
    of_file : str
        The unit as the file writes it; empty where it does not say.
    given : str or None
        The unit as the user says it.
    default : str
        The unit where neither says it.
    stated : {"conductance", "resistance", "as-is"}, optional
        What the user says that it holds.
    flip : bool or None
        Whether the sign of resistance is flipped; None where its values decide: without its
        offset, it cannot be converted.
    source : object
        What to call the file.
    name : str
        What the file calls the signal; may be empty.

    Raises
    ------
    RtcanError
        If the unit is not known, file and user do not agree, nobody says the unit of what is called
        resistance, or resistance has no offset but shall be converted.
    """
    refuse_unstated(name, of_file, given, source)
    unit = _unit(of_file, given, default, source)
    no_offset = unit.has_no_offset(values) and stated != "as-is"
    if no_offset and flip is False:
        raise RtcanError(
            f"{source} holds skin resistance without its offset (many values are not positive), "
            "so that it cannot be converted to conductance, as the resistance of other files is",
            hint=f"a table of such files alone, with --unit {unit.name}: their sign is flipped",
        )
    kind = kind_of_unit(unit, stated, flip or no_offset)
    notes: tuple[str, ...] = ()
    if kind.was_converted:
        how = "skin resistance in {}, as 1/R" if unit.quantity == "resistance" else "EDA in {}"
        notes = (f"converted to microsiemens: {how.format(unit.name)}",)
    elif kind.sign < 0:
        why = " without its offset, which 1/R needs" if no_offset else ", as of the other files"
        if unit.quantity == "resistance":
            notes = (f"skin resistance in {unit.name}{why}: its sign was flipped",)
    elif not of_file and given is None and (advice := _other_units(values)):
        notes = (advice,)
    missing = None
    if kind.was_converted or kind.sign < 0:
        found = find_codes(values)
        if found.any():
            missing = found
            codes = ", ".join(f"{code:g}" for code in np.unique(values[found])[:4])
            notes += (f"codes for a missing value, read as missing: {int(found.sum())} ({codes})",)
    return Conversion(unit, kind, notes, missing)


def _other_units(values: NDArray[Any]) -> str:
    """In which units values are plausible that cannot be in microsiemens; empty where they can."""
    if fitting_units(values, MIN_EDA / _DRY, MAX_EDA * _DRY).keys() & {STORED}:
        return ""
    found = fitting_units(values, MIN_EDA, MAX_EDA)
    order = sorted(found, key=lambda name: abs(math.log(found[name] / _USUAL)))
    shown = ", ".join(f"in {name} about {found[name]:.2g} uS (--unit {name})" for name in order)
    if not shown:
        return ""
    return f"no unit is stated, and in {STORED} no skin has such values; they would be {shown}"


def refuse_unstated(name: str, of_file: str, given: str | None, source: object) -> None:
    """Refuse a signal that is called resistance where nobody says its unit.

    The default is a unit of conductance, in which every response would be upside down; and megaohm,
    kiloohm and microsiemens all look alike.
    """
    if not of_file and given is None and names.is_resistance(name):
        raise RtcanError(
            f"{source}: its column {name!r} is skin resistance without a unit",
            hint="--unit kOhm (or Ohm, MOhm), or write it behind the name: "
            f"{name} [kOhm]; if it is conductance after all, --unit uS",
        )


def _unit(of_file: str, given: str | None, default: str, source: object) -> Unit:
    """The unit of a file, which goes before a default, but not against the user."""
    said = require_unit(given) if given is not None else None
    if not of_file:
        return said or require_unit(default)
    own = parse_unit(of_file)
    if own is None or own.quantity == "relative":
        if said is not None and said.quantity == "relative":
            return said
        if said is None and own is None:
            return require_unit(of_file, source)
        if said is None:
            raise RtcanError(
                f"{source} contains EDA in {of_file!r}, which cannot be converted to microsiemens",
                hint=f"--unit {RELATIVE} reads it as a signal in arbitrary units; or export it in "
                "microsiemens",
            )
    if said is not None and said != own:
        hint = "leave out the unit beside it, which is for files that do not say theirs"
        if own is None or own.quantity == "relative":
            hint = f"--unit {RELATIVE} reads it as a signal in arbitrary units"
        raise RtcanError(f"{source} contains EDA in {of_file!r}, not in {said.name}", hint=hint)
    assert own is not None
    return own
