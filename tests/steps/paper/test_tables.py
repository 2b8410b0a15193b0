"""The paper's tables: which run stands in which row, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.report import Report
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import SplitsFrom
from rtcan_cli.steps.paper.tables import paper_tables
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.training.recipes import RECIPES
from tests.conftest import must, rtcan
from tests.runs.finished_runs import finish_run
from tests.stores.test_content import write_recordings

WIDE = (64, 128, 256, 512)


def spec(variant: str = "Rf", **other: Any) -> ModelSpec:
    return ModelSpec(variant, length=96, **other)


def tables(root: Path, *numbers: int, **other: Any) -> Report:
    stores = Workspace(root)
    return paper_tables(stores, stores.runs(), numbers, **other)


def filled(report: Report, where: str = "arousal") -> list[dict[str, Any]]:
    """Rows of tables whose title holds some words, where something of one's own stands."""
    rows = [row for each in report.tables if where in each.title for row in each.records()]
    return [row for row in rows if row["acc. [%]"] is not None]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Where runs of PMEmo belong."""
    folder = tmp_path / "pmemo" / "runs"
    folder.mkdir(parents=True)
    return folder


def test_a_run_stands_in_its_row_beside_the_papers_number(tmp_path: Path, runs: Path) -> None:
    path = finish_run(runs, "eda")
    (row,) = filled(tables(tmp_path, 3))
    _, summary = Run.load(path).scores("arousal")
    assert (row["model"], row["dataset"], row["[%]"], row["n"]) == ("RTCAG", "PMEmo", 100, 12)
    assert row["acc. [%]"] == pytest.approx(100 * summary.accuracy_mean)
    assert row["F1 [%]"] == pytest.approx(100 * summary.f1_mean)
    assert (row["paper acc."], row["paper F1"]) == (65.19, 65.84)
    assert row["acc. diff."] == pytest.approx(100 * summary.accuracy_mean - 65.19)
    assert row["F1 diff."] == pytest.approx(100 * summary.f1_mean - 65.84)


@pytest.mark.parametrize(
    ("number", "settings", "where", "row"),
    [
        (3, {"subjects": "10%"}, "arousal", {"model": "RTCAG", "paper acc.": 74.52}),
        (3, {"subjects": "128"}, "arousal", {"[%]": 40, "paper acc.": 67.05}),
        (3, {"subjects": "40%"}, "arousal", {"[%]": 40, "paper acc.": 67.05}),
        (3, {"fusion": "music"}, "valence", {"model": "RTCAN-1D", "paper acc.": 79.68}),
        (
            4,
            {"fusion": "music", "spec": spec(depth=2, channels=WIDE)},
            "arousal",
            {"depth": 2, "widths": "64-128-256-512", "paper acc.": 73.43},
        ),
        (
            5,
            {"fusion": "music", "spec": spec("Rb")},
            "PMEmo, valence",
            {"variant": "Rb", "SCA": "yes", "SCA_Res": "no", "RNTA": "no", "paper acc.": 75.67},
        ),
        (6, {"fusion": "music"}, "valence", {"model": "RTCAN-1D", "paper acc.": 79.68}),
    ],
)
def test_settings_say_the_row(
    tmp_path: Path,
    runs: Path,
    number: int,
    settings: dict[str, Any],
    where: str,
    row: dict[str, Any],
) -> None:
    finish_run(runs, "run", **settings)
    (found,) = filled(tables(tmp_path, number), where)
    assert row.items() <= found.items()


def test_other_datasets_have_their_own_rows(tmp_path: Path) -> None:
    folder = tmp_path / "deap" / "runs"
    folder.mkdir(parents=True)
    finish_run(folder, "re", dataset="deap", spec=spec("Re"))
    (row,) = filled(tables(tmp_path, 5), "DEAP, arousal")
    assert (row["variant"], row["paper acc."]) == ("Re", 83.42)
    assert not filled(tables(tmp_path, 5), "AMIGOS")
    (row,) = filled(tables(tmp_path, 3))
    assert (row["dataset"], row["paper acc."]) == ("DEAP", 83.42)


@pytest.mark.parametrize(
    "settings",
    [
        {"protocol": "trial"},
        {"protocol": "stimulus"},
        {"test_subject": "S01"},
        {"folds": (1, 2)},
        {"subjects": "25%"},
        {"spec": spec("Rb")},  # the paper has it with music
        {"spec": spec(depth=2)},
        {"spec": spec(layout="released")},
        {"protocol": "unknown"},  # imported
    ],
)
def test_what_the_paper_does_not_print_stands_nowhere(
    tmp_path: Path, runs: Path, settings: dict[str, Any]
) -> None:
    finish_run(runs, "run", **settings)
    assert not filled(tables(tmp_path, 3, 4, 5, 6), "")


def test_baselines_that_the_paper_does_not_print_stand_in_table_6(
    tmp_path: Path, runs: Path
) -> None:
    finish_run(runs, "rf")
    finish_run(runs, "least", spec=ModelSpec(model="majority"), recipe=None, skill=0.0)
    network, majority = sorted(filled(tables(tmp_path, 6)), key=lambda row: row["model"])
    assert (majority["model"], majority["sees"]) == ("majority", "neither EDA nor music")
    assert majority["paper acc."] is None
    assert majority["acc. diff."] is None
    assert network["model"] == "RTCAG"
    assert [row["model"] for row in filled(tables(tmp_path, 3))] == ["RTCAG"]


@pytest.mark.parametrize(
    ("fusion", "paper"), [("none", None), ("music", 73.43)], ids=["EDA", "EDA + music"]
)
def test_a_run_stands_in_the_row_with_its_inputs(
    tmp_path: Path, runs: Path, fusion: str, paper: float | None
) -> None:
    finish_run(runs, "run", spec=ModelSpec(model="res-sin", length=96), fusion=fusion)
    (row,) = filled(tables(tmp_path, 6), "valence")
    sees = {"none": "EDA", "music": "EDA + music"}[fusion]
    assert (row["model"], row["sees"], row["paper acc."]) == ("Res-SIN", sees, paper)


@pytest.mark.parametrize(
    ("dataset", "model", "fusion", "row"),
    [
        ("amigos", "svm-gsr", "none", ("SVM", "EDA statistics")),
        ("amigos", "dcnn", "none", ("DCNN", "EDA")),
        ("amigos", "cnn3-raw", "none", ("CNN-3", "EDA")),
        ("deap", "mlp", "none", ("MLP", "EDA statistics")),
        ("deap", "svm-gsr", "none", ("SVM", "EDA statistics")),
        ("pmemo", "svm-music", "music-only", ("SVM", "music")),
        # Its own paper tells four classes, and AlexNet-2D saw several signals: rows of their own.
        ("deap", "cnn3-raw", "none", ("cnn3-raw", "EDA alone")),
        ("deap", "alexnet2d", "none", ("alexnet2d", "EDA alone")),
        ("pmemo", "dcnn", "none", ("dcnn", "EDA alone")),
        ("pmemo", "mlp", "music", ("mlp", "EDA and music")),
    ],
)
def test_previous_work_is_filled_by_the_same_model_alone(
    tmp_path: Path, dataset: str, model: str, fusion: str, row: tuple[str, str]
) -> None:
    folder = tmp_path / dataset / "runs"
    folder.mkdir(parents=True)
    finish_run(folder, "run", dataset=dataset, spec=ModelSpec(model=model), fusion=fusion)
    for target in ("valence", "arousal"):
        (found,) = filled(tables(tmp_path, 6), target)
        assert (found["model"], found["sees"]) == row
        assert found["paper acc."] is None
        assert found["acc. diff."] is None


def test_every_system_keeps_its_row_in_table_6(tmp_path: Path) -> None:
    shown = next(each for each in tables(tmp_path, 6).tables if "valence" in each.title)
    rows = {(row["dataset"], row["model"], row["sees"]): row for row in shown.records()}
    assert len(rows) == 15
    assert rows["AMIGOS", "DCNN", "ECG + EDA"]["paper acc."] is None
    assert rows["DEAP", "CNN-3, 4 classes", "EDA"]["paper acc."] == 82
    assert rows["DEAP", "AlexNet-2D", "peripheral signals"]["paper acc."] is None
    assert rows["PMEmo", "Res-SIN", "EDA + music"]["paper acc."] == 73.43


def test_rows_that_nothing_can_fill_are_named_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "deap" / "runs"
    folder.mkdir(parents=True)
    finish_run(folder, "re", dataset="deap", spec=spec("Re"))
    notes = tables(tmp_path, 6).notes
    assert any("CNN-3 on DEAP: no run is shown in this row: its score is for 4" in n for n in notes)
    assert any("AlexNet-2D on DEAP: no run is shown" in note for note in notes)
    assert not any("cnn3-raw" in note or "alexnet2d" in note for note in notes)


def test_runs_of_a_few_folds_stand_beside_no_number_of_the_paper(
    tmp_path: Path, runs: Path
) -> None:
    finish_run(runs, "whole")
    finish_run(runs, "part", folds=(1, 2))
    finish_run(runs, "released", spec=spec(layout="released"))
    outcome = must(
        "compare", "whole", "part", "released", "--paper", "-w", tmp_path, "-o", tmp_path, "--json"
    )
    rows = json.loads(outcome.stdout)["scores"]
    assert len(rows) == 6
    assert {row["run"] for row in rows if row["paper_accuracy"] is not None} == {"whole"}


def test_labels_and_decompositions_that_are_not_the_papers_are_named(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    root = copy_of(prepared)
    must("relabel", "-w", root, "--method", "median")
    must("decompose", "-w", root, "--method", "highpass", "--jobs", "1")
    kinds = ("labels", "components")
    inputs = {kind: Store(root / "pmemo" / f"{kind}.h5").content_id for kind in kinds}
    (root / "pmemo" / "runs").mkdir()
    finish_run(root / "pmemo" / "runs", "run", inputs=inputs, onset=5.0)
    (unlike,) = (note for note in tables(root, 3).notes if "not trained as in the paper" in note)
    assert "labels by median" in unlike
    assert "EDA decomposed by highpass" in unlike
    assert "onset of 5 s instead of 3 s" in unlike


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A workspace with own recordings and a run, and nothing else."""
    runs = tmp_path / "stores" / "table" / "runs"
    runs.mkdir(parents=True)
    write_recordings(tmp_path / "stores" / "table" / "recordings.h5").__exit__(None, None, None)
    finish_run(runs, "own", dataset="table")
    return tmp_path / "stores"


@pytest.mark.parametrize("dataset", [(), ("--dataset", "table")])
def test_own_data_have_no_rows_in_the_papers_tables(
    own: Path, tmp_path: Path, dataset: tuple[str, ...]
) -> None:
    outcome = rtcan("compare", "-w", own, "--table", "3,6", *dataset)
    assert outcome.exit_code == 1
    assert "error: Tables 3, 6: the paper has no rows for own recordings" in outcome.stderr
    page = tmp_path / "report.html"
    outcome = must("compare", "-w", own, "--report", page, "-o", tmp_path / "out", *dataset)
    assert page.exists()
    for other in ("DEAP", "AMIGOS", "PMEmo", "deap", "amigos", "pmemo"):
        assert other not in outcome.stdout + outcome.stderr


def test_own_baselines_stand_in_table_6_without_words_about_the_paper(own: Path) -> None:
    majority = ModelSpec(model="majority")
    finish_run(own / "table" / "runs", "least", dataset="table", spec=majority, recipe=None)
    report = tables(own, 5, 6)
    assert [row["model"] for row in filled(report, "arousal")] == ["majority"]
    assert report.notes == ["Table 5: the paper has no rows for own recordings"]


def test_a_table_without_rows_of_a_dataset_says_so(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="Table 4: the paper has no rows for DEAP"):
        tables(tmp_path, 4, dataset="deap")
    assert "Table 4: the paper" in " ".join(tables(tmp_path, 3, 4, dataset="deap").notes)


def test_the_newest_of_several_is_taken_and_that_is_said(tmp_path: Path, runs: Path) -> None:
    names = ["first", "second", "last"]
    newest = [finish_run(runs, name, skill=k) for k, name in enumerate(names)][-1]
    # In whatever order they are given.
    for paths in ([newest, *runs.glob("[fs]*")], [*runs.glob("[fs]*"), newest]):
        report = paper_tables(Workspace(tmp_path), paths, [3])
        (row,) = filled(report)
        _, summary = Run.load(newest).scores("arousal")
        assert row["acc. [%]"] == pytest.approx(100 * summary.accuracy_mean)
        (note,) = (note for note in report.notes if "the newest run that fits" in note)
        assert "shows last" in note
        assert "first" in note
        assert "second" in note


def test_seeds_that_are_not_shown_are_said_to_be_in_the_mean(tmp_path: Path, runs: Path) -> None:
    for seed in (0, 1, 2):
        finish_run(runs, f"seed{seed}", seed=seed)
    (note,) = (note for note in tables(tmp_path, 3).notes if "the newest run that fits" in note)
    assert note.endswith("compare without --table shows the mean over its 3 seeds")
    finish_run(runs, "other", onset=4.0)  # no seed of the others
    (note,) = (note for note in tables(tmp_path, 3).notes if "the newest run that fits" in note)
    assert "shows other" in note
    assert "mean over" not in note


def test_runs_of_two_datasets_with_one_name_are_both_named(tmp_path: Path, runs: Path) -> None:
    there = tmp_path / "deap" / "runs"
    there.mkdir(parents=True)
    for name in ("old", "same"):
        finish_run(runs, name, fusion="music")
        finish_run(there, name, dataset="deap", spec=spec("Re"))
    notes = [note for note in tables(tmp_path, 5).notes if "the newest run that fits" in note]
    assert len(notes) == 2
    assert sum("shows same (PMEmo)" in note for note in notes) == 1
    assert sum("shows same (DEAP)" in note for note in notes) == 1


def test_simulated_and_recorded_runs_never_share_a_table(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "simulated", skill=3.0)
    finish_run(runs, "real", skill=0.5, simulated=False, fusion="music")
    report = tables(tmp_path, 3, figures=tmp_path / "out")
    (made_up,) = filled(report, "Table 3 (simulated): models by number of subjects, arousal")
    (real,) = filled(report, "Table 3: models by number of subjects, arousal")
    assert (made_up["model"], real["model"]) == ("RTCAG", "RTCAN-1D")
    csv = pd.read_csv(tmp_path / "out" / "table3.csv").dropna(subset="run")
    assert dict(zip(csv["run"], csv["simulated"], strict=True)) == {
        "simulated": True,
        "real": False,
    }


def test_a_simulated_table_says_so_everywhere(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "eda")
    report = tables(tmp_path, 3, figures=tmp_path / "out")
    assert all("(simulated)" in table.title for table in report.tables)
    assert "simulated, so the two are not comparable" in report.notes[0]
    for ending in ("md", "tex"):
        text = (tmp_path / "out" / f"table3.{ending}").read_text()
        assert text.count("(simulated)") == len(report.tables)
    real = paper_tables(Workspace(tmp_path), [], [3])
    assert not any("simulated" in table.title for table in real.tables)


def test_rows_that_are_empty_name_the_line_that_trains_them(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "eda")
    report = tables(tmp_path, 3, 5, dataset="pmemo")
    lines = [note.split(": ", 1)[1] for note in report.notes if "that are empty" in note]
    # Ten percent of twelve subjects cannot be dealt into five folds.
    assert any("--subjects 40%,70% " in f"{line} " for line in lines)
    assert not any("10%" in line for line in lines)
    (note,) = (note for note in report.notes if "rows of 10 % of the subjects" in note)
    assert "too few of the 12 of PMEmo for 5 folds" in note
    (variants,) = (line for line in lines if "--variant base,Ra,Rb,Rc,Rd,Re,Rf" in line)
    # As the run that is there, so that rows can be compared.
    assert all(each in variants for each in ("--recipe tuned", "--folds 5", "--length 96"))
    assert "--fusion music" in variants
    for line in lines:
        if "--model svm" in line:  # a baseline has no recipe of rtcan's
            assert "--folds 5" in line
            assert "--recipe" not in line


def test_the_lines_take_folds_and_seed_from_a_run_that_dealt_its_own(
    tmp_path: Path, runs: Path
) -> None:
    def lines(number: int) -> list[str]:
        report = tables(tmp_path, number, dataset="pmemo")
        return [note.split(": ", 1)[1] for note in report.notes if "that are empty" in note]

    dealt = finish_run(runs, "dealt", seed=7)
    with Store(dealt, "run") as store:
        source = SplitsFrom("dealt", store.content_id)
    finish_run(runs, "again", seed=8, folds_of=7, splits_from=source)  # the newest
    variants = next(line for line in lines(5) if "--variant" in line)
    assert "--seed 7" in variants
    assert "--splits-from" not in variants
    kept = tmp_path / "kept.h5"
    dealt.rename(kept)
    variants = next(line for line in lines(5) if "--variant" in line)
    assert "--splits-from" in variants
    for line in lines(3):  # the subjects come with borrowed folds
        assert not ("--subjects" in line and "--splits-from" in line)


def test_the_lines_ask_for_what_fills_the_rows(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recordings(tmp_path / "pmemo" / "recordings.h5").__exit__(None, None, None)
    monkeypatch.setenv("RTCAN_WORKSPACE", str(tmp_path))
    report = paper_tables(Workspace(tmp_path), [], [4], dataset="pmemo")
    (line,) = (note.split(": ", 1)[1] for note in report.notes if "that are empty" in note)
    assert line == (
        "rtcan train --dataset pmemo --fusion music --depth 1,2 --channels 64,64,64,64 "
        "--channels 64,128,256,512"
    )


def test_what_differs_among_the_runs_of_a_table_is_said(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "rb", fusion="music", spec=spec("Rb"))
    finish_run(runs, "rd", fusion="music", spec=spec("Rd"), recipe=RECIPES["paper"], seed=3)
    notes = tables(tmp_path, 5).notes
    assert any("also differ in recipe, seed" in note for note in notes)
    (unlike,) = (note for note in notes if "not trained as in the paper" in note)
    assert "recipe 'tuned'" in unlike
    assert "5 folds instead of 10" in unlike


def test_runs_on_other_labels_are_warned_of(
    tmp_path: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_run(runs, "rb", fusion="music", spec=spec("Rb"))
    finish_run(runs, "rd", fusion="music", spec=spec("Rd"), inputs={"labels": "else"})
    tables(tmp_path, 5)
    assert "the pmemo runs were trained on different labels" in capsys.readouterr().err


def test_one_dataset_may_be_asked_for(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "eda")
    report = tables(tmp_path, 1, 2, 3, 5, 6, dataset="deap")
    assert {
        row["dataset"] for each in report.tables for row in each.records() if "dataset" in row
    } == {"DEAP"}
    assert len(report.tables) == 2 + 2 + 2 + 2


def test_labels_and_correlations_are_those_of_relabel(prepared: Path, tmp_path: Path) -> None:
    told = json.loads(must("relabel", "-w", prepared, "--json").stdout)
    counts = {row["target"]: row for row in told["classes"]}
    report = tables(prepared, 1, 2, figures=tmp_path)
    ones, correlations = (each.records() for each in report.tables)
    for row in ones:
        if row["dataset"] == "PMEmo":
            expected = counts[row["target"]]
            assert (row["high"], row["low"]) == (expected["n_high"], expected["n_low"])
            assert row["high diff."] == expected["n_high"] - row["paper high"]
        else:
            assert row["high"] is None
    (own,) = (row for row in correlations if row["dataset"] == "PMEmo")
    assert own["Spearman r"] == told["ratings"]["spearman_r"]
    assert own["p"] == told["ratings"]["p_value"]
    assert (own["paper r"], own["trials"]) == (0.52, 72)
    assert all("(simulated)" in each.title for each in report.tables)
    assert any("Table 1 lacks DEAP: rtcan ingest deap RAW" in note for note in report.notes)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"table{k}.{ending}" for k in (1, 2) for ending in ("csv", "md", "tex")
    }


def test_labels_of_another_method_are_named(copy_of: Any, prepared: Path) -> None:
    workspace = copy_of(prepared)
    must("relabel", "-w", workspace, "--method", "median")
    assert any(
        "labels by median, not by the paper's" in note for note in tables(workspace, 1).notes
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--table", "7"),
        ("--table", "x"),
        ("--figure", "2"),
        ("--table", "3", "--leakage"),
        ("--table", "3", "--paper"),
        ("--figure", "4", "--against", "x"),
        ("--report", "r.html", "--paper"),
        ("--subject", "1"),
        ("--table", "3", "--music", "1"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert rtcan("compare", *arguments).exit_code == 2
