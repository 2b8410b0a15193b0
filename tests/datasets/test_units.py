from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rtcan_cli.datasets.conversion import conversion_of
from rtcan_cli.datasets.polarity import CONDUCTANCE, FLIPPED, KEPT
from rtcan_cli.datasets.units import KNOWN, parse_unit, require_unit, split_unit
from rtcan_cli.errors import RtcanError

IN_SIEMENS = {"S": 1.0, "mS": 1e-3, "uS": 1e-6, "nS": 1e-9}
IN_OHM = {"Ohm": 1.0, "kOhm": 1e3, "MOhm": 1e6}
SPELLED = {
    "uS": [
        *("uS", "µS", "\u03bcS", "US", "us", "[µS]", "(uS)", "microsiemens", "µSiemens", "umho"),
        *("micro Siemens", "micro-siemens", "uSiemens", "micromhos", "MicroSiemens"),
    ],
    "mS": ["mS", "millisiemens", "mmho"],
    "nS": ["nS", "nanosiemens", "ns"],
    "S": ["S", "Siemens", "mho"],
    "Ohm": ["Ohm", "ohms", "Ω", "\u2126", "OHM"],
    "kOhm": ["kOhm", "KOHMS", "kΩ", "kilo ohm", "(kOhms)", "kiloohm"],
    "MOhm": ["MOhm", "MΩ", "megaohm", "MOHM", "Mohms"],
    "a.u.": ["a.u.", "A.U.", "no_units", "arbitrary units", "counts"],
}


@pytest.mark.parametrize("name", SPELLED)
def test_every_spelling_is_one_unit(name: str) -> None:
    for text in SPELLED[name]:
        assert require_unit(text).name == name, text


@pytest.mark.parametrize("text", ["V", "mV", "°C", "s", "ms", "mOhm", "MS", "%", "", "uA"])
def test_other_units_are_refused_with_those_that_are_known(text: str) -> None:
    assert parse_unit(text) is None
    with pytest.raises(RtcanError, match="not a unit of skin conductance") as caught:
        require_unit(text, "x.csv")
    assert all(unit in str(caught.value.hint) for unit in (*KNOWN, "--unit a.u."))


@given(
    microsiemens=st.lists(st.floats(0.01, 100), min_size=1, max_size=20),
    unit=st.sampled_from(KNOWN),
    data=st.data(),
)
def test_microsiemens_come_back_from_every_unit(
    microsiemens: list[float], unit: str, data: st.DataObject
) -> None:
    values = np.array(microsiemens)
    written = (
        values * 1e-6 / IN_SIEMENS[unit] if unit in IN_SIEMENS else 1e6 / values / IN_OHM[unit]
    )
    spelled = data.draw(st.sampled_from(SPELLED[unit]))
    assert_allclose(require_unit(spelled).microsiemens(written), values, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("GSR CAL (kOhms)", ("GSR CAL", "kOhms")),
        ("EDA_uS", ("EDA", "uS")),
        ("eda [µS]", ("eda", "µS")),
        ("Skin conductance (microsiemens) ", ("Skin conductance", "microsiemens")),
        ("EDA", ("EDA", "")),
        ("time_ms", ("time_ms", "")),
        ("SC-Pro/Flex - 1B", ("SC-Pro/Flex - 1B", "")),
        ("Shimmer_77FF_GSR_Skin_Conductance_CAL", ("Shimmer_77FF_GSR_Skin_Conductance_CAL", "")),
        ("temperature [°C]", ("temperature", "°C")),
        ("eda raw", ("eda raw", "")),
        ("SkinResistanceMegaohm", ("SkinResistance", "Megaohm")),
        ("gsrResistanceMohm", ("gsrResistance", "Mohm")),
        ("EDA/MOhm", ("EDA", "MOhm")),
        ("EDA, MOhm", ("EDA", "MOhm")),
        ("EDA kilo ohm", ("EDA", "kilo ohm")),
        ("EDAnS", ("EDA", "nS")),
        ("GSRkΩ", ("GSR", "kΩ")),
        ("sensors", ("sensors", "")),
        ("time/ms", ("time/ms", "")),
        ("GSR CAL (kOhms) (Shimmer Sensor)", ("GSR CAL Shimmer Sensor", "kOhms")),  # iMotions
        ("GSR RAW (no units) (Shimmer)", ("GSR RAW Shimmer", "no units")),
        ("GSR Conductance CAL (u Siemens)", ("GSR Conductance CAL", "u Siemens")),  # LSL of Shimmer
    ],
)
def test_units_stand_in_the_names_of_columns(name: str, parts: tuple[str, str]) -> None:
    assert split_unit(name) == parts


def decide(values: list[float], of_file: str = "", given: str | None = None, **options: object):  # type: ignore[no-untyped-def]
    settings = {"default": "uS", "stated": None, "flip": None} | options
    return conversion_of(np.array(values), of_file, given, source="x.csv", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ([4300.0, 4500.0], "they would be in nS about 4.4 uS (--unit nS), in kOhm about 0.23 uS"),
        ([230.0, 0.0, 250.0], "they would be in kOhm about 4.2 uS (--unit kOhm), in nS about"),
        ([2.3e5, 2.5e5], "they would be in Ohm about 4.2 uS (--unit Ohm)"),
        ([4e-6, 5e-6], "they would be in S about 4.5 uS (--unit S)"),
        ([0.031, 0.037], ""),  # a wristband on dry skin
        ([90.0, 110.0], ""),  # hands may be that wet
        ([-0.5, 0.5], ""),
        ([1e-320, 1e300], ""),
    ],
)
def test_another_unit_is_suggested_where_it_would_fit(values: list[float], advice: str) -> None:
    notes = decide(values).notes
    assert bool(notes) == bool(advice)
    assert advice in "".join(notes)
    assert not decide(values, "uS").notes, "the file says it"


def test_the_unit_of_the_file_goes_before_the_default() -> None:
    assert decide([1.0]).kind.polarity == CONDUCTANCE
    found = decide([250.0, 500.0], "kOhms")
    assert (found.kind.unit, found.kind.polarity) == ("uS", "conductance, converted from kOhm")
    assert_allclose(found(np.array([250.0, 500.0])), [4, 2])
    assert found.notes == ("converted to microsiemens: skin resistance in kOhm, as 1/R",)
    assert found.kind.sign == 1


def test_a_contradiction_is_an_error() -> None:
    assert decide([1.0], "µS", "microsiemens").kind.unit == "uS"
    for of_file, said in (("kOhm", "uS"), ("uS", "a.u."), ("kOhm", "Ohm"), ("V", "uS")):
        with pytest.raises(RtcanError, match=r"x\.csv contains EDA in '.*', not in"):
            decide([1.0], of_file, said)
    with pytest.raises(RtcanError, match="cannot be converted to microsiemens"):
        decide([1.0], "counts")
    with pytest.raises(RtcanError, match=r"x\.csv: 'V' is not a unit"):
        decide([1.0], "V")
    assert decide([1.0], "V", "a.u.").kind.unit == "a.u."


def test_resistance_without_its_offset_is_turned_round() -> None:
    centred = [-2.0, 1.0, 0.5, -0.3]
    found = decide(centred, "kOhm")
    assert (found.kind.unit, found.kind.polarity, found.kind.sign) == ("kOhm", FLIPPED, -1)
    assert found(np.array(centred)).tolist() == centred
    with pytest.raises(RtcanError, match="without its offset") as caught:
        decide(centred, "kOhm", flip=False)
    assert "--unit kOhm" in str(caught.value.hint)
    assert decide(centred, "kOhm", stated="as-is").kind.polarity == KEPT
    assert decide([300.0, 310.0], "kOhm", flip=True).kind.polarity == FLIPPED


@pytest.mark.parametrize(
    "name",
    ["Skin resistance", "skin_impedance", "SRR", "eda_srl", "gsrResistance", "Hautwiderstand"],
)
def test_what_is_called_resistance_needs_a_unit(name: str) -> None:
    values = [0.220576, 0.2204, 0.2203]
    with pytest.raises(RtcanError, match="is skin resistance without a unit") as caught:
        decide(values, name=name)
    assert "--unit kOhm" in str(caught.value.hint)
    assert_allclose(decide(values, given="MOhm", name=name)(np.array(values))[0], 4.5335848)
    assert decide(values, "kOhm", name=name).unit.name == "kOhm"
    assert decide(values, name="EDA").unit.name == "uS"


def test_a_resistance_of_zero_is_missing() -> None:
    values = [250.0] * 40 + [0.0]
    found = decide(values, "kOhm")(np.array(values))
    assert math.isnan(found[-1])
    assert_allclose(found[:-1], 4)


RESISTANCE = 300 + 20 * np.sin(np.arange(400) / 30)


@pytest.mark.parametrize("code", [-1.0, 0.0, -999.0])
def test_electrodes_that_are_not_worn_yet_are_no_removed_offset(code: float) -> None:
    values = np.r_[np.full(26, code), RESISTANCE]
    found = decide(values.tolist(), "kOhm")
    assert found.kind.polarity == "conductance, converted from kOhm"
    assert np.isnan(found(found.cleaned(values))).sum() == 26


def test_codes_are_found_before_values_are_converted_or_turned_round() -> None:
    values = RESISTANCE.copy()
    values[[50, 51, 200]] = 9999
    found = decide(values.tolist(), "kOhm")
    assert found.notes[-1] == "codes for a missing value, read as missing: 3 (9999)"
    assert np.flatnonzero(np.isnan(found(found.cleaned(values)))).tolist() == [50, 51, 200]
    centred = (RESISTANCE - 300) / 1000
    centred[[50, 51, 200]] = -1
    found = decide(centred.tolist(), "kOhm")
    assert found.kind.sign == -1
    assert "its sign was flipped" in found.notes[0]
    assert np.flatnonzero(np.isnan(found.cleaned(centred))).tolist() == [50, 51, 200]
    through = np.linspace(95, 103, 401)  # 99 is one of these samples
    assert decide(through.tolist(), "kOhm").missing is None


def test_what_is_no_unit_of_skin_leads_to_arbitrary_units() -> None:
    with pytest.raises(RtcanError) as caught:
        decide([1.0], "mV", "uS")
    assert "--unit a.u." in str(caught.value.hint)
