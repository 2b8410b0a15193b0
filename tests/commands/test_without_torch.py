"""Commands that neither train nor predict do not wait for PyTorch, which takes seconds to load."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rtcan_cli.stores import Workspace
from tests.conftest import must

#: Runs commands one after the other, and prints for each whether PyTorch is loaded by then.
PROGRAM = """
import json, sys
from rtcan_cli.app import main
from tests.conftest import without_drawing

with without_drawing():
    for words in json.load(sys.stdin):
        sys.argv = ["rtcan", *words, "--quiet"]
        try:
            main()
        except SystemExit as end:
            assert not end.code, words
        print(*words[:1], "torch" in sys.modules, file=sys.stderr)
"""


@pytest.mark.long
def test_commands_that_neither_train_nor_predict_load_no_pytorch(
    trained: Path, raw_pmemo: Path, tmp_path: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(trained)
    network = str(Workspace(workspace).runs()[0])
    must("train", "-w", workspace, "--model", "majority", "--folds", "3", "--jobs", "1")
    majority = str(Workspace(workspace).runs()[0])
    here, figures = ("-w", str(workspace)), ("-o", str(tmp_path / "figures"))
    commands = [
        ["models"],
        ["models", "rtcan"],
        ["info", *here],
        ["info", network],
        ["evaluate", network, *here, *figures],
        ["compare", *here, *figures],
        ["report", majority, *here, "-o", str(tmp_path / "report.html")],
        ["show", "100184:1", *here, *figures],
        ["ingest", "pmemo", str(raw_pmemo), *here, "--force", "--jobs", "1"],
        ["relabel", *here, "--force"],
        ["decompose", *here, "--force", "--jobs", "1"],
        ["eda-features", *here, "--jobs", "1"],
        ["music-features", *here, "--jobs", "1"],
    ]
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines() == [f"{words[0]} False" for words in commands]
