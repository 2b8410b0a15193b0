"""What is offered when Tab is pressed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from rtcan_cli import choices
from rtcan_cli.app import app
from rtcan_cli.datasets.profiles import PROFILES

HEAVY = ("numpy", "pandas", "torch", "h5py", "scipy", "matplotlib", "sklearn")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace by its names: no file in it is read."""
    for dataset, runs in (
        ("pmemo", ("Rf-eda+music", "svm-eda-1a", "$(reboot)")),
        ("deap", ("Rb",)),
    ):
        (tmp_path / dataset / "runs").mkdir(parents=True)
        (tmp_path / dataset / "recordings.h5").touch()
        for run in runs:
            (tmp_path / dataset / "runs" / f"{run}.h5").touch()
    (tmp_path / "amigos").mkdir()
    (tmp_path / "pmemo" / "runs" / "begun.h5.partial").mkdir()
    return tmp_path


def offered(line: str, workspace: Path) -> list[str]:
    """What is offered at the end of a line, as bash asks for it."""
    environment = {
        "_RTCAN_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
        "RTCAN_WORKSPACE": str(workspace),
    }
    return CliRunner().invoke(app, [], prog_name="rtcan", env=environment).stdout.split()


def test_datasets_are_those_of_the_workspace(workspace: Path) -> None:
    for line in ("train --dataset ", "compare -d ", "predict --dataset "):
        assert offered(f"rtcan {line}", workspace) == ["deap", "pmemo"]
    assert offered("rtcan relabel -d p", workspace) == ["pmemo"]
    assert offered("rtcan relabel -d ", workspace / "amigos") == list(PROFILES)
    assert offered("rtcan ingest ", workspace) == list(PROFILES)


@pytest.mark.parametrize(
    "command",
    [
        *("evaluate", "gradcam", "contributions", "export", "predict", "compare", "report"),
        "train --splits-from",
    ],
)
def test_runs_are_those_of_the_workspace(command: str, workspace: Path) -> None:
    line = f"rtcan {command} "
    # A name that a shell would run is not put on its line.
    assert offered(line, workspace) == ["Rb", "Rf-eda+music", "svm-eda-1a"]
    assert offered(line + "s", workspace) == ["svm-eda-1a"]
    assert offered(line + "./", workspace) == []  # a path: bash offers files


def test_the_options_of_the_line_count(workspace: Path, tmp_path: Path) -> None:
    assert offered("rtcan evaluate -d deap ", workspace) == ["Rb"]
    assert offered("rtcan evaluate -d ../secret ", workspace) == []
    assert offered(f"rtcan evaluate -w {workspace} ", tmp_path / "none")[0] == "Rb"
    assert offered("rtcan compare Rb R", workspace) == ["Rf-eda+music"]
    assert offered("rtcan report Rb R", workspace) == ["Rf-eda+music"]
    assert offered("rtcan compare Rb --against s", workspace) == ["svm-eda-1a"]


@pytest.mark.parametrize(
    ("option", "choice"),
    [
        ("--model", choices.ModelName),
        ("--recipe", choices.RecipeName),
        ("--fusion", choices.Fusion),
        ("--variant", choices.Variant),
        ("--layout", choices.Layout),
        ("--protocol", choices.Protocol),
    ],
)
def test_lists_are_completed_after_each_comma(option: str, choice: object, workspace: Path) -> None:
    every = list(get_args(choice))
    assert offered(f"rtcan train {option} ", workspace) == every
    first, *others = every
    assert offered(f"rtcan train {option} {first},", workspace) == [
        f"{first},{name}" for name in others
    ]
    last = every[-1]
    assert f"{first},{last}" in offered(f"rtcan train {option} {first},{last[:3]}", workspace)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_is_answered_without_numerical_libraries(shell: str, workspace: Path) -> None:
    program = (
        "import sys\n"
        "try:\n"
        "    from rtcan_cli.app import app\n"
        "    app(prog_name='rtcan')\n"
        "finally:\n"
        f"    loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "    print(loaded, file=sys.stderr)\n"
    )
    asked = {
        "bash": {"COMP_WORDS": "rtcan evaluate s", "COMP_CWORD": "2"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "rtcan evaluate s"},
    }[shell]
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ
        | asked
        | {"_RTCAN_COMPLETE": f"complete_{shell}", "RTCAN_WORKSPACE": str(workspace)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "svm-eda-1a" in result.stdout
    assert result.stderr.splitlines()[-1] == "[]"
