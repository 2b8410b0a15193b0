"""Pages use nothing but the public names of the package; test_blocks.py runs their blocks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rtcan_cli import api

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python[^\n]*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_pages_import_public_names_only(page: Path) -> None:
    for block in blocks(page):
        for module in re.findall(r"^\s*(?:from|import) (rtcan_cli[\w.]*)", block, re.MULTILINE):
            assert module == "rtcan_cli.api"


def test_every_public_name_is_described() -> None:
    for name in api.__all__:
        found = getattr(api, name)
        assert name in (api.__doc__ or "") or name in ("Look", "Item")
        if callable(found):
            assert found.__doc__
