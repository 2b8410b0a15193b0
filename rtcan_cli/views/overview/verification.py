"""Stores that hold what was written, for a person."""

from __future__ import annotations

from rtcan_cli.results.overview.verification import Verification
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.sizes import size_in_words


def page(result: Verification) -> Page:
    """One row for each store."""
    rows = [
        [path, kind, size_in_words(n_bytes), content_id]
        for path, kind, n_bytes, content_id in result.stores.itertuples(index=False)
    ]
    return Page(
        facts={"stores that hold what was written": len(rows)},
        tables=[Table("Verified", ["store", "kind", "size", "content id"], rows)],
        notes=note_lines(result.notes),
    )
