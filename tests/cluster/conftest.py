"""A Dask cluster on this machine, as a user would start it; the tests of this folder share it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtcan_cli.cluster import Cluster

ROOT = Path(__file__).parents[2]
WARM = Path(__file__).with_name("warm.py")
SECONDS = 60.0


def dask(folder: Path, *arguments: str | Path) -> subprocess.Popen:
    """Start ``dask scheduler`` or ``dask worker``; what they say goes into a file."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        # One loss is forgiven, the second is not: 3 would take the test too long.
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        "DASK_TEMPORARY_DIRECTORY": str(folder),
        # Workers are forks of a process that has the libraries, see `warm.py`.
        "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "forkserver",
    }
    with (folder / f"{arguments[0]}.log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *map(str, arguments), "--no-dashboard"],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )


@pytest.fixture(scope="package")
def scheduler_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a scheduler with two worker processes, which are started again when they are killed.

    They end with the tests of this folder: processes of Dask that only wait take a tenth of a core.
    """
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    workers = ("--nworkers", "2", "--nthreads", "1")
    started = [
        dask(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", file),
        dask(folder, "worker", *workers, "--preload-nanny", WARM, "--scheduler-file", file),
    ]
    try:
        deadline = time.monotonic() + SECONDS
        while not file.exists() or not file.stat().st_size:
            assert started[0].poll() is None, (folder / "scheduler.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield file
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(SECONDS)


@pytest.fixture
def cluster(scheduler_file: Path) -> Cluster:
    """The shared cluster, with both workers there, also after a test that killed one."""
    from distributed import Client

    with Client(scheduler_file=str(scheduler_file), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=SECONDS)
    return Cluster(str(scheduler_file))
