"""What `rtcan ingest` costs at the published size, beside the least that must be done.

Run it as ``.venv/bin/python benchmarks/ingest.py deap`` (or ``pmemo``), with ``--raw DIR`` for
files there already; else the published size is simulated into a temporary folder (DEAP has 3.3 GB).

- DEAP: beside ``pickle.load(stream, encoding="latin1")`` and the GSR channel of every file.
- PMEmo: beside parsing the numbers of every EDA file, in one process and in as many as ingest uses.

Each is a command of its own, timed from start to end, in turns; the files are read once before, so
that they are in the page cache where there is room. Memory is what all processes of a command have
together, looked up every 50 ms: "own" is what only they have (anonymous), "all" includes the pages
of files and libraries, those that are shared counted once (proportional set size).
"""

from __future__ import annotations

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rtcan_cli.simulate import simulate
from rtcan_cli.simulate.sizes import FULL_SIZES

PLAIN_PICKLE = """
import pickle, sys
from pathlib import Path
import numpy as np
for file in sorted(Path(sys.argv[1]).rglob("s*.dat")):
    with file.open("rb") as stream:
        np.asarray(pickle.load(stream, encoding="latin1")["data"][:, 36])
"""

PARSE_ONLY = """
import sys
from pathlib import Path
from rtcan_cli.datasets.files.csvfile import read_numbers
from rtcan_cli.datasets.files.listing import list_files
from rtcan_cli.parallel import map_unordered

def parse(files):
    for file in files:
        read_numbers(file)

files = [each for each in list_files(Path(sys.argv[1])) if "EDA" in each.name.parts]
chunks = [files[start : start + 50] for start in range(0, len(files), 50)]
for _ in map_unordered(parse, chunks, int(sys.argv[2])):
    pass
"""


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    seconds: float
    cpu: float
    """Seconds of all its processes on a core, which a busy machine changes least."""
    own: float
    """Peak of the anonymous memory of all its processes, in MB."""
    whole: float
    """Peak of their proportional set size, in MB."""


def measure(command: list[str]) -> Cost:
    """Run a command and watch its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    own = whole = 0.0
    while process.poll() is None:
        sizes = [memory(pid) for pid in family(process.pid)]
        own = max(own, sum(size[0] for size in sizes))
        whole = max(whole, sum(size[1] for size in sizes))
        time.sleep(0.05)
    seconds = time.perf_counter() - start
    if process.returncode:
        errors = process.stderr.read().decode() if process.stderr else ""
        raise SystemExit(f"{' '.join(command[:4])} ... failed: {errors}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, cpu, own, whole)


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for each in found:
        try:
            tasks = Path(f"/proc/{each}/task").iterdir()
            found += [int(c) for task in tasks for c in (task / "children").read_text().split()]
        except OSError:
            continue  # it has ended
    return found


def memory(pid: int) -> tuple[float, float]:
    """Anonymous memory and proportional set size of a process, in MB."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0.0, 0.0
    values = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE))
    return int(values.get("Anonymous", 0)) / 1e3, int(values.get("Pss", 0)) / 1e3


def commands(dataset: str, raw: Path, stores: Path, jobs: int) -> dict[str, list[str]]:
    """What is measured, by name; the last one is ingest."""
    ingest = [sys.executable, "-m", "rtcan_cli", "ingest", dataset, str(raw), "--force"]
    ingest += ["--workspace", str(stores), "--jobs", str(jobs)]
    name = f"rtcan ingest {dataset} --jobs {jobs}"
    if dataset == "deap":
        return {"pickle.load": [sys.executable, "-c", PLAIN_PICKLE, str(raw)], name: ingest}
    parse = [sys.executable, "-c", PARSE_ONLY, str(raw)]
    return {
        "parsing, 1 process": [*parse, "1"],
        f"parsing, {jobs} processes": [*parse, str(jobs)],
        name: ingest,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", choices=["deap", "pmemo"])
    parser.add_argument("--raw", type=Path, help="folder with the raw files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as stores,
        nullcontext(options.raw) if options.raw else tempfile.TemporaryDirectory() as place,
    ):
        raw = Path(place)
        if not options.raw:
            size = FULL_SIZES[options.dataset]
            numbers = (size.subjects, size.stimuli, size.duration)
            simulate(options.dataset, raw, *numbers, seed=0, scale="full")
        files = [path for path in raw.rglob("*") if path.is_file()]
        for path in files:
            path.read_bytes()
        total = sum(path.stat().st_size for path in files)
        print(f"{len(files)} files, {total / 1e9:.2f} GB; medians of {options.rounds} rounds")
        costs: dict[str, list[Cost]] = {}
        for _ in range(options.rounds):
            for name, command in commands(options.dataset, raw, Path(stores), options.jobs).items():
                costs.setdefault(name, []).append(measure(command))
    times = {
        name: [
            statistics.median(values)
            for values in zip(*((c.seconds, c.cpu) for c in each), strict=True)
        ]
        for name, each in costs.items()
    }
    seconds, cpu = list(times.values())[-1]
    print(f"{'':28s} seconds  ingest/it  CPU s  ingest/it  peak MB own  all")
    for name, each in costs.items():
        print(
            f"{name:28s} {times[name][0]:7.2f} {seconds / times[name][0]:10.2f} "
            f"{times[name][1]:6.2f} {cpu / times[name][1]:10.2f} "
            f"{max(c.own for c in each):12.0f} {max(c.whole for c in each):4.0f}"
        )


if __name__ == "__main__":
    main()
