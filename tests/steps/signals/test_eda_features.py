"""Each recording's features stand under that recording, however the work went."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from rtcan_cli import views
from rtcan_cli.eda.features import eda_features
from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.signals.eda_features import features_result
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.views.layout import table_lines
from tests.conftest import must, put_text, rtcan

WORK = "rtcan_cli.steps.signals.eda_features_work"
BLOCKS = "rtcan_cli.steps.signals.blocks"
COMMAND = ("eda-features", "--jobs", "1", "-w")


@pytest.fixture
def workspace(prepared: Path, copy_of: Callable[[Path], Path]) -> Path:
    return copy_of(prepared)


def stored(workspace: Path) -> NDArray[np.float64]:
    """The features, by h5py alone."""
    with h5py.File(workspace / "pmemo" / "features.h5") as h5:
        return h5["features/value"][()]


def originals(workspace: Path) -> list[NDArray[np.float64]]:
    """The raw EDA, by h5py alone."""
    with h5py.File(workspace / "pmemo" / "recordings.h5") as h5:
        return np.split(h5["signals/eda"][()], h5["signals/offsets"][1:-1])


def stand_in(original: NDArray[np.float64], *_: Any, **__: Any) -> NDArray[np.float64]:
    """What tells which recording it was given."""
    return np.full(len(CATALOGUE), original[0] + original[-1])


def assert_own_numbers(workspace: Path) -> None:
    expected = [signal[0] + signal[-1] for signal in originals(workspace)]
    assert len(set(expected)) > 50
    np.testing.assert_array_equal(stored(workspace)[:, 0], expected)


def test_a_stored_row_describes_its_own_recording(workspace: Path) -> None:
    must("eda-features", "--jobs", "2", "-w", workspace)
    with (
        h5py.File(workspace / "pmemo" / "components.h5") as parts,
        h5py.File(workspace / "pmemo" / "features.h5") as h5,
    ):
        assert h5["features/name"].asstr()[()].tolist() == [each.name for each in CATALOGUE]
        assert h5["features/formula"].asstr()[5] == CATALOGUE[5].formula
        assert h5.attrs["simulated"]
        assert json.loads(h5.attrs["parameters"])["onset"] == 3.0
        for column in ("subject", "stimulus", "target", "sampling_rate"):
            np.testing.assert_array_equal(h5[f"recordings/{column}"], parts[f"recordings/{column}"])
        values, offsets = h5["features/value"][()], parts["signals/offsets"][()]
        rates = parts["recordings/sampling_rate"][()]
        for row in (0, 7, len(values) - 1):
            signals = [
                parts[f"signals/{name}"][offsets[row] : offsets[row + 1]]
                for name in ("phasic", "tonic", "driver")
            ]
            expected = eda_features(originals(workspace)[row], *signals, rates[row], onset=3.0)
            np.testing.assert_array_equal(values[row], expected)
    assert np.isfinite(values).all()


def test_every_recording_keeps_its_own_when_results_come_back_in_another_order(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def backwards(
        function: Callable[[Any], Any], items: Sequence[Any], *_: Any, **__: Any
    ) -> Iterator[tuple[int, Any]]:
        for position in reversed(range(len(items))):
            yield position, function(items[position])

    monkeypatch.setattr(f"{BLOCKS}._BLOCK", 2000)  # samples; so there are many blocks
    monkeypatch.setattr(f"{WORK}.eda_features", stand_in)
    monkeypatch.setattr(f"{BLOCKS}.map_unordered", backwards)
    must(*COMMAND, workspace)
    assert_own_numbers(workspace)


def test_an_interrupted_step_goes_on_where_it_stopped(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{BLOCKS}._BLOCK", 1)  # a recording each
    calls: list[int] = []

    def stopped(original: NDArray[np.float64], *_: Any, **__: Any) -> NDArray[np.float64]:
        if len(calls) == 20:
            raise KeyboardInterrupt
        calls.append(len(calls))
        return stand_in(original)

    monkeypatch.setattr(f"{WORK}.eda_features", stopped)
    assert rtcan(*COMMAND, workspace).exit_code == 130
    again: list[int] = []

    def noted(original: NDArray[np.float64], *_: Any, **__: Any) -> NDArray[np.float64]:
        again.append(len(again))
        return stand_in(original)

    monkeypatch.setattr(f"{WORK}.eda_features", noted)
    outcome = must(*COMMAND, workspace)
    total = len(originals(workspace))
    assert f"going on: 20 of {total} recordings" in outcome.stderr
    assert len(again) == total - 20
    assert_own_numbers(workspace)
    assert not list(workspace.glob("pmemo/features.h5.partial"))


def test_what_cannot_be_described_stays_with_its_reason_and_shifts_no_other(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One that decompose refused, and one that has no features.
    with h5py.File(workspace / "pmemo" / "components.h5", "r+") as h5:
        put_text(h5, "recordings/problem", 4, "flat: every sample has the same value")
    third = originals(workspace)[2]

    def damaged(original: NDArray[np.float64], *_: Any, **__: Any) -> NDArray[np.float64]:
        if np.array_equal(original, third):
            raise RtcanError("too short to describe")
        return stand_in(original)

    monkeypatch.setattr(f"{WORK}.eda_features", damaged)
    outcome = must(*COMMAND, workspace, "--json")
    result = json.loads(outcome.stdout)
    left_out = {row["reason"]: row["n_recordings"] for row in result["left_out"]}
    assert left_out == {"too short to describe": 1, "flat: every sample has the same value": 1}
    assert result["n_described"] == result["n_recordings"] - 2
    assert [row["n_features"] for row in result["domains"]] == [30, 42, 20, 36]
    page = views.page(features_result(workspace / "pmemo" / "features.h5"))
    assert [table.title for table in page.tables] == ["Features", "Not described"]
    for table in page.tables:
        for width in (60, 80, 120):
            assert max(map(len, table_lines(table, width))) <= width
    values = stored(workspace)
    assert np.flatnonzero(np.isnan(values).all(axis=1)).tolist() == [2, 4]
    expected = [signal[0] + signal[-1] for signal in originals(workspace)]
    for row in (0, 1, 3, 5, len(values) - 1):
        assert values[row, 0] == expected[row]


def test_an_onset_that_leaves_nothing_is_one_clear_line(workspace: Path) -> None:
    outcome = rtcan(*COMMAND, workspace, "--onset", "13")
    assert outcome.exit_code == 1
    assert "no recording can be described; the first problem: only" in outcome.stderr
    assert not list(workspace.glob("pmemo/features*"))


@pytest.mark.long
def test_components_of_other_recordings_are_refused(workspace: Path, tmp_path: Path) -> None:
    raw = tmp_path / "other raw"
    must("simulate", "pmemo", raw, "--subjects", "6", "--stimuli", "6", "--seed", "5")
    must("ingest", "pmemo", raw, "-w", workspace)
    outcome = rtcan(*COMMAND, workspace)
    assert outcome.exit_code == 1
    assert "components.h5: was not made from" in outcome.stderr
    assert "rtcan decompose --dataset pmemo" in outcome.stderr


def test_it_is_done_once_and_again_for_another_onset(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{WORK}.eda_features", stand_in)
    must(*COMMAND, workspace)
    assert "already done, nothing changed" in must(*COMMAND, workspace).stderr
    assert "onset: 3.0 -> 5.0" in must(*COMMAND, workspace, "--onset", "5").stderr
    with Store(workspace / "pmemo" / "features.h5", "features") as store:
        assert store.provenance.parameters["onset"] == 5


def test_a_workspace_needs_no_features_but_says_if_those_it_has_are_stale(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = must("info", "-w", workspace)
    assert "features" not in outcome.stdout.replace("music-features", "")
    assert "next: rtcan train" in outcome.stdout
    monkeypatch.setattr(f"{WORK}.eda_features", stand_in)
    must(*COMMAND, workspace, "--onset", "5")
    outcome = must("info", "-w", workspace)
    assert [s.state for s in Workspace(workspace).steps("pmemo") if s.kind == "features"] == [
        "done"
    ]
    assert "next: rtcan train" in outcome.stdout
    must("decompose", "-w", workspace, "--alpha", "0.001", "--jobs", "1")
    outcome = must("info", "-w", workspace, "--json")
    assert "rtcan eda-features --dataset pmemo --onset 5.0" in outcome.stdout


@pytest.mark.long
def test_within_the_subject_each_feature_has_mean_0_and_sd_1(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    must("eda-features", "-w", workspace, "--jobs", "1")
    plain = stored(workspace)
    with Store(workspace / "pmemo" / "features.h5", "features") as store:
        unit = dict(zip(store.array("features/name"), store.array("features/unit"), strict=True))
        assert unit["raw_mean"] == "a.u."  # the scale of PMEmo is not known
    out = must("eda-features", "-w", workspace, "--jobs", "1", "--within-subject").stdout
    assert "each subject's standard deviation" in out
    with Store(workspace / "pmemo" / "features.h5", "features") as store:
        scaled, table = store.array("features/value"), store.table("recordings")
        assert set(store.array("features/unit")) == {"subject's SD"}
        assert store.provenance.parameters["within_subject"] is True
    for subject in table["subject"].unique():
        own = (table["subject"] == subject).to_numpy()
        np.testing.assert_allclose(scaled[own].mean(axis=0), 0, atol=1e-6)
        sd, before = scaled[own].std(axis=0), plain[own].std(axis=0)
        varies = before > 1e-9 * np.abs(plain[own]).max(axis=0)
        np.testing.assert_allclose(sd[varies], 1, rtol=1e-6)
        r = [np.corrcoef(a, b)[0, 1] for a, b in zip(scaled[own].T, plain[own].T, strict=True)]
        np.testing.assert_allclose(np.array(r)[varies], 1, rtol=1e-6)
    # A run on such features answers to stores, and not to one recording.
    must("train", "-w", workspace, "--model", "logistic", "--folds", "3", "--name", "own")
    must("predict", "own", "-w", workspace, "--dataset", "pmemo")
    file = workspace / "one.csv"
    file.write_text("eda\n" + "\n".join(f"{2 + 0.1 * np.sin(i / 60)}" for i in range(900)) + "\n")
    refused = rtcan("predict", "own", "-w", workspace, "--eda", file, "--sampling-rate", "50")
    assert refused.exit_code == 1
    assert "relative to those of all recordings of the subject" in refused.stderr
    # The run says so itself, also where its features are others now.
    must("eda-features", "-w", workspace, "--jobs", "1")
    for asked in (("--eda", file, "--sampling-rate", "50"), ("--dataset", "pmemo", "--all-folds")):
        refused = rtcan("predict", "own", "-w", workspace, *asked)
        assert refused.exit_code == 1
        assert "relative to those of" in refused.stderr
