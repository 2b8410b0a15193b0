"""Run the tests with the lowest, or the newest, versions of the packages that rtcan allows.

    python .ci/versions.py lowest --python python3.11
    python .ci/versions.py newest --python python3.14 -- -x tests/eda

makes a fresh environment, installs rtcan with everything that its tests need, lists the versions,
and runs pytest with the options after ``--`` (by default, the quick tests on all cores).

The lowest versions are those that uv finds with ``--resolution lowest-direct``: the lower bound of
each package that pyproject.toml names, and the newest versions of what these need. Where another
package needs a higher version than a bound says, the bound is not tested, and this is an error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import requires, version
from pathlib import Path

from fresh import ROOT, environment, run, split

PACKAGE, EXTRA = "rtcan-cli", "test"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        usage="%(prog)s {lowest,newest} [options] [-- options of pytest]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("which", choices=("lowest", "newest"))
    parser.add_argument("--python", default=sys.executable, help="default: the one that runs this")
    parser.add_argument("--folder", type=Path, help="default: .venv-lowest, .venv-newest")
    parser.add_argument(
        "--report", action="store_true", help="only list the versions of the Python that runs this"
    )
    own, options = split(sys.argv[1:])
    given = parser.parse_args(own)
    if given.report:
        sys.exit(report(set(bounds()), version, given.which == "lowest"))
    folder = given.folder or ROOT / f".venv-{given.which}"
    python = environment(folder, given.python)
    limits = lowest(python, folder / "lowest.txt") if given.which == "lowest" else ()
    run(python, "-m", "pip", "install", "--quiet", *limits, "--editable", f".[{EXTRA}]")
    run(python, Path(__file__), given.which, "--report")
    run(python, "-m", "pytest", *options)


def lowest(python: Path, found: Path) -> tuple[str | Path, ...]:
    """Find the lowest versions for a Python; returns what tells pip about them.

    They are constraints, not requirements: on Linux, uv's list includes the CUDA libraries of the
    PyTorch on PyPI, which other builds of the same version do not need.
    """
    run(python, "-m", "pip", "install", "--quiet", "uv")
    resolution = ("--resolution", "lowest-direct", "--python", python, "--extra", EXTRA)
    run(python, "-m", "uv", "pip", "compile", "--quiet", *resolution, "pyproject.toml", "-o", found)
    return "--constraint", found


def bounds(package: str = PACKAGE, extra: str = EXTRA) -> Iterator[tuple[str, str]]:
    """Each package that rtcan and an extra of it name, with its lower bound, as installed here."""
    from packaging.requirements import Requirement  # pytest needs it; this script itself does not

    for line in requires(package) or []:
        needed = Requirement(line)
        of_core = needed.marker is None or needed.marker.evaluate({"extra": ""})
        if not of_core and not needed.marker.evaluate({"extra": extra}):  # type: ignore[union-attr]
            continue
        if needed.name == package:
            for inner in sorted(needed.extras):
                yield from bounds(package, inner)
        else:
            for each in needed.specifier:
                if each.operator == ">=":
                    yield needed.name, each.version


def report(lower: set[tuple[str, str]], installed: Callable[[str], str], lowest: bool) -> int:
    """Print the versions; return 1 if they should be the lowest, but one is above its bound.

    ``2.2`` as a bound stands for each 2.2.x.
    """
    print(f"Python {sys.version.split()[0]}")
    untested = 0
    for name, bound in sorted(lower):
        there = installed(name)
        met = f"{there}.".startswith((f"{bound}.", f"{bound}+"))
        wrong = lowest and not met
        untested += wrong
        print(f"{name} {there} (>= {bound}{', which was not tested' if wrong else ''})")
    return int(untested > 0)


if __name__ == "__main__":
    main()
