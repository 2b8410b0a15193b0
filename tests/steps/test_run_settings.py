from __future__ import annotations

import json
from dataclasses import replace

from rtcan_cli.models.rtcan import ModelSpec
from rtcan_cli.steps.run_settings import RunSettings
from rtcan_cli.training.recipes import RECIPES

SETTINGS = RunSettings(
    ModelSpec("Rf", length=500), RECIPES["tuned"], "music", ("valence", "arousal"), 3.0, 5, 0
)


def test_settings_survive_json() -> None:
    stored = json.loads(json.dumps(SETTINGS.parameters()))
    assert RunSettings.from_parameters(stored) == SETTINGS


def test_names_differ_where_settings_do() -> None:
    assert SETTINGS.name().startswith("Rf-eda+music-both-")
    others = [
        replace(SETTINGS, seed=1),
        replace(SETTINGS, fusion="none"),
        replace(SETTINGS, targets=("arousal",)),
        replace(SETTINGS, recipe=replace(SETTINGS.recipe, lr=1e-4)),
    ]
    assert len({s.name() for s in [SETTINGS, *others]}) == 5


def test_options_are_those_a_user_types() -> None:
    assert SETTINGS.options("pmemo", variant="Rb", test_subject="7") == (
        "--dataset pmemo --variant Rb --fusion music --recipe tuned --folds 5 --length 500 "
        "--test-subject 7"
    )
    assert SETTINGS.options("deap").startswith("--dataset deap --variant Rf --fusion music")
