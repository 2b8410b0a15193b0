"""What other pages quote of the page of real scores stands on it."""

from __future__ import annotations

import re

from tests.docs.blocks import ROOT

SCORE = re.compile(r"-?\d+\.\d+ \(-?\d+\.\d+ to -?\d+\.\d+\)")


def test_the_readme_quotes_the_page() -> None:
    page = (ROOT / "docs" / "real_scores.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## What it finds on real listeners")[1].split("\n## ")[0]
    quoted = [row for row in section.splitlines() if SCORE.search(row)]
    assert len(quoted) >= 5
    for row in quoted:
        model = row.split("|")[1].strip().replace("RTCAN-1D", "`rtcan` Rf")
        for target, score in zip(("arousal", "valence"), SCORE.findall(row), strict=True):
            own = [line for line in page.splitlines() if line.startswith(f"| {model} |")]
            assert any(f"| {target} | {score} |" in line for line in own), (model, target, score)


def test_the_readme_says_what_the_study_could_have_found() -> None:
    page = " ".join((ROOT / "docs" / "real_scores.md").read_text(encoding="utf-8").split())
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    found = re.findall(r"this study would have found (0\.\d+) in a single test", page)
    assert len(found) == 2
    assert f"a true AUC of {found[0]} (arousal) or {found[1]} (valence)" in readme
