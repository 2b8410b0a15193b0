"""The page for Python users runs as it stands, and uses nothing but the public names."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from rtcan_cli import api

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python[^\n]*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_the_page_runs(
    raw_pmemo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: object
) -> None:
    shutil.copytree(raw_pmemo, tmp_path / "raw" / "pmemo")
    monkeypatch.chdir(tmp_path)
    exec("\n".join(blocks(ROOT / "docs/howto/python.md")), {"__name__": "page"})
    assert list((tmp_path / "rtcan-stores/pmemo/runs").glob("*.h5"))


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
