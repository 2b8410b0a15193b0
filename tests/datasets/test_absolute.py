"""A unit is shown only where the scale of the signal is known."""

from __future__ import annotations

import pytest

from rtcan_cli.datasets.absolute import axis_unit, unit_in_words
from rtcan_cli.datasets.profiles import PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_microsiemens_stand_at_axes_where_they_are_known(name: str) -> None:
    known = PROFILES[name]
    assert axis_unit("uS", known) == ("a.u." if name == "pmemo" else "uS")
    assert ("scale unknown" in unit_in_words("uS", known)) is (name == "pmemo")
    assert axis_unit("-Ohm", known) == "-Ohm"
    assert axis_unit("a.u.", known) == "a.u."
