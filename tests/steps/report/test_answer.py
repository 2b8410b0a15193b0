"""The numbers behind page one, against those of `evaluate` and `compare`, and planted signals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.evaluation.bootstrap import difference_intervals, intervals
from rtcan_cli.evaluation.statistics import holm
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.report.answer import Chosen, _of_the_best, _verdict, answers
from rtcan_cli.steps.report.missing import missing
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.steps.scores.leakage import compare_protocols
from rtcan_cli.stores import Workspace
from rtcan_cli.views.answer import score_table
from tests.runs.finished_runs import finish_run

ONE = {"targets": ("arousal",)}


def model(name: str) -> dict[str, Any]:
    return {"spec": ModelSpec(model=name), "recipe": None, **ONE}


def answer_of(*paths: Path) -> Chosen:
    (found,) = answers([Run.load(path) for path in paths], None)
    return found


def test_scores_and_verdicts_are_those_of_evaluate(tmp_path: Path) -> None:
    path = finish_run(tmp_path, "net", skill=2.0)
    found = answer_of(path).answer
    evaluated = evaluate_run(path)
    assert found.tests["target"].tolist() == ["valence", "arousal"]
    for row in found.tests.itertuples():
        (verdict,) = evaluated.verdicts.query(f"target == '{row.target}'").itertuples()
        assert (row.score, row.verdict) == (verdict.score, verdict.verdict)
        for name in ("estimate", "low", "high", "smallest_effect"):
            assert getattr(row, name) == getattr(verdict, name)
        scores = evaluated.scores.query(f"target == '{row.target}'").set_index("score")
        assert row.auc == scores.loc["auc", "estimate"]
        assert row.balanced_accuracy_low == scores.loc["balanced_accuracy", "low"]
        assert (row.n_subjects, row.n_trials, row.n_stimuli) == (12, 120, 10)
        assert row.stimulus_known == 1
    assert (found.tests["verdict"] == "better").all()
    assert found.n_tests == 4
    every = holm([*found.tests["p_value"], *found.tests["auc_p_value"]])
    np.testing.assert_allclose([*found.tests["p_holm"], *found.tests["auc_p_holm"]], every)


def test_a_signal_that_holds_alone_may_be_lost_among_many(tmp_path: Path) -> None:
    weak = finish_run(tmp_path, "weak", skill=0.2, **ONE)
    alone = answer_of(weak).answer.tests.iloc[0]
    assert alone["verdict"] == "better"
    assert 0.01 < alone["p_value"] < alone["p_holm"] < 0.05
    names = ("logistic", "svm-eda", "boosting", "svm-gsr")
    others = [finish_run(tmp_path, name, skill=0.0, **model(name)) for name in names]
    found = answer_of(weak, *others).answer
    assert found.n_tests == 10
    assert found.tests["verdict"].iloc[0] == "better_alone"


def test_priors_are_shown_but_answer_nothing(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "net", **ONE)]
    for name in ("song-prior", "duration-prior", "majority"):
        paths.append(finish_run(tmp_path, name, skill=3.0, **model(name)))
    found = answer_of(*paths).answer
    assert found.n_tests == 2
    assert found.tests["role"].tolist() == ["network", "prior", "prior"]
    assert found.tests["input"].tolist() == ["EDA", "", ""]
    assert np.isnan(found.tests["p_holm"].iloc[1])


def test_the_rival_sees_no_more_and_its_difference_is_paired(tmp_path: Path) -> None:
    eda = finish_run(tmp_path, "eda", skill=0.5, **ONE)
    fused = finish_run(tmp_path, "fused", skill=0.5, fusion="music", **ONE)
    line = finish_run(tmp_path, "line", skill=1.0, **model("logistic"))
    songs = finish_run(tmp_path, "songs", skill=3.0, **model("song-prior"))
    found = answer_of(eda, fused, line, songs).answer
    rival = found.rivals.set_index("run")["rival"].to_dict()
    assert rival == {"eda": "line", "fused": "songs"}
    row = found.rivals.set_index("run").loc["fused"]
    own, other = (Run.load(path).trials("arousal") for path in (fused, songs))
    apart = difference_intervals(own, other).loc[row["score"]]
    for name in ("difference", "low", "high"):
        assert row[name] == apart[name]
    assert (row["verdict"], row["n_rivals"]) == ("worse", 2)
    # The rival was chosen from two, by the score in which it is better.
    assert row["accuracy_difference"] < 0
    raw = found.rivals["p_value"] * found.rivals["n_rivals"]
    np.testing.assert_allclose(found.rivals["p_holm"], holm(np.minimum(raw, 1)))


@pytest.mark.parametrize(
    ("accuracy", "p_value", "verdict", "p_holm"),
    [
        (-0.05, 0.01, "worse", 0.03),
        (-0.05, 0.02, "not_better", 0.06),  # the best of three
        (0.05, 0.01, "not_better", 0.01),  # the scores differ in opposite directions
    ],
)
def test_a_network_is_worse_only_if_the_choice_of_the_rival_does_not_explain_it(
    accuracy: float, p_value: float, verdict: str, p_holm: float
) -> None:
    row = {"accuracy_difference": accuracy, "p_value": p_value, "n_rivals": 3}
    rivals = pd.DataFrame([row | {"difference": -0.05, "low": -0.09, "high": -0.01}])
    rivals["p_holm"] = holm(_of_the_best(rivals))
    assert rivals["p_holm"].iloc[0] == pytest.approx(p_holm)
    assert _verdict(next(rivals.itertuples())) == verdict


def test_several_seeds_are_one_answer_with_their_mean(tmp_path: Path) -> None:
    paths = [
        finish_run(tmp_path, f"net{seed}", skill=1.0, seed=seed, folds_of=0, **ONE)
        for seed in (0, 1, 2)
    ]
    found = answer_of(*paths)
    (row,) = found.answer.tests.itertuples()
    each = [intervals(Run.load(path).trials("arousal")) for path in paths]
    scores = [table.loc["balanced_accuracy", "estimate"] for table in each]
    assert row.n_seeds == 3
    assert row.estimate == pytest.approx(np.mean(scores))
    assert row.seed_sd == pytest.approx(np.std(scores, ddof=1))
    widths = [table.loc["auc", "high"] - table.loc["auc", "low"] for table in each]
    assert row.auc_high - row.auc_low < 1.05 * max(widths)
    assert [group.name for group in found.speaking] == ["net0 (3 seeds)"]


def test_a_run_is_chosen_by_what_it_is_and_not_by_its_score(tmp_path: Path) -> None:
    newest = finish_run(tmp_path, "newest", skill=0.0, **ONE)
    spec = ModelSpec("Rb", length=96)
    better = finish_run(tmp_path, "better", skill=3.0, spec=spec, **ONE)
    other = finish_run(tmp_path, "dcnn", skill=3.0, spec=ModelSpec(model="dcnn"), **ONE)
    part = finish_run(tmp_path, "part", skill=3.0, subjects="50%", **ONE)
    found = answer_of(newest, better, other, part).answer
    assert found.tests["run"].tolist() == ["newest"]
    (note,) = found.notes
    assert note.kind == "other_networks"
    assert "newest is shown here" in note.text
    assert note.text.endswith("better, dcnn, part.")


def test_a_run_on_part_of_the_subjects_says_so(tmp_path: Path) -> None:
    found = answer_of(finish_run(tmp_path, "part", skill=3.0, subjects="50%", **ONE)).answer
    (note,) = found.notes
    assert note.kind == "part_of_the_subjects"
    assert "part has only a part of the subjects (--subjects 50%)" in note.text


def test_the_run_that_is_shown_is_named_for_each_target(tmp_path: Path) -> None:
    both = finish_run(tmp_path, "both", skill=0.0)
    newer = finish_run(tmp_path, "newer", skill=0.0, targets=("valence",))
    found = answer_of(newer, both).answer
    assert found.tests[["target", "run"]].to_numpy().tolist() == [
        ["valence", "newer"],
        ["arousal", "both"],
    ]
    (note,) = found.notes
    assert "newer is shown here for valence, chosen" in note.text
    assert note.text.endswith("side by side: both.")


def test_without_a_network_the_simple_model_that_is_shown_is_the_one_that_speaks(
    tmp_path: Path,
) -> None:
    better = finish_run(tmp_path, "svm", skill=3.0, **model("svm-eda"))
    line = finish_run(tmp_path, "line", skill=0.0, **model("logistic"))
    found = answer_of(better, line)
    assert [group.name for group in found.speaking] == ["line"]
    assert found.answer.tests["run"].tolist() == ["line", "svm"]
    assert score_table(found.answer).rows[0][2] == "logistic"


def test_only_protocols_with_unseen_subjects_count(tmp_path: Path) -> None:
    trial = finish_run(tmp_path, "trial", skill=3.0, protocol="trial", **ONE)
    found = answer_of(trial)
    assert found.answer.tests.empty
    notes = list(missing(Workspace(tmp_path), found.answer, [Run.load(trial)], found.speaking))
    assert "seen_subjects" in [note.kind for note in notes]
    loso = finish_run(tmp_path, "loso", skill=3.0, protocol="loso", **ONE)
    assert answer_of(trial, loso).answer.tests["run"].tolist() == ["loso"]


def test_recorded_and_simulated_data_are_apart_and_recorded_ones_first(tmp_path: Path) -> None:
    runs = [
        finish_run(tmp_path, f"{name} {simulated}", simulated=simulated, dataset=name, **ONE)
        for simulated in (True, False)
        for name in ("pmemo", "deap")
    ]
    found = list(answers([Run.load(path) for path in runs], None))
    assert [(each.answer.simulated, each.answer.dataset) for each in found] == [
        *((False, "deap"), (False, "pmemo"), (True, "deap"), (True, "pmemo"))
    ]
    assert all(each.answer.n_tests == 2 for each in found)


@pytest.mark.parametrize(("n", "verdict"), [(5, "too_few"), (6, "better")])
def test_fewer_subjects_than_a_sign_test_needs_answer_nothing(
    tmp_path: Path, n: int, verdict: str
) -> None:
    path = finish_run(tmp_path, "net", skill=9.0, n_subjects=n, **ONE)
    (row,) = answer_of(path).answer.tests.itertuples()
    assert row.verdict == verdict
    assert np.isnan(row.p_holm) == (verdict == "too_few")


def test_what_is_memory_is_taken_from_the_series_of_the_dataset(tmp_path: Path) -> None:
    paths = [
        finish_run(tmp_path, name, protocol=name, skill=skill, **ONE)
        for name, skill in (("subject", 0.3), ("trial", 3.0))
    ]
    runs = [Run.load(path) for path in paths]
    leakage = compare_protocols(paths)
    (found,) = answers(runs, leakage)
    assert found.answer.protocols["protocol"].tolist() == ["trial", "subject"]
    kinds = [note.kind for note in missing(Workspace(tmp_path), found.answer, runs, found.speaking)]
    assert "no_protocols" not in kinds
    (without,) = answers(runs[:1], None)
    notes = list(missing(Workspace(tmp_path), without.answer, runs[:1], without.speaking))
    (line,) = (note.command for note in notes if note.kind == "no_protocols")
    assert line is not None
    assert "--protocol trial" in line
