"""The report of a run: intervals, subjects and figures beside the scores of the folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    matthews_corrcoef,
)

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.bootstrap import intervals
from rtcan_cli.plots import learning_curves as plots
from rtcan_cli.results.base import SCHEMA_VERSION, as_data
from rtcan_cli.results.scores.evaluation import Evaluation
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.scores import evaluate, judgement
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.views.layout import table_lines
from tests.runs.finished_runs import N_STIMULI, N_SUBJECTS, finish_run


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish_run(tmp_path_factory.mktemp("runs"), "full")


@pytest.fixture(scope="module")
def written(path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Path]:
    folder = tmp_path_factory.mktemp("figures")
    return evaluate_run(path, folder), folder / "pmemo" / "full"


def scores(result: Evaluation, target: str) -> pd.DataFrame:
    return result.scores[result.scores["target"] == target].set_index("score")


def note(result: Evaluation, kind: str, target: str) -> str:
    (text,) = (n.text for n in result.notes if n.kind == kind and n.text.startswith(target))
    return text


@pytest.mark.parametrize("target", ["valence", "arousal"])
def test_scores_of_all_folds_together(path: Path, target: str) -> None:
    trials = Run.load(path).trials(target)
    label, called = trials["label"], trials["probability"] > 0.5
    found = scores(evaluate_run(path), target)
    estimate = found["estimate"]
    assert estimate["accuracy"] == pytest.approx((label == called).mean())
    assert estimate["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(label, called))
    assert estimate["mcc"] == pytest.approx(matthews_corrcoef(label, called))
    assert estimate["brier"] == pytest.approx(brier_score_loss(label, trials["probability"]))
    assert estimate["ece"] > 0
    assert estimate["ece_if_calibrated"] > 0
    # The error of a fold has fewer bins: its mean is another quantity, and is not shown.
    assert np.isnan(found["fold_mean"]["ece"])
    rest = found.drop(["ece", "ece_if_calibrated"])
    assert (rest["low"] < rest["estimate"]).all()
    assert (rest["estimate"] < rest["high"]).all()
    assert (rest["n_folds"] == 5).all()


def test_means_over_folds_are_those_of_scikit_learn(path: Path) -> None:
    """Of all scores, also where the tables stand apart."""
    result, trials = evaluate_run(path), Run.load(path).trials("arousal")
    called = trials["probability"] > 0.5
    for name, score in (
        ("accuracy", accuracy_score),
        ("balanced_accuracy", balanced_accuracy_score),
        ("f1_high", f1_score),
    ):
        folds = [score(part["label"], called[part.index]) for _, part in trials.groupby("fold")]
        row = scores(result, "arousal").loc[name]
        assert row["fold_mean"] == pytest.approx(np.mean(folds))
        assert row["fold_mean"] != pytest.approx(row["estimate"])  # folds differ in size
    page = views.page(result)
    (folds_table,) = (each for each in page.tables if each.title.startswith("arousal: unseen"))
    (means,) = (row for row in folds_table.rows if row[0] == "mean")
    for place, name in ((2, "accuracy"), (3, "f1_high")):
        assert means[place] == pytest.approx(100 * scores(result, "arousal")["fold_mean"][name])
    assert any("'mean of folds'" in line and "'all trials'" in line for line in page.notes)


def test_gain_is_that_over_the_class_that_is_more_frequent_in_all_trials(path: Path) -> None:
    run = Run.load(path)
    trials = run.trials("arousal")
    label = trials["label"].to_numpy()
    majority, gains = int(label.mean() > 0.5), []
    for roles in run.roles("arousal").values():
        called = trials["probability"].to_numpy()[roles.test] > 0.5
        gains.append((called == label[roles.test]).mean() - (label[roles.test] == majority).mean())
    row = scores(evaluate_run(path), "arousal").loc["above_majority"]
    assert row["fold_mean"] == pytest.approx(np.mean(gains))
    assert row["fold_sd"] == pytest.approx(np.std(gains, ddof=1))


@pytest.mark.parametrize(("skill", "verdict"), [(2.0, "better"), (-2.0, "worse")])
def test_near_even_classes_are_judged_by_balanced_accuracy(
    tmp_path: Path, skill: float, verdict: str
) -> None:
    path = finish_run(tmp_path, "even", skill=skill, targets=("arousal",))
    trials = Run.load(path).trials("arousal")
    result = evaluate_run(path)
    balanced = balanced_accuracy_score(trials["label"], trials["probability"] > 0.5)
    (row,) = result.verdicts.to_dict("records")
    assert row["score"] == "balanced_accuracy"
    assert row["estimate"] == pytest.approx(balanced)
    assert row["high_share"] == pytest.approx(trials["label"].mean())
    assert (row["without_skill"], row["verdict"]) == (0.5, verdict)
    text = note(result, "judgement", "arousal")
    share = 100 * trials["label"].mean()
    assert text.startswith(f"arousal: judge by balanced accuracy, since {share:.1f} % of the")
    assert f"together, it is {100 * balanced:.1f} %; " in text
    assert text.endswith(f"50 %: {verdict} than no skill in this test alone")
    (alone,) = (note.text for note in result.notes if note.kind == "single_test")
    assert "one test of this run. The songs of test trials were also in training" in alone
    assert alone.endswith("Other runs that were tried are not accounted for")
    assert "subjects" not in alone
    assert "trained" not in views.page(result).facts
    percent = next(t for t in views.page(result).tables if t.title.startswith("In percent"))
    assert percent.rows[0][1] == "balanced accuracy"


def test_a_run_without_skill_is_said_to_show_none(tmp_path: Path) -> None:
    result = evaluate_run(finish_run(tmp_path, "none", skill=0.0))
    assert result.verdicts["verdict"].tolist() == ["none_shown", "none_shown"]
    assert "single_test" not in {note.kind for note in result.notes}
    for target, row in result.verdicts.set_index("target").iterrows():
        text = note(result, "judgement", target)
        assert "includes 50 %: no skill was shown. A study of this size" in text
        assert text.endswith(
            f"found {100 * row['smallest_effect']:.1f} points above 50 % with a power of 80 %"
        )
        # 2.2 standard errors to exclude it and 0.9 more to reach it, by t with 11 degrees.
        n_high = row["high_share"] * N_SUBJECTS * N_STIMULI
        at_random = np.sqrt(1 / n_high + 1 / (N_SUBJECTS * N_STIMULI - n_high)) / 4
        error = max((row["high"] - row["low"]) / 2 / 2.201, at_random)
        assert row["smallest_effect"] == pytest.approx(error * (2.201 + 0.876), rel=1e-3)


def test_a_claim_from_few_subjects_says_so_and_what_of_them_was_in_training(tmp_path: Path) -> None:
    few = {"n_subjects": 4, "n_folds": 3, "skill": 4.0}
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    for protocol, seen in (("subject", "songs"), ("trial", "subjects and songs")):
        result = evaluate_run(finish_run(runs, protocol, protocol=protocol, **few))
        assert "better" in set(result.verdicts["verdict"])
        (alone,) = (note for note in result.notes if note.kind == "single_test")
        assert "and 4 subjects are too few to answer anything" in alone.text
        assert f". The {seen} of test trials were also in training" in alone.text
        assert alone.text.endswith("a report tests all runs of a dataset together")
        assert alone.command == f"rtcan report --dataset pmemo --workspace {tmp_path}"


@pytest.mark.parametrize(
    ("n_right", "said"),
    [
        ([6, 6, 6], "; no subject has an error"),
        ([3, 5, 6], "; least accurate: s0 (3 of 6), s1 (5 of 6)"),
        ([2, 3, 4, 5, 6], "; least accurate: s0 (2 of 6), s1 (3 of 6), s2 (4 of 6)"),
        (
            [3, *[4] * 7, 5, 6],
            "; least accurate: s0 (3 of 6), s1 (4 of 6), s2 (4 of 6) and 5 more as accurate as s2",
        ),
    ],
)
def test_subjects_without_errors_are_not_named_and_ties_are_counted(
    n_right: list[int], said: str
) -> None:
    names = [f"s{k}" for k in range(len(n_right))]
    tested = pd.DataFrame({"subject": names, "n_right": n_right, "n": 6})
    assert evaluate._least_accurate(tested) == said


def judged(trials: pd.DataFrame) -> tuple[str, str]:
    """The verdict on trials whose classes are uneven, and the sentence about it."""
    lead = intervals(trials).rename_axis("score").reset_index().set_index("score", drop=False)
    row = judgement.judgement(
        lead.loc["above_majority"], trials["label"].mean(), 30, len(trials)
    ).iloc[0]
    return row["verdict"], judgement.judgement_in_words(row)


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
    verdict, text = judged(trials)
    assert verdict == "better"
    assert text.startswith("judge by above majority, since 75.0 % of the tested trials are high")
    assert "already right in 75.0 %" in text
    assert text.endswith("is above 0: better than no skill in this test alone")
    verdict, text = judged(trials[trials["subject"] == "3"])
    assert verdict == "no_interval"
    assert "no interval" in text
    verdict, text = judged(trials.assign(probability=0.75))
    assert verdict == "none_shown"
    assert "includes 0: no skill was shown" in text


def test_files_hold_the_intervals_and_each_subject(
    path: Path, written: tuple[Evaluation, Path]
) -> None:
    result, folder = written
    assert all(file.exists() for file in result.files)
    for name in ("folds", "scores", "verdicts", "subjects", "stimuli", "spread", "audit"):
        table = pd.read_csv(folder / f"{name}.csv", dtype={"subject": str, "stimulus": str})
        assert table.pop("simulated").all()
        pd.testing.assert_frame_equal(table, getattr(result, name), check_dtype=False)
    trials = Run.load(path).trials("valence")
    right = (trials["probability"] > 0.5) == trials["label"]
    for name, by in (("subjects", "subject"), ("stimuli", "stimulus")):
        found = getattr(result, name)
        mine = found[found["target"] == "valence"].set_index(by)
        assert mine["n_right"].to_dict() == right.groupby(trials[by]).sum().to_dict()
    for name in ("roc", "reliability", "subjects", "confusion", "learning_curves"):
        for target in ("valence", "arousal"):
            assert (folder / f"{name}_{target}.png") in result.files
    least = right.groupby(trials["subject"]).mean().min()
    worst = note(result, "spread_over_subjects", "valence").split("least accurate: ")[1]
    assert right.groupby(trials["subject"]).mean()[worst.split(" ")[0]] == least


@pytest.mark.parametrize("simulated", [True, False])
def test_every_table_of_scores_says_whether_data_are_simulated(
    tmp_path: Path, simulated: bool
) -> None:
    result = evaluate_run(finish_run(tmp_path, "run", simulated=simulated))
    assert result.run.simulated == simulated
    page = views.page(result)
    titles = [table.title for table in page.tables if not table.title.startswith("Audit")]
    assert len(titles) == 4
    assert all(("simulated data" in title) == simulated for title in titles)


def test_keys_are_the_same_for_simulated_and_real_data(tmp_path: Path) -> None:
    real, simulated = (
        as_data(evaluate_run(finish_run(tmp_path, f"run{flag}", simulated=flag)))
        for flag in (False, True)
    )
    assert list(real) == list(simulated)
    assert real["schema_version"] == SCHEMA_VERSION
    for name in ("folds", "scores", "verdicts", "subjects", "audit"):
        assert list(real[name][0]) == list(simulated[name][0])
    assert isinstance(real["folds"][0]["accuracy"], float)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_fit_a_terminal(path: Path, width: int) -> None:
    for table in views.page(evaluate_run(path)).tables:
        assert max(map(len, table_lines(table, width))) <= width


def test_a_single_trained_fold_is_scored_without_a_spread_over_folds(tmp_path: Path) -> None:
    path = finish_run(tmp_path, "one", folds=(2,), targets=("arousal",))
    result = evaluate_run(path, tmp_path / "figures")
    row = scores(result, "arousal").loc["accuracy"]
    assert row["n_folds"] == 1
    assert np.isnan(row["fold_sd"])
    assert row["estimate"] == pytest.approx(row["fold_mean"])
    assert "in folds that were not trained" in note(result, "untrained_folds", "arousal")
    assert views.page(result).facts["trained"] == f"1 of {result.run.n_folds} folds"


def test_the_same_run_has_the_same_intervals(path: Path) -> None:
    one, other = (as_data(evaluate_run(path)) for _ in range(2))
    assert one == other


@pytest.mark.long
def test_learning_curves_of_many_folds_show_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A panel each for hundreds of folds would take minutes to draw and could not be read.
    monkeypatch.setattr(evaluate, "N_CURVES", 4)
    drawn = []
    original = plots.learning_curves
    monkeypatch.setattr(
        plots,
        "learning_curves",
        lambda folds, **kw: drawn.append([f.fold for f in folds]) or original(folds, **kw),
    )
    path = finish_run(tmp_path, "loso", protocol="loso", targets=("arousal",))
    result = evaluate.evaluate_run(path, tmp_path)
    assert drawn == [[1, 5, 8, 12]]
    assert note(result, "learning_curves", "") == "learning curves are drawn of 4 of the 12 folds"


def test_a_song_on_two_sides_under_two_names_is_found(tmp_path: Path) -> None:
    """Folds that were dealt by names alone, as if nobody had compared the songs."""
    plain = finish_run(tmp_path, "plain", protocol="stimulus")
    trials = Run.load(plain).trials("valence").drop_duplicates("stimulus")
    fold_of = dict(zip(trials["stimulus"], trials["fold"], strict=True))
    # One tests while the other trains, and so the other way round, in five folds of which the next
    # one validates.
    other = next(name for name, fold in fold_of.items() if (fold - fold_of["m0"]) % 5 in (2, 3))
    run = Run.load(finish_run(tmp_path, "names", protocol="stimulus", songs={other: "m0"}))
    with pytest.raises(RtcanError, match=r"valence, fold \d: stimulus m0 is in both the train"):
        evaluate_run(run.path)
    assert run.audit("valence")["stimulus_in_training"].sum() == 2 * N_SUBJECTS
    assert Run.load(plain).audit("valence")["stimulus_in_training"].sum() == 0
    evaluate_run(plain)
