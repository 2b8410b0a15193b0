"""What a second core is worth to `rtcan decompose` and `rtcan music-features`.

Run it as ``.venv/bin/python benchmarks/parallel.py``; ``--subjects`` and ``--songs`` set the size
of the simulated data. Each round makes the stores with one process, with two, and on a Dask cluster
of two workers on this machine, in turns; workers of the cluster have done the work once before.

Efficiency is the time of one process over twice that of two. Two kinds of time are shown: that of
the whole command's work in this process (without starting Python), which is what a user waits for,
and that of the fan-out alone (`map_unordered`), without reading what is there and writing the
store. Starting the two processes (a few seconds of imports) is part of both, so small data look
worse than large ones; for the cluster it is not. On a machine that also does other work the ratios
mean little: the load is printed, and the processor time that the others took is not known.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from rtcan_cli import console  # noqa: E402
from rtcan_cli.cluster import Cluster  # noqa: E402
from rtcan_cli.datasets.simulate import simulate  # noqa: E402
from rtcan_cli.steps import decompose, music_features  # noqa: E402
from rtcan_cli.steps.ingest import ingest_raw  # noqa: E402

_map = decompose.map_unordered


class FanOut:
    """Counts the time that a step spends in `map_unordered`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, *arguments, **named):  # noqa: D102
        start = time.perf_counter()
        for each in _map(*arguments, **named):
            self.seconds += time.perf_counter() - start
            yield each
            start = time.perf_counter()
        self.seconds += time.perf_counter() - start


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of a step, and of its fan-out."""
    fan_out = FanOut()
    decompose.map_unordered = music_features.map_unordered = fan_out
    start = time.perf_counter()
    work()
    return time.perf_counter() - start, fan_out.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--subjects", type=int, default=60)
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from distributed import LocalCluster

    console.verbosity.quiet = True
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        simulate("pmemo", folder / "raw", options.subjects, options.songs, 40.0, seed=0)
        recordings = folder / "recordings.h5"
        ingest_raw("pmemo", folder / "raw", recordings)

        def steps(jobs: int | Cluster) -> dict[str, Callable[[], object]]:
            return {
                "decompose": lambda: decompose.decompose_recordings(
                    recordings, folder / "components.h5", jobs=jobs, force=True
                ),
                "music-features": lambda: music_features.extract_features(
                    recordings, folder / "music.h5", jobs=jobs, force=True
                ),
            }

        with LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as local:
            ways = {
                "1 process": 1,
                "2 processes": 2,
                "cluster, 2 workers": Cluster(local.scheduler_address),
            }
            for work in steps(ways["cluster, 2 workers"]).values():
                work()  # loads what the workers need
            times: dict[tuple[str, str], list[tuple[float, float]]] = {}
            for _ in range(options.rounds):
                for way, jobs in ways.items():
                    for step, work in steps(jobs).items():
                        times.setdefault((step, way), []).append(measure(work))
        show(times, list(ways))
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def show(times: dict[tuple[str, str], list[tuple[float, float]]], ways: list[str]) -> None:
    """Print medians, and how they compare with one process."""
    print(f"{'':36s} {'whole step':>20s} {'fan-out alone':>20s}")
    print(f"{'':36s} {'seconds  efficiency':>20s} {'seconds  efficiency':>20s}")
    for step in dict.fromkeys(step for step, _ in times):
        single = [statistics.median(each) for each in zip(*times[step, ways[0]], strict=True)]
        for way in ways:
            cells = []
            for one, rounds in zip(single, zip(*times[step, way], strict=True), strict=True):
                seconds = statistics.median(rounds)
                share = "" if way == ways[0] else f"{one / (2 * seconds):.0%}"
                cells.append(f"{seconds:9.2f} {share:>10s}")
            print(f"{step + ', ' + way:36s} {cells[0]:>20s} {cells[1]:>20s}")


if __name__ == "__main__":
    main()
