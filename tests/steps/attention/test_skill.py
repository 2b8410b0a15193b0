"""Maps of networks whose scores are at chance are said to say nothing of the listener."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention.all_trials import explain_all
from rtcan_cli.steps.attention.one_trial import explain_trial
from rtcan_cli.steps.attention.skill import map_notes, not_above_chance
from rtcan_cli.steps.scores.evaluate import evaluate_run
from tests.conftest import SONG, SUBJECT
from tests.runs.finished_runs import finish_run
from tests.steps.attention.test_one_trial import run_of, sources


def test_auc_at_chance_is_that_of_evaluate(tmp_path: Path) -> None:
    path = finish_run(tmp_path, "guessing", skill=0.0, n_subjects=8)
    scores = evaluate_run(path, look=None).scores.set_index(["target", "score"])
    run = Run.load(path)
    target = run.settings.targets[0]
    auc = scores.loc[(target, "auc")]
    assert auc["low"] <= 0.5
    (note,) = map_notes(run, target, run.name)
    numbers = f"AUC {auc['estimate']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})"
    begin = f"{target}, guessing: {numbers} is not above chance: a map shows what a network without"
    assert note.kind == "chance"
    assert note.text.startswith(begin)


def test_nothing_is_said_of_a_network_with_skill(tmp_path: Path) -> None:
    run = Run.load(finish_run(tmp_path, "knowing", skill=1.0))
    assert not [note for target in run.settings.targets for note in map_notes(run, target)]


def test_too_few_subjects_or_one_class_cannot_be_told_from_chance(tmp_path: Path) -> None:
    run = Run.load(finish_run(tmp_path, "knowing", skill=1.0))
    trials = run.trials(run.settings.targets[0])
    one = trials[trials["subject"] == trials["subject"].iloc[0]]
    assert "without an interval over subjects" in (not_above_chance(one) or "")
    assert "both classes" in (not_above_chance(trials[trials["label"] == 1]) or "")


@pytest.mark.parametrize("every", [False, True])
def test_the_note_is_beside_the_maps(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: bool
) -> None:
    monkeypatch.setattr("rtcan_cli.steps.attention.one_trial.WAYS", {})
    path = run_of(trained, "Rf")
    answers = Run.load(path).trials("arousal")
    guesses = answers.assign(probability=answers["probability"].where(answers["label"] < 0, 0.5))
    monkeypatch.setattr(Run, "trials", lambda run, target: guesses)
    stores, options = sources(trained), {"targets": ("arousal",)}
    if every:
        result = explain_all(path, stores, tmp_path, max_trials=1, jobs=1, **options)
    else:
        result = explain_trial(path, stores, SUBJECT, SONG, tmp_path, **options)
    (text,) = [note.text for note in result.notes if note.kind == "chance"]
    assert "AUC 0.500 (0.500 to 0.500) is not above chance" in text
