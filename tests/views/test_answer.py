"""Sentences made from results, against results whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli import views
from rtcan_cli.results.answer import RIVAL_COLUMNS, TEST_COLUMNS, Answer
from rtcan_cli.results.base import Note
from rtcan_cli.results.run import AboutRun
from rtcan_cli.results.scores.leakage import PROTOCOL_COLUMNS
from rtcan_cli.views import answer as view
from rtcan_cli.views.answer import NO, OPEN, PERHAPS, YES, Said

TEST: dict[str, Any] = {
    "target": "arousal",
    "input": "EDA",
    "role": "network",
    "run": "net",
    "model": "rtcan",
    "network": "Rf, EDA alone",
    "n_seeds": 1,
    "protocol": "subject",
    "n_folds": 10,
    "n_planned_folds": 10,
    "n_subjects": 40,
    "n_trials": 400,
    "n_stimuli": 10,
    "stimulus_known": 1.0,
    "majority_accuracy": 0.525,
    "score": "balanced_accuracy",
    "without_skill": 0.5,
    "estimate": 0.5,
    "low": 0.46,
    "high": 0.54,
    "seed_sd": np.nan,
    "smallest_effect": 0.056,
    "balanced_accuracy": 0.5,
    "balanced_accuracy_low": 0.46,
    "balanced_accuracy_high": 0.54,
    "auc": 0.51,
    "auc_low": 0.47,
    "auc_high": 0.55,
    "p_value": 0.9,
    "p_holm": 0.9,
    "auc_p_value": 0.6,
    "auc_p_holm": 0.9,
    "verdict": "none_shown",
}
SIGNAL = {
    **{"estimate": 0.62, "low": 0.57, "high": 0.67, "p_value": 1e-4, "p_holm": 4e-4},
    **{"balanced_accuracy": 0.62, "balanced_accuracy_low": 0.57, "balanced_accuracy_high": 0.67},
    **{"auc": 0.66, "auc_low": 0.6, "auc_high": 0.71, "verdict": "better"},
}
LOGISTIC = {"role": "simple", "run": "line", "model": "logistic", "network": "logistic, EDA alone"}
RIVAL: dict[str, Any] = {
    **{"target": "arousal", "input": "EDA", "run": "net", "rival": "line"},
    **{"rival_model": "logistic", "n_rivals": 3, "n_trials": 400, "score": "balanced_accuracy"},
    **{"run_score": 0.5, "rival_score": 0.53, "difference": -0.03, "low": -0.07, "high": 0.01},
    "accuracy_difference": -0.03,
    **{"test": "p_folds", "p_value": 0.2, "p_holm": 0.4, "verdict": "not_better"},
}


def answered(*tests: dict[str, Any], **given: Any) -> Answer:
    rows = pd.DataFrame([TEST | each for each in tests], columns=list(TEST_COLUMNS))
    facts: dict[str, Any] = {
        "dataset": "pmemo",
        "simulated": False,
        "n_tests": int(rows["p_holm"].notna().sum()),
        "rivals": pd.DataFrame(columns=list(RIVAL_COLUMNS)),
        "protocols": pd.DataFrame(columns=list(PROTOCOL_COLUMNS)),
    }
    return Answer(tests=rows, **(facts | given))


def only(*tests: dict[str, Any], **given: Any) -> Said:
    (said,) = view.answers(answered(*tests, **given))
    return said


def rivals(**changed: Any) -> pd.DataFrame:
    return pd.DataFrame([RIVAL | changed], columns=list(RIVAL_COLUMNS))


def test_signal_is_evidence_with_its_size_and_how_sure_it_is() -> None:
    said = only(SIGNAL)
    assert said.sure == YES
    assert said.headline == "Evidence that EDA predicts arousal in unseen subjects."
    assert said.details == (
        "RTCAN-1D (Rf) has a balanced accuracy of 62.0 (57.0 to 67.0) % and an AUC of 0.66 (0.60 "
        "to 0.71); p < 0.001, corrected."
    )


def test_chance_is_said_plainly_beside_the_rival() -> None:
    said = only({}, rivals=rivals())
    assert said.sure == NO
    assert said.headline == "No evidence that EDA predicts arousal in unseen subjects."
    assert "50.0 (46.0 to 54.0) %" in said.details
    assert said.details.endswith(
        "It is not better than the best of 3 simple models, logistic (53.0 %): -3.0 points, "
        "p = 0.4."
    )
    assert "corrected" not in said.details


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"verdict": "better", "p_holm": 0.0004}, "It is better than the best of 3"),
        ({"verdict": "not_clearly_better"}, "It is not clearly better than the best of 3"),
        ({"verdict": "worse"}, "It is worse than the best of 3"),
        ({"n_rivals": 1}, "It is not better than logistic (53.0 %)"),
        (
            {"rival_model": "song-prior"},
            "simple models, song-prior, which knows how others rated the same song (53.0 %)",
        ),
    ],
)
def test_the_rival_is_named_and_judged(changed: dict[str, Any], words: str) -> None:
    assert words in only({}, rivals=rivals(**changed)).details


def test_what_holds_in_a_single_test_only_is_no_evidence() -> None:
    tests = [SIGNAL | {"verdict": "better_alone", "p_holm": 0.09}] + [{"input": "music"}] * 2
    said = next(iter(view.answers(answered(*tests))))
    assert said.sure == NO
    assert said.headline == (
        "No evidence that EDA predicts arousal in unseen subjects: it holds in a single test over "
        "subjects, not among all 3 here."
    )
    assert "p = 0.09, corrected" in said.details


def test_a_score_below_chance_is_no_evidence() -> None:
    said = only({"verdict": "worse", "estimate": 0.42, "low": 0.38, "high": 0.47})
    assert said.sure == NO
    assert said.headline == (
        "No evidence that EDA predicts arousal in unseen subjects: the score is even below what "
        "needs no skill."
    )


def test_an_auc_above_chance_is_not_passed_over() -> None:
    high = {"auc": 0.6, "auc_low": 0.55, "auc_high": 0.65}
    assert only(high).sure == NO  # in a single test
    high |= {"verdict": "auc_only", "auc_p_holm": 0.003}
    said = only(high)
    assert said.sure == PERHAPS
    assert "AUC is above 0.5, but not the score to judge by" in said.headline
    assert said.details.endswith("p = 0.003 for AUC, corrected.")
    said = only({}, high | LOGISTIC)
    assert said.sure == PERHAPS
    assert "in unseen subjects, from a simple model: AUC is above 0.5" in said.headline
    assert "logistic has 50.0 (46.0 to 54.0) % and 0.60 (0.55 to 0.65); p = 0.003" in said.details


def test_too_few_listeners_get_no_answer_whatever_the_score() -> None:
    said = only(SIGNAL | {"verdict": "too_few", "n_subjects": 4, "p_holm": np.nan})
    assert said.sure == OPEN
    assert said.headline == (
        "Not answered: whether EDA predicts arousal in unseen subjects. 4 subjects are too few."
    )


@pytest.mark.parametrize(
    ("n", "why"), [(1, "there is only one subject"), (9, "all tested trials are of one")]
)
def test_without_an_interval_there_is_no_answer(n: int, why: str) -> None:
    nothing = dict.fromkeys(("low", "high", "p_value", "p_holm", "smallest_effect"))
    nothing |= {"balanced_accuracy_low": np.nan, "balanced_accuracy_high": np.nan}
    nothing |= {"auc": np.nan, "auc_low": np.nan, "auc_high": np.nan}
    said = only({**nothing, "verdict": "no_interval", "n_subjects": n})
    assert said.sure == OPEN
    assert said.headline.startswith("Not answered: whether EDA predicts arousal")
    assert why in said.headline
    assert "nan" not in said.details


def test_a_simple_model_may_be_the_evidence() -> None:
    said = only({}, SIGNAL | LOGISTIC, rivals=rivals())
    assert said.sure == YES
    assert said.headline == (
        "Evidence that EDA predicts arousal in unseen subjects, from a simple model; not from "
        "RTCAN-1D (Rf)."
    )
    assert "logistic has 62.0 (57.0 to 67.0) % and 0.66" in said.details


def test_without_a_network_the_simple_model_speaks_that_was_chosen_for_it() -> None:
    better = SIGNAL | LOGISTIC | {"model": "svm-eda", "run": "svm"}
    said = only(LOGISTIC, better)
    assert said.sure == YES
    assert said.headline.endswith("from another simple model; not from logistic.")
    assert said.details.startswith(
        "No network was trained; logistic, one of 2 simple models, has a balanced accuracy of 50.0"
    )
    assert "svm-eda has 62.0 (57.0 to 67.0) %" in said.details
    assert only(LOGISTIC).details.startswith("No network was trained; logistic has a balanced")
    assert view.score_table(answered(LOGISTIC, better)).rows[0][2] == "logistic"


def test_power_is_that_of_the_models_shown() -> None:
    lucky = LOGISTIC | {"smallest_effect": 0.001}
    read = " ".join(view.how_to_read(answered({}, lucky)))
    assert "a balanced accuracy of 55.6 % (arousal)." in read
    other = {"input": "music", "smallest_effect": 0.081}
    read = " ".join(view.how_to_read(answered({}, lucky, other)))
    assert "a balanced accuracy of 58.1 % (arousal) from each input." in read


@pytest.mark.parametrize(
    ("verdict", "sure"),
    [
        ("better", YES),
        ("auc_only", PERHAPS),
        ("better_alone", NO),
        ("worse", NO),
        ("too_few", OPEN),
    ],
)
def test_skill_is_of_a_run_and_target_in_its_data(verdict: str, sure: str) -> None:
    tests = answered({"verdict": verdict}, SIGNAL | {"target": "valence"})
    run = AboutRun(
        **{"name": "net", "dataset": "pmemo", "simulated": False, "model": "", "recipe": ""},
        **{"protocol": "subject", "tests": "", "n_folds": 10, "n_trained_folds": 10},
        **{"thresholds": "", "subjects": None, "splits_from": None},
    )
    assert view.skill([tests], run, "arousal") == sure
    assert view.skill([tests], run, "valence") == YES
    for other in ({"simulated": True}, {"dataset": "deap"}, {"name": "line"}):
        assert view.skill([tests], replace(run, **other), "valence") == OPEN


def test_only_music() -> None:
    music = LOGISTIC | {"model": "svm-music", "network": "svm-music, music alone"}
    said = only(SIGNAL | music | {"input": "music"})
    assert said.headline == "Evidence that music predicts arousal in unseen subjects."
    both = only(SIGNAL | {"input": "EDA and music"})
    assert both.headline == "Evidence that EDA and music predict arousal in unseen subjects."


def test_songs_that_may_be_remembered_are_told_beside_what_that_is_worth() -> None:
    music = SIGNAL | LOGISTIC | {"model": "svm-music", "input": "music"}
    prior = {"role": "prior", "input": "", "model": "song-prior", "balanced_accuracy": 0.61}
    known = "100 % of its test trials are of a song heard in training, so this may be memory of"
    assert only(music).details.endswith(f"{known} the song.")
    beside = "the song; song-prior, which knows only how others rated the same song, has 61.0"
    assert f"{known} {beside}" in only(music, prior).details
    for silent in (music | {"stimulus_known": 0.0}, music | {"verdict": "none_shown"}, SIGNAL):
        assert "memory" not in only(silent, prior).details


def test_several_seeds_and_missing_folds_are_said() -> None:
    said = only({"n_seeds": 3, "seed_sd": 0.012, "n_folds": 7})
    assert "(mean of 3 seeds, sd 1.2 points); only 7 of 10 folds were trained." in said.details


def test_uneven_classes_are_judged_by_what_exceeds_the_majority() -> None:
    uneven = {"score": "above_majority", "estimate": -0.021, "low": -0.05, "high": 0.01}
    result = answered(uneven | {"without_skill": 0.0})
    (said,) = view.answers(result)
    assert "less that of saying the more frequent class: -2.1 points (-5.0 to 1.0)" in said.details
    assert "an accuracy 5.6 points above the majority (arousal)" in " ".join(
        view.how_to_read(result)
    )


def test_how_to_read_it_names_baseline_number_of_tests_and_power() -> None:
    read = " ".join(view.how_to_read(answered({}, {"target": "valence", "p_holm": 1.0})))
    assert "right in 52.5 % (valence) and 52.5 % (arousal) of the trials" in read
    assert "2 tests against no skill" in read
    assert "a balanced accuracy of 55.6 % (valence) and a balanced accuracy of 55.6 %" in read
    assert "95 % intervals over subjects" in read
    assert "Differences" not in read
    compared = " ".join(view.how_to_read(answered({}, rivals=rivals())))
    assert "p values are of accuracy (t-test over folds), corrected for the choice of" in compared
    assert "one seed each" in read
    assert view.how_to_read(answered()) == []


def test_memory_is_said_by_song_by_protocol_and_by_priors() -> None:
    prior = {"role": "prior", "input": "", "model": "song-prior", "p_holm": np.nan}
    protocol = {
        **{"series": 1, "dataset": "pmemo", "simulated": False, "model": "Rf, EDA alone"},
        **{"target": "arousal", "protocol": "trial", "last_protocol": "subject"},
        **{"subject_known": True, "stimulus_known": True},
        **{"difference": 0.051, "difference_low": 0.02, "difference_high": 0.08},
    }
    rows = [protocol, protocol | {"target": "valence", "difference_low": -0.01}]
    rows.append(protocol | {"protocol": "subject", "difference": np.nan})
    protocols = pd.DataFrame(rows, columns=list(PROTOCOL_COLUMNS))
    told = view.memory(answered({}, prior, protocols=protocols))
    assert len(told) == 3
    assert "no subject is on both sides of a fold (checked)" in told[0]
    assert "100 % of the tested trials are of a song that others heard in training" in told[0]
    assert "with subject and song known (protocol trial)" in told[1]
    assert "arousal +5.1 points (2.0 to 8.0; higher)" in told[1]
    assert "valence +5.1 points (-1.0 to 8.0; no difference shown)" in told[1]
    assert "how others rated the same song (song-prior) gives a balanced accuracy" in told[2]
    new = view.memory(answered({"stimulus_known": 0.0}))
    assert "The same holds for every song." in new[0]


def test_people_who_hear_no_songs_are_subjects_and_simulated_ones_are_marked() -> None:
    said = only({}, dataset="deap", simulated=True)
    assert said.headline == "No evidence that EDA predicts arousal in unseen simulated subjects."
    assert view.size(answered({}, dataset="table")) == (
        "Own recordings: 40 subjects, 10 stimuli, 400 trials"
    )
    assert view.size(answered({}, simulated=True)).startswith("PMEmo (simulated): 40 subjects")


def test_the_table_has_a_row_for_each_input_and_target() -> None:
    tests = ({}, SIGNAL | LOGISTIC, {"target": "valence", "run": "other"})
    table = view.score_table(answered(*tests, rivals=rivals(), simulated=True))
    assert "simulated data" in table.title
    assert [row[:3] for row in table.rows] == [
        ["EDA", "arousal", "RTCAN-1D (Rf)"],
        ["EDA", "valence", "RTCAN-1D (Rf)"],
    ]
    assert table.rows[0][6:] == ["logistic", "-3.0 (-7.0 to 1.0)", "0.4"]
    assert table.rows[1][6:] == [None] * 3


def test_notes_on_what_is_shown_are_not_among_what_is_missing() -> None:
    notes = (Note("other_networks", "net is shown"), Note("no_music", "not tried", "rtcan info"))
    result = answered({}, notes=notes)
    assert [note.kind for note in view.not_answered(result)] == ["no_music"]
    assert "net is shown" in view.how_to_read(result)
    page = views.page(result)
    assert page.notes[0].startswith("No evidence")
    assert page.notes[-1] == "not tried: rtcan info"


def test_an_answer_that_is_out_of_date_says_so_where_it_stands() -> None:
    stale = Note("stale_run", "net was trained before labels changed")
    (said,) = view.answers(answered(SIGNAL, notes=(stale,)))
    assert said.details.startswith("Out of date: net was trained before labels changed. RTCAN-1D")
    other = Note("stale_run", "nets was trained before labels changed")
    (said,) = view.answers(answered(SIGNAL, notes=(other,)))
    assert "Out of date" not in said.details
