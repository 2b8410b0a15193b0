"""Every figure in the sizes that users ask for: as large as asked, and its text can be read."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.text import Text

from rtcan_cli.errors import RtcanError
from rtcan_cli.plots import style
from rtcan_cli.plots.attention.average import attention_average
from rtcan_cli.plots.attention.check import attention_check
from rtcan_cli.plots.attention.columns import AttentionPanel, attention_columns
from rtcan_cli.plots.attention.heat import attention_heat
from rtcan_cli.plots.attention.responses import attention_responses
from rtcan_cli.plots.comparison import comparison
from rtcan_cli.plots.confusion import confusion
from rtcan_cli.plots.decomposition import decomposition
from rtcan_cli.plots.leakage import leakage
from rtcan_cli.plots.learning_curves import learning_curves
from rtcan_cli.plots.look import Look
from rtcan_cli.plots.quality_page import quality_page
from rtcan_cli.plots.reliability import reliability
from rtcan_cli.plots.roc import roc
from rtcan_cli.plots.save import save
from rtcan_cli.plots.scaling import scaling
from rtcan_cli.plots.subject_strip import subject_strip
from tests.plots import test_comparison as of_comparison
from tests.plots import test_leakage_plot as of_leakage
from tests.plots import test_learning_curves as of_learning
from tests.plots import test_plot_decomposition as of_decomposition
from tests.plots import test_quality_page as of_quality
from tests.plots import test_recording as of_recording
from tests.plots import test_relabel_steps as of_labels
from tests.plots import test_reliability as of_reliability
from tests.plots import test_roc as of_roc
from tests.plots import test_scaling_plot as of_scaling
from tests.plots import test_subject_strip as of_strip
from tests.plots.attention import test_contributions_plot as of_parts
from tests.plots.attention import test_summaries as of_maps

TITLE = "PMEmo, arousal: Rf, EDA and music"
TIME = np.linspace(3, 38, 500)
SIGNALS = np.sin(TIME / np.array([[3], [1], [9]]))
PANELS = [
    AttentionPanel(f"{name} attention", abs(SIGNALS[1]), 1, 0.7)
    for name in ("Rb: channel", "Rd: channel and residual", "Rf: temporal")
]
TRIAL = {"target": "valence", "subject": "100184", "music": "song 1", "true_class": 0}


def _of_maps(draw: Callable[..., Figure]) -> Callable[[Look], Figure]:
    return lambda look: draw(TIME, SIGNALS, PANELS, **TRIAL, simulated=True, look=look)


FIGURES: dict[str, Callable[[Look], Figure]] = {
    "columns": _of_maps(attention_columns),
    "heat": _of_maps(attention_heat),
    "average": lambda look: attention_average(
        of_maps.averages(), unit="s", simulated=True, look=look, **of_maps.ABOUT
    ),
    "responses": lambda look: attention_responses(
        of_maps.around(), simulated=True, look=look, **of_maps.ABOUT
    ),
    "check": lambda look: attention_check(
        of_maps.checks(), simulated=True, look=look, **of_maps.ABOUT
    ),
    "contributions": lambda look: of_parts.draw(simulated=True, look=look),
    "comparison": lambda look: comparison(of_comparison.RUNS, title=TITLE, look=look),
    "confusion": lambda look: confusion([[30, 10], [22, 41]], title=TITLE, look=look),
    "decomposition": lambda look: decomposition(
        *of_decomposition.PARTS, 50, title=TITLE, onset=3, simulated=True, look=look
    ),
    "leakage": lambda look: leakage(
        of_leakage.scores("valence", "arousal"), title=TITLE, simulated=True, look=look
    ),
    "learning": lambda look: learning_curves(of_learning.histories(10), title=TITLE, look=look),
    "quality": lambda look: quality_page(
        [of_quality.trace()] * 7, title=TITLE, unit="uS", simulated=True, look=look
    ),
    "recording": lambda look: of_recording.draw(of_recording.parts(), simulated=True, look=look),
    "labels": lambda look: of_labels.draw(simulated=True, look=look),
    "reliability": lambda look: reliability(
        of_reliability.BINS,
        *of_reliability.answers(),
        **of_reliability.SCORES,
        title=TITLE,
        look=look,
    ),
    "roc": lambda look: roc(
        of_roc.make(3), auc=0.7136, average_precision=0.6904, title=TITLE, look=look
    ),
    "scaling": lambda look: scaling(of_scaling.CURVES, title=TITLE, simulated=True, look=look),
    "subjects": lambda look: subject_strip(
        of_strip.groups(32), np.full(32, 0.6), 0.55, title=TITLE, p_value=0.031, look=look
    ),
}


#: Names of subjects in the figures' data.
IDS = {"100184", "s0"}


@pytest.mark.parametrize("millimetres", [85, pytest.param(178, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", FIGURES)
def test_in_a_column_of_a_journal_all_can_be_read(read, name, millimetres):
    """Nothing is cut or overlaps, letters are large enough, no title, no names of subjects."""
    figure = FIGURES[name](Look(width=millimetres / 25.4))
    text = read(figure)
    assert "".join(text)
    assert figure.get_figwidth() == pytest.approx(millimetres / 25.4)
    assert figure.get_figheight() <= 240 / 25.4  # a page
    letters = [each for each in figure.findobj(Text) if each.get_visible() and each.get_text()]
    assert min(each.get_fontsize() for each in letters) >= 6
    assert TITLE not in text
    assert not [each for each in text if any(name in each for name in IDS)]
    # Legends neither cover panels nor squeeze them.
    panels = [axes.get_window_extent() for axes in figure.axes if axes.axison]
    for legend in figure.legends:
        assert not any(legend.get_window_extent().overlaps(panel) for panel in panels)
    assert max(panel.width for panel in panels) > 18 / 25.4 * figure.dpi  # mm
    assert sum(panel.width * panel.height for panel in panels) > 0.19 * np.prod(figure.bbox.size)


def test_names_are_there_where_nobody_asked_for_a_width(read):
    text = [each for name in ("columns", "subjects") for each in read(FIGURES[name](Look()))]
    assert TITLE in text
    assert all(any(name in each for each in text) for name in IDS)


@pytest.mark.parametrize("name", FIGURES)
def test_a_size_that_is_asked_for_is_that_of_the_figure(name):
    figure = FIGURES[name](Look(size=(6.5, 7.5)))
    assert tuple(figure.get_size_inches()) == (6.5, 7.5)


@pytest.mark.parametrize(
    ("millimetres", "dpi", "pixels"),
    # Sizes that journals state in both units: a column and a page at 300 pixels an inch.
    [(90, 300, 1063), (190, 300, 2244), (89, 100, 350)],
)
def test_pictures_have_exactly_the_pixels_asked_for(tmp_path, millimetres, dpi, pixels):
    look = Look(width=millimetres / 25.4, dpi=dpi, formats=("png",))
    figure = FIGURES["confusion"](look)
    (path,) = save(figure, tmp_path / "a", look)
    png = path.read_bytes()
    rows = round(figure.get_figheight() * dpi)
    assert struct.unpack(">II", png[16:24]) == (pixels, rows)
    density = png.index(b"pHYs") + 4  # pixels a metre
    assert int.from_bytes(png[density : density + 4], "big") == pytest.approx(dpi / 0.0254, abs=1)
    assert figure.get_figwidth() == millimetres / 25.4  # as it was before


def test_drawings_have_exactly_the_millimetres_asked_for(tmp_path):
    look = Look(size=(90 / 25.4, 60 / 25.4), formats=("svg", "pdf"))
    svg, pdf = (path.read_bytes() for path in save(FIGURES["labels"](look), tmp_path / "a", look))
    in_svg = re.search(rb'<svg [^>]*width="([0-9.]+)pt" height="([0-9.]+)pt"', svg)
    in_pdf = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+) ([0-9.]+) ?\]", pdf)
    for found in (in_svg, in_pdf):
        millimetres = [float(points) * 25.4 / 72 for points in found.groups()]
        assert millimetres == pytest.approx([90, 60], abs=1e-3)
    assert b"/FontFile2" in pdf  # TrueType, embedded
    assert b"/Type3" not in pdf


@pytest.mark.parametrize("name", ["check", "scaling"])
def test_a_column_that_cuts_a_legend_is_refused(name, tmp_path):
    look = Look(width=60 / 25.4, formats=("png",))
    with pytest.raises(RtcanError, match="too small"):
        save(FIGURES[name](look), tmp_path / "a", look)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["average", "comparison", "check", "quality", "scaling"])
def test_a_size_that_leaves_no_room_is_refused_and_nothing_is_written(name, tmp_path):
    look = Look(size=(1.6, 1.2), formats=("png",))
    with pytest.raises(RtcanError, match="41 x 30 mm") as raised:
        save(FIGURES[name](look), tmp_path / "a", look)
    assert "--column-width" in raised.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FIGURES)
def test_the_papers_colours_reach_every_artist(name):
    usual = {style.ORIGINAL, style.PHASIC, style.TONIC, style.LOW, style.HIGH, style.REPAIRED}
    figure = FIGURES[name](Look(paper_colours=True))
    kept = {
        to_hex(colour)
        for artist in figure.findobj()
        for which in ("get_color", "get_facecolor", "get_edgecolor")
        if hasattr(artist, which)
        for colour in to_rgba_array(getattr(artist, which)())
    }
    assert not usual & kept
