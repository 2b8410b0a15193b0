"""What a second core is worth to `rtcan decompose` and `rtcan music-features`.

Run it as ``.venv/bin/python benchmarks/parallel.py``; ``--subjects`` and ``--songs`` set the size
of the simulated data. Each round runs the commands with one process, with two, and on a Dask
cluster of two workers on this machine, in turns, from start to end; the workers of the cluster have
done the same once before.

Efficiency is the time of one process over twice that of two. By the clock it says something where
nobody else works on two free cores. By processor time (one process over all processes of the way
with two) it says what is to be expected there if nobody ever waits: whatever two processes do in
addition, such as loading libraries once more and handing work over, lowers it, and other work on
the machine changes it little.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distributed import Client, LocalCluster

_RTCAN = [sys.executable, "-m", "rtcan_cli"]


def rtcan(*words: str | Path) -> None:
    subprocess.run([*_RTCAN, *map(str, words), "--quiet"], check=True, stdout=subprocess.DEVNULL)


def measure(client: Client, *words: str | Path) -> tuple[float, float]:
    """Seconds of a command by the clock, and of all its processes and workers on a core."""

    def processor_time() -> float:
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        return own.ru_utime + own.ru_stime + sum(client.run(time.process_time).values())

    before, start = processor_time(), time.perf_counter()
    rtcan(*words)
    return time.perf_counter() - start, processor_time() - before


def medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    seconds, work = zip(*rounds, strict=True)
    return statistics.median(seconds), statistics.median(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--subjects", type=int, default=400)
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as place,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as local,
        Client(local) as client,
    ):
        raw, stores = Path(place) / "raw", Path(place) / "stores"
        size = ("--subjects", str(options.subjects), "--stimuli", str(options.songs))
        rtcan("simulate", "pmemo", raw, *size)
        rtcan("ingest", "pmemo", raw, "--workspace", stores)
        ways = {
            "1 process": ("--jobs", "1"),
            "2 processes": ("--jobs", "2"),
            "cluster, 2 workers": ("--cluster", local.scheduler_address),
        }
        commands = ("decompose", "music-features")
        times: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for command in commands:
            rtcan(command, "--workspace", stores, *ways["cluster, 2 workers"])
        for _ in range(options.rounds):
            for command in commands:
                for way, how in ways.items():
                    took = measure(client, command, "--workspace", stores, "--force", *how)
                    times.setdefault((command, way), []).append(took)
    print(f"{'medians':36s} {'seconds':>8s} {'efficiency':>10s} {'CPU s':>8s} {'efficiency':>10s}")
    for command in commands:
        wall, cpu = medians(times[command, "1 process"])
        for way in ways:
            seconds, work = medians(times[command, way])
            shares = (f"{wall / seconds / 2:.0%}", f"{cpu / work:.0%}")
            by_clock, by_work = ("", "") if way == "1 process" else shares
            name = f"{command}, {way}"
            print(f"{name:36s} {seconds:8.1f} {by_clock:>10s} {work:8.1f} {by_work:>10s}")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
