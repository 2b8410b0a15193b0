from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rtcan_cli.views.files import latex, markdown, write_tables
from rtcan_cli.views.parts import Page, Table

NASTY = r"a_b 50 % & {c} #1 $x$ ~ ^ \d | `e` *f* <g> [h]"
REPORT = Page(
    tables=[
        Table(
            "first & last [%]", ["[name]", "points", "n"], [["[x]", 12.345, 3], [NASTY, None, 4]]
        ),
        Table("second", ["p"], [[0.00123], [1.0]]),
    ],
    notes=["a note: 5 % of _all_"],
)


def test_cells_are_those_of_the_terminal() -> None:
    lines = markdown(REPORT).splitlines()
    assert lines[0] == r"### first & last \[%\]"
    assert lines[2:5] == [
        r"| \[name\] | points | n |",
        "| --- | ---: | ---: |",
        r"| \[x\] | 12.3 | 3 |",
    ]
    assert lines[5].endswith("| - | 4 |")
    assert "| 0.00123 |" in lines
    assert "| 1 |" in lines
    assert lines[-1] == r"- a note: 5 % of \_all\_"


def test_a_cell_cannot_end_a_markdown_cell() -> None:
    (line,) = (line for line in markdown(REPORT).splitlines() if "50 %" in line)
    assert len(re.findall(r"(?<!\\)\|", line)) == 4


def test_latex_reads_every_sign_as_itself() -> None:
    text = latex(REPORT)
    assert r"a\_b 50 \% \& \{c\} \#1 \$x\$ \textasciitilde{} \textasciicircum{}" in text
    assert r"\textbackslash{}d" in text
    assert r"{[}x] & 12.3 & 3 \\" in text
    assert r"\caption{first \& last {[}\%]}" in text
    assert text.count(r"\begin{tabular}{lrr}") == 1
    assert re.search(r"\\\\\s*\[", text) is None


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_compiles(tmp_path: Path) -> None:
    body = latex(REPORT)
    page = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}" + body
    (tmp_path / "page.tex").write_text(page + "\\end{document}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_both_files_are_written_beside_each_other(tmp_path: Path) -> None:
    files = write_tables(REPORT, tmp_path / "my.table")
    assert [file.name for file in files] == ["my.table.md", "my.table.tex"]
    assert files[0].read_text(encoding="utf-8") == markdown(REPORT)
    assert files[1].read_text(encoding="utf-8") == latex(REPORT)


def test_a_report_without_tables_or_notes_is_empty() -> None:
    assert markdown(Page()).strip() == ""
