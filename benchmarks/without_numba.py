"""cvxEDA with and without Numba: processor time of a recording, in one run.

Run it as ``.venv/bin/python benchmarks/without_numba.py``. Recordings are simulated, of 60 s. Each
case is measured in a process of its own, ``--rounds`` times in turns, and the median is shown.
Importing and compiling are not timed. A batch is decomposed together, as `rtcan decompose` does
with the recordings of a block.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
if not os.environ.get("PYTHONPATH"):  # else another version than this one can be measured
    sys.path.append(str(Path(__file__).resolve().parent.parent))

CASES = tuple((rate, batch) for rate in (4.0, 10.0, 50.0, 128.0) for batch in (1, 16, 256))
SECONDS = 60.0


def work(how: str, rate: float, batch: int) -> None:
    """In a process of its own: decompose a batch and print the milliseconds a recording took."""
    if how == "without":
        sys.modules["numba"] = None  # type: ignore[assignment]
    from rtcan_cli.eda.cvxeda.solve import decompose_all
    from tests.eda.recordings import simulated

    decompose_all([simulated(rate, 12, seed) for seed in range(4)], rate)
    recordings = [simulated(rate, SECONDS, seed) for seed in range(batch)]
    start = time.process_time()
    decompose_all(recordings, rate)
    print(1000 * (time.process_time() - start) / batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        how, rate, batch = arguments.work
        work(how, float(rate), int(batch))
        return
    print(f"{'Hz':>5s} {'batch':>5s} {'with [ms]':>10s} {'without [ms]':>12s} {'ratio':>7s}")
    for rate, batch in CASES:
        taken: dict[str, list[float]] = {"with": [], "without": []}
        for _ in range(arguments.rounds):
            for how, times in taken.items():
                command = [sys.executable, __file__, "--work", how, str(rate), str(batch)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                times.append(float(done.stdout))
        fast, slow = (statistics.median(times) for times in taken.values())
        print(f"{rate:5g} {batch:5d} {fast:10.2f} {slow:12.1f} {slow / fast:7.0f}", flush=True)


if __name__ == "__main__":
    main()
