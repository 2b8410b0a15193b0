"""Averages over all test trials are those of the maps, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.explain import attribute
from rtcan_cli.files.mapped import SMALL
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.base import Result
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention import all_trials as gradcam_all
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.all_trials import explain_all
from rtcan_cli.steps.attention.checks import check_explanation, of_another_subject
from rtcan_cli.steps.attention.trials import music_vectors
from rtcan_cli.views.layout import table_lines
from tests.runs.finished_runs import finish_run
from tests.steps.attention.test_one_trial import run_of, sources

FIGURES = {
    "all_trials": ("attention_average", "attention_responses"),
    "checks": ("attention_check",),
}


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing: that takes long, and has its own tests."""

    def save(figure: Any, stem: Path, *_: Any) -> list[Path]:
        stem.parent.mkdir(parents=True, exist_ok=True)
        return []

    for module, names in FIGURES.items():
        for name in (*names, "save"):
            stub = save if name == "save" else (lambda *_, **__: None)
            monkeypatch.setattr(f"rtcan_cli.steps.attention.{module}.{name}", stub)


def each_map(run: Run, stores: Sources, target: str) -> pd.DataFrame:
    """Predicted class and mean-1 weight of every test trial, by the functions for one trial."""
    spec = run.settings.spec
    data, _ = training_data(stores, target, run.settings.onset, spec.length)
    rows = []
    for fold, roles in run.roles(target).items():
        network = run.network_of_fold(target, fold)
        for i in roles.test:
            music = music_vectors(network, stores, [data.stimulus[i]])
            found = attribute(network.model, data.eda[i], None if music is None else music[0])
            weight = found.weight / found.weight.mean() if not found.is_empty else None
            rows.append((data.subject[i], data.label[i], found.class_index, weight))
    return pd.DataFrame(rows, columns=["subject", "label", "predicted", "weight"])


@pytest.mark.long
def test_means_are_those_of_the_single_maps(trained: Path, tmp_path: Path) -> None:
    run = Run.load(run_of(trained, "Rf"))
    result = explain_all(run.path, sources(trained), tmp_path, targets=("arousal",), jobs=1)
    (csv,) = tmp_path.rglob("attention_average_arousal.csv")
    table = pd.read_csv(csv)
    single = each_map(run, sources(trained), "arousal").dropna()
    groups = [("all", "all", single)]
    groups += [
        ("predicted", n, single[single["predicted"] == k]) for k, n in enumerate(("low", "high"))
    ]
    groups += [("true", n, single[single["label"] == k]) for k, n in enumerate(("low", "high"))]
    for group, name, trials in groups:
        mine = table[(table["group"] == group) & (table["curve"] == name)]
        assert mine["n_trials"].unique().tolist() == ([len(trials)] if len(trials) else [])
        if len(trials):
            means = trials.groupby("subject")["weight"].apply(
                lambda each: np.mean(list(each), axis=0)
            )
            np.testing.assert_allclose(mine["mean"], np.mean(list(means), axis=0), rtol=1e-3)
    channels = table[table["group"] == "channel"].groupby("time")["mean"].sum()
    of_all = table[table["group"] == "all"]
    np.testing.assert_allclose(channels, of_all["mean"], rtol=1e-4)
    assert table.pop("simulated").all()
    pd.testing.assert_frame_equal(table, result.average, check_dtype=False)
    (peak,) = result.peaks[result.peaks["group"] == "all"].to_dict("records")
    top = of_all.loc[of_all["mean"].idxmax()]
    assert (peak["weight"], peak["time"]) == pytest.approx((top["mean"], top["time"]))
    assert peak["last_weight"] == pytest.approx(of_all["mean"].iloc[-5:].mean())
    assert set(result.responses["event"]) == {"onset", "peak"}
    assert result.responses["random_times_p"].between(0, 1).all()
    (csv,) = tmp_path.rglob("attention_responses_arousal.csv")
    assert len(pd.read_csv(csv)) == len(result.around_responses)
    says_that_it_is_simulated_and_fits(result)


def says_that_it_is_simulated_and_fits(result: Result) -> None:
    for table in views.page(result).tables:
        assert table.title.endswith("simulated data")
        for width in (60, 80, 120):
            assert max(map(len, table_lines(table, width))) <= width


def test_drawn_trials_depend_on_the_seed_alone(trained: Path) -> None:
    run = Run.load(run_of(trained, "Rf"))
    every, n = explain_trials.tested_trials(run, sources(trained), "arousal", None, 0)
    assert n == len(every) == run.trials("arousal")["probability"].notna().sum()
    few = [
        explain_trials.tested_trials(run, sources(trained), "arousal", 10, seed)[0]
        for seed in (0, 0, 1)
    ]
    pd.testing.assert_frame_equal(few[0], few[1])
    assert not few[0].equals(few[2])
    assert len(few[0].merge(every)) == 10


def test_the_weight_at_responses_of_one_subject_has_no_interval(
    trained: Path, tmp_path: Path
) -> None:
    options = {"targets": ("arousal",), "max_trials": 1, "jobs": 1}
    result = explain_all(run_of(trained, "Rf"), sources(trained), tmp_path, **options)
    assert set(result.responses["event"]) == {"onset", "peak"}
    assert result.responses[["low", "high"]].isna().all(axis=None)


@pytest.mark.long
def test_all_at_once_or_chunk_by_chunk_in_processes_is_the_same(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for size, jobs, small in ((64, 1, SMALL), (5, 1, 0)):
        monkeypatch.setattr(explain_trials, "CHUNK", size)
        monkeypatch.setattr("rtcan_cli.files.mapped.SMALL", small)
        folder = tmp_path / str(size)
        explain_all(
            run_of(trained, "Rb"), sources(trained), folder, targets=("valence",), jobs=jobs
        )
        written.append([pd.read_csv(path) for path in sorted(folder.rglob("*.csv"))])
    for one, other in zip(*written, strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=1e-3, atol=1e-5)  # of weights near 1


@pytest.mark.long
def test_the_class_explained_is_the_one_asked_for(trained: Path) -> None:
    run = Run.load(run_of(trained, "Rf"))
    trials, _ = explain_trials.tested_trials(run, sources(trained), "arousal", 12, 0)
    work = explain_trials.chunks(run, sources(trained), "arousal", trials)
    predicted = [gradcam_all.explain_chunk(chunk, "gradcam", "predicted") for chunk in work]
    for name, code in (("low", 0), ("high", 1)):
        for chunk, usual in zip(work, predicted, strict=True):
            maps = gradcam_all.explain_chunk(chunk, "gradcam", name)
            assert (maps.trials["explained"] == code).all()
            assert (maps.trials["predicted"] == usual.trials["predicted"]).all()


@pytest.mark.long
def test_check_says_how_far_a_map_follows_and_writes_the_curves(
    trained: Path, tmp_path: Path
) -> None:
    result = check_explanation(
        run_of(trained, "Rf"),
        sources(trained),
        tmp_path,
        targets=("arousal",),
        method="gradcam",
        max_trials=4,
        jobs=1,
    )
    (csv,) = tmp_path.rglob("attention_check_arousal_gradcam.csv")
    table = pd.read_csv(csv)
    assert set(table["test"]) == {"similarity", "other_subject", "deletion", "insertion"}
    whole, empty = {}, {}
    for name, curve in table[table["test"].isin(["deletion", "insertion"])].groupby(
        ["test", "curve"]
    ):
        ends = curve["mean"].iloc[[0, -1]].tolist()
        whole[name], empty[name] = ends if name[0] == "deletion" else ends[::-1]
    # A trial with everything in it, or nothing, is the same whatever the order.
    assert max(whole.values()) == pytest.approx(min(whole.values()), abs=1e-6)
    assert max(empty.values()) == pytest.approx(min(empty.values()), abs=1e-6)
    similar = table[(table["test"] == "similarity") & (table["curve"] == "rank_correlation")]
    assert similar["stage"].iloc[[0, -1]].tolist() == ["linear 3", "SFE"]
    final = similar["mean"].iloc[-1]
    (verdict,) = result.verdicts.to_dict("records")
    assert verdict["rank_correlation"] == pytest.approx(final)
    expected = "follows" if abs(final) < 0.2 else "ignores" if final > 0.5 else "partly"
    assert verdict["weights"] == expected
    notes = {note.kind: note.text for note in result.notes}
    assert f"{final:.2f}" in notes["map_and_weights"]
    areas = result.areas.set_index(["test", "order"])
    for test in ("deletion", "insertion"):
        less = areas.loc[(test, "map"), "area"] - areas.loc[(test, "random"), "area"]
        assert areas.loc[(test, "random"), "difference"] == pytest.approx(less)
    says_that_it_is_simulated_and_fits(result)


@pytest.mark.parametrize("step", [explain_all, check_explanation])
def test_a_run_without_attention_is_refused_unless_the_map_needs_none(
    trained: Path, tmp_path: Path, step: Any
) -> None:
    run = finish_run(tmp_path, "plain", spec=ModelSpec("base", length=96))
    with pytest.raises(RtcanError, match="no attention module") as raised:
        step(run, sources(trained), tmp_path)
    assert "integrated-gradients" in raised.value.hint
    with pytest.raises(RtcanError, match="was trained on other"):
        step(run, sources(trained), tmp_path, method="integrated-gradients")


def test_maps_are_compared_between_subjects() -> None:
    subject = np.array(["a"] * 30 + ["b"] * 3 + ["c"])
    found, other = of_another_subject(subject)
    assert found.all()
    assert (subject[other] != subject).all()
    found, other = of_another_subject(np.array(["a", "a"]))
    assert not found.any()
    assert other.tolist() == [0, 1]
