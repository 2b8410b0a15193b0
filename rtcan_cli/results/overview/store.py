"""The result of `info STORE`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rtcan_cli.results.base import Column, Result, table, value

if TYPE_CHECKING:
    import pandas as pd

DATASET_COLUMNS = {
    "path": Column("text", "Path within the store"),
    "shape": Column("text", "Lengths of its axes, separated by commas"),
    "type": Column("text", "Type of its values"),
    "unit": Column("text", "Their unit, empty if they have none"),
    "meaning": Column("text", "What they are"),
}

ARRAY_COLUMNS = {
    "group": Column("text", "Group within the store"),
    "n_arrays": Column("integer", "Arrays in it, such as the weights of a network"),
}


@dataclass(frozen=True, kw_only=True)
class Training:
    """Where and with what the networks of a run were trained, and what that took."""

    n_networks: int = value("Networks")
    places: tuple[str, ...] = value("Devices and their hardware")
    software: tuple[str, ...] = value("Software and its versions")
    threads: tuple[int, ...] = value("Threads that each network was given")
    device_seconds: float = value("Time of all networks together", "s")
    cpu_seconds: float = value("CPU time of all networks together", "s")


@dataclass(frozen=True, kw_only=True)
class StoreContent(Result):
    """What a store holds, and where it came from."""

    command: ClassVar[str] = "info"

    path: str = value("Path of the store")
    kind: str = value("Kind of the store")
    holds: str = value("What stores of this kind hold")
    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    made_by: str = value("Command that made it")
    version: str = value("Version of rtcan that made it")
    created: str = value("When it was made")
    content_id: str = value("Hash of what it holds")
    n_bytes: int = value("Size on disk", "byte")
    eda_unit: str | None = value("Unit of the EDA in the raw files; null if it does not say")
    eda_polarity: str | None = value("What the EDA is, and whether its sign was flipped")
    music: str | None = value("What songs are described by, of music stores and runs with music")
    training: Training | None = value("How a run was trained; null for other stores")
    inputs: dict[str, str] = value("Content id of what it was made from, by kind")
    parameters: dict[str, Any] = value("Settings that it was made with, by name")
    datasets: pd.DataFrame = table("Its datasets", DATASET_COLUMNS)
    arrays: pd.DataFrame = table("Arrays that are not listed one by one", ARRAY_COLUMNS)
