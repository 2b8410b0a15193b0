"""The report of a run: intervals, subjects and figures beside the scores of the folds."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, matthews_corrcoef

from rtcan_cli import console
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.bootstrap import intervals
from rtcan_cli.report import Report
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.results import evaluate
from rtcan_cli.steps.results.evaluate import evaluate_run
from tests.runs.finished_runs import N_SUBJECTS, finish_run


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish_run(tmp_path_factory.mktemp("runs"), "full")


@pytest.fixture(scope="module")
def written(path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    folder = tmp_path_factory.mktemp("figures")
    return evaluate_run(path, folder), folder / "pmemo" / "full"


def shown(report: Report, start: str, target: str) -> dict[str, dict[str, object]]:
    (table,) = (each for each in report.tables if each.title.startswith(start))
    return {str(row["score"]): row for row in table.records() if row["target"] == target}


@pytest.mark.parametrize("target", ["valence", "arousal"])
def test_scores_of_all_folds_together(path: Path, target: str) -> None:
    report = evaluate_run(path)
    trials = Run.load(path).trials(target)
    label, called = trials["label"], trials["probability"] > 0.5
    percent = shown(report, "In percent", target)
    assert percent["accuracy"]["all trials"] == pytest.approx(100 * (label == called).mean())
    balanced = 100 * balanced_accuracy_score(label, called)
    assert percent["balanced accuracy"]["all trials"] == pytest.approx(balanced)
    other = shown(report, "On other scales", target)
    assert other["MCC"]["all trials"] == pytest.approx(matthews_corrcoef(label, called))
    brier = brier_score_loss(label, trials["probability"])
    assert other["Brier score"]["all trials"] == pytest.approx(brier)
    assert other["ECE"]["all trials"] > 0
    assert other["ECE if calibrated"]["all trials"] > 0
    # The error of a fold has fewer bins: its mean is another quantity, and is not shown.
    assert np.isnan(other["ECE"]["mean of folds"])
    for row in [*percent.values(), *other.values()]:
        if row["score"] not in ("ECE", "ECE if calibrated"):
            assert row["95 % from"] < row["all trials"] < row["to"]
            assert row["folds"] == 5


def test_gain_is_that_over_the_class_that_is_more_frequent_in_all_trials(path: Path) -> None:
    run = Run.load(path)
    trials = run.trials("arousal")
    label = trials["label"].to_numpy()
    majority, gains = int(label.mean() > 0.5), []
    for roles in run.roles("arousal").values():
        called = trials["probability"].to_numpy()[roles.test] > 0.5
        gains.append((called == label[roles.test]).mean() - (label[roles.test] == majority).mean())
    row = shown(evaluate_run(path), "In percent", "arousal")["above majority"]
    assert row["mean of folds"] == pytest.approx(100 * np.mean(gains))
    assert row["sd"] == pytest.approx(100 * np.std(gains, ddof=1))


@pytest.mark.parametrize(("skill", "verdict"), [(2.0, "better than"), (-2.0, "worse than")])
def test_near_even_classes_are_judged_by_balanced_accuracy(
    tmp_path: Path, skill: float, verdict: str
) -> None:
    path = finish_run(tmp_path, "even", skill=skill, targets=("arousal",))
    trials = Run.load(path).trials("arousal")
    report = evaluate_run(path)
    (note,) = (n for n in report.notes if n.startswith("arousal: judge by"))
    share = 100 * trials["label"].mean()
    balanced = 100 * balanced_accuracy_score(trials["label"], trials["probability"] > 0.5)
    assert note.startswith(f"arousal: judge by balanced accuracy, since {share:.1f} % of the")
    assert f"It is {balanced:.1f} %; " in note
    assert note.endswith(f"50 %: {verdict} no skill")
    assert next(iter(shown(report, "In percent", "arousal"))) == "balanced accuracy"


def test_a_run_without_skill_is_said_to_show_none(tmp_path: Path) -> None:
    report = evaluate_run(finish_run(tmp_path, "none", skill=0.0))
    notes = [note for note in report.notes if ": judge by" in note]
    assert len(notes) == 2
    assert all(note.endswith("includes 50 %: no skill was shown") for note in notes)


def test_uneven_classes_are_judged_by_accuracy_above_the_majority() -> None:
    rng, n = np.random.default_rng(0), 300
    label = (np.arange(n) % 4 > 0).astype(int)
    trials = pd.DataFrame(
        {
            "subject": np.repeat(np.arange(30).astype(str), 10),
            "stimulus": np.tile(np.arange(10).astype(str), 30),
            "label": label,
            "fold": 1,
            "probability": np.where(rng.random(n) < 0.95, label, 1 - label),
        }
    )
    note = evaluate.judgement(trials, intervals(trials))
    assert note.startswith("judge by above majority, since 75.0 % of the tested trials are high")
    assert "already right in 75.0 %" in note
    assert note.endswith("is above 0: better than no skill")
    alone = trials[trials["subject"] == "3"]
    assert "no interval" in evaluate.judgement(alone, intervals(alone))
    constant = trials.assign(probability=0.75)
    assert "includes 0: no skill was shown" in evaluate.judgement(constant, intervals(constant))


def test_files_hold_the_intervals_and_each_subject(
    path: Path, written: tuple[Report, Path]
) -> None:
    report, folder = written
    assert all(file.exists() for file in report.files)
    table = pd.read_csv(folder / "intervals.csv").query("target == 'valence'").set_index("score")
    row = shown(report, "In percent", "valence")["accuracy"]
    assert 100 * table.loc["accuracy", "low"] == pytest.approx(row["95 % from"])
    assert table["simulated"].all()
    trials = Run.load(path).trials("valence")
    right = (trials["probability"] > 0.5) == trials["label"]
    for name, by in (("subjects", "subject"), ("stimuli", "stimulus")):
        found = pd.read_csv(folder / f"{name}_valence.csv").set_index(by)
        assert found["simulated"].all()
        assert found["n_right"].to_dict() == right.groupby(trials[by]).sum().to_dict()
    for name in ("roc", "reliability", "subjects", "confusion", "learning_curves"):
        for target in ("valence", "arousal"):
            assert (folder / f"{name}_{target}.png") in report.files
    least = right.groupby(trials["subject"]).mean().min()
    (note,) = (n for n in report.notes if n.startswith("valence: accuracy by subject"))
    worst = note.split("least accurate: ")[1].split(" ")[0]
    assert right.groupby(trials["subject"]).mean()[worst] == least


@pytest.mark.parametrize("simulated", [True, False])
def test_every_table_of_scores_says_whether_data_are_simulated(
    tmp_path: Path, simulated: bool
) -> None:
    report = evaluate_run(finish_run(tmp_path, "run", simulated=simulated))
    scores = [table.title for table in report.tables if not table.title.startswith("Audit")]
    assert len(scores) == 4
    assert all(("simulated data" in title) == simulated for title in scores)


def test_tables_fit_a_terminal_of_100_columns(path: Path) -> None:
    text = io.StringIO()
    out = Console(file=text, width=300)
    for table in evaluate_run(path).tables:
        out.print(table.title)
        out.print(console._rich_table(table))
    assert max(len(line.rstrip()) for line in text.getvalue().splitlines()) <= 100


def test_a_single_trained_fold_is_scored_without_a_spread_over_folds(tmp_path: Path) -> None:
    path = finish_run(tmp_path, "one", folds=(2,), targets=("arousal",))
    report = evaluate_run(path, tmp_path / "figures")
    row = shown(report, "In percent", "arousal")["accuracy"]
    assert row["folds"] == 1
    assert np.isnan(row["sd"])
    assert row["all trials"] == pytest.approx(row["mean of folds"])
    assert any("in folds that were not trained" in note for note in report.notes)


def test_the_same_run_has_the_same_intervals(path: Path) -> None:
    one, other = (evaluate_run(path).as_json() for _ in range(2))
    assert console.jsonable(one) == console.jsonable(other)


def test_learning_curves_of_many_folds_show_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A panel each for hundreds of folds would take minutes to draw and could not be read.
    monkeypatch.setattr(evaluate, "N_CURVES", 4)
    drawn = []
    original = evaluate.learning_curves
    monkeypatch.setattr(
        evaluate,
        "learning_curves",
        lambda folds, **kw: drawn.append([f.fold for f in folds]) or original(folds, **kw),
    )
    path = finish_run(tmp_path, "loso", protocol="loso", targets=("arousal",))
    report = evaluate.evaluate_run(path, tmp_path)
    assert drawn == [[1, 5, 8, 12]]
    assert "learning curves are drawn of 4 of the 12 folds" in report.notes


def test_a_song_on_two_sides_under_two_names_is_found(tmp_path: Path) -> None:
    """Folds that were dealt by names alone, as if nobody had compared the songs."""
    plain = finish_run(tmp_path, "plain", protocol="stimulus")
    trials = Run.load(plain).trials("valence").drop_duplicates("stimulus")
    fold_of = dict(zip(trials["stimulus"], trials["fold"], strict=True))
    # One tests while the other trains, and so the other way round, in five folds of which the next
    # one validates.
    other = next(name for name, fold in fold_of.items() if (fold - fold_of["m0"]) % 5 in (2, 3))
    run = Run.load(finish_run(tmp_path, "names", protocol="stimulus", songs={other: "m0"}))
    with pytest.raises(RtcanError, match="valence, fold 2: stimulus m0 is in both the train"):
        evaluate_run(run.path)
    assert run.audit("valence")["stimulus_in_training"].sum() == 2 * N_SUBJECTS
    assert Run.load(plain).audit("valence")["stimulus_in_training"].sum() == 0
    evaluate_run(plain)
