"""What `decompose` does with blocks of recordings: read and decompose them."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.blocks import Undecomposed, decompose_block
from rtcan_cli.eda.methods import Method
from rtcan_cli.steps.signals.blocks import BlockWork
from rtcan_cli.stores import Store


def decompose_work(
    store: Store, rate: float | None, method: Method
) -> BlockWork[list[Undecomposed]]:
    """What is done with the recordings of a store, at `rate` Hz or what they were recorded at."""
    return BlockWork(
        stores=(store,),
        read=partial(_read, rate=rate),
        work=partial(decompose_block, method=method),
    )


def sampling_rate(store: Store, rows: range, rate: float | None) -> NDArray[np.float64]:
    """What neighbouring recordings are decomposed at, in Hz."""
    recorded_at = store.rows("recordings/sampling_rate", rows)
    return np.minimum(recorded_at, np.inf if rate is None else rate)


def _read(stores: tuple[Store, ...], rows: range, rate: float | None) -> list[Undecomposed]:
    (store,) = stores
    return [
        Undecomposed(eda, float(recorded), float(wanted), str(problem))
        for eda, recorded, wanted, problem in zip(
            store.signals("eda", rows),
            store.rows("recordings/sampling_rate", rows),
            sampling_rate(store, rows, rate),
            store.rows("recordings/problem", rows),
            strict=True,
        )
    ]
