from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.image import imread

from rtcan_cli.errors import RtcanError
from rtcan_cli.plots.attention.columns import AttentionPanel, attention_columns
from rtcan_cli.plots.attention.heat import attention_heat
from rtcan_cli.plots.comparison import comparison
from rtcan_cli.plots.confusion import confusion
from rtcan_cli.plots.save import save
from rtcan_cli.plots.style import Look

SIGNATURES = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def figure():
    return confusion([[3, 1], [2, 4]], title="a run")


def test_one_file_for_each_format(tmp_path):
    files = save(figure(), tmp_path / "figures" / "run.v1")
    assert [file.name for file in files] == ["run.v1.png", "run.v1.svg", "run.v1.pdf"]
    for file in files:
        assert file.read_bytes().startswith(SIGNATURES[file.suffix[1:]])
    assert sorted(files) == sorted((tmp_path / "figures").iterdir())


@pytest.mark.parametrize("build", [attention_columns, attention_heat])
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

    def fail(self, target):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(RtcanError, match=r"a.svg: cannot be written: no space"):
        save(confusion([[0, 9], [9, 0]], title="another"), tmp_path / "a", Look(formats=("svg",)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
