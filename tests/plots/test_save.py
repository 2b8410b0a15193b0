from __future__ import annotations

import os
import re
import zlib
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from matplotlib.image import imread

from rtcan_cli.errors import RtcanError
from rtcan_cli.plots.attention.columns import AttentionPanel, attention_columns
from rtcan_cli.plots.attention.heat import attention_heat
from rtcan_cli.plots.comparison import comparison
from rtcan_cli.plots.confusion import confusion
from rtcan_cli.plots.look import Look
from rtcan_cli.plots.save import save

SIGNATURES = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def figure():
    return confusion([[3, 1], [2, 4]], title="a run")


def test_one_file_for_each_format(tmp_path):
    files = save(figure(), tmp_path / "figures" / "run.v1")
    assert [file.name for file in files] == ["run.v1.png", "run.v1.svg", "run.v1.pdf"]
    for file in files:
        assert file.read_bytes().startswith(SIGNATURES[file.suffix[1:]])
    assert sorted(files) == sorted((tmp_path / "figures").iterdir())


@pytest.mark.parametrize(
    "build", [attention_columns, pytest.param(attention_heat, marks=pytest.mark.long)]
)
def test_the_same_figure_gives_the_same_bytes(tmp_path, trial, build):
    time, signals = trial
    trial_of = {"target": "valence", "subject": "1", "music": "song 1", "true_class": 0}
    panel = AttentionPanel("Rb", abs(signals[1]), 1, 0.7)

    def write(name):
        return save(
            build(time, signals, [panel], **trial_of, simulated=True), tmp_path / name, Look(dpi=60)
        )

    first = write("first")
    for again in range(2):  # the layout solver's last digits differ in some runs only
        # A user's own settings change nothing.
        with mpl.rc_context({"font.size": 20, "xtick.labelsize": 30, "lines.linewidth": 9}):
            second = write(f"again{again}")
        for one, two in zip(first, second, strict=True):
            assert one.read_bytes() == two.read_bytes()
    for one in first:
        assert b"CreationDate" not in one.read_bytes()
        assert b"dc:date" not in one.read_bytes()


@pytest.mark.parametrize("dpi", [72, 200])
def test_nothing_touches_the_edge_at_any_resolution(tmp_path, dpi):
    runs = pd.DataFrame(
        {"run": ["SVM, EDA features"], "accuracy": [60], "accuracy_sd": [2], "majority": [58]}
    )
    for drawn in (figure(), comparison(runs, title="a run", simulated=True)):
        (path,) = save(drawn, tmp_path / "a", Look(formats=("png",), dpi=dpi))
        picture = imread(path)[..., :3]
        edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
        assert all((edge == 1).all() for edge in edges)


def test_dpi_is_that_of_the_png(tmp_path):
    (path,) = save(figure(), tmp_path / "a", Look(formats=("png",), dpi=100))
    header = path.read_bytes()
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
    assert [width, height] == [round(100 * inches) for inches in figure().get_size_inches()]


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(RtcanError, match="'gif'") as raised:
        save(figure(), tmp_path / "a", Look(formats=("png", "gif")))
    assert "svg" in raised.value.hint
    assert not list(tmp_path.iterdir())


def test_a_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    (path,) = save(figure(), tmp_path / "a", Look(formats=("svg",)))
    before = path.read_bytes()

    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(RtcanError, match=r"a.svg: cannot be written: no space"):
        save(confusion([[0, 9], [9, 0]], title="another"), tmp_path / "a", Look(formats=("svg",)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def parts_of_pdf(path: Path) -> tuple[list[bytes], list[TTFont]]:
    """What a PDF draws and says of its letters, and its fonts."""
    content = path.read_bytes()
    begins = [match.end() for match in re.finditer(rb"\nstream\r?\n", content)]
    unpacked = [zlib.decompressobj().decompress(content[begin:]) for begin in begins]
    fonts = [each for each in unpacked if each.startswith(b"\0\1\0\0")]
    return [each for each in unpacked if each not in fonts], [TTFont(BytesIO(f)) for f in fonts]


def test_fonts_of_a_pdf_have_all_of_a_letter_and_nothing_of_its_neighbours(tmp_path, monkeypatch):
    look = Look(formats=("pdf",))
    drawn = confusion([[3, 1], [2, 4]], title="efficient fits: Änne, 5 ≥ 3 µS")
    (path,) = save(drawn, tmp_path / "ours", look)
    monkeypatch.setattr("rtcan_cli.plots.save._letters_alone", lambda ending: nullcontext())
    (whole,) = save(drawn, tmp_path / "matplotlibs", look)
    (ours, our_fonts), (theirs, their_fonts) = parts_of_pdf(path), parts_of_pdf(whole)
    assert len(our_fonts) == len(their_fonts) >= 2
    shown = [each for each in ours if b" Tj" in each or b" TJ" in each]
    assert shown
    assert set(shown) <= set(theirs)
    for font, other in zip(our_fonts, their_fonts, strict=True):
        assert not {"GSUB", "GPOS", "GDEF", "MATH", "kern"} & set(font.keys())
        assert "GSUB" in other
        names = font.getGlyphOrder()
        assert len(names) > 1
        for name in names:
            assert font["hmtx"][name] == other["hmtx"][name]
            points, others = (
                each["glyf"][name].getCoordinates(each["glyf"]) for each in (font, other)
            )
            np.testing.assert_array_equal(points[0], others[0])
