"""The result of `decompose`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value

if TYPE_CHECKING:
    import pandas as pd

COMPONENT_COLUMNS = {
    "component": Column("text", "phasic, tonic or residual"),
    "median": Column("number", "Median of its variance; the z-scored signal has 1"),
    "low": Column("number", "5 % of recordings have less"),
    "high": Column("number", "5 % of recordings have more"),
}

#: Recordings that a step could not use.
LEFT_OUT_COLUMNS = {
    "reason": Column("text", "Why they are left out"),
    "n_recordings": Column("integer", "Recordings"),
}


@dataclass(frozen=True, kw_only=True)
class Decomposition(Result):
    """How recordings were decomposed, and how that went.

    A parameter is missing where the method has none of that name.
    """

    command: ClassVar[str] = "decompose"

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    eda_unit: str = value("Unit of the EDA in the raw files")
    eda_polarity: str = value("What the files hold, and whether its sign was changed")
    method: str = value("Method, as --method takes it")
    solver: str | None = value("Solver, as --solver takes it")
    alpha: float | None = value("Penalty on the driver, if it is the same for all recordings")
    median_alpha: float | None = value("Median penalty on the driver")
    lowest_alpha: float | None = value("Lowest penalty on the driver")
    highest_alpha: float | None = value("Highest penalty on the driver")
    n_alpha_raised: int | None = value(
        "Recordings whose penalty was raised because their components cancelled each other"
    )
    median_noise: float | None = value(
        "Median standard deviation of the noise; the z-scored signal has 1"
    )
    gamma: float | None = value("Penalty on the tonic part")
    cutoff: float | None = value("Cut-off of the high-pass filter", "Hz")
    window: float | None = value("Window of the moving median", "s")
    time_constants: str | None = value("Which, as --time-constants takes it")
    tau_fast: float | None = value(
        "Fast time constant of the response: median over recordings, which differ where the "
        "constants are fitted; no recording need have both medians",
        "s",
    )
    tau_fast_low: float | None = value("5 % of recordings have a smaller one", "s")
    tau_fast_high: float | None = value("5 % of recordings have a larger one", "s")
    tau_slow: float | None = value("Slow time constant of the response: median", "s")
    tau_slow_low: float | None = value("5 % of recordings have a smaller one", "s")
    tau_slow_high: float | None = value("5 % of recordings have a larger one", "s")
    rate: float | None = value("Rate that recordings were brought to, if to any", "Hz")
    lowest_sampling_rate: float = value("Lowest sampling rate of the components", "Hz")
    highest_sampling_rate: float = value("Highest sampling rate of the components", "Hz")
    n_recordings: int = value("Recordings")
    n_decomposed: int = value("Recordings that were decomposed")
    n_solved_by_cvxopt: int | None = value("Recordings that cvxopt solved")
    n_cancelling: int = value("Recordings whose components cancel each other")
    median_gap: float | None = value("Median duality gap")
    largest_gap: float | None = value("Largest duality gap")
    signal_seconds: float = value("Length of all recordings together", "s")
    cpu_seconds: float = value("Processor time of all recordings together", "s")
    components: pd.DataFrame = table("Variance of each component", COMPONENT_COLUMNS)
    left_out: pd.DataFrame = table("Recordings that were not decomposed", LEFT_OUT_COLUMNS)
