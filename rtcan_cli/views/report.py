"""What a report of a workspace holds, in a terminal."""

from __future__ import annotations

from rtcan_cli import views
from rtcan_cli.results.report import WorkspaceReport
from rtcan_cli.views import answer, files, paper
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page


def page(result: WorkspaceReport) -> Page:
    """The answers, its chapters and its size; all else is in the file."""
    facts: dict[str, object] = {
        "sections": ", ".join(result.sections),
        "megabytes": round(sum(file.stat().st_size for file in result.files) / 1e6, 2),
        "its tables and figures, also one by one": result.folder,
    }
    told = []
    for each in result.answers:
        said = [one.headline for one in answer.answers(each)] or ["No model was asked yet."]
        told.append("\n".join([answer.size(each), *(f"  {headline}" for headline in said)]))
    notes = [line for each in result.answers for line in note_lines(each.notes)]
    if result.notes:
        notes.append("its chapter 'What is not here' says what else is missing, and why")
    return Page(
        facts=facts,
        text="\n\n".join(told),
        notes=list(dict.fromkeys(notes)),
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
