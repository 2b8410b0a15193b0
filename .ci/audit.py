"""Ask PyPI whether a security advisory is known for any installed package.

Exit codes: 0 if none is known, or if PyPI's advisories cannot be reached from here (then nothing
was checked, and a line says so); 1 if there is one that is not in `IGNORED`.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.metadata import distributions
from typing import Any

URL = "https://pypi.org/pypi/{name}/{version}/json"
SECONDS = 15
#: Advisories that do not concern rtcan, each with the reason.
IGNORED: dict[str, str] = {}
#: Asked first: a release that PyPI has had for years. Where even that is unknown, there is no PyPI.
PROBE = ("six", "1.16.0")


class Unreachable(Exception):
    """PyPI does not answer, or something else answers in its place."""


def advisories(name: str, version: str) -> list[dict[str, Any]] | None:
    """What PyPI knows against a release; None if it does not know the release.

    Raises
    ------
    Unreachable
        If there is no answer, or one without a list of advisories.
    """
    try:
        url = URL.format(name=name, version=version)
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            found = json.load(answer)["vulnerabilities"]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise Unreachable(f"it answers with {error.code}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(str(error)) from error
    if not isinstance(found, list):
        raise Unreachable("its answer has no list of advisories")
    return found


def installed() -> list[tuple[str, str]]:
    """Name and version of every package of this environment but rtcan."""
    found = {(each.metadata["Name"].lower(), each.version) for each in distributions()}
    # A build of its own (2.13.0+cpu) has the advisories of the release.
    return sorted((name, version.split("+")[0]) for name, version in found if name != "rtcan-cli")


def audit(
    packages: list[tuple[str, str]],
    ask: Callable[[str, str], list[dict[str, Any]] | None] = advisories,
) -> int:
    """Check packages, say what was found, and return the exit code."""
    wrong, unknown = 0, []
    try:
        if ask(*PROBE) is None:
            raise Unreachable(f"it does not know {' '.join(PROBE)}")
        for name, version in packages:
            found = ask(name, version)
            if found is None:
                unknown.append(f"{name} {version}")
            for each in found or []:
                names = {each["id"], *each.get("aliases", [])}
                if each.get("withdrawn") or names & IGNORED.keys():
                    continue
                fixed = ", ".join(each.get("fixed_in", [])) or "no release yet"
                print(f"audit: {name} {version}: {each['id']} (fixed in {fixed})")
                print(f"       {(each.get('summary') or each.get('details') or '')[:200]}")
                wrong += 1
    except Unreachable as reason:
        print(f"audit: NOT DONE, PyPI's advisories cannot be reached: {reason}")
        return 1 if wrong else 0
    if unknown:
        print(f"audit: not on PyPI, so not checked: {', '.join(unknown)}")
    print(f"audit: {len(packages) - len(unknown)} packages checked, {wrong} advisories")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(audit(installed()))
