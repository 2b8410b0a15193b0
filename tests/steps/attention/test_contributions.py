"""Contributions to the answers of runs: they sum to what was stored, and averages are means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.attention.contributions import PartContributions
from rtcan_cli.runs.inputs import new_trials
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention import contribution_tables as tables
from rtcan_cli.steps.attention.contributions import (
    check_fused,
    contributions_of_run,
    contributions_of_trial,
    explain_contributions,
    fused_sources,
    newest_fused,
)
from rtcan_cli.steps.attention.fold_contributions import settling
from rtcan_cli.stores import Workspace
from rtcan_cli.training.data import Trials
from rtcan_cli.trial_key import TRIAL_KEY
from rtcan_cli.views.layout import table_lines
from tests.conftest import N_MUSIC, must
from tests.runs.finished_runs import finish_run
from tests.steps.attention.test_one_trial import run_of

SMALL = {"targets": ("arousal",), "jobs": 1}


@pytest.fixture(scope="module")
def found(trained: Path) -> PartContributions:
    path = run_of(trained, "Rf")
    sources = fused_sources(path, Workspace(trained))
    return contributions_of_run(path, sources, check=True, **SMALL)


def test_contributions_sum_to_what_the_run_stored(trained: Path, found: PartContributions) -> None:
    run = Run.load(run_of(trained, "Rf"))
    stored = run.trials("arousal").dropna(subset=["probability"])
    assert len(found.trials) == len(stored)
    both = found.trials.merge(stored, on=list(TRIAL_KEY), suffixes=("", "_stored"))
    total = both[["baseline", "eda", "music"]].sum(axis=1)
    assert len(both) == len(stored)
    np.testing.assert_allclose(total, both["probability_stored"], atol=1e-5)
    np.testing.assert_array_equal(both["fold"], both["fold_stored"])
    groups = [name for name in found.trials if name.startswith("music_")]
    np.testing.assert_allclose(found.trials[groups].sum(axis=1), found.trials["music"], atol=1e-5)
    assert found.music["n_features"].sum() == N_MUSIC
    notes = {note.kind: note for note in found.notes}
    assert "other_answers" not in notes
    # With folds of subjects, every song has trained every network.
    assert f"{len(stored)} of {len(stored)} test trials" in notes["songs_in_training"].text
    assert "--protocol subject+stimulus" in notes["songs_in_training"].command


def test_a_trial_alone_is_explained_as_among_all_and_by_its_definition(
    trained: Path, found: PartContributions
) -> None:
    path = run_of(trained, "Rf")
    run, sources = Run.load(path), fused_sources(path, Workspace(trained))
    row = found.trials.iloc[5]
    alone = contributions_of_trial(path, sources, row["subject"], row["stimulus"])
    assert alone["target"].tolist() == ["valence", "arousal"]
    mine = alone[alone["target"] == "arousal"].iloc[0]
    numbers = [name for name in alone if alone[name].dtype == float]
    one, other = (each[numbers].to_numpy(float) for each in (mine, row))
    np.testing.assert_allclose(one, other, atol=1e-6)
    # All training trials are the background here, since there are fewer than may be drawn.
    trials, _ = new_trials(sources, "arousal", run.settings.onset, run.settings.spec.length)
    train = run.roles("arousal")[row["fold"]].train
    model = run.model_of_fold("arousal", row["fold"])
    (i,) = np.flatnonzero((trials.subject == row["subject"]) & (trials.stimulus == row["stimulus"]))

    def said(eda: np.ndarray, song: np.ndarray) -> float:
        own = {"subject": trials.subject[eda], "stimulus": trials.stimulus[eda]}
        pairs = Trials(eda=trials.eda[eda], **own, music=trials.music, song=trials.song[song])
        return float(model.probability(pairs).mean())

    own = np.full(len(train), i)
    both, eda, music, neither = (
        said(own, own),
        said(own, train),
        said(train, own),
        said(train, train),
    )
    expected = [neither, (both - music + eda - neither) / 2, (both - eda + music - neither) / 2]
    assert row[["baseline", "eda", "music"]].tolist() == pytest.approx(expected, abs=1e-5)
    assert row[["without_music", "without_eda"]].tolist() == pytest.approx([eda, music], abs=1e-5)


def test_an_untrained_network_settles_on_trials_of_the_whole_fold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert settling(7).tolist() == list(range(7))
    monkeypatch.setattr("rtcan_cli.steps.attention.fold_contributions.N_SETTLED", 5)
    assert settling(5).tolist() == [0, 1, 2, 3, 4]
    assert settling(21).tolist() == [0, 5, 10, 15, 20]


def test_averages_are_means_over_trials(found: PartContributions) -> None:
    table, averages = found.trials, found.averages
    whole = averages[averages["group"] == "all"].iloc[0]
    assert whole["eda"] == pytest.approx(table["eda"].mean())
    assert whole["n_subjects"] == table["subject"].nunique()
    for group, column in (("true", "true_class"), ("subject", "subject"), ("song", "song")):
        mine = averages[averages["group"] == group].set_index("name")
        expected = table.groupby(column)
        pd.testing.assert_series_equal(
            mine["music"].sort_index(), expected["music"].mean(), check_names=False
        )
        sizes = table[["eda", "music"]].abs().groupby(table[column]).mean()
        share = sizes["eda"] / sizes.sum(axis=1)
        pd.testing.assert_series_equal(mine["eda_share"].sort_index(), share, check_names=False)
    assert averages.loc[averages["group"] == "subject", "eda_low"].isna().all()
    eda, music = found.parts.to_dict("records")
    assert (eda["part"], music["part"]) == ("EDA", "music")
    assert eda["share"] + music["share"] == pytest.approx(1)
    otherwise = (table["without_eda"] > 0.5) != (table["probability"] > 0.5)
    assert eda["changed"] == pytest.approx(otherwise.mean())
    assert set(found.checks["verdict"]) <= {"follows", "partly", "ignores"}
    assert (found.checks["n_networks"] == 9).all()
    np.testing.assert_allclose(found.music["share"].sum(), 1)


def test_it_says_that_it_is_simulated_and_fits_a_terminal(found: PartContributions) -> None:
    page = views.page(found)
    assert "not calibrated" in page.facts["contributions to"]
    assert len(page.tables) == 4
    for table in page.tables:
        assert table.title.endswith("simulated data")
        for width in (60, 80, 120):
            assert max(map(len, table_lines(table, width))) <= width


def test_on_the_scale_of_the_logit_they_sum_to_the_logit(trained: Path) -> None:
    path = run_of(trained, "Rf")
    sources = fused_sources(path, Workspace(trained))
    found = contributions_of_run(
        path, sources, scale="logit", n_background=7, split_music=False, max_trials=30, **SMALL
    )
    total = found.trials[["baseline", "eda", "music"]].sum(axis=1)
    np.testing.assert_allclose(total, logit(found.trials["probability"]), atol=1e-4)
    assert len(found.trials) == 30
    assert "drawn_trials" in {note.kind for note in found.notes}
    assert found.music.empty
    assert found.trials["music_mfcc"].isna().all()


@pytest.mark.long
def test_learners_of_features_are_explained_with_what_they_stored(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path, undrawn: None
) -> None:
    workspace = copy_of(prepared)
    must("eda-features", "-w", workspace, "-j", "1")
    fused = ("--model", "logistic", "--fusion", "music", "--target", "arousal")
    must("train", "-w", workspace, *fused, "--protocol", "loso", "--folds", "9", "-j", "1")
    path = newest_fused(Workspace(workspace), None)
    sources = fused_sources(path, Workspace(workspace))
    found = explain_contributions(
        path, sources, tmp_path, n_background=20, check=True, split_music=False, **SMALL
    )
    total = found.trials[["baseline", "eda", "music"]].sum(axis=1)
    np.testing.assert_allclose(total, found.trials["probability"], atol=1e-6)
    kinds = {note.kind for note in found.notes}
    assert {"not_randomised", "exchanged_within"} <= kinds  # each fold tests one listener
    csv = pd.read_csv(next(tmp_path.rglob("contributions_arousal_trials.csv")))
    assert csv["simulated"].all()
    assert len(csv) == len(found.trials)
    with pytest.raises(RtcanError, match="--components-store: the models of this run see no"):
        fused_sources(path, Workspace(workspace), {"components": Path("x.h5")})


def test_unknown_features_and_answers_that_are_not_the_stored_ones_are_named(
    trained: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copy_of(trained)
    path = run_of(workspace, "Rf")
    with h5py.File(path, "r+") as h5:
        said = h5["predictions/probability"]
        arousal = h5["predictions/target"].asstr()[()] == "arousal"
        row = int(np.flatnonzero(arousal)[3])
        said[row] = 0.01 if said[row] > 0.5 else 0.99
    place = "rtcan_cli.steps.attention.contributions.columns_of_groups"
    monkeypatch.setattr(place, lambda names: {})
    sources = fused_sources(path, Workspace(workspace))
    found = contributions_of_run(path, sources, n_background=3, **SMALL)
    assert found.music.empty
    text = {note.kind: note.text for note in found.notes}
    assert f"1 of {len(found.trials)} answers" in text["other_answers"]
    assert text["unknown_features"].startswith(f"the names of all {N_MUSIC} music features")


def test_runs_without_both_parts_say_what_to_do(tmp_path: Path, trained: Path) -> None:
    folder = tmp_path / "pmemo" / "runs"
    folder.mkdir(parents=True)
    alone = Run.load(finish_run(folder, "eda"))
    with pytest.raises(RtcanError, match="its models see EDA alone") as raised:
        check_fused(alone)
    assert "rtcan music-features --dataset pmemo" in raised.value.hint
    assert "rtcan train --dataset pmemo" in raised.value.hint
    assert "--fusion music" in raised.value.hint
    imported = replace(alone, settings=replace(alone.settings, protocol="imported"))
    with pytest.raises(RtcanError, match="training trials are not known"):
        check_fused(imported)
    path = run_of(trained, "Rf")
    with pytest.raises(RtcanError, match="no model tests subject nobody"):
        contributions_of_trial(path, fused_sources(path, Workspace(trained)), "nobody", "1")


@pytest.mark.parametrize(
    ("drop", "share", "size", "verdict"),
    [
        ((-0.01, 0.02), (0.01, 0.03), (0.002, 0.02), "ignored"),
        ((-0.01, 0.02), (0.3, 0.5), (0.002, 0.008), "ignored"),  # nothing moves this model
        ((-0.01, 0.02), (0.05, 0.3), (0.02, 0.1), "not_shown"),
        ((0.01, 0.2), (0.05, 0.3), (0.02, 0.1), "helps"),
        ((0.01, 0.2), (0.0, 0.01), (0.001, 0.002), "hardly_used"),
        ((-0.2, -0.01), (0.05, 0.3), (0.02, 0.1), "harms"),
        ((-0.2, -0.01), (0.0, 0.01), (0.001, 0.002), "harms"),  # little, but not ignored
        ((np.nan, np.nan), (0.05, 0.3), (0.02, 0.1), "unknown"),
        ((0.0, 0.0), (np.nan, np.nan), (0.0, 0.0), "ignored"),  # it always says the same
    ],
)
def test_verdicts(
    drop: tuple[float, float], share: tuple[float, float], size: tuple[float, float], verdict: str
) -> None:
    row = {"target": "arousal", "part": "EDA", "score": "auc", "whole": 0.7, "exchanged": 0.6}
    for name, (low, high) in {"drop": drop, "share": share, "size": size}.items():
        row |= {name: (low + high) / 2, f"{name}_low": low, f"{name}_high": high}
    row["verdict"] = tables._verdict(row, "probability")
    assert row["verdict"] == verdict
    note = tables.verdict_note(row, "probability")
    assert note.kind == f"eda_{verdict}"
    assert ("is ignored" in note.text) == (verdict == "ignored")
    assert "nan" not in note.text


def test_models_that_differ_are_named() -> None:
    rows = [("all", "all", 0.2), ("fold", "1", 0.31), ("fold", "2", 0.04), ("fold", "3", np.nan)]
    averages = pd.DataFrame(rows, columns=["group", "name", "eda_share"]).assign(target="arousal")
    (note,) = tables.folds_note(averages)
    assert note.text.endswith("the share of EDA is 4 % in fold 2 and 31 % in fold 1")
    assert not tables.folds_note(averages[averages["name"] != "2"])
    assert not tables.folds_note(averages[averages["name"] == "3"])
