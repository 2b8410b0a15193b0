"""A Dask cluster of the user, as ``--cluster`` names it. Dask is loaded when work is sent there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cluster:
    """Where to send work instead of to processes on this machine.

    Nothing is connected before there is work to send; see `rtcan_cli.parallel.map_unordered`.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://host:8786``, or the path of a scheduler file.
    gpu : bool
        Send work only to workers that were started with ``--resources GPU=1``.
    """

    address: str
    gpu: bool = False
