"""What pages about signals have in common."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.datasets.absolute import unit_in_words
from rtcan_cli.datasets.polarity import SignalKind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.views.parts import Table


def eda_in_words(dataset: str, unit: str, polarity: str) -> str:
    """Unit of the EDA in the raw files, and what was done to its sign."""
    return SignalKind(unit_in_words(unit, profile(dataset)), polarity).description


def left_out_table(title: str, left_out: pd.DataFrame) -> list[Table]:
    """Reasons and numbers of recordings; no table where there are none."""
    rows = left_out.to_numpy().tolist()
    return [Table(title, ["reason", "recordings"], rows)] if rows else []
