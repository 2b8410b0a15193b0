"""Networks that RTCAN-1D is compared with, from the command to the run store and back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rtcan_cli.steps.training.units as run_units
from rtcan_cli.models.registry import find
from rtcan_cli.runs.inputs import sources_for, training_data
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.training.run import fit
from tests.conftest import SUBJECT, must, rtcan

#: All but res-sin, whose 11 million weights take seconds to store.
ALONE = "cnn3-eda,mlp,dcnn,cnn3-raw,alexnet2d,inceptiontime"
OPTIONS = (
    *("--recipe", "tuned", "--epochs", "1", "--folds", "3", "--jobs", "1"),
    *("--target", "arousal"),
)

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def described(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared workspace with EDA features. Not to be written to."""
    workspace = tmp_path_factory.mktemp("described") / "stores"
    shutil.copytree(prepared, workspace)
    must("eda-features", "-w", workspace, "--jobs", "1")
    return workspace


def only_run(workspace: Path, pattern: str = "*.h5") -> Run:
    (path,) = (workspace / "pmemo" / "runs").glob(pattern)
    return Run.load(path)


def again(run: Run, workspace: Path, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Stored answers of a fold for its test trials, and those of its network built again."""
    settings = run.settings
    sources = sources_for(settings, Workspace(workspace), "pmemo")
    names = settings.model.features
    data, _ = training_data(sources, "arousal", settings.onset, settings.spec.length, names)
    trials = run.trials("arousal")
    assert list(zip(data.subject, data.stimulus, strict=True)) == list(
        zip(trials["subject"], trials["stimulus"], strict=True)
    )
    test = run.roles("arousal")[fold].test
    model = run.model_of_fold("arousal", fold)
    return trials["probability"].to_numpy()[test], model.probability(data.take(test))


@pytest.mark.long
def test_all_are_trained_by_one_command_and_answer_again(
    described: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(described)
    few = (*OPTIONS, "--test-subject", SUBJECT)
    must("train", "-w", workspace, *few, "--model", ALONE, "--length", "96")
    fused = ("--model", "mlp,inceptiontime", "--fusion", "music", "--length", "96")
    must("train", "-w", workspace, *few, *fused)
    must("train", "-w", workspace, *few, "--model", "music-mlp")
    runs = [Run.load(path) for path in sorted((workspace / "pmemo" / "runs").glob("*.h5"))]
    assert len(runs) == 6 + 2 + 1
    for run in runs:
        (fold,) = run.trained_folds("arousal")
        stored, answered = again(run, workspace, fold)
        assert len(stored) > 0
        np.testing.assert_allclose(answered, stored, atol=1e-6, err_msg=run.name)
        assert run.models["n_parameters"].iloc[0] > 30_000
    two = [run.name for run in runs if run.name.startswith(("cnn3-eda", "music-mlp"))]
    shown = must("compare", *two, "-w", workspace, "-o", workspace / "figures", "--json").stdout
    assert all(name in shown for name in two)


@pytest.mark.long
def test_the_candidate_with_the_least_validation_loss_is_kept(
    described: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(described)
    must("train", "-w", workspace, *OPTIONS, "--model", "cnn3-raw", "--length", "48")
    run = only_run(workspace)
    sources = sources_for(run.settings, Workspace(workspace), "pmemo")
    data, _ = training_data(sources, "arousal", run.settings.onset, 48)
    for row in run.models.itertuples():
        results = [
            fit(
                data,
                run.roles("arousal")[row.fold],
                run.settings.spec.__class__(model="cnn3-raw", length=48, candidate=candidate),
                run.settings.recipe,
                fold=row.fold - 1,
                seed=0,
            )
            for candidate in range(6)
        ]
        losses = [result.history["validation_loss"][result.best_epoch] for result in results]
        assert row.candidate == int(np.argmin(losses)) + 1
        assert row.setting == find("cnn3-raw").setting(row.candidate - 1)
        kept = run.model_of_fold("arousal", row.fold)
        chosen = results[row.candidate - 1]
        assert kept.weights.keys() == chosen.weights.keys()
        for name, values in chosen.weights.items():
            np.testing.assert_array_equal(kept.weights[name], values)
        assert row.n_parameters == chosen.n_parameters
    with Store(run.path, "run") as store:
        names = store.slices("weights/arousal", 0)
    assert {name.partition(".")[0] for name in names} == {
        f"candidate{number}" for number in run.models["candidate"]
    }


def test_training_goes_on_between_candidates(
    described: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copy_of(described)
    few = (*OPTIONS, "--test-subject", SUBJECT, "--length", "48")
    must("train", "-w", workspace, *few, "--model", "cnn3-raw", "--name", "whole")
    real = run_units.fit
    fitted: list[tuple[object, ...]] = []

    def breaks(*arguments: object, **options: object) -> object:
        if len(fitted) == 2:
            raise KeyboardInterrupt
        fitted.append(arguments)
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(run_units, "fit", breaks)
    broken = ("train", "-w", workspace, *few, "--model", "cnn3-raw", "--name", "broken")
    assert rtcan(*broken).exit_code == 130
    fitted[:] = [()] * 3  # so that it does not break again
    outcome = must(*broken)
    assert "going on: 2 of 6 models are trained" in outcome.stderr
    assert len(fitted) == 3 + 4
    runs = workspace / "pmemo" / "runs"
    assert Store(runs / "broken.h5").content_id == Store(runs / "whole.h5").content_id
    models = Run.load(runs / "broken.h5").models
    assert len(models) == 1


def test_one_subject_at_a_time(described: Path, copy_of: Callable[[Path], Path]) -> None:
    workspace = copy_of(described)
    loso = (*OPTIONS, "--protocol", "loso", "--model", "mlp,music-mlp")
    must("train", "-w", workspace, *loso)
    for name in ("mlp", "music-mlp"):
        run = only_run(workspace, f"{name}*.h5")
        assert run.n_folds == 9
        assert run.is_complete
        stored, answered = again(run, workspace, 5)
        np.testing.assert_allclose(answered, stored, atol=1e-6)
