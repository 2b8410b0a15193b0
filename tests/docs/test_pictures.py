"""Pictures of the pages: made by one script, small, and one of every figure in the gallery."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from matplotlib.image import imread

from rtcan_cli import plots
from tests.docs.blocks import PAGES

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs" / "images").iterdir())
GALLERY = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
SHOWN = re.compile(r"!\[.+?\]\((?:\.\./|docs/)*images/([\w]+)\.png\)")


def figures() -> Iterator[str]:
    """Names of the functions that draw a figure."""
    for module in pkgutil.walk_packages(plots.__path__, f"{plots.__name__}."):
        for name, each in vars(importlib.import_module(module.name)).items():
            draws = getattr(each, "__annotations__", {}).get("return") == "Figure"
            if draws and hasattr(each, "__wrapped__") and each.__module__ == module.name:
                yield name


def test_every_figure_is_in_the_gallery() -> None:
    names = sorted(figures())
    assert len(names) >= 16
    shown = SHOWN.findall(GALLERY)
    missing = [name for name in names if not any(each.startswith(name) for each in shown)]
    assert not missing, "add a picture to docs/make_images.sh, and a section to docs/gallery.md"


def test_every_part_of_the_gallery_names_its_command() -> None:
    for part in re.split(r"^## ", GALLERY, flags=re.MULTILINE)[1:]:
        head, *sections = re.split(r"^### ", part, flags=re.MULTILINE)
        for section in sections or [""]:
            if SHOWN.search(head + section):
                assert re.search(r"```bash\nrtcan ", head + section), section.partition("\n")[0]


def test_one_script_makes_all_pictures_and_pages_show_them() -> None:
    script = (ROOT / "docs" / "make_images.sh").read_text(encoding="utf-8")
    made = re.findall(r"^ *picture (\w+) ", script, re.MULTILINE)
    assert len(made) == len(set(made))
    assert sorted(made) == [picture.stem for picture in PICTURES]
    shown = {name for page in PAGES for name in SHOWN.findall(page.read_text(encoding="utf-8"))}
    assert shown == set(made)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_small_and_not_wider_than_a_page_shows(picture: Path) -> None:
    assert picture.suffix == ".png"
    assert picture.stat().st_size < 100_000
    height, width = imread(picture).shape[:2]
    assert 600 <= width <= 1200
    assert height <= 1600
