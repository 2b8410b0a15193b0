"""The figures of Yin et al. (2022), to be shown beside a run's own.

Every column that holds a value from the paper is called ``paper_...``. Accuracy and F1 are
percentages as printed, unlike the fractions of `rtcan_cli.evaluation.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import pandas as pd

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import TARGETS, profile

TABLES = {
    1: "table1_labels",
    2: "table2_rating_correlation",
    3: "table3_models_by_subjects",
    4: "table4_residual_depth",
    5: "table5_attention_variants",
    6: "table6_previous_work",
}
FIGURES = ("accuracy", "f1", "n_high", "n_low", "spearman_r", "p_below")
#: rtcan's name of each model of the paper, by what the paper calls it and what it sees; empty where
#: rtcan has none that sees the same.
MODELS = {
    ("SVM", "eda-features"): "svm-eda",
    ("CNN-3", "eda-features"): "cnn3-eda",
    ("SVM", "music"): "svm-music",
    ("RTCAG", "eda"): choices.MODEL,
    ("RTCAN-1D", "eda+music"): choices.MODEL,
    ("SVM", "eda-statistics"): "svm-gsr",
    ("MLP", "eda-statistics"): "mlp",
    ("DCNN", "eda"): "dcnn",
    ("DCNN", "ecg+eda"): "",
    ("CNN-3", "eda"): "cnn3-raw",
    ("AlexNet-2D", "peripheral"): "",
    ("Res-SIN", "eda"): "res-sin",
    ("Res-SIN", "eda+music"): "res-sin",
}
#: What these models see, in words.
INPUTS = {
    "eda-features": "EDA features",
    "eda-statistics": "EDA statistics",
    "eda": "EDA",
    "eda+music": "EDA + music",
    "ecg+eda": "ECG + EDA",
    "peripheral": "peripheral signals",
}
#: The ``--fusion`` that shows a model these inputs; no other inputs have music.
FUSION = {"music": "music-only", "eda+music": "music"}
#: Classes that rtcan tells apart.
N_CLASSES = 2


def table(number: int) -> pd.DataFrame:
    """Return table 1 to 6 of the paper, figures as ``paper_...``; NaN where not legible."""
    source = files("rtcan_cli.evaluation") / "published" / f"{TABLES[number]}.csv"
    with source.open(encoding="utf-8") as lines:
        rows = pd.read_csv(lines)
    return rows.rename(columns={c: f"paper_{c}" for c in rows if c.endswith(FIGURES)})


def labels_table(dataset: str) -> pd.DataFrame:
    """Return Table 1 of a dataset: ``target``, ``paper_n_high``, ``paper_n_low``."""
    return _of(table(1), dataset)


def rating_correlation(dataset: str) -> pd.DataFrame:
    """Return Table 2 of a dataset: ``paper_spearman_r``, ``paper_p_below``; one row."""
    return _of(table(2), dataset)


def conditions(number: int) -> pd.DataFrame:
    """Return Table 3, 4, 5 or 6 with what each figure is of: a model, trained on what.

    The paper varies one thing at a time: Table 3 the model and the number of subjects, Table 4
    depth and widths of the fused PMEmo network, Table 5 attention variants, fused on PMEmo and on
    EDA alone on DEAP and AMIGOS, Table 6 the system. What a table leaves unsaid is the network
    chosen for the dataset.

    Returns
    -------
    DataFrame
        One row a line of the table and target, in the order of the paper: ``label`` (the paper's
        name of the model), ``dataset``, ``target``, ``model`` (rtcan's name; empty if it has
        none), ``inputs``, ``fused`` (whether music is among them), ``fusion`` (of `rtcan train`
        for the same inputs), ``n_classes``, ``variant``, ``depth``, ``channels``
        (``64-64-64-64``), ``percent`` (of the subjects), ``n_subjects`` (as printed; NaN if not),
        ``paper_accuracy`` and ``paper_f1`` [%].
    """
    rows = table(number)
    if "target" not in rows:
        parts = []
        for target in TARGETS:
            figures = {f"paper_{target}_{score}": f"paper_{score}" for score in ("accuracy", "f1")}
            parts.append(rows.rename(columns=figures).assign(target=target))
        rows = pd.concat(parts, ignore_index=True)
    if "inputs" not in rows:
        rows["inputs"] = np.where(rows["dataset"] == "pmemo", "eda+music", "eda")
    if "model" not in rows:
        rows["model"] = np.where(rows["inputs"] == "eda+music", "RTCAN-1D", "RTCAG")
    chosen = {
        "variant": rows["dataset"].map(lambda name: profile(name).variant),
        "depth": choices.DEPTH,
        "channels": "-".join(map(str, choices.CHANNELS)),
        "n_subjects": np.nan,
    }
    return pd.DataFrame(
        {
            "label": rows["model"],
            "dataset": rows["dataset"],
            "target": rows["target"],
            "model": [MODELS[each] for each in zip(rows["model"], rows["inputs"], strict=True)],
            "inputs": rows["inputs"],
            "fused": rows["inputs"].str.endswith("music"),
            "fusion": rows["inputs"].map(lambda inputs: FUSION.get(inputs, "none")),
            "n_classes": rows.get("n_classes", N_CLASSES),
            "percent": rows.get("subjects_percent", 100),
            **{name: rows.get(name, usual) for name, usual in chosen.items()},
            "paper_accuracy": rows["paper_accuracy"],
            "paper_f1": rows["paper_f1"],
        }
    )


def matching_rows(
    dataset: str,
    target: str,
    *,
    fused: bool,
    model: str = choices.MODEL,
    variant: str = "",
    depth: int = choices.DEPTH,
    channels: Sequence[int] = choices.CHANNELS,
    percent: float = 100,
) -> pd.DataFrame:
    """Find the paper's figures for the same model on the same data.

    Parameters
    ----------
    dataset : {"pmemo", "deap", "amigos"}
    target : {"valence", "arousal"}
    fused : bool
        Whether the model sees music.
    model : str
        As `rtcan train` names it.
    variant : str
        ``base`` or ``Ra`` to ``Rf``, of RTCAN-1D.
    depth, channels
        Of the residual part of RTCAN-1D.
    percent : float
        Share of the subjects.

    Returns
    -------
    DataFrame
        ``table``, ``paper_model``, ``paper_accuracy`` and ``paper_f1`` [%], one row for each
        table with a figure for the condition (3 to 5 for RTCAN-1D, 3 and 6 for others); empty
        where none has one, or only one of other classes.
    """
    own = model == choices.MODEL
    numbers = (3, 4, 5) if own else (3, 6)
    every = pd.concat([conditions(number).assign(table=number) for number in numbers])
    every = every.dropna(subset=["paper_accuracy"])
    wanted: dict[str, object] = {
        "dataset": profile(dataset).name,
        "target": target,
        "model": model,
        "fused": fused,
        "n_classes": N_CLASSES,
        "percent": percent,
    }
    if own:
        wanted |= {
            "variant": variant,
            "depth": depth,
            "channels": "-".join(map(str, channels)),
        }
    found = every[np.logical_and.reduce([every[name] == value for name, value in wanted.items()])]
    found = found.rename(columns={"label": "paper_model"}).reset_index(drop=True)
    return found[["table", "paper_model", "paper_accuracy", "paper_f1"]]


def _of(rows: pd.DataFrame, dataset: str) -> pd.DataFrame:
    return (
        rows[rows["dataset"] == profile(dataset).name]
        .drop(columns="dataset")
        .reset_index(drop=True)
    )
