"""What it costs to send blocks of recordings to the workers of a Dask cluster, and results back.

Run it as ``.venv/bin/python -m benchmarks.cluster [WORKERS ...]``.

As many recordings as PMEmo has, 1900 samples each, go to workers on this machine. They compute
nothing and send back what `rtcan decompose` keeps of a recording. Seconds are processor time; what
a cluster without work takes in ten seconds is shown, too, since Dask's processes never rest.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Client, LocalCluster
from numpy.typing import NDArray

from rtcan_cli.cluster import Cluster
from rtcan_cli.eda.blocks import SIGNALS, Undecomposed
from rtcan_cli.parallel import map_unordered

RECORDINGS, SAMPLES, IN_A_BLOCK = 15_980, 1900, 34
COLUMNS = 16  # of the table of components


def nothing(recordings: list[Undecomposed]) -> dict[str, NDArray[Any]]:
    """An answer of the size of that to a real task."""
    n = sum(len(each.eda) for each in recordings)
    channels = {name: np.ones(n, np.float32) for name in SIGNALS}
    return channels | {f"column {i}": np.zeros(len(recordings)) for i in range(COLUMNS)}


class Recordings(Sequence[list[Undecomposed]]):
    """Tasks of so many recordings, each made when its turn comes."""

    def __init__(self, n_tasks: int, in_a_task: int) -> None:
        self._n_tasks = n_tasks
        self._eda = np.random.default_rng(0).normal(size=(in_a_task, SAMPLES))

    def __len__(self) -> int:
        return self._n_tasks

    def __getitem__(self, position: Any) -> Any:
        return [Undecomposed(eda.copy(), 50.0, 50.0, "") for eda in self._eda]


def measure(n_workers: int) -> None:
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as local,
        Client(local) as client,
    ):

        def seconds() -> tuple[float, float]:
            return time.process_time(), sum(client.run(time.process_time).values())

        def send(n_tasks: int, in_a_task: int) -> None:
            tasks = Recordings(n_tasks, in_a_task)
            for _ in map_unordered(nothing, tasks, Cluster(local.scheduler_address)):
                pass

        def show(what: str, before: tuple[float, float], wall: float) -> None:
            own, of_workers = (b - a for a, b in zip(before, seconds(), strict=True))
            print(
                f"{n_workers} workers, {what:20s} caller and scheduler {own:5.2f} s, workers "
                f"{of_workers:5.2f} s, by the clock {wall:5.1f} s",
                flush=True,
            )

        send(2 * n_workers, IN_A_BLOCK)
        before = seconds()
        time.sleep(10)
        show("no work:", before, 10)
        for together in (1, 4):
            before, start = seconds(), time.perf_counter()
            in_a_task = together * IN_A_BLOCK
            send(RECORDINGS // in_a_task, in_a_task)
            wall = time.perf_counter() - start
            show(f"blocks in a task: {together}", before, wall)


if __name__ == "__main__":
    for number in map(int, sys.argv[1:] or ("1", "2", "4")):
        measure(number)
