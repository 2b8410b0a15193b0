from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from rtcan_cli.plots import style


def luminance(colour):
    return np.asarray(colour)[..., :3] @ [0.2126, 0.7152, 0.0722]


def test_the_papers_signals_are_red_blue_and_green():
    looks = style.Look(paper_colours=True).signals
    assert [np.argmax(to_rgb(look["color"])) for look in looks] == [0, 2, 1]


def test_signals_and_classes_differ_by_more_than_colour():
    assert [look["label"] for look in style.SIGNALS] == ["original", "phasic", "tonic"]
    assert len({str(look["linestyle"]) for look in style.SIGNALS}) == 3
    assert len({look["marker"] for look in style.CLASSES}) == 2


def test_thin_dark_lines_lie_over_wide_pale_ones():
    by_order = sorted(style.SIGNALS, key=lambda look: look["zorder"])
    widths = [look["linewidth"] for look in by_order]
    assert widths == sorted(widths, reverse=True)
    light = [luminance(to_rgb(look["color"])) for look in by_order]
    assert light == sorted(light, reverse=True)


@pytest.mark.parametrize("look", [style.Look(width=85 / 25.4), style.Look(size=(4, 3))])
def test_figures_for_publication_have_no_title(look):
    drawn = {"height": 3.0, "title": "Subject 7", "simulated": False}
    assert style.new_figure(**drawn).get_suptitle() == "Subject 7"
    assert style.new_figure(**drawn, look=look).get_suptitle() == ""


def test_heat_goes_from_blue_to_red_and_works_in_grey():
    colours = style.COLD_TO_WARM(np.linspace(0, 1, 256))
    cold, warm = colours[0], colours[-1]
    assert cold[2] == max(cold[:3])
    assert warm[0] == max(warm[:3])
    assert (np.diff(luminance(colours)) < 0).all()


def test_figures_leave_pyplot_alone(tmp_path):
    program = (
        "import sys, rtcan_cli.plots.attention.columns, rtcan_cli.plots.confusion as c\n"
        "from rtcan_cli.plots.save import save\n"
        "from rtcan_cli.plots.style import Look\n"
        "save(c.confusion([[3, 1], [2, 4]], title='a'), sys.argv[1], Look(formats=('svg',)))\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a")], check=True)
