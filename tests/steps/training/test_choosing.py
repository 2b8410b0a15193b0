"""What a run chooses, it chooses on validation folds: for every model that there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtcan_cli.models.registry import every, find
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.training import units as run_units
from rtcan_cli.steps.training.plan import RunPlan, TargetPlan
from rtcan_cli.steps.training.train import without_candidate, write_run
from rtcan_cli.steps.training.units import fit_units
from rtcan_cli.stores import Provenance
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.fit import FoldResult, NotFinite
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import TEST, TRAIN, VALIDATION, Splits
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.run import fit
from tests.conftest import must, rtcan
from tests.training.simulated import spec_of, trials

FOLD = 1
MODELS = [(model.name, fusion) for model in every() for fusion in model.fusion]
#: They fit all they have to training trials, and choose nothing.
UNCHOSEN = ("majority", "song-prior", "subject-prior", "duration-prior")
#: Networks with up to 11 million weights.
LARGE = ("res-sin", "alexnet2d", "inceptiontime")
CHOOSING = [each for each in MODELS if not find(each[0]).is_network and each[0] not in UNCHOSEN]


def settings_of(name: str, fusion: str, data: TrainingData) -> RunSettings:
    model = find(name)
    return RunSettings(
        spec=replace(spec_of(name, data), n_music=0, n_features=0),  # sizes come with the stores
        recipe=replace(RECIPES["tuned"], epochs=2, batch_size=16) if model.is_network else None,
        fusion=fusion,
        targets=("arousal",),
        onset=3.0,
        n_folds=3,
        seed=0,
        protocol="subject" if "subject" in model.protocols else "trial",
    )


def small(name: str, fusion: str, n_subjects: int = 12) -> tuple[TrainingData, Splits]:
    """A few trials decided by the EDA or, where it is not seen, by the song; and their folds."""
    model = find(name)
    decided_by = "song" if model.sees(fusion) == "none" else "EDA"
    data = trials(model, fusion, decided_by, n_subjects=n_subjects, n_songs=5)
    protocol = PROTOCOLS[settings_of(name, fusion, data).protocol]
    return data, protocol.split(data.subject, data.stimulus, data.label, 3, seed=0)


def planned(folder: Path, name: str, fusion: str, data: TrainingData, splits: Splits) -> RunPlan:
    """A run of one fold, as `rtcan train` plans it once the stores are read."""
    settings = settings_of(name, fusion, data)
    made = Provenance("train", "pmemo", settings.parameters(), {"labels": "l"}, simulated=True)
    target = TargetPlan("arousal", data, splits, [FOLD])
    return RunPlan(folder / "run.h5", settings, made, [target])


def trained(folder: Path, name: str, fusion: str, data: TrainingData, splits: Splits) -> Run:
    """The same, trained and written."""
    plan = planned(folder, name, fusion, data, splits)
    failed = fit_units(plan.units(), None, 1, lambda unit: None)
    assert not failed
    write_run(plan)
    return Run.load(plan.output)


def flipped(data: TrainingData, splits: Splits, role: int) -> TrainingData:
    """The trials with the other label where the fold uses them for this."""
    return replace(data, label=np.where(splits.role[:, FOLD] == role, 1 - data.label, data.label))


def alike(one: Run, other: Run) -> dict[str, bool]:
    """Whether two runs have chosen, fitted and answered the same."""
    models = [run.model_of_fold("arousal", FOLD + 1) for run in (one, other)]
    rows = [run.models.iloc[0] for run in (one, other)]
    answers = [run.predictions["probability"].to_numpy() for run in (one, other)]
    return {
        "candidate": rows[0]["candidate"] == rows[1]["candidate"],
        "best_epoch": rows[0]["best_epoch"] == rows[1]["best_epoch"],
        "temperature": rows[0]["temperature"] == rows[1]["temperature"],
        "weights": all(
            np.array_equal(array, models[1].weights[entry], equal_nan=True)
            for entry, array in models[0].weights.items()
        ),
        "answers": np.array_equal(*answers, equal_nan=True),
        "history": one.epochs.equals(other.epochs),
    }


@pytest.mark.parametrize(
    ("name", "fusion"),
    [pytest.param(*each, marks=pytest.mark.long if each[0] in LARGE else ()) for each in MODELS],
)
def test_test_labels_change_nothing_and_stored_arrays_give_the_stored_answers(
    tmp_path: Path, name: str, fusion: str
) -> None:
    # A network is asked for bits, not for skill.
    data, splits = small(name, fusion, n_subjects=6 if find(name).is_network else 12)
    run = trained(tmp_path / "as it is", name, fusion, data, splits)
    other = flipped(data, splits, TEST)
    assert not np.array_equal(other.label, data.label)
    again = trained(tmp_path / "flipped", name, fusion, other, splits)
    assert (run.predictions["label"] != again.predictions["label"]).any()
    same = alike(run, again)
    assert all(same.values()), same

    test = splits.roles(FOLD).test
    answer = run.model_of_fold("arousal", FOLD + 1).probability(data.take(test))
    stored = run.predictions["probability"].to_numpy()
    np.testing.assert_allclose(answer, stored[test], atol=1e-6)
    assert np.isnan(np.delete(stored, test)).all()


@pytest.mark.parametrize(("name", "fusion"), CHOOSING)
def test_validation_labels_do_matter(tmp_path: Path, name: str, fusion: str) -> None:
    data, splits = small(name, fusion)
    runs = [
        trained(tmp_path / str(k), name, fusion, each, splits)
        for k, each in enumerate((data, flipped(data, splits, VALIDATION)))
    ]
    same = alike(*runs)
    assert not same["history"]
    assert not same["weights"]
    assert not same["answers"]


def test_validation_labels_choose_the_epoch_of_a_network(tmp_path: Path) -> None:
    data, splits = small("rtcan", "none")
    runs = [
        trained(tmp_path / str(k), "rtcan", "none", each, splits)
        for k, each in enumerate((data, flipped(data, splits, VALIDATION)))
    ]
    losses = [run.epochs["validation_loss"].to_numpy() for run in runs]
    assert not np.array_equal(*losses)
    for run, loss in zip(runs, losses, strict=True):
        assert run.models["best_epoch"].item() == 1 + np.argmin(loss)


def test_what_is_kept_of_candidates_is_not_fitted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, splits = small("logistic", "none")
    plan = planned(tmp_path, "logistic", "none", data, splits)
    units = plan.units()
    assert len(units) == len(find("logistic").grid)
    fit_units(units, None, 1, lambda unit: None)
    plan.partial.remove(units[2].result)
    fitted = []

    def counting(*arguments: Any, **options: Any) -> FoldResult:
        fitted.append(arguments[2].candidate)
        return fit(*arguments, **options)

    monkeypatch.setattr(run_units, "fit", counting)
    fit_units(units, None, 1, lambda unit: None)
    assert fitted == [2]
    write_run(plan)
    same = alike(Run.load(plan.output), trained(tmp_path / "x", "logistic", "none", data, splits))
    assert all(same.values()), same


def test_a_candidate_that_diverges_leaves_the_fold_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, splits = small("logistic", "none")
    whole = trained(tmp_path / "whole", "logistic", "none", data, splits)
    best = int(whole.models["candidate"].iloc[0]) - 1
    plan = planned(tmp_path, "logistic", "none", data, splits)
    told: list[int] = []

    def diverging(*arguments: Any, **options: Any) -> FoldResult:
        if arguments[2].candidate == best:
            raise NotFinite("the loss is not finite any more")
        return fit(*arguments, **options)

    monkeypatch.setattr(run_units, "fit", diverging)
    units = plan.units()
    assert not fit_units(units, None, 1, lambda unit: told.append(unit.settings.spec.candidate))
    assert told == list(range(len(units)))
    assert not without_candidate(plan)
    write_run(plan)
    row = Run.load(plan.output).models.iloc[0]
    losses = [
        float(plan.partial.peek(unit.result, "history.validation_loss")[0])  # type: ignore[index]
        for unit in units
    ]
    assert row["candidate"] == 1 + int(np.argmin(losses)) != 1 + best


def test_a_fold_without_any_candidate_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, splits = small("logistic", "none")
    plan = planned(tmp_path, "logistic", "none", data, splits)

    def diverging(*arguments: Any, **options: Any) -> FoldResult:
        raise NotFinite("the loss is not finite any more")

    monkeypatch.setattr(run_units, "fit", diverging)
    assert not fit_units(plan.units(), None, 1, lambda unit: None)
    ((unit, why),) = without_candidate(plan)
    assert unit.fold == FOLD
    assert "fold 2: the loss of no candidate" in str(why)


def test_a_run_without_any_candidate_is_tried_again(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.h5"
    small = ("--recipe", "tuned", "--folds", "3", "--length", "96", "--epochs", "1")
    command = ("train", "--model", "cnn3-raw", *small, "--target", "arousal", "-w", prepared)
    command += ("--jobs", "1")

    def diverging(*arguments: Any, **options: Any) -> FoldResult:
        raise NotFinite("the loss is not finite any more")

    monkeypatch.setattr(run_units, "fit", diverging)
    outcome = rtcan(*command, "-o", path)
    assert outcome.exit_code == 1
    assert "the loss of no candidate stays finite (and in 2 more folds)" in outcome.stderr
    assert not path.exists()
    monkeypatch.undo()
    must(*command, "-o", path)
    assert len(Run.load(path).models) == 3


@pytest.mark.parametrize("name", UNCHOSEN)
def test_what_only_counts_needs_no_validation_labels(tmp_path: Path, name: str) -> None:
    # Not equally many of both classes, or the share of high would be the same when all are flipped.
    data, splits = small(name, "none", n_subjects=13)
    runs = [
        trained(tmp_path / str(k), name, "none", flipped(data, splits, role), splits)
        for k, role in enumerate((VALIDATION, TRAIN))
    ]
    as_it_is = trained(tmp_path / "as it is", name, "none", data, splits)
    assert alike(as_it_is, runs[0])["answers"]
    assert not alike(as_it_is, runs[1])["answers"]
