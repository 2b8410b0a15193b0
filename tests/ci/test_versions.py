"""The check of the lowest versions notices a bound that was not tested."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / ".ci"
INSTALLED = {"numpy": "2.2.3", "torch": "2.5.0+cpu", "rich": "13.0.0"}


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("versions")


def test_the_options_of_pytest_follow_two_dashes(
    versions: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(versions, "environment", lambda folder, python: Path(python))
    monkeypatch.setattr(versions, "run", lambda *words: ran.append((*map(str, words),)))
    line = ["versions.py", "newest", "--python", "python3.14", "--", "-x", "tests/eda"]
    monkeypatch.setattr("sys.argv", line)
    versions.main()
    assert ran[-1] == ("python3.14", "-m", "pytest", "-x", "tests/eda")
    monkeypatch.setattr("sys.argv", line[:4])
    versions.main()
    assert ran[-1][-2:] == ("-m", "not long")


@pytest.mark.parametrize(
    "bound", [("numpy", "2.2"), ("numpy", "2.2.3"), ("torch", "2.5.0"), ("rich", "13")]
)
def test_a_bound_stands_for_its_patches_and_builds(
    versions: ModuleType, bound: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert versions.report({bound}, INSTALLED.__getitem__, lowest=True) == 0
    assert f"{bound[0]} {INSTALLED[bound[0]]} (>= {bound[1]})" in capsys.readouterr().out


@pytest.mark.parametrize("bound", [("numpy", "2.1"), ("torch", "2.4"), ("rich", "1")])
def test_a_lower_bound_that_was_not_tested_is_named(
    versions: ModuleType, bound: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert versions.report({bound}, INSTALLED.__getitem__, lowest=True) == 1
    assert f"(>= {bound[1]}, which was not tested)" in capsys.readouterr().out
    assert versions.report({bound}, INSTALLED.__getitem__, lowest=False) == 0


def test_bounds_are_those_of_the_package_and_of_the_extras_of_its_extras(
    versions: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "numpy>=2.2",
        "tomli>=2; python_version < '3'",
        "torch>=2.5; extra == 'networks'",
        "rtcan-cli[networks]; extra == 'test'",
        "pytest>=8,<10; extra == 'test'",
        "mkdocs>=1.6; extra == 'docs'",
    ]
    monkeypatch.setattr(versions, "requires", lambda name: lines)
    assert set(versions.bounds()) == {("numpy", "2.2"), ("torch", "2.5"), ("pytest", "8")}
