"""What a second core is worth to `rtcan decompose` and `rtcan music-features`.

Run it as ``.venv/bin/python benchmarks/parallel.py``. The simulated data have as many recordings as
PMEmo, of the same lengths, and an eighth of its songs; ``--subjects`` and ``--songs`` set another
size. Each round runs the commands with one process and with two, in turns, from start to end. Then
they run on a Dask cluster of two workers on this machine, which have done the same once before.

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

COMMANDS = ("decompose", "music-features")
WAYS = ("1 process", "2 processes", "cluster, 2 workers")
_RTCAN = [sys.executable, "-m", "rtcan_cli"]


def rtcan(*words: str | Path) -> None:
    subprocess.run([*_RTCAN, *map(str, words), "--quiet"], check=True, stdout=subprocess.DEVNULL)


def measure(client: Client | None, *words: str | Path) -> tuple[float, float]:
    """Seconds of a command by the clock, and of all its processes and workers on a core."""

    def processor_time() -> float:
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        of_workers = client.run(time.process_time).values() if client is not None else ()
        return own.ru_utime + own.ru_stime + sum(of_workers)

    before, start = processor_time(), time.perf_counter()
    rtcan(*words)
    return time.perf_counter() - start, processor_time() - before


def medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    seconds, work = zip(*rounds, strict=True)
    return statistics.median(seconds), statistics.median(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--subjects", type=int, default=457)
    parser.add_argument("--songs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=COMMANDS)
    options = parser.parse_args()
    commands = COMMANDS if options.only is None else (options.only,)
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}

    def in_turns(ways: dict[str, tuple[str, ...]], client: Client | None = None) -> None:
        for _ in range(options.rounds):
            for command in commands:
                for way, how in ways.items():
                    took = measure(client, command, "--workspace", stores, "--force", *how)
                    times.setdefault((command, way), []).append(took)

    with tempfile.TemporaryDirectory() as place:
        raw, stores = Path(place) / "raw", Path(place) / "stores"
        size = ("--scale", "full", "--subjects", str(options.subjects))
        size += ("--stimuli", str(options.songs))
        rtcan("simulate", "pmemo", raw, *size)
        rtcan("ingest", "pmemo", raw, "--workspace", stores)
        in_turns({"1 process": ("--jobs", "1"), "2 processes": ("--jobs", "2")})
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as local,
            Client(local) as client,
        ):
            on_cluster = ("--cluster", local.scheduler_address)
            for command in commands:
                rtcan(command, "--workspace", stores, "--force", *on_cluster)
            in_turns({"cluster, 2 workers": on_cluster}, client)
    print(f"{'medians':36s} {'seconds':>8s} {'efficiency':>10s} {'CPU s':>8s} {'efficiency':>10s}")
    for command in commands:
        wall, cpu = medians(times[command, "1 process"])
        for way in WAYS:
            seconds, work = medians(times[command, way])
            shares = (f"{wall / seconds / 2:.0%}", f"{cpu / work:.0%}")
            by_clock, by_work = ("", "") if way == "1 process" else shares
            name = f"{command}, {way}"
            print(f"{name:36s} {seconds:8.1f} {by_clock:>10s} {work:8.1f} {by_work:>10s}")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
