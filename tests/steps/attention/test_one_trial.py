"""What Grad-CAM says of a trial is what the run said when it tested that trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli import console, views
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.attention.trial import TrialAttention
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.steps.attention.networks import choose_run, newest_run
from rtcan_cli.steps.attention.one_trial import explain_trial
from rtcan_cli.stores import Workspace
from rtcan_cli.views.layout import table_lines
from tests.conftest import AS_TRAINED, SONG, SUBJECT, must, rtcan

TARGETS = ("valence", "arousal")
CLASSES = ("low", "high")


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Any], dict[str, Any]]]:
    """Panels and headings that would have been drawn; drawing takes long and has its own tests."""
    figures: list[tuple[list[Any], dict[str, Any]]] = []

    def note(seconds: Any, eda: Any, panels: list[Any], **about: Any) -> None:
        figures.append((panels, about))

    def save(figure: Any, stem: Path, *_: Any) -> list[Path]:
        return []

    for name, stub in (("WAYS", {"columns": note, "heat": note}), ("save", save)):
        monkeypatch.setattr(f"rtcan_cli.steps.attention.one_trial.{name}", stub)
    return figures


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
    """What the run store says of a trial, in the words of the result."""
    table = predictions(run)
    mine = table[(table["target"] == target) & (table["subject"] == subject)]
    row = mine[mine["stimulus"] == song].iloc[0]
    high = row["probability"] > 0.5
    return {
        "target": target,
        "fold": row["fold"],
        "true_class": CLASSES[row["label"]],
        "called_class": CLASSES[int(high)],
        "called_probability": pytest.approx(
            row["probability"] if high else 1 - row["probability"], abs=1e-5
        ),
    }


def explain(workspace: Path, variant: str, subject: str, song: str, folder: Path) -> TrialAttention:
    companions = [run_of(workspace, name) for name in ("Rf", "Rd", "Rb")]
    return explain_trial(
        run_of(workspace, variant), sources(workspace), subject, song, folder, companions
    )


def rows_of(result: TrialAttention, *names: str) -> list[dict[str, Any]]:
    """What is asked for of each decision; all of it if nothing is."""
    return result.decisions[list(names or result.decisions)].to_dict("records")


ANSWER = ("target", "fold", "true_class", "called_class", "called_probability")


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
        result = explain_trial(run, sources(trained), trial.subject, trial.stimulus, tmp_path)
        rows = rows_of(result, *ANSWER)
        shown += rows
        assert rows == [answer(run, target, trial.subject, trial.stimulus) for target in TARGETS]
    assert {row["fold"] for row in shown} == {1, 2, 3}
    for column in ("true_class", "called_class"):
        assert {row[column] for row in shown} == set(CLASSES)


@pytest.mark.long
def test_a_network_that_does_not_test_the_subject_makes_way_for_one_that_does(
    trained: Path, tmp_path: Path
) -> None:
    newest = tmp_path / "newest.h5"
    table = predictions(run_of(trained, "Rf"))
    fold = int(table.loc[table["subject"] == SUBJECT, "fold"].iloc[0])
    other = table.loc[~table["fold"].isin([fold, 0]), "subject"].iloc[0]
    options = (*AS_TRAINED, "--variant", "Rb", "--test-subject", other)
    must("train", "-w", trained, *options, "-o", newest)

    def shown(companions: list[Path]) -> tuple[set[str], list[str]]:
        result = explain_trial(
            run_of(trained, "Rf"), sources(trained), SUBJECT, SONG, tmp_path, companions
        )
        missing = [note.command for note in result.notes if note.kind == "variant_missing"]
        return set(result.decisions["variant"]), missing

    variants, (of_rd,) = shown([newest, run_of(trained, "Rb")])
    assert variants == {"Rb", "Rf"}
    assert "--variant Rd" in of_rd
    variants, (of_rb, other_of_rd) = shown([newest])
    assert variants == {"Rf"}
    assert of_rb.startswith("rtcan train --dataset pmemo")
    assert f"--test-subject {SUBJECT}" in of_rb
    assert of_rb.replace("Rb", "Rd") == other_of_rd == of_rd


@pytest.mark.parametrize("asked", ["Rf", pytest.param("Rb", marks=pytest.mark.long)])
def test_each_network_beside_it_answers_for_itself(
    trained: Path, tmp_path: Path, asked: str
) -> None:
    result = explain(trained, asked, SUBJECT, SONG, tmp_path)
    rows = rows_of(result, "variant", *ANSWER)
    assert rows == [
        {"variant": variant} | answer(run_of(trained, variant), target, SUBJECT, SONG)
        for target in TARGETS
        for variant in ("Rb", "Rd", "Rf")
    ]
    assert len({row["called_probability"] for row in rows}) == len(rows)
    assert result.decisions["run"].tolist() == [
        run_of(trained, row["variant"]).stem for row in rows
    ]
    page = views.page(result)
    assert page.tables[0].title.endswith("simulated data")
    for width in (60, 80, 120):
        assert max(map(len, table_lines(page.tables[0], width))) <= width


@pytest.mark.long
def test_figures_show_the_same_answers(
    trained: Path, tmp_path: Path, drawn: list[tuple[list[Any], dict[str, Any]]]
) -> None:
    explain(trained, "Rf", SUBJECT, SONG, tmp_path)
    assert len(drawn) == 4
    for panels, about in drawn:
        expected = [
            answer(run_of(trained, variant), about["target"], SUBJECT, SONG)
            for variant in ("Rb", "Rd", "Rf")
        ]
        for panel, own in zip(panels, expected, strict=True):
            assert CLASSES[panel.predicted] == own["called_class"]
            assert panel.probability == own["called_probability"]
        assert CLASSES[about["true_class"]] == expected[0]["true_class"]
        assert about["simulated"]


def test_curves_and_peak_are_those_of_the_trials_own_recording(
    raw_pmemo: Path, trained: Path, tmp_path: Path
) -> None:
    result = explain(trained, "Rf", SUBJECT, SONG, tmp_path)
    for target in TARGETS:
        folder = raw_pmemo / "PMEmo" / "EDA" / target.title()
        raw = np.loadtxt(folder / f"{SONG}_{SUBJECT}_{target[0].upper()}.csv")
        (csv,) = tmp_path.rglob(f"attention_{target}_*.csv")
        written = pd.read_csv(csv)
        assert written.pop("simulated").all()
        samples = result.samples[result.samples["target"] == target].reset_index(drop=True)
        pd.testing.assert_frame_equal(written, samples, check_dtype=False)
        decisions = result.decisions[result.decisions["target"] == target].set_index("variant")
        for variant, numbers in samples.groupby("variant"):
            time = numbers["time"].to_numpy()
            own = np.interp(time, np.arange(len(raw)) / 50, (raw - raw.mean()) / raw.std())
            np.testing.assert_allclose(numbers["original"], own, atol=1e-4)
            peak = decisions.loc[variant, "peak"]
            if not np.isnan(peak):
                assert peak == pytest.approx(time[numbers["weight"].to_numpy().argmax()])


def test_another_class_is_explained_and_the_figure_still_says_what_was_called(
    trained: Path, tmp_path: Path, drawn: list[tuple[list[Any], dict[str, Any]]]
) -> None:
    for name, code in (("low", 0), ("high", 1)):
        result = explain_trial(
            run_of(trained, "Rf"),
            sources(trained),
            SUBJECT,
            SONG,
            tmp_path,
            targets=("arousal",),
            explained=name,
        )
        (row,) = rows_of(result)
        expected = answer(run_of(trained, "Rf"), "arousal", SUBJECT, SONG)
        assert row["explained_class"] == name
        called = expected["called_class"] == name
        high = expected["called_probability"].expected
        explained = high if called else 1 - high
        assert row["explained_probability"] == pytest.approx(explained, abs=1e-5)
        assert row["called_class"] == expected["called_class"]
        assert row["called_probability"] == expected["called_probability"]
        ((panel,), _) = drawn[-1]
        assert CLASSES[panel.predicted] == expected["called_class"]
        assert panel.probability == expected["called_probability"]
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
        weights.append(pd.read_csv(csv)["weight"].to_numpy())
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


def test_a_newer_run_of_one_fold_is_not_taken_where_a_complete_one_tests_the_trial(
    trained: Path,
    copy_of: Callable[[Path], Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console.verbosity, "quiet", False)
    workspace = copy_of(trained)
    capsys.readouterr()
    with h5py.File(run_of(workspace, "Rd"), "r+") as h5:
        h5.attrs["created"] = "9999-01-01T00:00:00"
    stores, whole = Workspace(workspace), run_of(workspace, "Rf")
    assert choose_run(stores, "pmemo", SUBJECT, SONG) == whole
    assert newest_run(stores, "pmemo", ("arousal",)) == whole
    said = " ".join(capsys.readouterr().err.split())
    for runs in ("with a network that tests this trial", "that can be explained"):
        words = f"so {whole.stem} is taken, the only complete run of RTCAN-1D {runs}. Name a run"
        assert words in said
    for each in (whole, run_of(workspace, "Rb")):
        each.unlink()
    assert choose_run(stores, "pmemo", SUBJECT, SONG) == run_of(workspace, "Rd")
    assert not capsys.readouterr().err


def test_a_hearing_that_does_not_exist_names_those_that_do(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="repetition 3") as caught:
        explain_trial(
            run_of(trained, "Rf"), sources(trained), SUBJECT, SONG, tmp_path, repetition=3
        )
    assert caught.value.hint == "--repetition 1"
    for key, words in (
        ((SUBJECT, "nothing"), "one of the songs that this subject had: "),
        (("nobody", SONG), "one of the subjects: "),
        (("nobody", "nothing"), "one of the subjects: "),
    ):
        with pytest.raises(RtcanError, match="has no trial of subject") as caught:
            explain_trial(run_of(trained, "Rf"), sources(trained), *key, tmp_path)
        assert (caught.value.hint or "").startswith(words)


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
