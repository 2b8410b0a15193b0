"""The result of `eda-features`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.signals.decomposition import LEFT_OUT_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

DOMAIN_COLUMNS = {
    "domain": Column("text", "Domain of the features"),
    "n_features": Column("integer", "Features"),
    "n_constant": Column("integer", "Features that are the same for every recording"),
}


@dataclass(frozen=True, kw_only=True)
class EdaFeatures(Result):
    """How many recordings and features there are."""

    command: ClassVar[str] = "eda-features"

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    eda_unit: str = value("Unit of the EDA in the raw files")
    eda_polarity: str = value("What the files hold, and whether its sign was changed")
    n_recordings: int = value("Recordings")
    n_described: int = value("Recordings that have features")
    n_features: int = value("Features of each recording")
    onset: float = value("Length of the beginning that is not described", "s")
    window: str | None = value("Part of the rest that is described, if not all")
    within_subject: bool = value("Whether each is in standard deviations of the subject's own")
    domains: pd.DataFrame = table("Features of each domain", DOMAIN_COLUMNS)
    left_out: pd.DataFrame = table("Recordings that have no features", LEFT_OUT_COLUMNS)
