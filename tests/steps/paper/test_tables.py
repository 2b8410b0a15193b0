"""The paper's tables: which run stands in which row, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.paper import Paper, joined
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import SplitsFrom
from rtcan_cli.steps.paper.tables import paper_tables
from rtcan_cli.stores import Store, Workspace, create
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.views.layout import table_lines
from rtcan_cli.views.paper import with_tables
from tests.conftest import must, rtcan
from tests.runs.finished_runs import finish_run
from tests.stores.test_content import write_recordings
from tests.views.rows import rows_of

WIDE = (64, 128, 256, 512)


def spec(variant: str = "Rf", **other: Any) -> ModelSpec:
    return ModelSpec(variant, length=96, **other)


def tables(root: Path, *numbers: int, folder: Path | None = None, **other: Any) -> Paper:
    stores = Workspace(root)
    parts = paper_tables(stores, stores.runs(), numbers, folder=folder, **other)
    return joined([with_tables(part, folder) for part in parts] if folder else parts)


def filled(result: Paper, target: str | None = "arousal") -> list[dict[str, Any]]:
    """Rows of Tables 3 to 6 where something of one's own stands."""
    rows = [row for k in (3, 4, 5, 6) for row in result.table(k).to_dict("records")]
    return [
        row for row in rows if target in (None, row["target"]) and not np.isnan(row["accuracy"])
    ]


def texts(result: Paper, kind: str) -> list[str]:
    return [note.text for note in result.notes if note.kind == kind]


def lines(result: Paper) -> list[str]:
    """The lines that fill rows which are empty."""
    return [note.command or "" for note in result.notes if note.kind == "missing_run"]


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
    assert (row["label"], row["dataset"], row["run"]) == ("RTCAG", "pmemo", "eda")
    assert (row["subject_share"], row["n_subjects"], row["n_folds"]) == (1, 12, 5)
    assert row["accuracy"] == pytest.approx(summary.accuracy_mean)
    assert row["f1_high"] == pytest.approx(summary.f1_mean)
    assert (row["paper_accuracy"], row["paper_f1"]) == pytest.approx((0.6519, 0.6584))
    assert row["accuracy_difference"] == pytest.approx(summary.accuracy_mean - 0.6519)
    assert row["f1_difference"] == pytest.approx(summary.f1_mean - 0.6584)


@pytest.mark.parametrize(
    ("number", "settings", "target", "row"),
    [
        (3, {"subjects": "10%"}, "arousal", {"label": "RTCAG", "paper_accuracy": 74.52}),
        (3, {"subjects": "128"}, "arousal", {"subject_share": 0.4, "paper_accuracy": 67.05}),
        (3, {"subjects": "40%"}, "arousal", {"subject_share": 0.4, "paper_accuracy": 67.05}),
        (3, {"fusion": "music"}, "valence", {"label": "RTCAN-1D", "paper_accuracy": 79.68}),
        (
            4,
            {"fusion": "music", "spec": spec(depth=2, channels=WIDE)},
            "arousal",
            {"depth": 2, "channels": "64-128-256-512", "paper_accuracy": 73.43},
        ),
        (
            5,
            {"fusion": "music", "spec": spec("Rb")},
            "valence",
            {"variant": "Rb", "sca": True, "sca_res": False, "paper_accuracy": 75.67},
        ),
        (6, {"fusion": "music"}, "valence", {"label": "RTCAN-1D", "paper_accuracy": 79.68}),
    ],
)
def test_settings_say_the_row(
    tmp_path: Path,
    runs: Path,
    number: int,
    settings: dict[str, Any],
    target: str,
    row: dict[str, Any],
) -> None:
    finish_run(runs, "run", **settings)
    (found,) = filled(tables(tmp_path, number), target)
    found["paper_accuracy"] = round(100 * found["paper_accuracy"], 6)
    assert row.items() <= found.items()


def test_other_datasets_have_their_own_rows(tmp_path: Path) -> None:
    folder = tmp_path / "deap" / "runs"
    folder.mkdir(parents=True)
    finish_run(folder, "re", dataset="deap", spec=spec("Re"))
    for number in (3, 5):
        (row,) = filled(tables(tmp_path, number))
        assert (row["dataset"], row["variant"]) == ("deap", "Re")
        assert row["paper_accuracy"] == pytest.approx(0.8342)


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
    assert not filled(tables(tmp_path, 3, 4, 5, 6), None)


def test_baselines_that_the_paper_does_not_print_stand_in_table_6(
    tmp_path: Path, runs: Path
) -> None:
    finish_run(runs, "rf")
    finish_run(runs, "least", spec=ModelSpec(model="majority"), recipe=None, skill=0.0)
    network, majority = sorted(filled(tables(tmp_path, 6)), key=lambda row: row["label"])
    assert (majority["label"], majority["inputs"]) == ("majority", "neither EDA nor music")
    assert np.isnan(majority["paper_accuracy"])
    assert np.isnan(majority["accuracy_difference"])
    assert network["label"] == "RTCAG"
    assert [row["label"] for row in filled(tables(tmp_path, 3))] == ["RTCAG"]


@pytest.mark.parametrize(
    ("fusion", "paper"), [("none", np.nan), ("music", 0.7343)], ids=["EDA", "EDA + music"]
)
def test_a_run_stands_in_the_row_with_its_inputs(
    tmp_path: Path, runs: Path, fusion: str, paper: float
) -> None:
    finish_run(runs, "run", spec=ModelSpec(model="res-sin", length=96), fusion=fusion)
    (row,) = filled(tables(tmp_path, 6), "valence")
    sees = {"none": "eda", "music": "eda+music"}[fusion]
    assert (row["label"], row["inputs"], row["fusion"]) == ("Res-SIN", sees, fusion)
    assert row["paper_accuracy"] == pytest.approx(paper, nan_ok=True)


@pytest.mark.parametrize(
    ("dataset", "model", "fusion", "row"),
    [
        ("amigos", "svm-gsr", "none", ("SVM", "eda-statistics")),
        ("amigos", "dcnn", "none", ("DCNN", "eda")),
        ("amigos", "cnn3-raw", "none", ("CNN-3", "eda")),
        ("deap", "mlp", "none", ("MLP", "eda-statistics")),
        ("deap", "svm-gsr", "none", ("SVM", "eda-statistics")),
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
        assert (found["label"], found["inputs"]) == row
        assert np.isnan(found["paper_accuracy"])
        assert np.isnan(found["accuracy_difference"])


def test_every_system_keeps_its_row_in_table_6(tmp_path: Path) -> None:
    shown = next(t for t in views.page(tables(tmp_path, 6)).tables if "valence" in t.title)
    rows = {(row["dataset"], row["model"], row["sees"]): row for row in rows_of(shown)}
    assert len(rows) == 15
    assert rows["AMIGOS", "DCNN", "ECG + EDA"]["paper acc."] is None
    assert rows["DEAP", "CNN-3, 4 classes", "EDA"]["paper acc."] == pytest.approx(82)
    assert rows["DEAP", "AlexNet-2D", "peripheral signals"]["paper acc."] is None
    assert rows["PMEmo", "Res-SIN", "EDA + music"]["paper acc."] == pytest.approx(73.43)


def test_rows_that_nothing_can_fill_are_named_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "deap" / "runs"
    folder.mkdir(parents=True)
    finish_run(folder, "re", dataset="deap", spec=spec("Re"))
    notes = texts(tables(tmp_path, 6), "no_model")
    assert any("CNN-3 on DEAP: no run stands in this row: its score is for 4" in n for n in notes)
    assert any("AlexNet-2D on DEAP: no run stands" in note for note in notes)
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
    (unlike,) = texts(tables(root, 3), "not_as_in_the_paper")
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


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "dataset", [(), pytest.param(("--dataset", "table"), marks=pytest.mark.long)]
)
def test_own_data_have_no_rows_in_the_papers_tables(
    own: Path, tmp_path: Path, dataset: tuple[str, ...]
) -> None:
    outcome = rtcan("compare", "-w", own, "--table", "3,6", *dataset)
    assert outcome.exit_code == 1
    assert "error: Tables 3, 6: the paper has no rows for own recordings" in outcome.stderr
    page = tmp_path / "report.html"
    figures = ("--figures-dir", tmp_path / "out")
    outcome = must("report", "-w", own, "-o", page, *figures, *dataset)
    assert page.exists()
    for other in ("DEAP", "AMIGOS", "PMEmo", "deap", "amigos", "pmemo"):
        assert other not in outcome.stdout + outcome.stderr


def test_own_baselines_stand_in_table_6_without_words_about_the_paper(own: Path) -> None:
    majority = ModelSpec(model="majority")
    finish_run(own / "table" / "runs", "least", dataset="table", spec=majority, recipe=None)
    report = tables(own, 5, 6)
    assert [row["label"] for row in filled(report)] == ["majority"]
    assert [note.kind for note in report.notes] == ["no_rows"]
    assert texts(report, "no_rows") == ["Table 5: the paper has no rows for own recordings"]


def test_a_table_without_rows_of_a_dataset_says_so(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="Table 4: the paper has no rows for DEAP"):
        tables(tmp_path, 4, dataset="deap")
    (note,) = texts(tables(tmp_path, 3, 4, dataset="deap"), "no_rows")
    assert note.startswith("Table 4: the paper")


def test_the_newest_of_several_is_taken_and_that_is_said(tmp_path: Path, runs: Path) -> None:
    names = ["first", "second", "last"]
    newest = [finish_run(runs, name, skill=k) for k, name in enumerate(names)][-1]
    # In whatever order they are given.
    for paths in ([newest, *runs.glob("[fs]*")], [*runs.glob("[fs]*"), newest]):
        (report,) = paper_tables(Workspace(tmp_path), paths, [3])
        (row,) = filled(report)
        _, summary = Run.load(newest).scores("arousal")
        assert row["accuracy"] == pytest.approx(summary.accuracy_mean)
        (note,) = texts(report, "newest_run")
        assert "shows last" in note
        assert "first" in note
        assert "second" in note


def test_seeds_that_are_not_shown_are_said_to_be_in_the_mean(tmp_path: Path, runs: Path) -> None:
    for seed in (0, 1, 2):
        finish_run(runs, f"seed{seed}", seed=seed)
    (note,) = texts(tables(tmp_path, 3), "newest_run")
    assert note.endswith("compare without --table shows the mean over its 3 seeds")
    finish_run(runs, "other", onset=4.0)  # no seed of the others
    (note,) = texts(tables(tmp_path, 3), "newest_run")
    assert "shows other" in note
    assert "mean over" not in note


def test_runs_of_two_datasets_with_one_name_are_both_named(tmp_path: Path, runs: Path) -> None:
    there = tmp_path / "deap" / "runs"
    there.mkdir(parents=True)
    for name in ("old", "same"):
        finish_run(runs, name, fusion="music")
        finish_run(there, name, dataset="deap", spec=spec("Re"))
    notes = texts(tables(tmp_path, 5), "newest_run")
    assert len(notes) == 2
    assert sum("shows same (PMEmo)" in note for note in notes) == 1
    assert sum("shows same (DEAP)" in note for note in notes) == 1


def test_simulated_and_recorded_runs_never_share_a_table(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "simulated", skill=3.0)
    finish_run(runs, "real", skill=0.5, simulated=False, fusion="music")
    report = tables(tmp_path, 3, folder=tmp_path / "out")
    found = {row["label"]: row["simulated"] for row in filled(report)}
    assert found == {"RTCAG": True, "RTCAN-1D": False}
    shown = {t.title: [row["acc. [%]"] for row in rows_of(t)] for t in views.page(report).tables}
    for start in ("Table 3 (simulated)", "Table 3"):
        column = shown[f"{start}: models by number of subjects, arousal"]
        assert sum(accuracy is not None for accuracy in column) == 1
    csv = pd.read_csv(tmp_path / "out" / "table3.csv").dropna(subset="run")
    assert dict(zip(csv["run"], csv["simulated"], strict=True)) == {
        "simulated": True,
        "real": False,
    }


def test_a_simulated_table_says_so_everywhere(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "eda")
    report = tables(tmp_path, 3, folder=tmp_path / "out")
    shown = views.page(report).tables
    assert all("(simulated)" in table.title for table in shown)
    assert report.notes[0].kind == "paper"
    assert "simulated, so the two are not comparable" in report.notes[0].text
    for ending in ("md", "tex"):
        text = (tmp_path / "out" / f"table3.{ending}").read_text()
        assert text.count("(simulated)") == len(shown)
    (real,) = paper_tables(Workspace(tmp_path), [], [3])
    assert not any("simulated" in table.title for table in views.page(real).tables)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_fit_a_terminal(tmp_path: Path, runs: Path, width: int) -> None:
    finish_run(runs, "eda")
    for table in views.page(tables(tmp_path, 1, 2, 3, 4, 5, 6)).tables:
        assert max(map(len, table_lines(table, width))) <= width


def test_rows_that_are_empty_name_the_line_that_trains_them(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "eda")
    report = tables(tmp_path, 3, 5, dataset="pmemo")
    found = lines(report)
    # Ten percent of twelve subjects cannot be divided into five folds.
    assert any("--subjects 40%,70% " in f"{line} " for line in found)
    assert not any("10%" in line for line in found)
    (note,) = texts(report, "too_few_subjects")
    assert "rows of 10 % of the subjects" in note
    assert "too few of the 12 of PMEmo for 5 folds" in note
    (variants,) = (line for line in found if "--variant base,Ra,Rb,Rc,Rd,Re,Rf" in line)
    # As the run that is there, so that rows can be compared.
    assert all(each in variants for each in ("--recipe tuned", "--folds 5", "--length 96"))
    assert "--fusion music" in variants
    for line in found:
        if "--model svm" in line:  # a baseline has no recipe of rtcan's
            assert "--folds 5" in line
            assert "--recipe" not in line


def test_the_lines_take_folds_and_seed_from_a_run_that_dealt_its_own(
    tmp_path: Path, runs: Path
) -> None:
    def lines_of(number: int) -> list[str]:
        return lines(tables(tmp_path, number, dataset="pmemo"))

    dealt = finish_run(runs, "dealt", seed=7)
    with Store(dealt, "run") as store:
        source = SplitsFrom("dealt", store.content_id)
    finish_run(runs, "again", seed=8, folds_of=7, splits_from=source)  # the newest
    variants = next(line for line in lines_of(5) if "--variant" in line)
    assert "--seed 7" in variants
    assert "--splits-from" not in variants
    kept = tmp_path / "kept.h5"
    dealt.rename(kept)
    variants = next(line for line in lines_of(5) if "--variant" in line)
    assert "--splits-from" in variants
    for line in lines_of(3):  # the subjects come with borrowed folds
        assert not ("--subjects" in line and "--splits-from" in line)


def test_the_lines_ask_for_what_fills_the_rows(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recordings(tmp_path / "pmemo" / "recordings.h5").__exit__(None, None, None)
    monkeypatch.setenv("RTCAN_WORKSPACE", str(tmp_path))
    (report,) = paper_tables(Workspace(tmp_path), [], [4], dataset="pmemo")
    (line,) = lines(report)
    assert line == (
        "rtcan train --dataset pmemo --fusion music --depth 1,2 --channels 64,64,64,64 "
        "--channels 64,128,256,512"
    )


def test_what_differs_among_the_runs_of_a_table_is_said(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "rb", fusion="music", spec=spec("Rb"))
    finish_run(runs, "rd", fusion="music", spec=spec("Rd"), recipe=RECIPES["paper"], seed=3)
    report = tables(tmp_path, 5)
    (note,) = texts(report, "other_settings")
    assert "also differ in recipe, seed" in note
    (unlike,) = texts(report, "not_as_in_the_paper")
    assert "recipe 'tuned'" in unlike
    assert "5 folds instead of 10" in unlike


def test_runs_on_other_labels_are_named(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "rb", fusion="music", spec=spec("Rb"))
    finish_run(runs, "rd", fusion="music", spec=spec("Rd"), inputs={"labels": "else"})
    said = texts(tables(tmp_path, 5), "different_labels")
    assert said == ["the pmemo runs were trained on different labels"]


def test_one_dataset_may_be_asked_for(tmp_path: Path, runs: Path) -> None:
    finish_run(runs, "eda")
    report = tables(tmp_path, 1, 2, 3, 5, 6, dataset="deap")
    for number in (1, 2, 3, 5, 6):
        assert set(report.table(number)["dataset"]) == {"deap"}
    assert report.table4.empty
    assert len(views.page(report).tables) == 2 + 2 + 2 + 2


def test_labels_and_correlations_are_those_of_relabel(prepared: Path, tmp_path: Path) -> None:
    told = json.loads(must("relabel", "-w", prepared, "--json").stdout)
    counts = {row["target"]: row for row in told["classes"]}
    report = tables(prepared, 1, 2, folder=tmp_path)
    for row in report.table1.to_dict("records"):
        if row["dataset"] == "pmemo":
            expected = counts[row["target"]]
            assert (row["n_high"], row["n_low"]) == (expected["n_high"], expected["n_low"])
            assert row["n_high_difference"] == expected["n_high"] - row["paper_n_high"]
            assert row["high_share"] == expected["n_high"] / 72
            # Simulated labels are not compared with the paper's.
            assert np.isnan(row["high_share_difference"])
        else:
            assert row["n_high"] is None
    r = told["ratings"]
    (own,) = report.table2.query("dataset == 'pmemo'").to_dict("records")
    assert own["spearman_r"] == r["spearman_r"]
    assert own["p_value"] == r["p_value"]
    assert (own["paper_spearman_r"], own["n_trials"]) == (0.52, 72)
    page = views.page(report)
    assert all("(simulated)" in each.title for each in page.tables)
    assert any("Table 1 lacks DEAP: rtcan ingest deap RAW" in note for note in page.notes)
    assert any("labels of DEAP: rtcan relabel" in note for note in page.notes)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"table{k}.{ending}" for k in (1, 2) for ending in ("csv", "md", "tex")
    }


def test_shares_of_high_labels_are_compared_with_those_of_the_paper(
    prepared: Path, tmp_path: Path
) -> None:
    with Store(prepared / "pmemo" / "labels.h5", "labels") as store:
        made, labels, limits = store.provenance, store.table("labels"), store.table("thresholds")
    (tmp_path / "pmemo").mkdir()
    recorded = replace(made, simulated=False)
    with create(tmp_path / "pmemo" / "labels.h5", "labels", recorded) as store:
        store.write_table("labels", labels)
        store.write_table("thresholds", limits)
    report = tables(tmp_path, 1, dataset="pmemo")
    (table,) = views.page(report).tables
    shown = {row["target"]: row for row in rows_of(table)}
    for target, high, low in (("arousal", 4520, 3170), ("valence", 4436, 3254)):
        own = 100 * (labels[target] == 1).sum() / labels[target].ge(0).sum()
        row = shown[target]
        assert row["high [%]"] == pytest.approx(own)
        assert row["paper high [%]"] == pytest.approx(100 * high / (high + low))
        assert row["diff."] == pytest.approx(row["high [%]"] - row["paper high [%]"])
    assert 58.7 < shown["arousal"]["paper high [%]"] < 58.8  # 4520 of 7690


def test_labels_of_another_method_are_named(copy_of: Any, prepared: Path) -> None:
    workspace = copy_of(prepared)
    must("relabel", "-w", workspace, "--method", "median")
    (note,) = texts(tables(workspace, 1), "other_labels")
    assert "labels by median, not by the paper's" in note


@pytest.mark.parametrize(
    "arguments",
    [
        ("--table", "7"),
        ("--table", "x"),
        ("--figure", "2"),
        ("--table", "3", "--leakage"),
        ("--table", "3", "--paper"),
        ("--figure", "4", "--against", "x"),
        ("--subject", "1"),
        ("--table", "3", "--music", "1"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert rtcan("compare", *arguments).exit_code == 2


def test_tables_are_not_written_where_the_figures_cannot_be_drawn(
    trained: Path, tmp_path: Path
) -> None:
    where = ("-w", trained, "--figures-dir", tmp_path)
    failed = rtcan("compare", "--table", "1,3", "--figure", "4", *where)
    assert failed.exit_code == 1
    assert "no model was trained on several numbers" in failed.stderr
    assert not list(tmp_path.iterdir())
    must("compare", "--table", "1,3", *where)
    assert {path.name for path in tmp_path.glob("*.csv")} == {"table1.csv", "table3.csv"}
