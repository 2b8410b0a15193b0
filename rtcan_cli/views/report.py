"""What a report of a workspace holds, in a terminal."""

from __future__ import annotations

from rtcan_cli import views
from rtcan_cli.results.report import WorkspaceReport
from rtcan_cli.views import files, paper
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page


def page(result: WorkspaceReport) -> Page:
    """Its sections and its size; what is in them is in the file."""
    facts: dict[str, object] = {
        "sections": ", ".join(result.sections),
        "megabytes": round(sum(file.stat().st_size for file in result.files) / 1e6, 2),
        "its tables and figures, also one by one": result.folder,
    }
    return Page(
        facts=facts,
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def write_tables(result: WorkspaceReport) -> None:
    """Write its tables one by one as well, as Markdown and LaTeX, beside their CSV files."""
    for part in result.tables:
        paper.with_tables(part, result.folder)
    if result.comparison is not None:
        files.write_tables(views.page(result.comparison), result.folder / "comparison")
    if result.leakage is not None:
        files.write_tables(views.page(result.leakage), result.folder / "leakage")
    if result.scaling is not None:
        files.write_tables(views.page(result.scaling), result.folder / "figure4")
