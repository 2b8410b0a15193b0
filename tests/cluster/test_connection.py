"""No scheduler, no worker, others' versions: one clear line each, and soon."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from rtcan_cli.cluster import Cluster, connection, crew, mapping
from rtcan_cli.cluster.connection import scheduler_address
from rtcan_cli.cluster.crew import describe
from rtcan_cli.cluster.versions import difference, versions
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_unordered
from tests.cluster import work
from tests.cluster.conftest import SECONDS, dask


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(crew, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(crew, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(mapping, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(mapping, "LOOK_SECONDS", 0.05)


@pytest.fixture
def empty() -> Iterator[str]:
    """Address of a scheduler without workers, in this process."""
    from distributed import LocalCluster

    options = {"n_workers": 0, "processes": False, "dashboard_address": ":0"}
    with LocalCluster(**options, protocol="tcp", host="127.0.0.1") as here:
        yield here.scheduler_address


def send(address: str, gpu: bool = False) -> list[tuple[int, int]]:
    return list(map_unordered(work.square, [1, 2, 3], Cluster(address, gpu)))


@pytest.mark.usefixtures("impatient")
def test_where_nobody_or_somebody_else_listens() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(RtcanError, match=f"no Dask scheduler at tcp://127.0.0.1:{port}"):
            send(f"tcp://127.0.0.1:{port}")  # refused
        silent.listen()
        with pytest.raises(RtcanError, match=r"no answer in 0\.3 s"):
            send(f"127.0.0.1:{port}")  # taken, but never answered
    with pytest.raises(RtcanError, match="unknown address scheme"):
        send("http://127.0.0.1:1")
    with pytest.raises(RtcanError, match="TLS"):
        send("tls://127.0.0.1:1")


def test_address_of_a_worker_is_no_scheduler(cluster: Cluster) -> None:
    from distributed import Client

    with Client(scheduler_file=cluster.address, set_as_default=False) as client:
        worker = next(iter(client.scheduler_info(n_workers=-1)["workers"]))
    with pytest.raises(RtcanError, match=f"{worker} is a Dask worker, not a scheduler"):
        send(worker)


def test_addresses_and_scheduler_files(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": "tls://10.0.0.1:8786"}))
    assert scheduler_address(str(file)) == "tls://10.0.0.1:8786"
    assert scheduler_address("tcp://host:1") == "tcp://host:1"
    assert scheduler_address("host:8786") == "tcp://host:8786"
    for content in ("{", "[]", "{}"):
        file.write_text(content)
        with pytest.raises(RtcanError, match="is not a scheduler file"):
            scheduler_address(str(file))
    for wrong in ("nowhere.json", "host", "host:", ":80"):
        with pytest.raises(RtcanError, match="neither an address nor an existing scheduler file"):
            scheduler_address(wrong)


@pytest.mark.usefixtures("impatient")
def test_without_workers_the_wait_is_announced_and_ends(
    empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", SECONDS)
    with pytest.raises(RtcanError, match=r"no worker for 0\.2 s") as raised:
        send(empty)
    assert "dask worker" in raised.value.hint
    assert f"waiting for a worker at {empty}, up to 0.2 s" in capsys.readouterr().err


def test_workers_without_gpu_do_not_count_as_having_one(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "PATIENCE_SECONDS", 0.1)
    with pytest.raises(RtcanError, match="no worker with a GPU") as raised:
        send(cluster.address, gpu=True)
    assert "--resources GPU=1" in raised.value.hint


def test_gpu_work_goes_to_the_worker_that_has_one_and_other_versions_are_refused(
    empty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.py").write_text("import rtcan_cli; rtcan_cli.__version__ = '9.9'")
    one = ("worker", empty, "--no-nanny", "--host", "127.0.0.1")
    with_gpu = dask(tmp_path, *one, "--resources", "GPU=1", "--nthreads", "3")
    try:
        results = map_unordered(work.process, list(range(4)), Cluster(empty, gpu=True))
        assert {pid for _, pid in results} == {with_gpu.pid}
        assert "has 3 threads, but runs one task at a time" in capsys.readouterr().err
        other = dask(tmp_path, *one, "--preload", tmp_path / "other.py")
        try:
            own = versions()["rtcan"]
            with pytest.raises(RtcanError, match=rf"the worker tcp.* has rtcan 9\.9 .here {own}.:"):
                for _ in range(1000):  # until it is there
                    send(empty)
        finally:
            other.kill()
            other.wait()
    finally:
        with_gpu.kill()
        with_gpu.wait()


def test_scheduler_of_other_versions_is_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "difference", lambda there: difference({**there, "numpy": "0.1"}))
    with pytest.raises(RtcanError, match=r"the scheduler has numpy 0\.1 .here .*could differ"):
        send(cluster.address)


def test_versions_are_those_of_the_packages() -> None:
    import numpy as np
    import scipy

    assert versions()["numpy"] == np.__version__
    assert versions()["scipy"] == scipy.__version__
    assert "+" not in versions()["torch"]
    assert difference(versions()) == ""
    assert difference({}).startswith("rtcan none (here ")


def test_lost_scheduler_is_one_clear_line(tmp_path: Path) -> None:
    from distributed import LocalCluster

    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False}
    cluster = LocalCluster(**options, dashboard_address=":0", protocol="tcp", host="127.0.0.1")
    gate = tmp_path / "open"
    wait = partial(work.wait_unless_first, path=gate)
    results = map_unordered(wait, list(range(8)), Cluster(cluster.scheduler_address))
    assert next(results) == (0, 0)
    gate.touch()
    cluster.close()
    with pytest.raises(RtcanError, match="connection to the scheduler is lost"):
        list(results)


def test_state_in_words() -> None:
    workers = [
        {"nthreads": 1, "memory_limit": 4e9, "metrics": {"memory": 1.5e9}},
        {"nthreads": 2, "memory_limit": 4e9, "metrics": {"memory": 0.5e9}},
    ]
    assert describe(workers) == "2 workers, 3 threads, 2.0 of 8.0 GB"
    assert describe([{**workers[0], "memory_limit": 0}]) == "1 worker, 1 thread, 1.5 GB"
    assert describe([]) == "0 workers, 0 threads, 0.0 GB"


def test_without_dask_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RtcanError, match="needs Dask") as raised:
        send("tcp://127.0.0.1:1")
    assert "rtcan-cli[cluster]" in raised.value.hint


def test_dask_is_loaded_only_for_a_cluster() -> None:
    code = (
        "import sys\n"
        "import rtcan_cli.commands.train, rtcan_cli.cluster\n"
        "from rtcan_cli.parallel import map_unordered\n"
        "assert list(map_unordered(abs, [-1], 1)) == [(0, 1)]\n"
        "sys.exit(' '.join({'dask', 'distributed'} & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
