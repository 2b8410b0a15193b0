"""Options of `rtcan gradcam`: what goes together, and what they do to the files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import SONG, SUBJECT, must, rtcan


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "--all or --check"),
        ("--subject 1", "--all or --check"),
        ("--all --check", "give only one of them"),
        ("--all --subject 1", "--subject and --music name one trial"),
        ("--subject 1 --music 1 --max-trials 3", "--max-trials"),
        ("--check --relative", "--relative"),
        ("--all --fill mean", "--fill"),
        ("--all --size 7", "--size"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    options: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = rtcan("gradcam", *options.split())
    assert outcome.exit_code == 2
    assert words in " ".join(outcome.stderr.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.usefixtures("every_format")
def test_size_resolution_and_colours_reach_the_files(trained: Path, tmp_path: Path) -> None:
    trial = ("--subject", SUBJECT, "--music", SONG, "--target", "arousal")
    look = ("--size", "6,5", "--dpi", "30", "--paper-colours")
    must("gradcam", *trial, *look, "-w", trained, "-o", tmp_path)
    (png,) = tmp_path.rglob("attention_columns_*.png")
    header = png.read_bytes()[16:24]
    assert (int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")) == (180, 150)
    (svg,) = tmp_path.rglob("attention_columns_*.svg")
    text = svg.read_text()
    assert "#d62728" in text
    assert "#e69f00" not in text
    (pdf,) = tmp_path.rglob("attention_heat_*.pdf")
    assert re.search(rb"/MediaBox \[ ?0 0 432 360 ?\]", pdf.read_bytes())


@pytest.mark.long
@pytest.mark.usefixtures("every_format")
def test_all_writes_averages_and_responses(trained: Path, tmp_path: Path) -> None:
    options = ("--max-trials", "12", "--target", "arousal", "--map", "gradcam", "--dpi", "30")
    out = must("gradcam", "--all", *options, "-j", "1", "-w", trained, "-o", tmp_path, "--json")
    files = [Path(name) for name in json.loads(out.stdout)["files"]]
    for stem in ("attention_average", "attention_responses"):
        found = {each.suffix for each in files if each.stem == f"{stem}_arousal_gradcam"}
        assert found == {".png", ".svg", ".pdf", ".csv"}
    assert all(each.stat().st_size for each in files)
