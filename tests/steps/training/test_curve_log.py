"""Learning curves as a CSV file: whole, without double rows, and nobody else's file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rtcan_cli.training.fit as training_fit
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.training.curve_log import COLUMNS, CurveLog
from rtcan_cli.steps.training.curves import Curve
from rtcan_cli.steps.training.train import train_runs
from rtcan_cli.stores import Store
from rtcan_cli.training.checkpoint import HISTORY
from rtcan_cli.training.fit import fit_fold
from tests.conftest import rtcan
from tests.steps.training.test_sweep import SETTINGS, request

RUN = ("pmemo", "Rf")


def curve(n_epochs: int, run: str = "Rf", fold: int = 1, start: float = 1.0) -> Curve:
    history = {name: start / (1 + np.arange(n_epochs)) for name in HISTORY}
    return Curve("pmemo", run, True, "arousal", fold, 1, 1, history, done=False)


def epochs(path: Path, run: str = "Rf") -> list[tuple[int, int]]:
    rows = pd.read_csv(path)
    assert tuple(rows) == COLUMNS
    rows = rows[rows["run"] == run]
    return list(zip(rows["fold"], rows["epoch"], strict=True))


def test_each_epoch_is_there_as_soon_as_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "new" / "curves.csv"
    with CurveLog.opened(path, {RUN}, []) as log:
        assert epochs(path) == []
        log.take(curve(1), 0)
        assert epochs(path) == [(1, 1)]
        log.take(curve(3), 1)
        log.take(curve(1, fold=2), 0)
        assert epochs(path) == [(1, 1), (1, 2), (1, 3), (2, 1)]


def test_training_that_goes_on_appends_and_repeats_nothing(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    with CurveLog.opened(path, {RUN}, []) as log:
        log.take(curve(2), 0)
    place = path.stat().st_ino
    # Epochs that were kept, but not told before the process was killed, are there at the next one.
    with CurveLog.opened(path, {RUN}, [curve(3)]) as log:
        log.take(curve(3), 0)
        log.take(curve(4), 3)
    assert epochs(path) == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert path.stat().st_ino == place  # `tail -f` goes on, too


def test_rows_of_a_training_that_begins_again_go_and_those_of_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    with CurveLog.opened(path, {RUN, ("pmemo", "a, b")}, []) as log:
        log.take(curve(3), 0)
        log.take(curve(2, run="a, b"), 0)
    with path.open("a") as file:
        file.write("pmemo,Rf,Tr")  # it was killed there
    with CurveLog.opened(path, {RUN}, [curve(1)]) as log:
        log.take(curve(2, start=0.5), 0)  # other numbers: it was changed meanwhile
    assert epochs(path) == [(1, 1), (1, 1), (1, 2)]
    with CurveLog.opened(path, {RUN}, []):
        pass
    assert epochs(path) == []
    assert epochs(path, "a, b") == [(1, 1), (1, 2)]


@pytest.mark.parametrize("content", ["subject,rating\n1,2\n", "\xff\xfe", "x"])
def test_another_file_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "trials.csv"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(RtcanError, match="is not a log"), CurveLog.opened(path, {RUN}, []):
        pass
    assert path.read_text(encoding="latin-1") == content


def test_what_cannot_be_a_log_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("folder", "link"):
        refused = pytest.raises(RtcanError, match="cannot be written: not a file")
        with refused, CurveLog.opened(tmp_path / name, {RUN}, []):
            pass
    assert sorted(os.listdir(tmp_path)) == ["folder", "link"]


def test_an_error_of_the_training_is_not_one_of_the_log(tmp_path: Path) -> None:
    raised = pytest.raises(ConnectionRefusedError)
    with raised, CurveLog.opened(tmp_path / "curves.csv", {RUN}, []):
        raise ConnectionRefusedError


def test_two_processes_do_not_write_to_one_log(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    with CurveLog.opened(path, {RUN}, []) as log:
        log.take(curve(1), 0)
        # An open file of its own, as of another process.
        refused = pytest.raises(RtcanError, match="another process")
        with refused, CurveLog.opened(path, {RUN}, []):
            pass
        log.take(curve(2), 1)
    assert epochs(path) == [(1, 1), (1, 2)]


def test_a_run_that_was_stopped_has_the_curves_of_its_store(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, events = tmp_path / "curves.csv", tmp_path / "events"
    settings = replace(SETTINGS, recipe=replace(SETTINGS.recipe, epochs=2))
    wanted = [request(prepared, tmp_path, settings)]

    def interrupted(*rest: object, **named: object) -> object:
        if named["fold"] == 2:
            raise KeyboardInterrupt
        return fit_fold(*rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(training_fit, "fit_fold", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_runs(wanted, log=log, events=events)
    assert len(pd.read_csv(log)) == 2 * 2
    monkeypatch.undo()
    done = train_runs(wanted, log=log, events=events)
    assert done.files == (wanted[0].output, log, events)
    with Store(wanted[0].output) as store:
        kept = store.table("epochs")
    order = ["target", "fold", "epoch"]
    logged = pd.read_csv(log).sort_values(order, ignore_index=True)
    kept = kept.sort_values(order, ignore_index=True)
    assert logged[order].equals(kept[order])
    np.testing.assert_allclose(logged[list(HISTORY)], kept[list(HISTORY)], rtol=1e-5)
    log.unlink()
    train_runs(wanted, log=log)  # already done: the curves are those of the store
    again = pd.read_csv(log).sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(again, logged)
    read_events = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is missing"
    )
    for fold, rows in kept.groupby("fold"):
        folder = events / "simulated" / "pmemo" / wanted[0].output.stem / f"arousal-fold-{fold}"
        found = read_events.EventAccumulator(str(folder)).Reload()
        for tag, name in (("loss/train", HISTORY[0]), ("accuracy/validation", HISTORY[2])):
            scalars = found.Scalars(tag)
            assert [each.step for each in scalars] == [1, 2]
            np.testing.assert_allclose([each.value for each in scalars], rows[name], rtol=1e-6)


def test_models_without_epochs_have_no_curves(prepared: Path, tmp_path: Path) -> None:
    outcome = rtcan("train", "-w", prepared, "--model", "majority", "--log", tmp_path / "c.csv")
    assert outcome.exit_code == 2
    assert "leave out --log: none of these models has epochs" in outcome.stderr
