"""How signals are best packed in a store: filters and chunks, by processor time and size.

Run it as ``.venv/bin/python benchmarks/store_filters.py``. Packed are the channels of simulated
recordings and of their decomposition, as `rtcan ingest` and `rtcan decompose` write them. Every
variant has a checksum for each chunk. Seconds are those of the processor for a GB of samples,
best of some rounds, so that a busy machine changes little; reading is the whole channel at once.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rtcan_cli.simulate.sizes import Size
from rtcan_cli.steps.data.ingest import ingest_raw
from rtcan_cli.steps.data.simulate import simulate_raw
from rtcan_cli.steps.signals.decompose import decompose_recordings
from rtcan_cli.stores import Store
from rtcan_cli.stores.packing import packed_chunk

FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "lzf, shuffled": {"compression": "lzf", "shuffle": True},
    "gzip 1": {"compression": "gzip", "compression_opts": 1},
    "gzip 1, shuffled": {"compression": "gzip", "compression_opts": 1, "shuffle": True},
    "gzip 4, shuffled": {"compression": "gzip", "compression_opts": 4, "shuffle": True},
    "gzip 9, shuffled": {"compression": "gzip", "compression_opts": 9, "shuffle": True},
}
CHUNKS = (1 << 13, 1 << 16, 1 << 19)


def channels() -> dict[str, NDArray[Any]]:
    """Every channel of simulated recordings, end to end."""
    found = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        simulate_raw("pmemo", folder / "raw", Size(20, 20, 38.0), jobs=1)
        ingest_raw("pmemo", folder / "raw", folder / "recordings.h5", jobs=1)
        decompose_recordings(folder / "recordings.h5", folder / "components.h5", jobs=1)
        for name, paths in (("recordings", ["eda", "repaired"]), ("components", ["phasic"])):
            with Store(folder / f"{name}.h5") as store:
                for path in paths:
                    found[path] = store.array(f"signals/{path}")
    return found


def measure_chunks(samples: NDArray[Any], chunk: int, shuffle: bool) -> tuple[float, ...]:
    """As `measure`, for gzip 1 with the chunks packed by rtcan instead of HDF5."""
    file = io.BytesIO()
    whole = samples[: samples.size - samples.size % chunk]
    start = time.process_time()
    with h5py.File(file, "w", libver=("v110", "v110")) as h5:
        dataset = h5.create_dataset(
            "x", shape=whole.shape, dtype=whole.dtype, chunks=(chunk,), compression="gzip",
            compression_opts=1, shuffle=shuffle, fletcher32=True,
        )  # fmt: skip
        for first in range(0, whole.size, chunk):
            packed = packed_chunk(whole[first : first + chunk], shuffle)
            dataset.id.write_direct_chunk((first,), packed)
    return _read_back(file, whole, start)


def measure(samples: NDArray[Any], chunk: int, filters: dict[str, Any]) -> tuple[float, ...]:
    """Seconds to write and to read a GB, and the share of its size that is left."""
    file = io.BytesIO()
    start = time.process_time()
    with h5py.File(file, "w", libver=("v110", "v110")) as h5:
        h5.create_dataset("x", data=samples, chunks=(chunk,), fletcher32=True, **filters)
    return _read_back(file, samples, start)


def _read_back(file: io.BytesIO, samples: NDArray[Any], start: float) -> tuple[float, ...]:
    written = time.process_time()
    with h5py.File(file, "r") as h5:
        same = np.array_equal(h5["x"][()], samples, equal_nan=samples.dtype.kind == "f")
    read = time.process_time()
    assert same
    gigabytes = samples.nbytes / 1e9
    return (
        (written - start) / gigabytes,
        (read - written) / gigabytes,
        file.getbuffer().nbytes / samples.nbytes,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| Channel | Filters | Samples a chunk | Write [s/GB] | Read [s/GB] | Size [%] |")
    print("|---|---|---:|---:|---:|---:|")
    for name, samples in channels().items():
        for title, filters in FILTERS.items():
            for chunk in CHUNKS if title.startswith(("none", "gzip 1,")) else CHUNKS[1:2]:
                rounds = [measure(samples, chunk, filters) for _ in range(options.rounds)]
                write, read, size = (min(values) for values in zip(*rounds, strict=True))
                print(
                    f"| {name} ({samples.dtype}) | {title} | {chunk} | {write:.1f} | {read:.1f} | "
                    f"{100 * size:.1f} |",
                    flush=True,
                )
        for shuffle in (False, True):
            rounds = [measure_chunks(samples, CHUNKS[1], shuffle) for _ in range(options.rounds)]
            write, read, size = (min(values) for values in zip(*rounds, strict=True))
            title = f"gzip 1{', shuffled' if shuffle else ''}, as rtcan packs it"
            print(
                f"| {name} ({samples.dtype}) | {title} | {CHUNKS[1]} | {write:.1f} | {read:.1f} | "
                f"{100 * size:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
