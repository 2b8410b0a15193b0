"""The citation file agrees with the package."""

from __future__ import annotations

from pathlib import Path

import rtcan_cli

CITATION = (Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8")


def test_the_version_to_cite_is_that_of_the_package() -> None:
    assert f"\nversion: {rtcan_cli.__version__}\n" in CITATION
