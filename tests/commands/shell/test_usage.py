"""Help in groups, and old names of options that are answered with the new ones."""

from __future__ import annotations

import re

import pytest
import typer

from rtcan_cli.app import app
from rtcan_cli.commands.shell.usage import FIGURES, GENERAL, GROUPS, Command
from tests.conftest import must, rtcan

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
RENAMED = [
    (command, old, new) for command, names in Command.renamed.items() for old, new in names.items()
]


@pytest.mark.parametrize(("command", "old", "new"), RENAMED)
def test_an_old_name_is_answered_with_the_new_one(command: str, old: str, new: str) -> None:
    known = {name for each in COMMANDS[command].params for name in each.opts}
    assert old not in known
    if new.startswith("--"):
        assert new in known
    for words in ([old, "x"], [f"{old}=x"]):
        outcome = rtcan(command, *words)
        assert outcome.exit_code == 2
        assert f"{old} is now {new}" in outcome.stderr


@pytest.mark.parametrize("words", [("train", "--target", "joy"), ("models", "svm")])
def test_a_wrong_choice_is_answered_with_the_choices_alone(words: tuple[str, ...]) -> None:
    outcome = rtcan(*words)
    assert outcome.exit_code == 2
    said = " ".join(outcome.stderr.split())
    assert f": '{words[-1]}' is not one of '" in said
    assert "Value error" not in said


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["train", "--stack", "5"], "--jobs"),
        (["train", "--stack=5"], "--jobs"),
        (["compare", "--report", "r.html"], "rtcan report --output FILE.html"),
    ],
)
def test_an_option_that_is_gone_is_answered_with_what_there_is_instead(
    words: list[str], instead: str
) -> None:
    outcome = rtcan(*words)
    option = words[1].partition("=")[0]
    assert outcome.exit_code == 2
    said = [line for line in outcome.stderr.splitlines() if option in line]
    assert len(said) == 1
    assert f"{option} has been removed" in said[0]
    assert instead in said[0]


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["simulate", "pmemo", "raw", "--songs", "6"], "--stimuli"),
        (["simulate", "pmemo", "raw", "--songs=6"], "--stimuli"),
        (["train", "--learning-rate", "1"], "--lr"),
        (["train", "--foldz", "3"], "--folds"),  # by its letters, as its help does not have it
    ],
)
def test_an_unknown_option_is_answered_with_one_whose_help_has_the_word(
    words: list[str], instead: str
) -> None:
    outcome = rtcan(*words)
    assert outcome.exit_code == 2
    option = next(word for word in words if word.startswith("--")).partition("=")[0]
    # Click 8.5 words it in another way than Typer.
    wordings = (
        "No such option: {} (Possible options: {})",
        "No such option '{}'. Did you mean '{}'?",
    )
    assert any(each.format(option, instead) in outcome.stderr for each in wordings)


def test_help_of_train_is_in_groups() -> None:
    heads = [line for line in must("train", "-h").stdout.splitlines() if line.endswith("options:")]
    assert heads == [f"{group} options:" for group in GROUPS if group and group != FIGURES]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_the_help_once(command: str) -> None:
    text = must(command, "-h").stdout
    assert "Arguments:" in text or not any(
        each.param_type_name == "argument" for each in COMMANDS[command].params
    )
    last = text[text.index(f"{GENERAL} options:") :]
    for name in ("--json", "--quiet", "--debug", "--help"):
        assert name in last
    options = text[re.search(r"^\w* ?[Oo]ptions:$", text, re.MULTILINE).start() :]  # type: ignore[union-attr]
    rows = [line.split()[0:2] for line in options.splitlines() if line.startswith("  -")]
    names = [word.strip(",") for row in rows for word in row if word.startswith("--")]
    assert len(names) == len(set(names))
    for each in COMMANDS[command].params:
        if each.param_type_name == "option":
            assert max(each.opts, key=len) in names
