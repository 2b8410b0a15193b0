"""Colours that readers with any colour vision tell apart, also in a grey print."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rtcan_cli.plots import style
from rtcan_cli.plots.scaling import LOOKS
from tests.plots.seen import WITHOUT, lightness, seen

#: What stands in one panel.
TOGETHER = [
    (style.ORIGINAL, style.PHASIC, style.TONIC),
    (style.LOW, style.HIGH, "black"),
    tuple(look["color"] for look in LOOKS),
    (style.CLIPPED, style.REPAIRED, style.IMPLAUSIBLE, "#c4d4f0"),
    (style.TONIC, style.REPAIRED, style.ORIGINAL),
]


@pytest.mark.parametrize("without", WITHOUT)
def test_colours_can_be_told_apart_with_any_colour_vision(without):
    def least(colour):
        return min(
            np.linalg.norm(seen(colour(a), WITHOUT[without]) - seen(colour(b), WITHOUT[without]))
            for colours in TOGETHER
            for a, b in itertools.combinations(colours, 2)
        )

    usual, papers = style.Look(), style.Look(paper_colours=True)
    assert least(usual.colour) > 25 > least(papers.colour)


@pytest.mark.parametrize("colours", [TOGETHER[0], TOGETHER[1]], ids=["signals", "classes"])
def test_lines_differ_in_grey(colours):
    shades = sorted(lightness(colour) for colour in colours)
    assert (np.diff([*shades, 100]) > 20).all()


def test_models_that_are_alike_in_grey_differ_in_marker_and_line():
    for name in ("marker", "linestyle"):
        assert len({str(look[name]) for look in LOOKS}) == len(LOOKS)
