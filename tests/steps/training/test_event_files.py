"""Event files of TensorBoard, read back by TensorBoard."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.training.event_files import EventFiles
from tests.steps.training.test_curve_log import curve


def test_without_tensorboard_there_is_one_line_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    refused = pytest.raises(RtcanError, match="needs TensorBoard")
    with refused as error, EventFiles.opened(tmp_path / "events"):
        pass
    assert "pip install 'rtcan-cli[tensorboard]'" in str(error.value.hint)
    assert not (tmp_path / "events").exists()


def test_training_that_goes_on_shows_each_epoch_once(tmp_path: Path) -> None:
    read_events = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is missing"
    )
    for known, n_epochs in ((1, 2), (3, 5)):  # the second time, what is kept is told first
        with EventFiles.opened(tmp_path) as files:
            files.take(curve(known), 0)
            files.take(curve(n_epochs), known)
    folder = tmp_path / "simulated" / "pmemo" / "Rf" / "arousal-fold-1"
    assert len(list(folder.iterdir())) == 2
    found = read_events.EventAccumulator(str(folder)).Reload()
    for tag in ("loss/train", "loss/validation", "accuracy/validation"):
        scalars = found.Scalars(tag)
        assert [each.step for each in scalars] == [1, 2, 3, 4, 5]
        assert [each.value for each in scalars] == pytest.approx([1 / k for k in range(1, 6)])


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is missing")
    (tmp_path / "events").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "events" / "simulated").symlink_to(tmp_path / "elsewhere")
    refused = pytest.raises(RtcanError, match="symbolic link")
    with EventFiles.opened(tmp_path / "events") as files, refused:
        files.take(curve(1), 0)
    assert list((tmp_path / "elsewhere").iterdir()) == []
