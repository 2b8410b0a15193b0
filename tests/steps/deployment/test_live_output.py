from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.deployment.live_output import answers_to


def test_no_empty_file_is_left_where_the_stream_cannot_be_opened(
    full_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    file = tmp_path / "answers.csv"
    with (
        pytest.raises(RtcanError, match="pylsl"),
        answers_to(file, "Emotion", Run.load(full_run)),
    ):
        pass
    assert not file.exists()


def test_a_file_that_exists_stays(full_run: Path, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text("mine")
    with (
        pytest.raises(RtcanError, match="exists already"),
        answers_to(file, None, Run.load(full_run)),
    ):
        pass
    assert file.read_text() == "mine"
