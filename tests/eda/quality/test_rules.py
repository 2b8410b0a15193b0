from __future__ import annotations

import dataclasses
import math

import pytest

from rtcan_cli import choices
from rtcan_cli.eda.preprocess import MIN_SECONDS
from rtcan_cli.eda.quality.rules import Rules
from rtcan_cli.errors import RtcanError
from tests.eda.quality.signals import NAN


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("max_gap", -0.1, "use a --max-gap of 0 s or more"),
        ("max_gap", NAN, "use a --max-gap of 0 s or more"),
        ("max_missing", 1.01, "use a --max-missing from 0 to 1"),
        ("max_flat", -1, "use a --max-flat from 0 to 1"),
        ("max_clipped", 50, "use a --max-clipped from 0 to 1"),
        ("max_jitter", -1, "use a --max-jitter of 0 or more"),
        ("min_duration", 3.9, "use a --min-duration of 4 s or more"),
        ("min_duration", math.inf, "use a --min-duration of 4 s or more"),
        ("max_eda", 0.01, "use a --max-eda of 0.05 uS or more"),
        ("min_eda", NAN, "use a --min-eda that is a number"),
        ("max_slope", -1, "use a --max-slope of 0 uS/s or more"),
        ("min_signal_to_noise", -1, "use a --min-signal-to-noise of 0 or more"),
    ],
)
def test_impossible_rules(name, value, hint):
    with pytest.raises(RtcanError, match="is not a valid limit for") as caught:
        Rules(**{name: value})
    assert caught.value.hint == hint
    assert f"{value:g}" in str(caught.value)


def test_usual_rules_are_those_that_help_shows():
    for rule in dataclasses.fields(Rules):
        if rule.name != "keep_artefacts":
            assert getattr(Rules(), rule.name) == getattr(choices, rule.name.upper())
    assert choices.MIN_DURATION > MIN_SECONDS, "less has to be asked for"
