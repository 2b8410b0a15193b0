"""Runs that differ only in their protocol: what knowing subjects and songs is worth."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli import views
from rtcan_cli.command_line import CommandLine
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.scores.leakage import LADDER, compare_protocols
from rtcan_cli.views.layout import table_lines
from tests.conftest import rtcan
from tests.runs.finished_runs import finish_run
from tests.views.rows import rows_of

KEYS = ["subject", "stimulus"]
SKILL = dict(zip(LADDER, (2.0, 1.4, 0.9, 0.3), strict=True))


@pytest.fixture
def ladder(tmp_path: Path) -> list[Path]:
    # Not in order, and with two of a kind: the first counts.
    names = ["subject+stimulus", "trial", "subject", "stimulus"]
    paths = [finish_run(tmp_path, name, protocol=name, skill=SKILL[name]) for name in names]
    return [*paths, finish_run(tmp_path, "again", protocol="trial", skill=0.0)]


def test_protocols_stand_in_order_with_what_they_knew(ladder: list[Path], tmp_path: Path) -> None:
    report = compare_protocols(ladder, tmp_path / "out")
    assert report.protocols["simulated"].all()
    assert "missing_protocol" not in {note.kind for note in report.notes}
    found = report.protocols.query("target == 'arousal'").to_dict("records")
    assert [row["protocol"] for row in found] == list(LADDER)
    assert [(row["subject_known"], row["stimulus_known"]) for row in found] == [
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    ]
    for row in found:
        trials = Run.load(tmp_path / f"{row['protocol']}.h5").trials("arousal").dropna()
        right = (trials["probability"] > 0.5) == trials["label"]
        assert row["n_trials"] == len(trials)
        assert row["accuracy"] == pytest.approx(right.mean())
        assert row["low"] < row["accuracy"] < row["high"]
    assert found[-1]["n_training"] < found[0]["n_training"]
    assert found[-1]["n_trials"] < found[0]["n_trials"]
    assert report.protocols["accuracy"].iloc[0] > 0.5
    assert all(path.exists() for path in report.files)
    assert {path.suffix for path in report.files} == {".png", ".svg", ".pdf", ".csv"}
    written = pd.read_csv(tmp_path / "out" / "leakage.csv")
    pd.testing.assert_frame_equal(written, report.protocols, check_dtype=False)


def test_models_that_differ_in_their_stores_have_figures_of_their_own(
    ladder: list[Path], tmp_path: Path
) -> None:
    others = []
    for path in ladder[:3]:
        others.append(Path(shutil.copy(path, path.with_name(f"other-{path.name}"))))
        with h5py.File(others[-1], "r+") as h5:
            inputs = json.loads(h5.attrs["inputs"])
            h5.attrs["inputs"] = json.dumps({**inputs, "music": "of another store"})
    report = compare_protocols([*ladder, *others], tmp_path / "out")
    assert report.protocols["series"].nunique() == 2
    drawn = [path for path in report.files if path.suffix == ".png"]
    assert len({*drawn}) == len(drawn) == 2


def test_the_page_has_a_table_a_target_and_one_of_differences(ladder: list[Path]) -> None:
    tables = views.page(compare_protocols(ladder)).tables
    assert all("(simulated)" in table.title for table in tables)
    _, arousal, apart = tables
    assert ", arousal: accuracy by protocol" in arousal.title
    known = ["subject and song known", "subject known", "song known", "both new"]
    assert [row["in training"] for row in rows_of(arousal)] == known
    assert apart.title.endswith("accuracy less that of 'subject+stimulus', on common trials")
    assert len(apart.rows) == 6
    for width in (60, 80, 120):
        for table in tables:
            assert max(map(len, table_lines(table, width))) <= width


def test_differences_are_those_on_common_trials(ladder: list[Path], tmp_path: Path) -> None:
    apart = compare_protocols(ladder).protocols
    assert set(apart["last_protocol"]) == {"subject+stimulus"}
    trials = {
        name: Run.load(tmp_path / f"{name}.h5").trials("arousal").dropna().set_index(KEYS)
        for name in ("trial", "subject+stimulus")
    }
    common = trials["subject+stimulus"].index
    scores = [
        np.mean((each.loc[common, "probability"] > 0.5) == each.loc[common, "label"])
        for each in trials.values()
    ]
    (row,) = apart.query("target == 'arousal' and protocol == 'trial'").to_dict("records")
    assert row["n_common"] == len(common)
    assert row["difference"] == pytest.approx(scores[0] - scores[1])


def test_lines_that_train_what_is_missing_are_named(tmp_path: Path) -> None:
    paths = [
        finish_run(tmp_path, name, protocol=name, targets=("arousal",))
        for name in ("trial", "subject")
    ]
    report = compare_protocols(paths)
    lines = [note.command or "" for note in report.notes if note.kind == "missing_protocol"]
    assert [line.split("--protocol ")[1] for line in lines] == ["stimulus", "subject+stimulus"]
    for line in lines:
        assert line.startswith("rtcan train --dataset pmemo --target arousal --recipe tuned")
    assert report.protocols["difference"].notna().tolist() == [True, False]


def test_runs_with_thresholds_of_each_fold_are_left_out_and_named(tmp_path: Path) -> None:
    usual = [finish_run(tmp_path, name, protocol=name) for name in ("trial", "stimulus")]
    # Their labels come from the training trials, which differ by protocol.
    own = [
        finish_run(tmp_path, f"own-{name}", protocol=name, thresholds="training", flipped=flipped)
        for name, flipped in (("trial", 0), ("stimulus", 7))
    ]
    report = compare_protocols([*own, *usual])
    assert set(report.protocols["run"]) == {"trial", "stimulus"}
    (note,) = (note.text for note in report.notes if note.kind == "thresholds")
    assert "own-trial, own-stimulus" in note
    with pytest.raises(RtcanError, match=r"no run to compare.*labels differ by protocol"):
        compare_protocols(own)


@pytest.mark.parametrize("changed", [{"onset": 4.0}, {"seed": 1}, {"inputs": {"labels": "else"}}])
def test_runs_that_differ_in_more_are_kept_apart(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    paths = [
        finish_run(tmp_path, "subject"),
        finish_run(tmp_path, "trial", protocol="trial", **changed),  # type: ignore[arg-type]
    ]
    with pytest.raises(RtcanError, match="no two runs differ only in their protocol") as caught:
        compare_protocols(paths)
    # One line trains all that are missing.
    assert str(caught.value.hint).endswith("--protocol trial,stimulus,subject+stimulus")
    assert isinstance(caught.value.hint, CommandLine)


@pytest.mark.long
def test_each_network_has_its_figure(tmp_path: Path) -> None:
    paths = [
        finish_run(tmp_path, f"{protocol}{onset}", protocol=protocol, onset=onset)
        for protocol in ("trial", "subject")
        for onset in (3.0, 4.0)
    ]
    report = compare_protocols(paths, tmp_path / "out")
    assert len([path for path in report.files if path.suffix == ".png"]) == 2
    assert set(report.protocols["series"]) == {1, 2}


@pytest.mark.parametrize("folds", [(1, 2), None])
def test_unfinished_and_imported_runs_do_not_count(
    tmp_path: Path, folds: tuple[int, ...] | None
) -> None:
    other = "trial" if folds else "unknown"
    paths = [finish_run(tmp_path, "a"), finish_run(tmp_path, "b", protocol=other, folds=folds)]
    with pytest.raises(RtcanError, match="no two runs differ only"):
        compare_protocols(paths)
    with pytest.raises(RtcanError, match="there is no run to compare"):
        compare_protocols(paths[1:])


def test_folds_are_checked_before_a_score_is_shown(ladder: list[Path]) -> None:
    with h5py.File(ladder[2], "a") as h5:
        role = h5["membership/role"][()]
        role[0] = np.where(role[0] == 2, 0, role[0])
        h5["membership/role"][...] = role
    with pytest.raises(RtcanError, match=r"valence, fold \d: subject S00 is in both the train"):
        compare_protocols(ladder)


def test_options_of_the_other_comparison_are_refused(tmp_path: Path) -> None:
    for option in (("--paper",), ("--against", "x")):
        outcome = rtcan("compare", "--leakage", *option, "-w", tmp_path)
        assert outcome.exit_code == 2
        assert "--leakage" in outcome.stderr
