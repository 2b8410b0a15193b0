"""The result of `info --verify`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table

if TYPE_CHECKING:
    import pandas as pd

STORE_COLUMNS = {
    "path": Column("text", "Path of the store"),
    "kind": Column("text", "Kind of the store"),
    "n_bytes": Column("integer", "Size on disk", "byte"),
    "content_id": Column("text", "Hash of what it holds, which is what it says"),
}


@dataclass(frozen=True, kw_only=True)
class Verification(Result):
    """Stores that were read and hold what was written."""

    command: ClassVar[str] = "info"

    stores: pd.DataFrame = table("The stores", STORE_COLUMNS)
