"""Each dependency is said in pyproject.toml; other files that name them agree with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "packaging" / "conda" / "recipe.yaml"
DOCKERFILE = ROOT / "packaging" / "Dockerfile"
#: Names on conda-forge, where they differ from those on PyPI.
CONDA = {"isal": "python-isal", "soundfile": "pysoundfile"}


def project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(found["project"])


def extras() -> dict[str, list[str]]:
    return dict(project()["optional-dependencies"])


def names(requirements: list[str], own: bool = False) -> set[str]:
    """Distributions that are required, or, with `own`, the extras of rtcan among them."""
    found = set()
    for each in requirements:
        name = re.match(r"[\w.-]+", each)
        assert name is not None, each
        if name[0] == "rtcan-cli":
            chosen = re.search(r"\[(.*?)\]", each)
            assert chosen is not None, each
            found |= set(chosen[1].split(",")) if own else set()
        elif not own:
            found.add(name[0])
    return found


def bounds(requirements: list[str]) -> dict[str, str]:
    """Lower bound of each distribution."""
    return {
        name: each.split(">=")[1].split(";")[0].strip()
        for each in requirements
        for name in names([each])
    }


def test_the_conda_recipe_asks_for_what_the_package_does() -> None:
    recipe = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    wanted = {
        CONDA.get(name, name): bound for name, bound in bounds(project()["dependencies"]).items()
    }
    run = dict(each.split(" >=") for each in recipe["requirements"]["run"])
    python = run.pop("python")
    assert f">={python}" == project()["requires-python"]
    assert run == wanted
    assert recipe["about"]["license"] == project()["license"]
    assert recipe["build"]["python"]["entry_points"] == ["rtcan = rtcan_cli.__main__:main"]


def test_the_image_installs_extras_that_exist() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    (chosen,) = re.findall(r"^ARG EXTRAS=(.+)$", text, re.M)
    assert set(chosen.split(",")) <= set(extras())


def test_the_image_has_the_tested_versions_and_a_folder_that_its_user_may_write_to() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    torch, all_else = re.findall(r"pip install (.*)", text)
    assert torch.startswith("\"$(grep '^torch==' constraints.txt)\" ")
    assert all_else.startswith("--constraint constraints.txt ")
    assert text.index("COPY constraints.txt") < text.index("pip install")
    assert re.search(r"chown (\w+):\1 /work\nUSER \1\nWORKDIR /work$", text, re.M)


def test_the_documentation_has_what_its_notebooks_import() -> None:
    assert {"music", "networks", "solvers"} <= names(extras()["docs"], own=True)


def test_every_install_line_names_extras_that_exist() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile"]
    pages += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "rtcan_cli").rglob("*.py")]
    found = {}
    for page in pages:
        for chosen in re.findall(
            r"(?:rtcan-cli|editable ')\.?\[([\w,]+)\]", page.read_text(encoding="utf-8")
        ):
            found |= dict.fromkeys(chosen.split(","), page.name)
    assert len(found) > 8
    assert set(found) <= set(extras()), found


def test_the_page_on_installation_has_every_extra() -> None:
    page = (ROOT / "docs" / "howto" / "install.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| Extra \|.*\n((?:\|.*\n)+)", page, re.M)
    cells = [line.split("|")[1] for line in table.splitlines()[1:]]
    listed = {extra for cell in cells for extra in re.findall(r"`(\w+)`", cell)}
    formats = names(extras()["formats"], own=True)  # one row for all of them
    assert listed == {*extras()} - formats - {"test", "docs"}
