from __future__ import annotations

from pathlib import Path

import pytest

from tests.datasets.bids.studies import write_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study that tests may change."""
    write_study(tmp_path / "study")
    return tmp_path / "study"
