"""A response has to make the stored signal rise, whatever the files hold."""

from __future__ import annotations

import pytest

from rtcan_cli.datasets.polarity import (
    CONDUCTANCE,
    FLIPPED,
    KEPT,
    NOT_STATED,
    quantity,
    same_unit,
    signal_kind,
    stored_kind,
)
from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.errors import RtcanError


@pytest.mark.parametrize(
    "unit", ["Ohm", "ohms", "kOhm", "KOHMS", "kΩ", "k\u2126", "MOhm", "kilo ohm"]
)
def test_units_of_resistance(unit: str) -> None:
    assert quantity(unit) == "resistance"
    assert signal_kind(unit).polarity == FLIPPED
    assert signal_kind(unit).sign == -1
    assert signal_kind(unit, "as-is").polarity == KEPT
    assert signal_kind(unit, "as-is").sign == 1


@pytest.mark.parametrize("unit", ["uS", "µS", "\u03bcS", "nS", "S", "microsiemens", "umho"])
def test_units_of_conductance(unit: str) -> None:
    assert quantity(unit) == "conductance"
    for stated in (None, "conductance", "as-is"):
        assert signal_kind(unit, stated).polarity == CONDUCTANCE  # type: ignore[arg-type]
        assert signal_kind(unit).sign == 1


@pytest.mark.parametrize("unit", ["a.u.", "V", "counts", "z", "ohmic"])
def test_units_that_do_not_tell(unit: str) -> None:
    assert quantity(unit) is None
    assert signal_kind(unit).polarity == NOT_STATED
    assert signal_kind(unit, "resistance").sign == -1
    assert signal_kind(unit, "conductance").polarity == CONDUCTANCE
    assert signal_kind(unit, "as-is").polarity == NOT_STATED


def test_what_contradicts_the_unit_is_refused() -> None:
    with pytest.raises(RtcanError, match="uS is a unit of conductance, not of resistance"):
        signal_kind("uS", "resistance")
    with pytest.raises(RtcanError, match="Ohm is a unit of resistance, not of conductance"):
        signal_kind("Ohm", "conductance")


def test_ways_of_writing_one_unit() -> None:
    assert same_unit("uS", "µS")
    assert same_unit("kOhm", "kΩ")
    assert same_unit("KOHMS", "kohm")
    assert same_unit("Microsiemens", "microsiemens")
    assert not same_unit("uS", "nS")


@pytest.mark.parametrize(
    ("mega", "milli"), [("MΩ", "mΩ"), ("MS", "mS"), ("MOhm", "mOhm"), ("M\u2126", "m\u2126")]
)
def test_mega_is_not_milli(mega: str, milli: str) -> None:
    assert not same_unit(mega, milli)
    assert same_unit(mega, mega)
    assert same_unit(milli, milli)
    assert quantity(mega) == quantity(milli)


def test_what_publishers_ship() -> None:
    """DEAP's list of channels says Ohm, AMIGOS's says nothing, PMEmo's paper microsiemens."""
    found = {name: signal_kind(each.eda_unit).polarity for name, each in PROFILES.items()}
    assert found == {
        "deap": FLIPPED,
        "amigos": NOT_STATED,
        "pmemo": CONDUCTANCE,
        "hku956": CONDUCTANCE,
        "wesad": CONDUCTANCE,
        "case": CONDUCTANCE,
        "table": CONDUCTANCE,
        "bids": CONDUCTANCE,
    }


def test_provenance_tells_all() -> None:
    kind = signal_kind("Ohm")
    assert stored_kind({**kind.parameters, "raw": "x"}) == kind
    assert kind.axis_unit == "-Ohm"
    assert kind.name == "EDA"
    assert kind.warning is None
    kept = signal_kind("Ohm", "as-is")
    assert kept.axis_unit == "Ohm"
    assert kept.name == "skin resistance"
    assert "makes it fall" in str(kept.warning)
