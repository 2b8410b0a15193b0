"""Tables that a person reads, as tests look at them."""

from __future__ import annotations

from typing import Any

from rtcan_cli.views.parts import Table


def rows_of(table: Table) -> list[dict[str, Any]]:
    """Rows of a table, by the heads of its columns."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
