"""The page on devices: its examples are tables that are understood."""

from __future__ import annotations

import re
from pathlib import Path

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.table.rows import read_table

PAGE = (Path(__file__).parents[2] / "docs/howto/devices.md").read_text(encoding="utf-8")


def test_every_table_is_understood(tmp_path: Path) -> None:
    tables = re.findall(r"```csv\n(.*?)```", PAGE, re.S)
    assert len(tables) > 6
    for text in tables:
        path = tmp_path / "trials.csv"
        path.write_text(text)
        rows, damaged, unused = read_table(RawFile(path, Path("trials.csv")), ".")  # type: ignore[arg-type]
        assert rows
        assert (damaged, unused) == ((), ())


def test_every_device_has_a_section() -> None:
    links = set(re.findall(r"\]\(#([a-z0-9-]+)\)", PAGE))
    titles = re.findall(r"^## (.*)", PAGE, re.M)
    heads = {re.sub(r"[^a-z0-9 ]", "", title.lower()).replace(" ", "-") for title in titles}
    assert links == heads
