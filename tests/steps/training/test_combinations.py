from __future__ import annotations

from dataclasses import replace

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.window import Window
from rtcan_cli.models.registry import find
from rtcan_cli.steps.training.combinations import Wanted, combinations
from rtcan_cli.training.recipes import RECIPES

ONE = Wanted(
    models=[find(choices.MODEL)],
    fusions=[None],
    layouts=["paper"],
    variants=[None],
    depths=[choices.DEPTH],
    channels=[choices.CHANNELS],
    recipes=[RECIPES["paper"]],
    protocols=["subject"],
    subjects=[None],
    seeds=[0],
    length=500,
    onset=None,
    n_folds=5,
    targets=("valence",),
    test_subject=None,
)


def test_what_is_left_open_is_the_models_and_the_datasets() -> None:
    for name in ("pmemo", "deap"):
        known = profile(name)
        (run,) = combinations(ONE, known)
        assert (run.fusion, run.spec.variant, run.onset) == ("none", known.variant, known.onset)
    assert combinations(replace(ONE, onset=0.0), profile("pmemo"))[0].onset == 0.0


def test_each_entry_is_combined_with_each_in_the_order_given() -> None:
    wanted = replace(ONE, fusions=["music", "none"], variants=["Rb", "base"], seeds=[3, 1])
    runs = combinations(wanted, profile("pmemo"))
    assert [(run.fusion, run.spec.variant, run.seed) for run in runs] == [
        (fusion, variant, seed)
        for fusion in ("music", "none")
        for variant in ("Rb", "base")
        for seed in (3, 1)
    ]


def test_windows_are_for_models_of_signals_and_make_no_other_runs() -> None:
    windows = [Window.parse("first:30"), Window.parse("last:30"), None]
    models = [find(name) for name in (choices.MODEL, "svm-eda", "majority")]
    runs = combinations(replace(ONE, models=models, windows=windows), profile("pmemo"))
    assert [(run.spec.model, run.window) for run in runs] == [
        *((choices.MODEL, window) for window in windows),
        ("svm-eda", None),
        ("majority", None),
    ]


def test_a_model_without_forms_or_recipes_is_one_run() -> None:
    models = [find(name) for name in (choices.MODEL, "mlp", "majority")]
    recipes = [RECIPES["paper"], RECIPES["tuned"]]
    runs = combinations(
        replace(ONE, models=models, variants=["Rb", "Rd"], recipes=recipes), profile("pmemo")
    )
    assert [(run.spec.model, run.spec.variant, run.training) for run in runs] == [
        (choices.MODEL, "Rb", "paper"),
        (choices.MODEL, "Rb", "tuned"),
        (choices.MODEL, "Rd", "paper"),
        (choices.MODEL, "Rd", "tuned"),
        ("mlp", "", "paper"),
        ("mlp", "", "tuned"),
        ("majority", "", "its own"),
    ]
    assert all(run.spec.length == 500 for run in runs)


def test_whether_signals_are_seen_depends_on_the_fusion() -> None:
    assert ONE.sees_signals()
    assert not replace(ONE, models=[find("majority"), find("svm-music")]).sees_signals()
