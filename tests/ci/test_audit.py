from __future__ import annotations

import importlib.util
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[2] / ".ci" / "audit.py"
spec = importlib.util.spec_from_file_location("audit", PATH)
assert spec is not None
assert spec.loader is not None
audit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(audit)

ADVISORY = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fixed_in": ["2.0"], "summary": "bad"}


def answers(known: dict[str, Any]) -> Any:
    return lambda name, version: known.get(name, [])


def test_an_advisory_fails_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit([("a", "1"), ("b", "1")], answers({"b": [ADVISORY]})) == 1
    assert "b 1: PYSEC-1 (fixed in 2.0)" in capsys.readouterr().out


def test_without_any_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit([("a", "1"), ("private", "1")], answers({"private": None})) == 0
    out = capsys.readouterr().out
    assert "not on PyPI, so not checked: private 1" in out
    assert "1 packages checked, 0 advisories" in out


def test_withdrawn_and_ignored_ones_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    withdrawn = {**ADVISORY, "withdrawn": "2024-01-01"}
    assert audit.audit([("a", "1")], answers({"a": [withdrawn]})) == 0
    monkeypatch.setitem(audit.IGNORED, "CVE-1", "not used here")
    assert audit.audit([("a", "1")], answers({"a": [ADVISORY]})) == 0


@pytest.mark.parametrize("reason", ["no PyPI", "network", "500"])
def test_a_service_that_is_not_there_is_said_and_does_not_fail(
    reason: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def urlopen(url: str, timeout: float) -> Any:
        asked.append(url)
        if reason == "network":
            raise urllib.error.URLError("Name or service not known")
        code = 404 if reason == "no PyPI" else 500
        raise urllib.error.HTTPError(url, code, "", None, None)  # type: ignore[arg-type]

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert audit.audit([("a", "1"), ("b", "1")]) == 0
    assert len(asked) == 1
    assert "NOT DONE" in capsys.readouterr().out


def test_the_service_going_away_does_not_hide_what_was_found() -> None:
    def ask(name: str, version: str) -> list[dict[str, Any]]:
        if name == "z":
            raise audit.Unreachable("gone")
        return [ADVISORY] if name == "a" else []

    assert audit.audit([("a", "1"), ("z", "1")], ask) == 1


def test_installed_packages_are_listed_with_releases() -> None:
    found = dict(audit.installed())
    assert "numpy" in found
    assert "+" not in found["torch"]
    assert "rtcan-cli" not in found
