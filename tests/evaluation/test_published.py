from __future__ import annotations

import pytest

from rtcan_cli.datasets.profiles import PROFILES, TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.published import (
    MODELS,
    TABLES,
    conditions,
    labels_table,
    matching_rows,
    rating_correlation,
    table,
)

PUBLISHED = [name for name, each in PROFILES.items() if each.published_trials is not None]
CONDITIONS = {
    "dataset",
    "target",
    "model",
    "variant",
    "depth",
    "channels",
    "inputs",
    "protocol",
    "subjects_percent",
    "n_subjects",
    "n_classes",
}


@pytest.mark.parametrize("number", TABLES)
def test_every_figure_says_that_it_is_the_papers(number):
    rows = table(number)
    figures = [column for column in rows if column.startswith("paper_")]
    assert figures
    assert set(rows) - set(figures) <= CONDITIONS
    assert set(rows["dataset"]) <= set(PUBLISHED)
    scores = rows[[column for column in figures if column.endswith(("accuracy", "f1"))]]
    assert ((scores > 50) | scores.isna()).all(axis=None)
    assert ((scores < 100) | scores.isna()).all(axis=None)


@pytest.mark.parametrize("dataset", PUBLISHED)
@pytest.mark.parametrize("target", TARGETS)
def test_table_1_adds_up_to_the_published_number_of_trials(dataset, target):
    counts = labels_table(dataset).set_index("target").loc[target]
    assert counts["paper_n_high"] + counts["paper_n_low"] == PROFILES[dataset].published_trials


@pytest.mark.parametrize("dataset", PUBLISHED)
@pytest.mark.parametrize("target", TARGETS)
def test_the_default_variant_is_the_best_of_table_5(dataset, target):
    rows = table(5)
    rows = rows[(rows["dataset"] == dataset) & (rows["target"] == target)]
    assert rows.loc[rows["paper_accuracy"].idxmax(), "variant"] == PROFILES[dataset].variant


def test_figures_read_from_the_paper():
    assert rating_correlation("deap").to_numpy().tolist() == [[0.15, 0.001]]
    pmemo = labels_table("PMEmo").set_index("target")
    assert pmemo.loc["arousal"].tolist() == [4520, 3170]
    previous = table(6).set_index(["model", "inputs"]).loc[("Res-SIN", "eda+music")]
    # Pandas before 3 gives a table with one row.
    accuracies = previous[["paper_valence_accuracy", "paper_arousal_accuracy"]].to_numpy().ravel()
    assert accuracies.tolist() == [73.43, 73.65]


def test_table_6_has_every_system_of_the_paper_and_only_the_known_numbers():
    rows = conditions(6)
    rows = rows[rows["target"] == "valence"]
    systems = rows.groupby("dataset")[["label", "inputs"]].apply(lambda x: x.to_numpy().tolist())
    assert systems["amigos"] == [
        ["SVM", "eda-statistics"],
        ["DCNN", "eda"],
        ["DCNN", "ecg+eda"],
        ["CNN-3", "eda"],
        ["RTCAG", "eda"],
    ]
    assert systems["deap"] == [
        ["MLP", "eda-statistics"],
        ["SVM", "eda-statistics"],
        ["CNN-3", "eda"],
        ["AlexNet-2D", "peripheral"],
        ["RTCAG", "eda"],
    ]
    assert systems["pmemo"] == [
        ["Res-SIN", "eda"],
        ["Res-SIN", "eda+music"],
        ["SVM", "music"],
        ["RTCAG", "eda"],
        ["RTCAN-1D", "eda+music"],
    ]
    known = rows.dropna(subset=["paper_accuracy"])
    assert known[["label", "dataset", "paper_accuracy"]].to_numpy().tolist() == [
        ["RTCAG", "amigos", 75.87],
        ["CNN-3", "deap", 82.0],
        ["RTCAG", "deap", 77.15],
        ["Res-SIN", "pmemo", 73.43],
        ["RTCAG", "pmemo", 64.52],
        ["RTCAN-1D", "pmemo", 79.68],
    ]


def test_a_score_of_four_classes_stands_beside_no_score_of_two():
    rows = conditions(6)
    assert rows.loc[
        rows["n_classes"] != 2, ["label", "dataset"]
    ].drop_duplicates().to_numpy().tolist() == [["CNN-3", "deap"]]
    assert matching_rows("deap", "valence", model="cnn3-raw", fused=False).empty


@pytest.mark.parametrize("number", [3, 4, 5, 6])
def test_every_printed_score_has_one_condition(number):
    rows, printed = conditions(number), table(number)
    what = ["model", "fused", "dataset", "target", "variant", "depth", "channels", "percent"]
    assert not rows.duplicated(what).any()
    assert set(rows["model"]) <= set(MODELS.values())
    for score in ("accuracy", "f1"):
        figures = printed.filter(regex=f"{score}$").to_numpy().ravel()
        assert sorted(rows[f"paper_{score}"].dropna()) == sorted(figures[figures == figures])


def test_conditions_say_what_the_paper_leaves_unsaid():
    rows = conditions(3)
    rows = rows[rows["target"] == "arousal"].set_index(["label", "dataset", "percent", "fused"])
    assert rows.loc[("SVM", "pmemo", 40, False), ["model", "n_subjects"]].tolist() == [
        "svm-eda",
        128,
    ]
    assert rows.loc[("SVM", "pmemo", 100, True), "model"] == "svm-music"
    assert rows.loc[("RTCAG", "deap", 100, False), "variant"] == "Re"
    assert rows.loc[("RTCAN-1D", "pmemo", 100, True), "paper_accuracy"] == 83.76
    assert set(conditions(5).groupby("dataset")["fused"].first().items()) == {
        ("pmemo", True),
        ("deap", False),
        ("amigos", False),
    }


@pytest.mark.parametrize(
    ("condition", "tables", "figures"),
    [
        # RTCAN-1D as chosen stands in three tables; RTCAG on PMEmo in one.
        ({"dataset": "pmemo", "variant": "Rf", "fused": True}, [3, 4, 5], (83.76, 86.12)),
        ({"dataset": "pmemo", "variant": "Rf", "fused": False}, [3], (65.19, 65.84)),
        ({"dataset": "pmemo", "variant": "Rb", "fused": True}, [5], (80.43, 84.13)),
        ({"dataset": "deap", "variant": "Re", "fused": False}, [3, 5], (83.42, 83.77)),
        ({"dataset": "amigos", "variant": "base", "fused": False}, [5], (76.87, 75.81)),
        (
            {"dataset": "pmemo", "variant": "Rf", "fused": True, "depth": 2},
            [4],
            (74.80, 75.55),
        ),
        (
            {
                "dataset": "pmemo",
                "variant": "Rf",
                "fused": True,
                "channels": [64, 128, 256, 512],
            },
            [4],
            (79.31, 80.83),
        ),
    ],
)
def test_a_run_finds_the_same_network_in_the_paper(condition, tables, figures):
    rows = matching_rows(target="arousal", **condition)
    assert rows["table"].tolist() == tables
    assert set(rows["paper_model"]) == {"RTCAN-1D" if condition["fused"] else "RTCAG"}
    for row in rows.itertuples():
        assert (row.paper_accuracy, row.paper_f1) == figures


@pytest.mark.parametrize(
    "condition",
    [
        {"dataset": "deap", "variant": "Re", "fused": True},  # the paper fuses on PMEmo only
        {"dataset": "pmemo", "variant": "Rb", "fused": False},
        {"dataset": "deap", "variant": "Re", "fused": False, "depth": 2},
        {"dataset": "pmemo", "variant": "Rf", "fused": True, "channels": [32, 32, 32, 32]},
        {"dataset": "pmemo", "variant": "Rb", "fused": True, "depth": 2},
    ],
)
def test_what_the_paper_does_not_print_is_not_found(condition):
    rows = matching_rows(target="valence", **condition)
    assert rows.empty
    assert list(rows) == ["table", "paper_model", "paper_accuracy", "paper_f1"]


def test_fewer_subjects_stand_beside_as_few():
    rows = matching_rows("pmemo", "arousal", variant="Rf", fused=False, percent=10)
    assert rows[["table", "paper_accuracy", "paper_f1"]].to_numpy().tolist() == [[3, 74.52, 71.53]]
    assert matching_rows("pmemo", "arousal", variant="Rf", fused=True, percent=40).empty


@pytest.mark.parametrize(
    ("model", "fusion", "percent", "figures"),
    [
        ("svm-eda", "none", 100, (3, "SVM", 60.95, 61.14)),
        ("svm-eda", "none", 40, (3, "SVM", 61.49, 61.77)),
        ("svm-music", "music-only", 100, (3, "SVM", 71.49, 76.36)),
        ("cnn3-eda", "none", 70, (3, "CNN-3", 62.55, 62.88)),
    ],
)
def test_a_rival_finds_its_figures(model, fusion, percent, figures):
    rows = matching_rows("pmemo", "arousal", model=model, fused=fusion != "none", percent=percent)
    (row,) = rows.itertuples(index=False)
    assert tuple(row) == figures


def test_of_previous_work_the_accuracy_alone_is_legible():
    (row,) = matching_rows("pmemo", "valence", model="res-sin", fused=True).itertuples()
    assert (row.table, row.paper_accuracy) == (6, 73.43)
    assert row.paper_f1 != row.paper_f1
    for other in ({"fused": False}, {"fused": True, "percent": 10}):
        assert matching_rows("pmemo", "valence", model="res-sin", **other).empty
    assert matching_rows("deap", "valence", model="svm-eda", fused=False).empty
    assert matching_rows("pmemo", "valence", model="majority", fused=False).empty


def test_an_unknown_dataset_is_named():
    with pytest.raises(RtcanError, match="'seed'"):
        labels_table("seed")
