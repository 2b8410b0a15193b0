"""Build the wheel and the sdist into dist/, and check what users get from them.

    python .ci/dist.py
    python .ci/dist.py -- -n auto           # every test from the sdist, not only the quick ones
    python .ci/dist.py --only build         # step 1
    python .ci/dist.py --only check         # steps 2 and 3, with the files that are in dist/

1. twine accepts the metadata; the wheel contains the package and nothing else; the sdist contains
   every file that git knows, and no other.
2. The wheel, in a fresh environment and an empty folder outside of the repository, runs the
   commands of the README on a small simulated PMEmo.
3. The sdist, unpacked outside of the repository, passes its own tests.

The files that were checked are left in dist/. Steps 2 and 3 run code of other packages, which could
change them. So the workflow `release` keeps the files after step 1, and checks a copy.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from fresh import ROOT, environment, run, split

DIST = ROOT / "dist"
#: What the files are made and looked at with.
TOOLS = ("build==1.6.1", "twine==7.0.0")
#: What the commands of the README need.
EXTRAS = "music,networks,solvers"
#: In the repository, but not in the sdist.
NOT_DISTRIBUTED = (".gitignore",)
#: The README is about real data; this is small enough for a check.
SIMULATE = "rtcan simulate pmemo raw --subjects 40 --stimuli 6 --duration 14"
SHORT = "--folds 3 --jobs 1"
SHORT_NETWORK = f"{SHORT} --epochs 1 --length 96 --channels 8,8,8,8"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        usage="%(prog)s [options] [-- options of pytest]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--python", default=sys.executable, help="default: the one that runs this")
    parser.add_argument("--only", choices=("build", "check"), help="default: both")
    own, options = split(sys.argv[1:])
    given = parser.parse_args(own)
    with tempfile.TemporaryDirectory(prefix="rtcan-dist-") as name:
        outside = Path(name)
        if given.only != "check":
            build(environment(outside / "tools", given.python))
        wheel, sdist = built()
        if given.only != "build":
            python = environment(outside / "environment", given.python)
            run_readme(python, wheel, outside / "empty")
            run_tests(python, sdist, outside / "unpacked", options)
    done = "built" if given.only == "build" else "checked"
    print(f"{done}: {wheel.relative_to(ROOT)} and {sdist.relative_to(ROOT)}")


def build(tools: Path) -> None:
    """Build both into dist/, the wheel from the sdist, and look at what they contain."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(tools, "-m", "pip", "install", "--quiet", *TOOLS)
    run(tools, "-m", "build", "--outdir", DIST)
    wheel, sdist = built()
    run(tools, "-m", "twine", "check", "--strict", wheel, sdist)
    files = tracked()
    if wrong := [*wrong_in_wheel(wheel, files), *wrong_in_sdist(sdist, files)]:
        sys.exit("\n".join(wrong))


def built() -> tuple[Path, Path]:
    """The wheel and the sdist in dist/; it is an error if there is not one of each."""
    wheels, sdists = [*DIST.glob("*.whl")], [*DIST.glob("*.tar.gz")]
    if (len(wheels), len(sdists)) != (1, 1):
        sys.exit(f"{DIST} has {len(wheels)} wheels and {len(sdists)} sdists, not one of each")
    return wheels[0], sdists[0]


def tracked() -> set[str]:
    """The files that git knows here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {name for name in listed.stdout.split("\0") if name}


def wrong_in_wheel(wheel: Path, files: Iterable[str]) -> Iterator[str]:
    """What is missing in a wheel, and what does not belong there."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {name for name in files if name.startswith("rtcan_cli/")}
    yield from (f"not in the wheel: {name}" for name in sorted(expected - packed))
    yield from (f"in the wheel, but not in git: {name}" for name in sorted(packed - expected))


def wrong_in_sdist(sdist: Path, files: Iterable[str]) -> Iterator[str]:
    """What is missing in an sdist, and what lay in the folders by chance."""
    with tarfile.open(sdist) as archive:
        packed = {each.name.partition("/")[2] for each in archive if each.isfile()}
    made = {name for name in packed if name.startswith("rtcan_cli.egg-info/")}
    expected = {*files} - {*NOT_DISTRIBUTED}
    extra = packed - expected - made - {"PKG-INFO", "setup.cfg"}
    yield from (f"not in the sdist: {name}" for name in sorted(expected - packed))
    yield from (f"in the sdist, but not in git: {name}" for name in sorted(extra))


def readme_commands(readme: str) -> list[list[str]]:
    """The README's commands on PMEmo, on small data.

    Raises
    ------
    ValueError
        If there are none.
    """
    found = []
    for line in re.findall(r"^rtcan .*\bpmemo\b.*$", readme, re.MULTILINE):
        words = shlex.split(line, comments=True)
        if words[1] == "ingest":
            words[-1] = "raw"
        if words[1] == "train":
            words += (SHORT if "--model" in words else SHORT_NETWORK).split()
        found.append(words)
    if not found:
        raise ValueError("the README has no command on PMEmo")
    return [SIMULATE.split(), *found, ["rtcan", "report"]]


def run_readme(python: Path, wheel: Path, folder: Path) -> None:
    """Run the README's commands with the wheel."""
    folder.mkdir()
    limits = ("--constraint", ROOT / "constraints.txt")
    run(python, "-m", "pip", "install", "--quiet", *limits, f"{wheel}[{EXTRAS}]")
    command = python.with_name("rtcan.exe" if sys.platform == "win32" else "rtcan")
    run(command, "--version", folder=folder)
    for words in readme_commands((ROOT / "README.md").read_text(encoding="utf-8")):
        run(command, *words[1:], folder=folder)


def run_tests(python: Path, sdist: Path, folder: Path, options: Iterable[str]) -> None:
    """Run the tests of the sdist, in the environment in which the wheel was."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder)  # our own file, made a minute ago
    (root,) = folder.iterdir()
    limits = ("--constraint", ROOT / "constraints.txt")
    run(python, "-m", "pip", "install", "--quiet", *limits, f"{root}[test]")
    run(python, "-m", "pytest", *options, folder=root)


if __name__ == "__main__":
    main()
