"""What Grad-CAM says of a trial is what the run said when it tested that trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.steps.attention.networks import choose_run
from rtcan_cli.steps.attention.one_trial import explain_trial
from rtcan_cli.stores import Workspace
from tests.conftest import SMALL_TRAINING, SONG, SUBJECT, must, rtcan

TARGETS = ("valence", "arousal")
CLASSES = ("low", "high")


def stand_in(patch: pytest.MonkeyPatch) -> list[tuple[list[Any], dict[str, Any]]]:
    """Draw nothing from now on: that takes long, and has its own tests. Returns what would be."""
    figures: list[tuple[list[Any], dict[str, Any]]] = []

    def note(seconds: Any, eda: Any, panels: list[Any], **about: Any) -> None:
        figures.append((panels, about))

    def save(figure: Any, stem: Path, formats: Any, dpi: float) -> list[Path]:
        return []

    for name, stub in (("attention_columns", note), ("attention_heat", note), ("save", save)):
        patch.setattr(f"rtcan_cli.steps.attention.one_trial.{name}", stub)
    return figures


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Any], dict[str, Any]]]:
    """Panels and headings that would have been drawn."""
    return stand_in(monkeypatch)


def run_of(workspace: Path, variant: str) -> Path:
    (path,) = (workspace / "pmemo" / "runs").glob(f"{variant}-*.h5")
    return path


def sources(workspace: Path) -> Sources:
    return Sources(*(workspace / "pmemo" / f"{k}.h5" for k in ("components", "labels", "music")))


def predictions(run: Path) -> pd.DataFrame:
    """Table of predictions, by h5py alone."""
    with h5py.File(run) as h5:
        stored = h5["predictions"]
        text = {n: stored[n].asstr()[()] for n in ("target", "subject", "stimulus")}
        return pd.DataFrame(text | {n: stored[n][()] for n in ("label", "fold", "probability")})


def answer(run: Path, target: str, subject: str, song: str) -> dict[str, Any]:
    """What the run store says of a trial, in the words of the report."""
    table = predictions(run)
    mine = table[(table["target"] == target) & (table["subject"] == subject)]
    row = mine[mine["stimulus"] == song].iloc[0]
    high = row["probability"] > 0.5
    return {
        "target": target,
        "fold": row["fold"],
        "true": CLASSES[row["label"]],
        "called": CLASSES[int(high)],
        "P(called)": pytest.approx(
            row["probability"] if high else 1 - row["probability"], abs=1e-5
        ),
    }


def explain(workspace: Path, variant: str, subject: str, song: str, folder: Path) -> Any:
    companions = [run_of(workspace, name) for name in ("Rf", "Rd", "Rb")]
    return explain_trial(
        run_of(workspace, variant), sources(workspace), subject, song, folder, companions
    )


def rows_of(report: Any) -> list[dict[str, Any]]:
    (table,) = report.tables
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


@dataclass(frozen=True)
class Explained:
    """What was told, drawn and written of one trial."""

    rows: list[dict[str, Any]]
    drawn: list[tuple[list[Any], dict[str, Any]]]
    folder: Path


@pytest.fixture(scope="module")
def explained(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Explained:
    """The usual trial, by the network that sees most and those that stand beside it."""
    folder = tmp_path_factory.mktemp("explained")
    with pytest.MonkeyPatch.context() as patch:
        drawn = stand_in(patch)
        rows = rows_of(explain(trained, "Rf", SUBJECT, SONG, folder))
    return Explained(rows, drawn, folder)


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def test_class_fold_and_probability_are_those_of_the_run_store(
    trained: Path, tmp_path: Path
) -> None:
    run = run_of(trained, "Rf")
    table = predictions(run)
    # One trial of each fold for each pair of true and called class that occurs there.
    called = table["probability"] > 0.5
    trials = table.groupby(["fold", "label", called], as_index=False).first()
    # Not those where low and high are equally likely: rounding may call them otherwise.
    sure = trials[(trials["probability"] - 0.5).abs() > 1e-3]
    assert len(sure) >= 6
    shown = []
    for trial in sure.itertuples():
        report = explain_trial(run, sources(trained), trial.subject, trial.stimulus, tmp_path)
        rows = rows_of(report)
        shown += rows
        assert [without(row, "variant", "peak at [s]") for row in rows] == [
            answer(run, target, trial.subject, trial.stimulus) for target in TARGETS
        ]
    for column, values in (("fold", {1, 2, 3}), ("true", set(CLASSES)), ("called", set(CLASSES))):
        assert {row[column] for row in shown} == values


def test_a_network_that_does_not_test_the_subject_makes_way_for_one_that_does(
    trained: Path, tmp_path: Path
) -> None:
    newest = tmp_path / "newest.h5"
    table = predictions(run_of(trained, "Rf"))
    fold = int(table.loc[table["subject"] == SUBJECT, "fold"].iloc[0])
    other = table.loc[~table["fold"].isin([fold, 0]), "subject"].iloc[0]
    options = ("--fusion", "music", *SMALL_TRAINING, "--variant", "Rb", "--test-subject", other)
    must("train", "-w", trained, *options, "-o", newest)

    def shown(companions: list[Path]) -> tuple[set[str], str]:
        report = explain_trial(
            run_of(trained, "Rf"), sources(trained), SUBJECT, SONG, tmp_path, companions
        )
        return {row["variant"] for row in rows_of(report)}, " ".join(report.notes)

    variants, notes = shown([newest, run_of(trained, "Rb")])
    assert variants == {"Rb", "Rf"}
    assert "to see Rb" not in notes
    variants, notes = shown([newest])
    assert variants == {"Rf"}
    assert "to see Rb next to it, as in the paper: rtcan train --dataset pmemo" in notes
    assert f"--test-subject {SUBJECT}" in notes


@pytest.mark.parametrize("asked", ["Rb", "Rf"])
def test_each_network_beside_it_answers_for_itself(
    trained: Path, explained: Explained, tmp_path: Path, asked: str
) -> None:
    rows = explained.rows
    if asked != "Rf":
        rows = rows_of(explain(trained, asked, SUBJECT, SONG, tmp_path))
    assert [without(row, "peak at [s]") for row in rows] == [
        {"variant": variant} | answer(run_of(trained, variant), target, SUBJECT, SONG)
        for target in TARGETS
        for variant in ("Rb", "Rd", "Rf")
    ]
    assert len({row["P(called)"] for row in rows}) == len(rows)


def test_figures_show_the_same_answers(trained: Path, explained: Explained) -> None:
    assert len(explained.drawn) == 4
    for panels, about in explained.drawn:
        expected = [
            answer(run_of(trained, variant), about["target"], SUBJECT, SONG)
            for variant in ("Rb", "Rd", "Rf")
        ]
        assert [CLASSES[panel.predicted] for panel in panels] == [x["called"] for x in expected]
        assert [panel.probability for panel in panels] == [x["P(called)"] for x in expected]
        assert CLASSES[about["true_class"]] == expected[0]["true"]
        assert about["simulated"]


def test_curves_and_peak_are_those_of_the_trials_own_recording(
    raw_pmemo: Path, explained: Explained
) -> None:
    rows = explained.rows
    for target in TARGETS:
        folder = raw_pmemo / "PMEmo" / "EDA" / target.title()
        raw = np.loadtxt(folder / f"{SONG}_{SUBJECT}_{target[0].upper()}.csv")
        (csv,) = explained.folder.rglob(f"attention_{target}_*.csv")
        numbers = pd.read_csv(csv)
        own = np.interp(numbers["time_s"], np.arange(len(raw)) / 50, (raw - raw.mean()) / raw.std())
        np.testing.assert_allclose(numbers["original"], own, atol=1e-4)
        for row in rows:
            weight = numbers[f"weight_{row['variant']}"]
            if row["target"] == target and row["peak at [s]"] is not None:
                assert row["peak at [s]"] == pytest.approx(numbers["time_s"][weight.argmax()])


def test_another_class_is_explained_and_the_figure_still_says_what_was_called(
    trained: Path, tmp_path: Path, drawn: list[tuple[list[Any], dict[str, Any]]]
) -> None:
    for name, code in (("low", 0), ("high", 1)):
        report = explain_trial(
            run_of(trained, "Rf"),
            sources(trained),
            SUBJECT,
            SONG,
            tmp_path,
            targets=("arousal",),
            explained=name,
        )
        (row,) = rows_of(report)
        expected = answer(run_of(trained, "Rf"), "arousal", SUBJECT, SONG)
        assert row["explained"] == name
        called = expected["called"] == name
        high = expected["P(called)"].expected
        assert row["P(explained)"] == pytest.approx(high if called else 1 - high, abs=1e-5)
        ((panel,), _) = drawn[-1]
        assert CLASSES[panel.predicted] == expected["called"]
        assert panel.probability == expected["P(called)"]
        assert panel.explained == code
    assert {path.name[-8:-4] for path in tmp_path.rglob("*.csv")} == {"_low", "high"}


def test_relative_weights_are_the_maps_divided_by_what_untrained_networks_look_at(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    average = np.linspace(0.5, 1.5, 96)
    monkeypatch.setattr(
        "rtcan_cli.steps.attention.trials.untrained_average", lambda *_, **__: average
    )
    weights = []
    for relative in (False, True):
        explain_trial(
            run_of(trained, "Rf"),
            sources(trained),
            SUBJECT,
            SONG,
            tmp_path / str(relative),
            targets=("arousal",),
            relative_to_untrained=relative,
        )
        (csv,) = (tmp_path / str(relative)).rglob("*.csv")
        weights.append(pd.read_csv(csv)["weight_Rf"].to_numpy())
    marked = (weights[1] > 1e-6)[2:-2].nonzero()[0] + 2  # ends are smoothed
    ratio = weights[0][marked] / weights[1][marked] / average[marked]
    assert len(marked) > 5
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_a_run_whose_networks_do_not_test_the_subject_is_refused(
    trained: Path, tmp_path: Path
) -> None:
    run = run_of(trained, "Rb")
    table = predictions(run)
    tested = set(table.loc[table["probability"].notna(), "subject"])
    assert SUBJECT in tested
    other = next(who for who in table["subject"] if who not in tested)
    with pytest.raises(RtcanError, match="no trained fold tests subject"):
        explain_trial(run, sources(trained), other, SONG, tmp_path)
    assert not list(tmp_path.iterdir())
    assert choose_run(Workspace(trained), "pmemo", other, SONG) == run_of(trained, "Rf")


def test_a_hearing_that_does_not_exist_names_those_that_do(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="repetition 3") as caught:
        explain_trial(
            run_of(trained, "Rf"), sources(trained), SUBJECT, SONG, tmp_path, repetition=3
        )
    assert caught.value.hint == "--repetition 1"


def changed_music(tmp_path: Path) -> Path:
    csv = tmp_path / "features.csv"
    names = ",".join(f"f{k}" for k in range(6373))
    lines = [",".join([str(song)] + [f"{song}.5"] * 6373) for song in range(1, 9)]
    csv.write_text("\n".join([f"song,{names}", *lines]))
    return csv


@pytest.mark.parametrize("kind", ["labels", "music", "components"])
def test_other_stores_than_those_trained_on_are_refused(
    trained: Path, copy_of: Callable[[Path], Path], tmp_path: Path, kind: str
) -> None:
    workspace = copy_of(trained)
    if kind == "labels":
        must("relabel", "-w", workspace, "--method", "median")
    elif kind == "music":
        must("music-features", "-w", workspace, "--import", changed_music(tmp_path))
    else:
        must("decompose", "-w", workspace, "--alpha", "0.5", "--jobs", "1")
    figures = tmp_path / "figures"
    outcome = rtcan(
        "gradcam", "--subject", SUBJECT, "--music", SONG, "-w", workspace, "-o", figures
    )
    assert outcome.exit_code == 1
    assert f"was trained on other {kind}" in outcome.stderr
    assert "rtcan train" in outcome.stderr
    assert not figures.exists()
