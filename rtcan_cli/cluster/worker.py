"""What runs on a worker of the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from distributed import get_worker
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from rtcan_cli.cluster.shipping import unpack
from rtcan_cli.cluster.versions import difference, versions
from rtcan_cli.errors import RtcanError

# Numbers of threads and openSMILE belong to the whole process, so it does one thing at a time.
_one_at_a_time = Lock()


def run(packed: bytes, arrays: Sequence[NDArray[Any]], expected: dict[str, str]) -> Any:
    """Do one item of work.

    Parameters
    ----------
    packed, arrays
        A function and what to call it with, see `rtcan_cli.cluster.shipping`.
    expected : dict of str to str
        Versions of the caller.

    Returns
    -------
    object
        The function's result, or the `RtcanError` that it raised: another attempt would end alike.

    Raises
    ------
    RtcanError
        If this worker has other versions than the caller, and so perhaps other results.
    """
    if expected != versions():
        raise RtcanError(f"this worker has other versions: {difference(expected)}")
    with _one_at_a_time, threadpool_limits(1):
        try:
            # As they come from the network, numbers need not lie where processors like them.
            aligned = [np.require(array, requirements=["A", "W"]) for array in arrays]
            function, item = unpack(packed, aligned)
            return function(item)
        except RtcanError as error:
            return error


def keep(array: NDArray[Any]) -> NDArray[Any]:
    """Keep an array for the tasks that need it.

    Arrays are sent as the results of this, because Dask does it again if the only worker that
    has one is lost; data that were scattered would be lost with it.
    """
    return array


def stop_if_unwanted() -> None:
    """End the task that calls this if no one waits for it any more; Dask itself cannot.

    Raises
    ------
    RuntimeError
        If the caller has left the cluster.
    """
    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    if task is None or task.state == "cancelled":
        raise RuntimeError("the result is no longer needed")
