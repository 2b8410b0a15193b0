"""The result of `report`: the answer for each dataset, and everything behind it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.answer import Answer
from rtcan_cli.results.attention.average import AverageAttention
from rtcan_cli.results.attention.contributions import PartContributions
from rtcan_cli.results.attention.trial import TrialAttention
from rtcan_cli.results.base import Column, Note, Result, table, value
from rtcan_cli.results.data.quality import Quality
from rtcan_cli.results.paper import Paper
from rtcan_cli.results.run import DATA_COLUMNS
from rtcan_cli.results.scores.comparison import Comparison
from rtcan_cli.results.scores.evaluation import Evaluation
from rtcan_cli.results.scores.leakage import Leakage
from rtcan_cli.results.scores.scaling import SubjectScaling

if TYPE_CHECKING:
    import pandas as pd

DATASET_COLUMNS = {
    **DATA_COLUMNS,
    "n_subjects": Column("integer", "Subjects"),
    "n_stimuli": Column("integer", "Stimuli"),
    "n_trials": Column("integer", "Trials"),
    "n_recordings": Column("integer", "EDA recordings"),
    "n_unusable": Column("integer", "EDA recordings that are not used"),
    "label_method": Column("text", "How the labels were made"),
    "n_labelled": Column("integer", "Trials with a label"),
}

LEFT_OUT_COLUMNS = {
    "dataset": Column("text", "Dataset, as --dataset takes it"),
    "reason": Column("text", "Why recordings or trials were left out"),
    "n": Column("integer", "How many"),
}

_ORIGIN = {
    "made_by": Column("text", "The command that made it"),
    "parameters": Column("text", "All that shapes the content, as JSON"),
    "created": Column("text", "When it was made, UTC"),
    "version": Column("text", "Version of rtcan that made it"),
    "content_id": Column("text", "Hash of all that it holds"),
    "inputs": Column("text", "What it was made from: kinds and content ids, as JSON"),
}

STORE_COLUMNS = {**DATA_COLUMNS, "kind": Column("text", "Kind of store"), **_ORIGIN}

RUN_COLUMNS = {
    **DATA_COLUMNS,
    "run": Column("text", "Name of the run"),
    **_ORIGIN,
    "hardware": Column("text", "What it was trained on"),
    "software": Column("text", "What it was trained with"),
    "tables": Column("text", "Tables of the paper that it stands in"),
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One of the paper's figures, with the numbers that belong to it."""

    number: int = value("3 to 8")
    files: tuple[Path, ...] = value("Files of the figure")
    notes: tuple[Note, ...] = value("What has to be said of the figure", default=())


@dataclass(frozen=True, kw_only=True)
class WorkspaceReport(Result):
    """Everything that a workspace has to show; notes say what is not there and why."""

    command: ClassVar[str] = "report"

    workspace: Path = value("Folder of the stores")
    folder: Path = value("Where its tables and figures are, also one by one")
    answers: tuple[Answer, ...] = value("The answer for each dataset, recorded ones first")
    datasets: pd.DataFrame = table("What each dataset holds", DATASET_COLUMNS)
    left_out: pd.DataFrame = table("What was left out of the datasets", LEFT_OUT_COLUMNS)
    quality: tuple[Quality, ...] = value("Signal quality of each dataset")
    evaluations: tuple[Evaluation, ...] = value("Scores of the runs that the answers are of")
    tables: tuple[Paper, ...] = value("Tables of the paper that have own numbers, one by one")
    comparison: Comparison | None = value("All runs side by side")
    leakage: Leakage | None = value("Runs that differ only in their protocol")
    figures: tuple[Figure, ...] = value("Figures of the paper")
    scaling: SubjectScaling | None = value("The numbers of Fig. 4")
    attention: TrialAttention | None = value("The numbers of Figs. 5 to 8, which are of one trial")
    average_attention: tuple[AverageAttention, ...] = value(
        "Where the networks look on average that the answers are of"
    )
    contributions: tuple[PartContributions, ...] = value(
        "What EDA and music each contributed to the answers of models that see both"
    )
    stores: pd.DataFrame = table("Where the stores come from", STORE_COLUMNS)
    runs: pd.DataFrame = table("Where the runs come from", RUN_COLUMNS)
    commands: tuple[str, ...] = value("The lines that make all of it again, in their order")
    sections: tuple[str, ...] = value("Titles of the chapters of its page", default=())
