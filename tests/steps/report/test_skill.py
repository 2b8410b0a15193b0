"""One family of tests for a dataset: by score and AUC, whichever way they differ from no skill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.evaluation.bootstrap import intervals
from rtcan_cli.steps.report.skill import adjusted, scores_of

ROW: dict[str, Any] = {
    **{"role": "network", "verdict": "none_shown", "auc": 0.6, "auc_low": 0.4},
    **{"p_value": 0.8, "auc_p_value": 0.8},
}
BY_AUC = {"auc_low": 0.51, "auc_p_value": 0.01}


@pytest.mark.parametrize(
    ("row", "few", "many"),
    [
        ({"verdict": "better", "p_value": 0.01}, "better", "better_alone"),
        ({"verdict": "worse", "p_value": 0.01}, "worse", "none_shown"),
        (BY_AUC, "auc_only", "none_shown"),
        (BY_AUC | {"auc_low": 0.4}, "none_shown", "none_shown"),  # below 0.5
        (BY_AUC | {"verdict": "better", "p_value": 0.01}, "better", "better_alone"),
        (BY_AUC | {"verdict": "too_few"}, "too_few", "too_few"),
        # One class in each fold: no trial is ranked before another.
        ({"verdict": "better", "p_value": 0.01, "auc": 0.5}, "better_alone", "better_alone"),
        (BY_AUC | {"role": "prior", "verdict": "better"}, "better", "better"),
    ],
)
def test_every_claim_has_to_hold_among_all_tests(row: dict[str, Any], few: str, many: str) -> None:
    alone, n = adjusted(pd.DataFrame([ROW | row]))
    assert alone["verdict"].tolist() == [few]
    assert n == (0 if row.get("role") == "prior" or few == "too_few" else 2)
    among, _ = adjusted(pd.DataFrame([ROW | row, ROW, ROW, ROW]))
    assert among["verdict"].tolist() == [many, *["none_shown"] * 3]


def drawn(seed: int, skill: float) -> pd.DataFrame:
    """Answers of a model to 12 trials of each of 20 subjects."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, 240)
    answer = rng.normal(0, 1, 240) + skill * (2 * label - 1)
    table = {
        "subject": np.repeat(np.arange(20), 12).astype(str),
        "stimulus": np.tile(np.arange(12), 20).astype(str),
        "song": np.tile(np.arange(12), 20).astype(str),
        "repetition": 1,
        "fold": np.repeat(np.arange(20), 12) % 5,
        "label": label,
        "probability": 1 / (1 + np.exp(-answer)),
    }
    return pd.DataFrame(table)


def page(seed: int, skill: float) -> list[str]:
    """Verdicts of five models without skill, and a first one with as much as is planted."""
    rows = [
        scores_of([drawn(seed * 10 + k, skill if k == 0 else 0.0)], 0) | {"role": "network"}
        for k in range(6)
    ]
    return list(adjusted(pd.DataFrame(rows))[0]["verdict"])


CLAIMS = {"better", "auc_only", "worse"}


@pytest.mark.long
def test_pages_without_skill_claim_none_and_a_planted_effect_is_found() -> None:
    # 12 tests each. At 5 % a page, three or more of 12 have a probability of 2 %; uncorrected
    # tests claim something on every third page.
    assert sum(bool(CLAIMS & {*page(seed, 0.0)}) for seed in range(12)) <= 2
    found = [page(seed, 0.5)[0] for seed in range(3)]
    assert found == ["better"] * 3


def test_the_p_value_of_auc_is_of_its_interval() -> None:
    trials = drawn(1, 0.3)
    row = scores_of([trials], 0)
    auc = intervals(trials).loc["auc"]
    assert (row["auc"], row["auc_low"]) == (auc["estimate"], auc["low"])
    assert (row["auc_p_value"] < 0.05) == (row["auc_low"] > 0.5)


def by_chance_of_songs(seed: int) -> pd.DataFrame:
    """Labels that follow the song, and answers to 8 songs that have nothing to do with them."""
    rng = np.random.default_rng(seed)
    trials = drawn(seed, 0.0)
    trials = trials[trials["song"].astype(int) < 8].reset_index(drop=True)
    song = trials["song"].astype(int).to_numpy()
    high = rng.normal(0, 1, 8)[song] + rng.normal(0, 1, len(song)) > 0
    said = rng.normal(0, 1, 8)[song] + rng.normal(0, 0.2, len(song))
    return trials.assign(label=high.astype(int), probability=1 / (1 + np.exp(-said)))


def test_what_holds_for_a_few_songs_alone_is_no_skill() -> None:
    trials = [by_chance_of_songs(seed) for seed in range(20)]
    over_subjects = [scores_of([each], 0, over_songs=False)["p_value"] < 0.05 for each in trials]
    over_both = [scores_of([each], 0)["p_value"] < 0.05 for each in trials]
    assert sum(over_subjects) >= 8
    assert sum(over_both) <= 4
    # Several seeds are averaged over songs as they are over subjects.
    two = scores_of([trials[0], trials[0]], 0)
    assert two["p_value"] == pytest.approx(scores_of([trials[0]], 0)["p_value"])


def test_a_single_song_is_tested_over_subjects_alone() -> None:
    trials = drawn(1, 0.5).assign(song="1")
    over_subjects = scores_of([trials], 0, over_songs=False)
    assert scores_of([trials], 0)["p_value"] == over_subjects["p_value"]


def test_scores_are_tested_over_songs_too_whatever_a_model_sees() -> None:
    """The larger p value counts; the interval stays that over subjects."""
    trials = by_chance_of_songs(0)
    over_subjects, both = (scores_of([trials], 0, over_songs=over) for over in (False, True))
    for name in ("p_value", "auc_p_value"):
        assert both[name] > over_subjects[name]
    assert (both["low"], both["high"]) == (over_subjects["low"], over_subjects["high"])
