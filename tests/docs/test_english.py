"""The documentation and the messages of the program are free of a few unclear phrases.

The list is short. It keeps out phrases that were common in earlier versions and that a reader
stumbles over. Each pattern comes with a plain alternative, which the failure message shows.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("*.md", "docs/**/*.md", "benchmarks/*.md", ".github/**/*.md")
PAGES = sorted(path for folder in FOLDERS for path in ROOT.glob(folder))
SCRIPTS = sorted(ROOT.glob("examples/*.sh"))
MODULES = sorted(ROOT.glob("rtcan_cli/**/*.py"))

_COMPARATIVE = r"longer|more|less|fewer|larger|smaller|later|earlier|better|worse|higher|lower"

#: Patterns, and what to write instead. Text is in lower case, with single spaces.
PHRASES = {
    rf"(?<!there )\b(is|are|was|were) no (?!({_COMPARATIVE})\b)": "'is not a', or 'there is no'",
    r"\banew\b": "'again', 'from the beginning', or 'randomised'",
    r"\b(learnt|learned|learn|learns) by heart\b": "'memorised'",
    r"\btells? (\d+|two|three|four) classes\b": "'distinguishes ... classes'",
    r"\bwhoever\b": "'anyone who', or 'if you'",
    r"\b(is|are) told (in|by)\b": "'... describes'",
    r"\bnobody (knows|can tell)\b": "'it is not known'",
    r"\b(an|the|every|each) own\b": "'its own', or 'a separate'",
    r"\bso it is with\b": "'the same applies to'",
    r"\bone's own\b": "'your own'",
    r"\bbelieve in a\b|\bbe believed\b": "'be trusted'",
    r"\bamid\b": "'in the middle of'",
    r"\b(it|that) is none\b": "'it is not one'",
    r"\bso many (bytes|rows|times|values|streams)\b": "'this many ...'",
    r"\bmakings\b": "'versions', or say what is made",
    r"\bholds? (neither numbers|two state dicts|only zero|[^ ]+ streams)\b": "'contains'",
}

#: Rooms whose messages and docstrings are free of these, too.
FINISHED = ("audio", "cluster", "export", "files", "models", "stores", "training")
PHRASES_THERE = {
    r"\bholds? (no|only|several|two|what|text|one|it|anything)\b": "'contains'",
    r"\bwhat (it|each \w+) holds\b(?! out)": "'what it contains'",
    r"\bwhere an? \w+ store is needed\b": "'but a ... store is needed'",
    r"\b(?<!if )there is no such (store|run)\b": "'this store does not exist'",
    r"\b(do|does) not tell\b": "'does not show', or 'does not report'",
    r"\bsomebody\b": "'someone', or name the process",
    r"\bof a kind that is not read\b": "'of an unsupported kind'",
    r"\btakes? the others\b": "'includes the others'",
    r"\bas good as\b": "'nearly'",
    r"\bone behind the other\b": "'one after the other'",
    r"\bbeside (what|how|the weights|other things)\b": "'apart from', or 'next to'",
}


def prose(page: str) -> str:
    """Text of a Markdown page without blocks of code and inline code."""
    text = re.sub(r"^ *```.*?^ *```$", " ", page, flags=re.S | re.M)
    return re.sub(r"`[^`\n]+`", "CODE", text)


def comments(source: str) -> str:
    """Comments of a Python module; those on adjacent lines are one text."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    found = [
        (token.start[0], token.string.lstrip("#: "))
        for token in tokens
        if token.type == tokenize.COMMENT
    ]
    text = ""
    for (line, comment), (previous, _) in zip(found, [(-9, ""), *found], strict=False):
        text += (" " if line == previous + 1 else " | ") + comment
    return text


def strings(source: str) -> Iterator[str]:
    """Docstrings and messages of a Python module; what is filled in is written as {}."""
    tree = ast.parse(source)
    parts = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for child in ast.walk(node)
        if child is not node
    }
    for node in ast.walk(tree):
        if id(node) in parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )


def complaints(text: str, phrases: dict[str, str] = PHRASES) -> list[str]:
    """One line for each phrase of the list that a text contains."""
    plain = " ".join(text.lower().split())
    return [
        f"...{plain[max(match.start() - 30, 0) : match.end() + 20]}...: write {instead}"
        for pattern, instead in phrases.items()
        for match in re.finditer(pattern, plain)
    ]


@pytest.mark.parametrize("path", [*PAGES, *SCRIPTS], ids=lambda path: path.name)
def test_pages_and_scripts_are_in_plain_english(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sh":
        text = "\n".join(line.lstrip("# ") for line in text.splitlines())
    assert not complaints(prose(text))


def test_messages_docstrings_and_comments_are_in_plain_english() -> None:
    found = []
    for path in MODULES:
        source = path.read_text(encoding="utf-8")
        for text in [comments(source), *strings(source)]:
            found += [f"{path.relative_to(ROOT)}: {line}" for line in complaints(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", FINISHED)
def test_messages_and_docstrings_of_finished_rooms_are_free_of_more(room: str) -> None:
    modules = sorted((ROOT / "rtcan_cli" / room).rglob("*.py"))
    assert modules
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in modules
        for text in strings(path.read_text(encoding="utf-8"))
        for line in complaints(text, PHRASES_THERE)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "raw is no folder",
        "These files are no\n    stores.",
        "weights are drawn anew",
        "the network tells 2 classes",
        "Whoever changes a layout",
        "This is told in the method",
        "0 bytes if it is none",
        "the file holds two streams",
    ],
)
def test_the_list_finds_what_it_is_for(text: str) -> None:
    assert len(complaints(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "There is no store in this folder.",
        "if there are no trials",
        "such a run is no longer used",
        "the difference is no larger than 1e-5",
        "tell a difference from chance",
    ],
)
def test_good_english_passes(text: str) -> None:
    assert not complaints(text)
