"""The commands of `make demo` and of the tutorial, on fewer listeners and with a narrow network."""

from __future__ import annotations

import re
import shlex
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.conftest import Outcome, must, without_drawing
from tests.docs.blocks import ROOT, blocks, lines
from tests.real_listeners import EXCERPT

SCRIPT = ROOT / "examples" / "quickstart.sh"
TUTORIAL = ROOT / "docs" / "tutorial.md"
NARROW = "8,8,8,8"
#: What makes the demo short; nothing else of its lines is changed.
SHORTER = {
    **{"48": "12", "500": "96", "256": "96", "examples/data/hku956.zip": "few.zip"},
    "16,16,16,16": NARROW,
    "majority,song-prior,duration-prior,svm-eda,logistic": "majority,svm-eda",
    "majority,song-prior,svm-eda,svm-music": "majority,svm-music",
}
MORE = {
    "simulate": ("--stimuli", "8", "--duration", "14"),
    "train": ("--epochs", "1", "--batch-size", "32", "--jobs", "1"),
}
#: Lines of the tutorial that are about the shell.
SHELL = ["make demo", ". .venv/bin/activate", "export RTCAN_WORKSPACE=demo/stores"]


def script_lines() -> list[list[str]]:
    """The lines that the script runs, with its variables filled in."""
    text = SCRIPT.read_text(encoding="utf-8").replace("\\\n", " ")
    (small,) = re.findall(r"^small=\((.*)\)$", text, re.MULTILINE)
    names = {
        "$here": "examples",
        "$real": "demo/figures/real",
        "$simulated": "demo/figures/simulated",
        "$demo": "demo",
    }
    for name, value in names.items():
        text = text.replace(name, value)
    text = text.replace('"${small[@]}"', small)
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("rtcan ")]


def run(words: list[str]) -> Outcome:
    """Run a line, on less; one set of figures is drawn."""
    more = ("--jobs", "1") if "--model" in words else MORE.get(words[0], ())
    if "--epochs" in more and "--channels" not in words:
        more += "--channels", NARROW
    with without_drawing() if "hku956" in words else nullcontext():
        return must(*(SHORTER.get(word, word) for word in words), *more)


def few_listeners(target: Path) -> None:
    """Pack some trials of some real listeners, with the one that is drawn."""
    listeners = "hku19(04|05|06|07|08|10)"
    recording = re.compile(rf"/{listeners}/EDA/(\d|26)_")
    rating = re.compile(rf"(participant_id|{listeners},(\d|26)),.*\n".encode())
    with zipfile.ZipFile(EXCERPT) as whole, zipfile.ZipFile(target, "w") as packed:
        for name in whole.namelist():
            content = whole.read(name)
            if name.endswith("ratings.csv"):
                content = b"".join(each[0] for each in rating.finditer(content))
            if "/EDA/" not in name or recording.search(name):
                packed.writestr(name, content)


def heads(text: str) -> list[list[str]]:
    """The words of titles and of heads of columns: what stands above the rule of each table.

    Where a head is broken into lines depends on the numbers below it, so words are in no order.
    """
    text = re.sub(r"\b(R[a-f]-[\w+]+-\w+)-[0-9a-f]{6}", r"\1", text)
    above = [part.partition("\n\u2500") for part in text.split("\n\n")]
    return [sorted(title.split()) for title, rule, _ in above if rule]


def facts(text: str) -> list[str]:
    """Names of the facts in a list of facts."""
    found = [re.fullmatch(r"(\S.*?) {2,}\S.*", line) for line in text.splitlines()]
    return [match[1] for match in found if match]


@pytest.mark.long  # the whole demo
@pytest.mark.usefixtures("every_feature")
def test_the_demo_and_the_tutorial_run_from_raw_files_to_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RTCAN_WORKSPACE", "demo/stores")
    monkeypatch.setenv("COLUMNS", "80")
    few_listeners(tmp_path / "few.zip")
    ran = script_lines()
    assert [words[0] for words in ran] == [
        *("ingest", "relabel", "decompose", "eda-features", "train", "train", "compare", "report"),
        *("simulate", "ingest", "relabel", "decompose", "music-features", "eda-features"),
        *("train",) * 4,
        *("evaluate", "gradcam", "compare"),
    ]
    printed = "\n\n".join(run(words).stdout for words in ran)
    demo = tmp_path / "demo"
    for part in ("real", "simulated"):
        assert (demo / "figures" / part / "comparison.csv").exists()
    assert len(list((demo / "stores/hku956/runs").glob("*.h5"))) == 3
    assert len(list((demo / "stores/pmemo/runs").glob("*.h5"))) == 6
    drawn = demo / "figures/simulated/pmemo"
    assert list(drawn.rglob("attention_columns_*_subject_100184_music_1.png"))
    # The tutorial asks for nothing that the script has not done, in the same order.
    typed = [line for block in blocks(TUTORIAL, "bash") for line in lines(block)]
    assert typed[: len(SHELL)] == SHELL
    asked = [shlex.split(line)[1:] for line in typed[len(SHELL) :]]
    rest = iter(ran)
    assert all(any(words == each for each in rest) for words in asked)
    # Its tables have the heads, and its facts the names, that the demo prints; numbers differ.
    quoted = [block.text for block in blocks(TUTORIAL, "text")]
    tables = [head for text in quoted for head in heads(text)]
    assert len(tables) == 6
    assert [head for head in tables if head not in heads(printed)] == []
    names = [name for text in quoted if "\u2500" not in text for name in facts(text)]
    assert len(names) > 10
    assert set(names) <= set(facts(printed))
