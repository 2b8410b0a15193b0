"""The tables of a report as files: Markdown to read, LaTeX for a paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.base import Result
from rtcan_cli.views import page
from rtcan_cli.views.cells import column_texts
from rtcan_cli.views.parts import Page, Table

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    # LaTeX takes a bracket after a line break for the length of a gap.
    "[": "{[}",
    **{sign: rf"\{sign}" for sign in "&%$#_{}"},
}


R = TypeVar("R", bound=Result)


def with_tables(result: R, stem: Path) -> R:
    """A result whose tables and notes were written as ``stem.md`` and ``stem.tex``."""
    return replace(result, files=(*result.files, *write_tables(page(result), stem)))


def write_tables(report: Page, stem: Path) -> list[Path]:
    """Write the tables and notes of a report as ``stem.md`` and ``stem.tex``.

    Numbers have the decimals that the terminal shows. The LaTeX needs the package ``booktabs``.

    Parameters
    ----------
    report : Page
    stem : Path
        Where to, without the ending.

    Returns
    -------
    list of Path
        Both files.
    """
    files = []
    for ending, text in (("md", markdown(report)), ("tex", latex(report))):
        files.append(stem.with_name(f"{stem.name}.{ending}"))
        write_whole(files[-1], text)
    return files


def markdown(report: Page) -> str:
    """Tables with their titles as headings, then the notes as a list."""
    parts = []
    for table in report.tables:
        numbers, rows = _columns_and_rows(table)
        head, *body = ([in_markdown(text) for text in row] for row in (table.columns, *rows))
        rules = ["---:" if each else "---" for each in numbers]
        lines = [f"| {' | '.join(row)} |" for row in (head, rules, *body)]
        parts.append("\n".join([f"### {in_markdown(table.title)}", "", *lines]))
    if report.notes:
        parts.append("\n".join(f"- {in_markdown(note)}" for note in report.notes))
    return "\n\n".join(parts) + "\n"


def latex(report: Page) -> str:
    r"""Each table as a ``table`` with its title as caption, then the notes as a list."""
    parts = ["% needs \\usepackage{booktabs}"]
    for table in report.tables:
        numbers, rows = _columns_and_rows(table)
        layout = "".join("r" if each else "l" for each in numbers)
        head, *body = (" & ".join(map(_in_latex, row)) + r" \\" for row in (table.columns, *rows))
        lines = [
            r"\begin{table}",
            rf"\caption{{{_in_latex(table.title)}}}",
            rf"\begin{{tabular}}{{{layout}}}",
            *(r"\toprule", head, r"\midrule", *body, r"\bottomrule"),
            r"\end{tabular}",
            r"\end{table}",
        ]
        parts.append("\n".join(lines))
    if report.notes:
        items = [rf"\item {_in_latex(note)}" for note in report.notes]
        parts.append("\n".join([r"\begin{itemize}", *items, r"\end{itemize}"]))
    return "\n\n".join(parts) + "\n"


def _columns_and_rows(table: Table) -> tuple[list[bool], list[tuple[str, ...]]]:
    """Which columns hold numbers, and the shown cells row by row."""
    columns = column_texts(table)
    numbers = [each for _, each in columns]
    return numbers, list(zip(*(texts for texts, _ in columns), strict=True))


def in_markdown(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return "".join(f"\\{sign}" if sign in r"\|*_`<[]" else sign for sign in text)


def _in_latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)
