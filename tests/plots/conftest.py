from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from rtcan_cli.plots import style
from rtcan_cli.plots.save import save


@pytest.fixture(autouse=True)
def _as_users_get_them(_letters_as_users_get_them, every_format, monkeypatch):
    """Here figures are written as users get them."""
    monkeypatch.setitem(style._RC, "pdf.fonttype", _letters_as_users_get_them)


@pytest.fixture
def read(monkeypatch, tmp_path):
    """Draw a figure, check that all its text can be read, and return the text.

    Readable: inside the figure, and no two pieces on top of each other. Only what is really drawn
    counts, since an axis also keeps labels of ticks that are out of view.
    """

    def draw(figure):
        boxes = {}
        original = Text.draw

        def record(self, renderer):
            if self.get_visible() and self.get_text().strip():
                boxes[self] = self.get_window_extent(renderer)
            original(self, renderer)

        with style.rc(), warnings.catch_warnings(), monkeypatch.context() as patch:
            warnings.simplefilter("error")  # the layout engine warns when it gives up
            save(figure, tmp_path / "none", style.Look(formats=()))  # lays out, as for every file
            patch.setattr(Text, "draw", record)
            FigureCanvasAgg(figure).draw()
        page = figure.bbox.padded(1)
        for text, box in boxes.items():
            inside = (
                page.x0 <= box.x0 <= box.x1 <= page.x1 and page.y0 <= box.y0 <= box.y1 <= page.y1
            )
            assert inside, f"clipped: {text.get_text()!r}"
        for (one, a), (two, b) in itertools.combinations(boxes.items(), 2):
            overlap = a.padded(-1).overlaps(b.padded(-1))
            assert not overlap, f"{one.get_text()!r} on {two.get_text()!r}"
        return [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in boxes]

    return draw


@pytest.fixture(scope="session")
def trial():
    """Time [s], and original, phasic and tonic EDA of one trial."""
    time = np.linspace(3, 38, 500)
    tonic = np.sin(time / 9)
    phasic = np.exp(-(((time % 11) - 5) ** 2))
    return time, np.stack([tonic + phasic, phasic, tonic])
