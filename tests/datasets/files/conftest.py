from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raw" / "deep").mkdir(parents=True)
    (tmp_path / "raw" / "deep" / "b.txt").write_text("b")
    (tmp_path / "raw" / "a.txt").write_text("a")
    return tmp_path / "raw"
