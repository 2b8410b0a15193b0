"""Run the same work on a GPU again and again without asking the processor each time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable

import torch

_WARM_UP = 3  # times that work is run as it is: libraries choose and load their kernels


class Replay:
    """Runs work; from the fourth time on, on a CUDA device, as a recorded CUDA graph.

    A small step of training is hundreds of kernels of a few microseconds each, and starting them
    one by one takes longer than running them. A graph starts them all at once. Nothing is run for
    the sake of recording: each call does the work exactly once. Where a device
    cannot record it, it is run as it is, with a warning.

    Parameters
    ----------
    device : torch.device
        Where the work runs. On any other than a CUDA device it is simply called.
    """

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device.type == "cuda"
        self._device = device
        self._records = True
        self._runs: dict[Hashable, int] = {}
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        # The stream that warms up also records: libraries keep a workspace for each stream.
        self._stream = torch.cuda.Stream(device) if self._on_gpu else None
        self._pool = torch.cuda.graph_pool_handle() if self._on_gpu else None

    def __call__(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do the work that `key` names.

        Parameters
        ----------
        key : hashable
            Work of the same key must always read and write the same tensors, of the same shapes,
            and must not wait for the device, nor draw random numbers.
        work : callable
            What to do. It keeps nothing but what it writes in place.
        """
        if self._stream is None or not self._records:
            work()
            return
        runs = self._runs[key] = self._runs.get(key, 0) + 1
        if key not in self._graphs:
            current = torch.cuda.current_stream(self._device)
            self._stream.wait_stream(current)
            if runs <= _WARM_UP:
                with torch.cuda.stream(self._stream):
                    work()
                current.wait_stream(self._stream)
                return
            # Graphs never run at the same time, so all of them may use the same memory.
            graph = torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                    work()
            except torch.cuda.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # Nothing was run while recording, so nothing is done twice.
                reason = str(error).partition("\n")[0]
                warnings.warn(f"steps are not recorded on this GPU: {reason}", stacklevel=2)
                self._records = False
                work()
                return
            current.wait_stream(self._stream)
            self._graphs[key] = graph
        self._graphs[key].replay()
