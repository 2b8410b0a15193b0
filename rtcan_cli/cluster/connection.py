"""From an address to a connected client, or one clear line."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rtcan_cli.cluster import Cluster
from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import require

if TYPE_CHECKING:
    from distributed import Client

#: Seconds in which a scheduler has to answer. Dask itself waits for ever where something listens
#: that is not a scheduler.
ANSWER_SECONDS = 6

_HINT = "dask scheduler, and the address that it prints; see docs/howto/cluster.md"


@contextmanager
def connected(cluster: Cluster) -> Iterator[Client]:
    """Connect to the scheduler of a cluster while the body runs.

    On leaving, what was sent and is not done yet is forgotten there.

    Raises
    ------
    RtcanError
        If Dask is not installed, or no scheduler answers.
    """
    require("--cluster", "distributed")
    import dask
    from distributed import Client

    # What goes wrong is said by us, in one line.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    address = scheduler_address(cluster.address)
    try:
        kind = asyncio.run(_ask_what_it_is(address))
        if kind != "Scheduler":
            raise RtcanError(f"{address} is a Dask {kind.lower()}, not a scheduler", _HINT)
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            client = Client(address, timeout=ANSWER_SECONDS, name="rtcan", set_as_default=False)
    except RtcanError:
        raise
    except Exception as error:  # of sockets, TLS, names and addresses
        reason = (str(error).splitlines() or [""])[0] or f"no answer in {ANSWER_SECONDS} s"
        raise RtcanError(f"no Dask scheduler at {address}: {reason}", _HINT) from error
    with client:
        yield client


def scheduler_address(given: str) -> str:
    """The given address, or the one in a scheduler file.

    Raises
    ------
    RtcanError
        If it is neither an address nor such a file.
    """
    if "://" in given:
        return given
    path = Path(given)
    if path.is_file():
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["address"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise RtcanError(
                f"{given}: is not a scheduler file", "dask scheduler --scheduler-file FILE"
            ) from error
    host, _, port = given.rpartition(":")
    if host and port.isdigit():
        return f"tcp://{given}"
    raise RtcanError(
        f"--cluster {given}: neither an address nor an existing scheduler file",
        "--cluster tcp://HOST:8786",
    )


async def _ask_what_it_is(address: str) -> str:
    from distributed import rpc
    from distributed.security import Security

    async def ask() -> str:
        arguments = Security().get_connection_args("client")
        async with rpc(address, timeout=ANSWER_SECONDS, connection_args=arguments) as there:
            return str((await there.identity())["type"])

    return await asyncio.wait_for(ask(), ANSWER_SECONDS)
