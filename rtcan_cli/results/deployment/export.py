"""The result of `export`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun

if TYPE_CHECKING:
    import pandas as pd

FILE_COLUMNS = {
    "format": Column("text", "onnx, torchscript or safetensors"),
    "file": Column("text", "The file"),
    "size": Column("integer", "Its size", "bytes"),
    "n_trials": Column("integer", "Random trials that it and rtcan were asked about"),
    "largest_difference": Column(
        "number", "Largest difference from rtcan's probability of high", "fraction"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Export(Result):
    """Files that hold networks of a run."""

    command: ClassVar[str] = "export"

    run: AboutRun = value("The run")
    target: str = value("What they tell: valence or arousal")
    folds: tuple[int, ...] = value("Folds whose networks they hold; they give the mean of several")
    calibrated: bool = value("Whether the temperatures of the folds are inside")
    inputs: dict[str, str] = value("What each input holds, by its name")
    exports: pd.DataFrame = table("Each file, and how it was checked", FILE_COLUMNS)
