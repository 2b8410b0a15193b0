"""Many runs in one go: the same stores as one after the other, done once, loaded once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rtcan_cli.steps.training.plan as run_plan
import rtcan_cli.steps.training.units as run_units
import rtcan_cli.training.fit as training_fit
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.mapped import SMALL as SMALL_ROWS
from rtcan_cli.files.mapped import MappedRows
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.training.runs import SETTING_COLUMNS
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.training.plan import Planner, RunRequest
from rtcan_cli.steps.training.result import varied
from rtcan_cli.steps.training.train import train_run, train_runs
from rtcan_cli.stores import Provenance, Store
from rtcan_cli.training.fit import NotFinite, fit_fold
from rtcan_cli.training.recipes import RECIPES
from tests.conftest import SMALL_TRAINING, must, rtcan

SETTINGS = RunSettings(
    ModelSpec("base", (8, 8, 8, 8), length=96),
    replace(RECIPES["tuned"], epochs=1),
    "none",
    ("arousal",),
    3.0,
    3,
    0,
)
SMALL = (*SMALL_TRAINING, "--epochs", "1", "--target", "arousal")

pytestmark = pytest.mark.usefixtures("undrawn")


def request(workspace: Path, folder: Path, settings: RunSettings = SETTINGS) -> RunRequest:
    stores = workspace / "pmemo"
    music = stores / "music.h5" if settings.fusion == "music" else None
    sources = Sources(stores / "components.h5", stores / "labels.h5", music)
    return RunRequest(sources, folder / f"{settings.name()}.h5", settings)


def variants(*names: str) -> list[RunSettings]:
    return [replace(SETTINGS, spec=replace(SETTINGS.spec, variant=name)) for name in names]


def ids(folder: Path) -> dict[str, str]:
    return {path.stem: Store(path).content_id for path in folder.glob("*.h5")}


@pytest.mark.long
@pytest.mark.parametrize("jobs", [1, 2])
def test_runs_of_a_sweep_are_those_trained_alone(prepared: Path, tmp_path: Path, jobs: int) -> None:
    settings = variants("base", "Ra")
    if jobs == 1:
        both = ("valence", "arousal")
        settings[1:] = [
            replace(SETTINGS, fusion="music"),
            replace(SETTINGS, subjects="70%", protocol="trial", targets=both),
        ]
    together, alone = tmp_path / "together", tmp_path / "alone"
    log = tmp_path / "curves.csv"
    wanted_runs = [request(prepared, together, each) for each in settings]
    result = train_runs(wanted_runs, jobs=jobs, log=log)
    for each in settings:
        wanted = request(prepared, alone, each)
        train_run(wanted.sources, wanted.output, each)
    assert len(ids(together)) == len(settings)
    assert ids(together) == ids(alone)
    assert result.files == (*(together / f"{each.name()}.h5" for each in settings), log)
    assert [run.name for run in result.runs] == [each.name() for each in settings]
    # Whichever process has trained an epoch, its row is there once.
    logged = pd.read_csv(log)
    for each in settings:
        rows = logged[logged["run"] == each.name()]
        assert sorted(zip(rows["target"], rows["fold"], rows["epoch"], strict=True)) == [
            (target, fold, 1) for target in sorted(each.targets) for fold in (1, 2, 3)
        ]
    # Neither work in progress nor locks are left.
    assert {path.suffix for path in together.iterdir()} == {".h5"}


def test_trials_are_loaded_once_and_shared(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    real = run_plan.training_data

    def counted(*arguments: object, **named: object) -> object:
        loads.append(arguments[1:])
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(run_plan, "training_data", counted)
    planner = Planner()
    made = Provenance("train", "pmemo", {}, {})

    def plan(settings: RunSettings) -> run_plan.TargetPlan:
        return planner.plan(request(prepared, tmp_path, settings), made).targets[0]

    first, second = (plan(each) for each in variants("base", "Rf"))
    dealt_anew, fewer = plan(replace(SETTINGS, n_folds=4)), plan(replace(SETTINGS, subjects="70%"))
    assert loads == [("arousal", 3.0, 96, (), None)]
    # The same array, so that worker processes are sent one copy.
    assert first.data.eda is second.data.eda is dealt_anew.data.eda
    assert (first.splits.n_folds, dealt_anew.splits.n_folds) == (3, 4)
    assert len(np.unique(fewer.data.subject)) == 6
    plan(replace(SETTINGS, spec=replace(SETTINGS.spec, length=48)))
    assert loads == [("arousal", 3.0, 96, (), None), ("arousal", 3.0, 48, (), None)]


def test_what_all_models_leave_out_is_said_once(
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run_plan, "grouped", lambda left_out: [("a gap", 2)])
    planner = Planner()
    made = Provenance("train", "pmemo", {}, {})
    for length in (96, 48):
        settings = replace(SETTINGS, spec=replace(SETTINGS.spec, length=length))
        planner.plan(request(prepared, tmp_path, settings), made)
    assert capsys.readouterr().err.count("arousal: left out 2 recordings: a gap") == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_inputs_in_a_file_train_the_same_networks(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    settings = [replace(SETTINGS, targets=("valence", "arousal")), *variants("Ra")]
    kept: list[bool] = []
    real = MappedRows.array

    def seen(rows: MappedRows) -> object:
        array = real(rows)
        kept.append(array.flags.writeable)
        return array

    monkeypatch.setattr(MappedRows, "array", seen)
    for place, small in (("memory", SMALL_ROWS), ("file", 0)):
        monkeypatch.setattr("rtcan_cli.files.mapped.SMALL", small)
        train_runs([request(prepared, tmp_path / place, each) for each in settings], jobs=jobs)
        assert set(kept) == {place == "memory"}
        kept.clear()
    assert ids(tmp_path / "memory") == ids(tmp_path / "file")


@pytest.mark.parametrize("shared", [True, False])
def test_targets_share_the_inputs_of_the_recordings_that_they_share(
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared: bool,
) -> None:
    # In this dataset each target has recordings of its own.
    if shared:
        real = Store.table

        def of_both(store: Store, name: str, *rest: Any) -> pd.DataFrame:
            table = real(store, name, *rest)
            return table.replace({"target": {"valence": "both", "arousal": "neither"}})

        monkeypatch.setattr(Store, "table", of_both)
    settings = replace(SETTINGS, targets=("valence", "arousal"))
    made = Provenance("train", "pmemo", {}, {})
    plans = Planner().plan(request(prepared, tmp_path, settings), made).targets
    alone = [
        Planner().plan(request(prepared, tmp_path, replace(settings, targets=(each.target,))), made)
        for each in plans
    ]
    for both, one in zip(plans, (each.targets[0] for each in alone), strict=True):
        assert both.data.subject.tolist() == one.data.subject.tolist()
        np.testing.assert_array_equal(both.data.own_eda, one.data.own_eda)
        assert len(both.data.eda) == len(both.data)  # no rows of the other target's recordings
    assert (plans[0].data.eda is plans[1].data.eda) == shared


def test_settings_that_differ_are_named() -> None:
    same = dict.fromkeys(SETTING_COLUMNS, "same")

    def of(*changes: dict[str, object]) -> tuple[str, ...]:
        return varied(pd.DataFrame([same | each for each in changes], dtype=object))

    assert of({}, {}) == ()
    assert of({"run": "a", "training_seconds": 1.0}, {"run": "b"}) == ()
    other = {"variant": "Rf", "channels": "8,8,8,16", "subjects": "40%"}
    assert of(other, {"subjects": None}) == ("variant", "channels", "subjects")
    assert of({"window": "all"}, {"window": "first:30"}, {"window": None}) == ("window",)
    assert of({"window": "first:30"}, {"window": None}) == ()
    # A model that is no RTCAN-1D has no depth: that is told by its name.
    assert of({}, {"model": "majority", "depth": None, "variant": None}) == ("model",)


@pytest.mark.long
def test_the_command_makes_a_run_for_each_combination_and_goes_on(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    command = ("train", "-w", workspace, *SMALL)
    must(*command, "--variant", "Ra")
    (alone,) = (workspace / "pmemo" / "runs").glob("*.h5")
    before = alone.read_bytes()
    options = ("--variant", "base,Ra", "--variant", "Ra", "--seed", "0, 1", "--json")
    outcome = must(*command, *options)
    assert f"{alone}: already done" in outcome.stderr
    assert alone.read_bytes() == before
    result = json.loads(outcome.stdout)
    assert result["varied"] == ["variant", "seed"]
    settings = [(row["variant"], row["seed"]) for row in result["settings"]]
    assert settings == [("base", 0), ("base", 1), ("Ra", 0), ("Ra", 1)]
    assert len(result["runs"]) == len(result["validation"]) == 4
    for row, (variant, seed) in zip(result["validation"], settings, strict=True):
        run = Run.load(workspace / "pmemo" / "runs" / f"{row['run']}.h5")
        assert (run.settings.spec.variant, run.settings.seed) == (variant, seed)
        chosen = run.epochs[run.epochs["epoch"] == 1]
        assert row["accuracy"] == pytest.approx(chosen["validation_accuracy"].mean())
    names = " ".join(row["name"] for row in result["runs"])
    line = f"rtcan compare {names} --dataset pmemo --workspace {workspace}"
    assert (result["notes"][-1]["kind"], result["notes"][-1]["command"]) == ("next_step", line)
    assert f"note: next: {line}" in must(*command, *options[:-1]).stdout
    must("compare", *names.split(), "-w", workspace, "-o", workspace / "figures")


@pytest.mark.parametrize("option", ["--name", "--output"])
def test_one_place_for_many_runs_is_wrong_usage(prepared: Path, option: str) -> None:
    outcome = rtcan("train", "-w", prepared, *SMALL, "--depth", "1,2", option, "x.h5")
    assert outcome.exit_code == 2
    assert "ask for 2" in " ".join(outcome.stderr.split())
    assert option in outcome.stderr


def test_a_run_that_cannot_be_is_found_before_any_is_trained(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    outcome = rtcan("train", "-w", workspace, *SMALL, "--subjects", "100%,2")
    assert outcome.exit_code == 1
    assert "2 subjects cannot be divided into 3 folds" in outcome.stderr
    outcome = rtcan(
        "train", "-w", workspace, *SMALL, "--layout", "paper,released", "--variant", "base"
    )
    assert outcome.exit_code == 1
    assert "the released layout has no network variant 'base'" in outcome.stderr
    assert "--variant base-stem" in outcome.stderr
    assert not list((workspace / "pmemo").glob("runs/*"))


def diverging(monkeypatch: pytest.MonkeyPatch, *bad: tuple[str, int]) -> list[tuple[str, str, int]]:
    """Let some folds of some variants diverge; return the list of all that are tried."""
    tried = []

    def fit(data: object, parts: object, spec: ModelSpec, *rest: object, **named: object) -> object:
        fold = int(named["fold"])  # type: ignore[call-overload]
        tried.append((spec.variant, "", fold))
        if (spec.variant, fold) in bad:
            raise NotFinite(f"the loss is not finite any more in fold {fold + 1}, epoch 1", "x")
        return fit_fold(data, parts, spec, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(training_fit, "fit_fold", fit)
    return tried


@pytest.mark.long
def test_a_fold_that_diverges_stops_neither_other_folds_nor_other_runs(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [request(prepared, tmp_path, each) for each in variants("base", "Ra", "Re")]
    tried = diverging(monkeypatch, ("Ra", 1))
    with pytest.raises(RtcanError) as error:
        train_runs(wanted)
    assert len(tried) == 9
    message = str(error.value)
    assert wanted[1].output.name in message
    assert "not written: arousal: the loss is not finite any more in fold 2, epoch 1" in message
    assert "--clip-norm" in str(error.value.hint)
    assert set(ids(tmp_path)) == {wanted[0].output.stem, wanted[2].output.stem}
    kept = {path.stem for path in tmp_path.rglob("*.npz")}
    assert kept == {"begun", "result-arousal-0", "result-arousal-2"}
    # Whatever it was has passed: only that fold is trained, and the store is as it should be.
    tried = diverging(monkeypatch)
    train_runs(wanted)
    assert [fold for _, _, fold in tried] == [1]
    monkeypatch.undo()
    alone = request(prepared, tmp_path / "alone", wanted[1].settings)
    train_run(alone.sources, alone.output, alone.settings)
    assert Store(wanted[1].output).content_id == Store(alone.output).content_id


def test_several_folds_that_diverge_are_counted(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diverging(monkeypatch, ("base", 0), ("base", 2), ("Ra", 0))
    wanted = [request(prepared, tmp_path, each) for each in variants("base", "Ra")]
    with pytest.raises(RtcanError, match=r"fold 1, epoch 1 \(and in 2 more folds\); nor is Ra-eda"):
        train_runs(wanted)
    assert not list(tmp_path.glob("*.h5"))


def test_a_learning_rate_that_is_far_too_high_is_one_clear_error(
    prepared: Path, tmp_path: Path
) -> None:
    options = ("--lr", "1e30", "-o", tmp_path / "run.h5")
    outcome = rtcan("train", "-w", prepared, *SMALL, *options)
    assert outcome.exit_code == 1
    (error,) = (line for line in outcome.stderr.splitlines() if line.startswith("error:"))
    assert "run.h5: not written: arousal: the loss is not finite any more in fold 1" in error
    assert not (tmp_path / "run.h5").exists()


def test_a_fold_of_one_class_is_one_clear_error(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    with Store(workspace / "pmemo" / "labels.h5", "labels") as store:
        table = store.table("labels", ["subject", "stimulus", "arousal", "valence"])
    table.assign(arousal=1).to_csv(tmp_path / "high.csv", index=False)
    must("relabel", "-w", workspace, "--import", tmp_path / "high.csv")
    outcome = rtcan("train", "-w", workspace, *SMALL)
    assert outcome.exit_code == 1
    assert "error: arousal: fold 1 cannot be trained: of its" in outcome.stderr
    assert "0 are low" in outcome.stderr
    assert not list((workspace / "pmemo").glob("runs/*"))


def test_facts_of_training_are_kept_but_not_part_of_the_content(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import platform

    import torch

    first = request(prepared, tmp_path)
    train_run(first.sources, first.output, SETTINGS)
    models = Run.load(first.output).models
    assert (models["seconds"] > 0).all()
    assert (models["cpu_seconds"] > 0).all()
    assert set(models["threads"]) == {1}
    for version in (platform.python_version(), torch.__version__, np.__version__):
        assert models["software"].str.contains(version, regex=False).all()
    assert (models["hardware"] != "").all()
    monkeypatch.setattr(run_units, "software", lambda is_network: "rtcan 99")
    monkeypatch.setattr(run_units, "hardware", lambda device: "abacus")
    again = tmp_path / "again.h5"
    train_run(first.sources, again, SETTINGS)
    assert set(Run.load(again).models["hardware"]) == {"abacus"}
    assert Store(again).content_id == Store(first.output).content_id
    shown = " ".join(must("info", again).stdout.split())
    assert "trained on cpu: abacus" in shown
    assert "trained with rtcan 99" in shown
    assert "CPU time [s]" in shown


@pytest.mark.long
def test_early_stopping_goes_through_the_whole_chain(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    options = ("--epochs", "6", "--lr", "0.05", "--patience", "1", "--class-weights", "balanced")
    must("train", "-w", workspace, *SMALL, *options, "--clip-norm", "1", "--precision", "bf16")
    (path,) = (workspace / "pmemo" / "runs").glob("*balanced-clip1-patience1-bf16-*.h5")
    run = Run.load(path)
    assert run.epochs.groupby("fold")["epoch"].max().min() < 6
    must("evaluate", "-w", workspace, "-o", workspace / "figures")


def test_a_model_that_is_not_possible_does_not_stop_the_others(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    names = "svm-music,majority,subject-prior,song-prior,svm-eda"  # there are no EDA features
    command = ("train", "-w", workspace, "--folds", "3", "--jobs", "1", "--model", names, "--json")
    outcome = rtcan(*command, "--fusion", "none")
    assert outcome.exit_code == 1
    assert [each["model"] for each in json.loads(outcome.stdout)["settings"]] == [
        "majority",
        "song-prior",
    ]
    assert len(list(workspace.glob("pmemo/runs/*.h5"))) == 2
    (error,) = (line for line in outcome.stderr.splitlines() if line.startswith("error:"))
    assert error.startswith("error: 3 runs are not possible: ")
    for reason in (
        "model svm-music cannot be used with the fusion 'none' (try: --fusion music-only for it)",
        "model subject-prior cannot be used with the protocol 'subject' (try: --protocol trial or "
        "stimulus for it)",
        "features.h5",
    ):
        assert reason in error
        warned = [line for line in outcome.stderr.splitlines() if line.startswith("warning:")]
        assert any(reason in line for line in warned)
    # One alone, or none that is possible, is an error as before, and nothing is shown.
    outcome = rtcan("train", "-w", workspace, "--model", "svm-music,svm-eda", "--fusion", "none")
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "error: model svm-music cannot be used" in outcome.stderr
