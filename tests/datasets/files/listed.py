"""What is found in a folder."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.datasets.files.listing import find_files


def wanted_text(folder: Path, follow_links: bool = False) -> list[str]:
    found, _ = find_files(
        folder, lambda each: each.name.suffix == ".txt", "texts (a.txt)", follow_links
    )
    return [each.text() for each in found]
