from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import group_seeds
from rtcan_cli.steps.scores.compare import compare_runs
from rtcan_cli.steps.scores.simple_rivals import rival_notes
from tests.runs.finished_runs import finish_run

LOGISTIC = {"spec": ModelSpec(model="logistic"), "recipe": None}


def said(*paths: Path) -> list[str]:
    notes = rival_notes(group_seeds([Run.load(path) for path in paths]))
    assert {note.kind for note in notes} <= {"simple_rival"}
    return [note.text for note in notes]


@pytest.mark.parametrize(
    ("network", "linear", "words"),
    [
        (0.0, 4.0, "is worse"),
        (0.5, 1.6, "is not better"),
        (1.2, 0.9, "is not clearly better"),
        (4.0, 0.0, None),
    ],
)
def test_a_network_is_held_against_the_linear_model_of_its_folds(
    tmp_path: Path, network: float, linear: float, words: str | None
) -> None:
    alike = {"targets": ("arousal",), "n_folds": 10}
    runs = (
        finish_run(tmp_path, "net", skill=network, **alike),
        finish_run(tmp_path, "line", skill=linear, **alike, **LOGISTIC),
    )
    found = said(*runs)
    if words is None:
        assert found == []
        return
    (note,) = found
    assert note.startswith(f"arousal: Rf, EDA alone (net) {words} than the simpler model logistic")
    result = compare_runs(runs)
    assert note in [each.text for each in result.notes]
    # The tables beside the note have adjusted values: it says which this is.
    (accuracy,) = result.differences.query("score == 'accuracy'").to_dict("records")
    assert note.endswith(f"over folds p = {accuracy['p_folds']:.2g} (not adjusted)")


def test_the_best_of_the_simple_models_counts(tmp_path: Path) -> None:
    network = finish_run(tmp_path, "net", skill=1.0, targets=("arousal",))
    weak = finish_run(tmp_path, "weak", skill=0.1, targets=("arousal",), **LOGISTIC)
    boosting = {"spec": ModelSpec(model="boosting"), "recipe": None}
    strong = finish_run(tmp_path, "strong", skill=3.0, targets=("arousal",), **boosting)
    (note,) = said(network, weak, strong)
    assert "boosting" in note
    assert "(strong)" in note


def test_the_length_of_recordings_is_a_rival(tmp_path: Path) -> None:
    network = finish_run(tmp_path, "net", skill=1.0, targets=("arousal",))
    length = {"spec": ModelSpec(model="duration-prior"), "recipe": None}
    strong = finish_run(tmp_path, "long", skill=3.0, targets=("arousal",), **length)
    (note,) = said(network, strong)
    assert "duration-prior, the length of the recording alone (long)" in note


def test_only_a_model_that_sees_no_more_and_has_the_same_folds_is_a_rival(tmp_path: Path) -> None:
    def line(name: str, **changed: object) -> Path:
        return finish_run(tmp_path, name, skill=3.0, targets=("arousal",), **(LOGISTIC | changed))

    network = finish_run(tmp_path, "net", skill=0.3, targets=("arousal",))
    fused = finish_run(tmp_path, "fused", skill=0.3, targets=("arousal",), fusion="music")
    with_music, other_folds = line("music", fusion="music"), line("folds", seed=3)
    assert said(network, with_music, other_folds) == []
    assert len(said(fused, with_music)) == 1
    assert len(said(fused, line("eda"))) == 1  # even less is enough
    other_labels = finish_run(
        tmp_path, "flipped", skill=3.0, targets=("arousal",), flipped=3, **LOGISTIC
    )
    assert said(network, other_labels) == []


def test_a_rival_may_share_its_folds_with_another_seed_than_the_first(tmp_path: Path) -> None:
    alike = {"targets": ("arousal",), "n_folds": 10}
    networks = [finish_run(tmp_path, f"net{k}", skill=0.3, seed=k, **alike) for k in (0, 1)]
    line = finish_run(tmp_path, "line", skill=3.0, seed=1, **alike, **LOGISTIC)
    (note,) = said(*networks, line)
    assert "net0 (2 seeds)" in note
