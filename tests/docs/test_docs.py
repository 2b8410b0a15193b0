"""The documentation says what the code does."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
import typer

from rtcan_cli import choices
from rtcan_cli.app import app
from rtcan_cli.models.rtcan.facts import VARIANTS
from rtcan_cli.training.recipes import RECIPES

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
SCRIPTS = sorted(ROOT.glob("examples/*.sh"))


def make_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs/make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "page", ["reference.md", "stores.md", "results.md", "eda_features.md", "models.md"]
)
def test_generated_pages_are_current(page: str) -> None:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    if page == "reference.md" and f"\ntyper=={typer.__version__}\n" not in pinned:
        pytest.skip("other versions of Typer word the usage of a command in another way")
    committed = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert committed == make_reference().PAGES[page](), "run `make docs` and commit the result"


def test_choices_on_the_command_line_are_those_of_the_library() -> None:
    assert get_args(choices.Variant) == tuple(VARIANTS)
    assert get_args(choices.RecipeName) == tuple(RECIPES)


def typed_lines() -> list[tuple[str, str]]:
    """Every `rtcan ...` line of the pages and the example scripts."""
    lines = []
    for path in [*PAGES, *SCRIPTS]:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        blocks = (
            [text] if path.suffix == ".sh" else re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.S)
        )
        for block in blocks:
            for line in block.splitlines():
                match = re.match(r"\s*rtcan ([a-z][\w-]*.*)", line)
                if match:
                    lines.append((path.name, match[1].split(" #")[0]))
    return lines


def test_commands_and_options_in_the_documentation_exist() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    lines = typed_lines()
    assert len(lines) > 30
    for page, line in lines:
        name = line.split()[0]
        assert name in commands, f"{page}: rtcan {line}"
        known = {option for p in commands[name].params for option in p.opts} | {"-h", "--help"}
        used = re.findall(r"(?<=\s)(--?[a-z][\w-]*)", line)
        assert set(used) <= known, f"{page}: rtcan {line}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_example_scripts_are_sound_shell(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if target.startswith("http"):
                continue
            there = (page.parent / target).resolve()
            if there.parent == ROOT / "docs/notebooks":  # docs/notebooks.py puts them there
                there = ROOT / "examples/notebooks" / there.name
            assert there.exists(), f"{page.name}: {target}"


def test_the_method_page_names_the_tuned_recipe() -> None:
    page = " ".join((ROOT / "docs/method.md").read_text(encoding="utf-8").split())
    tuned = RECIPES["tuned"]
    assert f"learning rate {tuned.lr:g} and weight decay {tuned.weight_decay:g}" in page
    assert f"batches of {tuned.batch_size}, {tuned.epochs} epochs" in page


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/security.md"])
def test_files_that_pages_for_developers_name_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`([\w./]+\.(?:py|html|css|sh|toml|yml))`", text)
    assert named
    places = (ROOT, ROOT / "rtcan_cli", ROOT / "docs")
    missing = [name for name in named if not any((place / name).exists() for place in places)]
    assert missing == []
