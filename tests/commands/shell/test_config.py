"""Options of `train` from a file: the same as typed, and what is typed wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtcan_cli.results.base import Result
from rtcan_cli.runs.settings import RunSettings
from tests.commands.any_result import any_result
from tests.conftest import must, rtcan

TYPED = (
    *("--dataset", "pmemo", "--target", "arousal", "--folds", "3", "--length", "96"),
    *("--channels", "8,8,8,8", "--variant", "Rb,Rf", "--epochs", "2", "--onset", "2.5"),
)
FILE = """\
dataset = "pmemo"
target = "arousal"
folds = 3
length = 96
channels = "8,8,8,8"
variant = ["Rb", "Rf"]
epochs = 2
onset = 2.5
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[RunSettings]:
    """What `train` is asked for; it is not trained."""
    found: list[RunSettings] = []

    def trained(requests: Any, *_: Any) -> Result:
        found.extend(request.settings for request in requests)
        return any_result()

    monkeypatch.setattr("rtcan_cli.steps.training.train.train_runs", trained)
    return found


def test_a_file_is_as_good_as_typing(
    prepared: Path, tmp_path: Path, asked: list[RunSettings]
) -> None:
    file = tmp_path / "run.toml"
    file.write_text(FILE)
    must("train", "-w", prepared, *TYPED)
    must("train", "-w", prepared, "--config", file)
    assert len(asked) == 4
    assert asked[:2] == asked[2:]


def test_what_is_typed_wins_wherever_it_stands(
    prepared: Path, tmp_path: Path, asked: list[RunSettings]
) -> None:
    file = tmp_path / "run.toml"
    file.write_text(FILE)
    must("train", "-w", prepared, "--variant", "Rd", "--config", file, "--epochs", "7")
    (settings,) = asked
    assert settings.spec.variant == "Rd"
    assert settings.epochs == 7
    assert settings.onset == 2.5


def test_what_was_typed_is_kept_and_read_again(
    prepared: Path, tmp_path: Path, asked: list[RunSettings]
) -> None:
    file = tmp_path / "kept.toml"
    must("train", "-w", prepared, *TYPED, "--save-config", file, "--json")
    must("train", "--config", file)
    assert len(asked) == 4
    assert asked[:2] == asked[2:]
    assert f'workspace = "{prepared}"' in file.read_text()
    assert "json" not in file.read_text().partition("\n")[2]
    must("train", "--config", file, "--seed", "7", "--save-config", file)
    assert 'seed = ["7"]' in file.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epoch = 3\n", "the command has no option --epoch"),
        ("stack = 5\n", "--stack has been removed"),
        ("components = 'c.h5'\n", "--components is now --components-store"),
        ("[train]\nepochs = 3\n", "the command has no option --train"),
        ("[epochs]\nn = 3\n", "[epochs] is a table"),
        ("epochs = \n", "nvalid value"),
        ('epochs = "many"\n', "'--epochs'"),
        ("config = 'other.toml'\n", "no option --config"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(
    prepared: Path, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "run.toml"
    file.write_text(text)
    outcome = rtcan("train", "-w", prepared, "--config", file)
    assert outcome.exit_code == 2
    assert said in " ".join(outcome.stderr.split())


def test_a_file_that_is_not_there_is_named(prepared: Path, tmp_path: Path) -> None:
    outcome = rtcan("train", "-w", prepared, "--config", tmp_path / "none.toml")
    assert outcome.exit_code == 2
    assert "none.toml: No such file" in " ".join(outcome.stderr.split())
