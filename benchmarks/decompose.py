"""What `rtcan decompose` costs as a whole, beside the `cvxeda` package on one core.

Run it as ``.venv/bin/python benchmarks/decompose.py rtcan-stores/pmemo/recordings.h5``; such a
store of the published size comes from ``rtcan simulate pmemo RAW --scale full`` and ``rtcan ingest
pmemo RAW``. Without a store, one of a few hundred recordings is simulated, which is too few to
judge by: starting processes then counts for much.

The command is timed from start to end, reading, resuming files and writing included. The package
decomposes ``--sample`` recordings drawn at random, z-scored, in one process on one core; the time
for all is that, times their number. So it is an estimate, and it favours the package: reading and
writing are not in it. On a machine that also does other work the processor times count.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
# This folder has a cvxeda.py of its own, and must not be searched for the package.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

import numpy as np  # noqa: E402

from rtcan_cli.eda.preprocess import zscore  # noqa: E402
from rtcan_cli.stores import Store  # noqa: E402

_RTCAN = [sys.executable, "-m", "rtcan_cli"]


def simulate(folder: Path) -> Path:
    """A small recordings store."""
    options = ["--subjects", "40", "--stimuli", "12"]
    for words in (
        ["simulate", "pmemo", str(folder / "raw"), *options],
        ["ingest", "pmemo", str(folder / "raw"), "-w", str(folder)],
    ):
        subprocess.run([*_RTCAN, *words, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return folder / "pmemo" / "recordings.h5"


def package_seconds(recordings: Path, sample: int) -> tuple[float, float, int]:
    """Wall and processor time of the package for all recordings, extrapolated; their number."""
    import cvxeda

    with Store(recordings, "recordings") as store:
        table = store.table("recordings")
        sound = np.flatnonzero((table["problem"] == "").to_numpy())
        rows = np.random.default_rng(0).choice(sound, min(sample, sound.size), replace=False)
        work = [
            (zscore(store.signal("eda", int(row))), float(table["sampling_rate"][row]))
            for row in rows
        ]
    options = {"show_progress": False}
    y, rate = work[0]
    cvxeda.cvxEDA(y, 1 / rate, options=options)  # loads what is needed
    wall, cpu = time.perf_counter(), time.process_time()
    for y, rate in work:
        cvxeda.cvxEDA(y, 1 / rate, options=options)
    share = sound.size / len(work)
    return (time.perf_counter() - wall) * share, (time.process_time() - cpu) * share, sound.size


def step_seconds(recordings: Path, jobs: int, output: Path) -> tuple[float, float]:
    """Wall and processor time of the whole command, all its processes together."""
    words = [
        "decompose",
        "--alpha",
        "8e-4",
        "--recordings-store",
        str(recordings),
        "--output",
        str(output),
        "--force",
    ]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [*_RTCAN, *words, "--jobs", str(jobs), "--quiet"], check=True, stdout=subprocess.DEVNULL
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, sum(after[:2]) - sum(before[:2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recordings", nargs="?", type=Path, help="recordings store")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, default=40, help="recordings for the package")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recordings = options.recordings or simulate(Path(folder))
        wall, cpu, count = package_seconds(recordings, options.sample)
        ours, work = step_seconds(recordings, options.jobs, Path(folder) / "components.h5")
    print(f"{count} recordings{'':33s} seconds   CPU s")
    print(f"{'cvxeda package, 1 core, extrapolated':45s} {wall:7.1f} {cpu:7.1f}")
    print(f"{f'rtcan decompose --jobs {options.jobs}':45s} {ours:7.1f} {work:7.1f}")
    print(f"{'ratio':45s} {wall / ours:7.1f} {cpu / work:7.1f}")
    print(f"ratio to expect where {options.jobs} cores are free: {cpu / (work / options.jobs):.1f}")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
