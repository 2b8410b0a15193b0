from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from rtcan_cli.eda.window import Window
from rtcan_cli.files.links import name_problem
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.settings import RunSettings, SplitsFrom
from rtcan_cli.stores import Store
from rtcan_cli.training.recipes import RECIPES
from tests.runs.finished_runs import finish_run

SETTINGS = RunSettings(
    ModelSpec("Rf", length=500), RECIPES["tuned"], "music", ("valence", "arousal"), 3.0, 5, 0
)
BORROWED = replace(
    SETTINGS, protocol="trial", n_folds=4, seed=3, splits_from=SplitsFrom("Re-eda-both-0", "ab12")
)


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        BORROWED,
        replace(SETTINGS, protocol="loso", subjects="40%"),
        replace(SETTINGS, window=Window.parse("middle:12.25")),
    ],
)
def test_settings_survive_json(settings: RunSettings) -> None:
    stored = json.loads(json.dumps(settings.parameters()))
    assert RunSettings.from_parameters(stored) == settings


def test_names_differ_where_settings_do() -> None:
    assert SETTINGS.name().startswith("Rf-eda+music-both-")
    others = [
        replace(SETTINGS, seed=1),
        replace(SETTINGS, fusion="none"),
        replace(SETTINGS, targets=("arousal",)),
        replace(SETTINGS, recipe=replace(SETTINGS.recipe, lr=1e-4)),
        replace(SETTINGS, spec=replace(SETTINGS.spec, layout="released")),
        replace(SETTINGS, protocol="trial"),
        replace(SETTINGS, protocol="stimulus"),
        replace(SETTINGS, subjects="40%"),
        replace(SETTINGS, subjects="40"),
        replace(SETTINGS, window=Window.parse("first:30")),
        replace(SETTINGS, window=Window.parse("10:40")),
        replace(SETTINGS, splits_from=SplitsFrom("a", "1")),
        replace(SETTINGS, splits_from=SplitsFrom("a", "2")),
    ]
    assert len({s.name() for s in [SETTINGS, *others]}) == 1 + len(others)


def test_a_name_says_what_is_unusual() -> None:
    # As runs were named before there were protocols.
    assert SETTINGS.name() == "Rf-eda+music-both-6cefec"
    assert (
        replace(SETTINGS, protocol="loso", subjects="10%")
        .name()
        .startswith("Rf-eda+music-both-loso-10pct-")
    )


def test_a_name_says_what_songs_are_described_by() -> None:
    assert SETTINGS.name("ComParE_2016") == SETTINGS.name("") == SETTINGS.name()
    assert SETTINGS.name("emobase").startswith("Rf-eda+music-both-emobase-")
    models = ["MERT-v1-95M, layer 6, mean", "MERT-v1-95M, layer 6; mean", "MERT: v1/95M"]
    models += ["../../MERT", "音楽", "-", "x" * 200, "x" * 201]
    names = [SETTINGS.name(each) for each in models]
    assert names[0].startswith("Rf-eda+music-both-MERT-v1-95M-layer-6-mean-")
    assert len({*names, SETTINGS.name()}) == 1 + len(names)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9.+-]{1,60}", name)
        assert not name_problem(name)


def test_the_line_is_what_a_user_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RTCAN_WORKSPACE", raising=False)
    assert SETTINGS.line("pmemo", variant="Rb", test_subject="7") == (
        "rtcan train --dataset pmemo --variant Rb --fusion music --recipe tuned --folds 5 "
        "--length 500 --test-subject 7"
    )
    assert (
        replace(SETTINGS, protocol="loso", subjects="40%")
        .line("pmemo", Path("rtcan-stores"))
        .endswith("--protocol loso --subjects 40%")
    )
    cut = replace(SETTINGS, window=Window.parse("10:40"))
    assert "--length 500 --window 10:40" in cut.line("pmemo")
    assert cut.name().startswith("Rf-eda+music-both-10-40-")
    assert "window" not in SETTINGS.parameters()  # older runs do not have it
    released = replace(SETTINGS, spec=replace(SETTINGS.spec, layout="released"))
    assert "--layout released" in released.line("pmemo")
    assert released.name().startswith("released-Rf-eda+music-both-")
    assert BORROWED.line("pmemo", Path("else where"), force=True) == (
        "rtcan train --dataset pmemo --fusion music --recipe tuned --length 500 --seed 3 "
        "--thresholds all --splits-from RUN --force --workspace 'else where'"
    )
    assert "--thresholds" not in replace(BORROWED, protocol="subject").line("pmemo")
    # The other run may have been trained with any seed, so even the usual one has to be said.
    assert "--seed 0 " in replace(BORROWED, seed=0).line("pmemo")
    assert SETTINGS.line("deap").startswith("rtcan train --dataset deap --variant Rf --fusion musi")
    odd = replace(SETTINGS, test_subject="Ann O'Neill")
    assert shlex.split(odd.line("pmemo"))[-2:] == ["--test-subject", "Ann O'Neill"]


def test_the_line_names_the_run_whose_folds_are_used_where_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "pmemo" / "runs"
    folder.mkdir(parents=True)
    path = finish_run(folder, "first")
    with Store(path, "run") as store:
        settings = replace(BORROWED, splits_from=SplitsFrom("first", store.content_id))
    assert "--splits-from first " in settings.line("pmemo", tmp_path)
    other = replace(BORROWED, splits_from=SplitsFrom("first", "another content"))
    assert "--splits-from RUN " in other.line("pmemo", tmp_path)
    path.rename(tmp_path / "first.h5")
    assert "--splits-from RUN " in settings.line("pmemo", tmp_path)


SPECIAL = {
    "class_weights": ("balanced", "--class-weights balanced", "balanced"),
    "clip_norm": (1.5, "--clip-norm 1.5", "clip1.5"),
    "patience": (5, "--patience 5", "patience5"),
    "precision": ("bf16", "--precision bf16", "bf16"),
}


@pytest.mark.parametrize("entry", SPECIAL)
def test_what_training_does_beyond_the_usual_is_recorded_and_named(entry: str) -> None:
    value, option, word = SPECIAL[entry]
    changed = replace(SETTINGS, recipe=replace(SETTINGS.recipe, **{entry: value}))
    stored = json.loads(json.dumps(changed.parameters()))
    assert stored["recipe"][entry] == value
    assert RunSettings.from_parameters(stored) == changed
    assert changed.name().startswith(f"Rf-eda+music-both-{word}-")
    assert changed.line("pmemo") == f"{SETTINGS.line('pmemo')} {option}"
    # Runs from before the entry existed stay what they were.
    assert entry not in SETTINGS.parameters()["recipe"]


def test_what_a_models_file_offers_is_in_the_provenance_but_not_in_the_name() -> None:
    settings = replace(SETTINGS, spec=ModelSpec(model="logistic"), recipe=None, fusion="none")
    grid = settings.parameters()["grid"]
    assert len(grid) == len(settings.model.grid)
    gsr = replace(settings, spec=ModelSpec(model="svm-gsr"))
    assert gsr.parameters()["features"] == list(gsr.model.features)
    assert "grid" not in SETTINGS.parameters()
    assert RunSettings.from_parameters(settings.parameters()).name() == settings.name()
