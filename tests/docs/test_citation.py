"""What is cited, archived and published agrees with the package."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

import rtcan_cli

ROOT = Path(__file__).parents[2]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_version_to_cite_is_that_of_the_package() -> None:
    assert CITATION["version"] == rtcan_cli.__version__


def test_the_citation_has_what_an_archive_asks_for() -> None:
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] == "software"
    assert f'\nlicense = "{CITATION["license"]}"\n' in PROJECT
    assert all(CITATION[key] for key in ("title", "abstract", "authors", "keywords", "message"))


def test_the_first_heading_of_the_changelog_is_this_version_with_the_date_of_the_citation() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version, date = re.findall(r"^## \[(.+)\] - (\S+)$", text, re.MULTILINE)[0]
    assert version == rtcan_cli.__version__
    assert date == str(CITATION.get("date-released", "unreleased"))
