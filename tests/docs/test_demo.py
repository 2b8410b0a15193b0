"""The commands of `make demo`, on fewer listeners and songs, and with a narrow network."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import must

SCRIPT = Path(__file__).parents[2] / "examples" / "quickstart.sh"
#: What makes the demo short; nothing else of its lines is changed.
SHORTER = {"48": "12", "500": "96"}
MORE = {
    "simulate": ("--stimuli", "8", "--duration", "14"),
    "train": ("--channels", "8,8,8,8", "--epochs", "1", "--batch-size", "32", "--jobs", "1"),
}


def lines(demo: Path) -> list[list[str]]:
    """The lines that the script runs, with its variables filled in."""
    text = SCRIPT.read_text(encoding="utf-8").replace("\\\n", " ")
    (small,) = re.findall(r"^small=\((.*)\)$", text, re.MULTILINE)
    for name, value in (("$figures", demo / "figures"), ("$demo", demo)):
        text = text.replace(name, str(value))
    text = text.replace('"${small[@]}"', small)
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("rtcan ")]


@pytest.mark.usefixtures("every_format")
def test_the_demo_runs_from_raw_files_to_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = tmp_path / "demo"
    monkeypatch.setenv("RTCAN_WORKSPACE", str(demo / "stores"))
    ran = lines(demo)
    assert [words[0] for words in ran] == [
        *("simulate", "ingest", "relabel", "decompose", "music-features"),
        *("train",) * 4,
        *("evaluate", "gradcam", "compare"),
    ]
    for command, *words in ran:
        must(command, *(SHORTER.get(word, word) for word in words), *MORE.get(command, ()))
    assert (demo / "figures" / "comparison.csv").exists()
    assert len(list((demo / "stores/pmemo/runs").glob("*.h5"))) == 4
    assert list((demo / "figures/pmemo").rglob("attention_columns_*_subject_100184_music_1.png"))
