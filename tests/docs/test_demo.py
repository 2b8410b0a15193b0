"""The commands of `make demo` and of the tutorial, on fewer listeners and with a narrow network."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import Outcome, must
from tests.docs.blocks import ROOT, blocks, lines

SCRIPT = ROOT / "examples" / "quickstart.sh"
TUTORIAL = ROOT / "docs" / "tutorial.md"
#: What makes the demo short; nothing else of its lines is changed.
SHORTER = {"48": "12", "500": "96"}
MORE = {
    "simulate": ("--stimuli", "8", "--duration", "14"),
    "train": ("--channels", "8,8,8,8", "--epochs", "1", "--batch-size", "32", "--jobs", "1"),
}
#: Lines of the tutorial that are about the shell.
SHELL = ["make demo", ". .venv/bin/activate", "export RTCAN_WORKSPACE=demo/stores"]


def script_lines() -> list[list[str]]:
    """The lines that the script runs, with its variables filled in."""
    text = SCRIPT.read_text(encoding="utf-8").replace("\\\n", " ")
    (small,) = re.findall(r"^small=\((.*)\)$", text, re.MULTILINE)
    for name, value in (("$figures", "demo/figures"), ("$demo", "demo")):
        text = text.replace(name, value)
    text = text.replace('"${small[@]}"', small)
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("rtcan ")]


def run(words: list[str]) -> Outcome:
    """Run a line, on less."""
    return must(*(SHORTER.get(word, word) for word in words), *MORE.get(words[0], ()))


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


@pytest.mark.usefixtures("every_feature")
def test_the_demo_and_the_tutorial_run_from_raw_files_to_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RTCAN_WORKSPACE", "demo/stores")
    monkeypatch.setenv("COLUMNS", "80")
    ran = script_lines()
    assert [words[0] for words in ran] == [
        *("simulate", "ingest", "relabel", "decompose", "music-features"),
        *("train",) * 4,
        *("evaluate", "gradcam", "compare"),
    ]
    printed = "\n\n".join(run(words).stdout for words in ran)
    demo = tmp_path / "demo"
    assert (demo / "figures" / "comparison.csv").exists()
    assert len(list((demo / "stores/pmemo/runs").glob("*.h5"))) == 4
    assert list((demo / "figures/pmemo").rglob("attention_columns_*_subject_100184_music_1.png"))
    # The tutorial asks for nothing that the script has not done, in the same order.
    typed = [line for block in blocks(TUTORIAL, "bash") for line in lines(block)]
    assert typed[: len(SHELL)] == SHELL
    asked = [shlex.split(line)[1:] for line in typed[len(SHELL) :]]
    rest = iter(ran)
    assert all(any(words == each for each in rest) for words in asked)
    # Its tables have the heads, and its facts the names, that the demo prints; numbers differ.
    quoted = [block.text for block in blocks(TUTORIAL, "text")]
    tables = [head for text in quoted for head in heads(text)]
    assert len(tables) == 5
    assert [head for head in tables if head not in heads(printed)] == []
    names = [name for text in quoted if "\u2500" not in text for name in facts(text)]
    assert len(names) > 10
    assert set(names) <= set(facts(printed))
