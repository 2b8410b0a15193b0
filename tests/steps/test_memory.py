"""What a step has in memory does not grow with the number of recordings."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.datasets.trials import Item, RawDataset, Recording, Trial
from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.eda.methods import method
from rtcan_cli.steps.data.ingest import ingest_dataset
from rtcan_cli.steps.signals.decompose import decompose_recordings
from rtcan_cli.steps.signals.eda_features import describe_recordings
from rtcan_cli.stores import Partial, Provenance, Store, create
from rtcan_cli.stores.schema import SCHEMAS

SAMPLES = 4000
RATE = 50.0
#: Bytes that a recording may add to the peak: a few numbers, of which a summary takes the median,
#: and its share of what is known of its block, which has two recordings here and dozens in life.
#: Its samples have 32,000, its four components 64,000, its features 1,000, and its rows in the
#: tables, as Python objects, 1,700. Up to some 300 recordings, caches of libraries are filled, with
#: 430 bytes each in `eda-features`; from there on it is 60.
GROWTH = 450


def read_part(first: int, n: int) -> list[Item]:
    """Trials of forty songs; short ones, since samples in hand would hide what is kept of each."""
    gc.collect()
    rng = np.random.default_rng(first)
    return [
        Trial(
            str(i // 40),
            str(i % 40),
            *(0.5, 0.5),
            (Recording("both", rng.normal(size=600), RATE, "a.csv", f"row {i}"),),
        )
        for i in range(first, first + n)
    ]


def ingest(folder: Path, n: int) -> None:
    """Ingest n trials."""
    file = folder / "a.csv"
    file.touch()
    parts = tuple(partial(read_part, first, 20) for first in range(0, n, 20))
    source = RawDataset("pmemo", "simulated", (file,), (), parts, True, (), True, ())
    ingest_dataset(source, folder, folder / f"{n}-ingested.h5", jobs=1, force=True)


def recordings(path: Path, n: int) -> Path:
    """A store of n equally long recordings."""
    rng = np.random.default_rng(0)
    fields = [field for field in SCHEMAS["recordings"].fields if "/" in field.path]
    with create(path, "recordings", Provenance("ingest", "pmemo", {}, {}, True)) as store:
        for _ in range(n):
            eda = np.cumsum(rng.normal(size=SAMPLES))
            store.append_signals({"eda": eda, "repaired": np.zeros(SAMPLES, np.uint8)})
        for name in ("trials", "recordings", "quality", "stimuli", "excluded", "files"):
            columns = [f for f in fields if f.path.startswith(f"{name}/")]
            rows = n if name in ("recordings", "quality", "trials") else 0
            frame = pd.DataFrame(
                {
                    field.path.split("/")[1]: ["" if field.dtype == "str" else 0] * rows
                    for field in columns
                }
            )
            if name == "recordings":
                frame["subject"] = [str(i) for i in range(n)]
                frame["sampling_rate"] = RATE
            store.write_table(name, frame)
    return path


def peak(work: Callable[[], object]) -> int:
    """Bytes that were allocated at most."""
    gc.collect()
    gc.freeze()
    usual = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # garbage goes as soon as in life, see tests/conftest.py
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.set_threshold(*usual)
        gc.unfreeze()


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces much smaller than the stores of the tests, as they are in life."""
    monkeypatch.setattr("rtcan_cli.steps.signals.blocks._BLOCK", 2 * SAMPLES)
    monkeypatch.setattr("rtcan_cli.stores.writer._SIGNAL_BUFFER", 4 * SAMPLES)
    monkeypatch.setattr("rtcan_cli.stores.writer._SIGNAL_CHUNK", SAMPLES)
    monkeypatch.setattr("rtcan_cli.stores.table_writer._ROWS", 8)
    monkeypatch.setattr("rtcan_cli.stores.content._HASH_BLOCK", 4 * SAMPLES)
    monkeypatch.setattr("rtcan_cli.stores.content._HASH_TEXTS", 4)

    def get(partial: Partial, name: str) -> Any:
        gc.collect()  # what is garbage already, of NumPy's reading of files, shall not count
        return usual(partial, name)

    usual = Partial.get
    monkeypatch.setattr(Partial, "get", get)
    monkeypatch.setattr("rtcan_cli.steps.signals.eda_features._ROWS", 8)
    monkeypatch.setattr(
        "rtcan_cli.steps.signals.eda_features_work.eda_features",
        lambda **_: np.zeros(len(CATALOGUE)),
    )


def test_peaks_do_not_grow_with_the_number_of_recordings(tmp_path: Path) -> None:
    few, many = 40, 200
    peaks: dict[str, list[int]] = {step: [] for step in ("decompose", "eda-features", "verify")}
    for n in (8, few, many):  # the first time, libraries and caches are loaded
        raw = recordings(tmp_path / f"{n}.h5", n)
        parts, features = tmp_path / f"{n}-components.h5", tmp_path / f"{n}-features.h5"
        work = {
            "decompose": lambda raw=raw, parts=parts: decompose_recordings(
                raw, parts, method("highpass"), jobs=1, force=True
            ),
            "eda-features": lambda raw=raw, parts=parts, features=features: describe_recordings(
                raw, parts, features, 0.0, jobs=1, force=True
            ),
            "verify": lambda parts=parts: Store(parts).verify(),
        }
        for name, step in work.items():
            peaks[name].append(peak(step))
    for name, (_, small, large) in peaks.items():
        assert (large - small) / (many - few) < GROWTH, (name, small, large)


def test_the_peak_of_ingest_does_not_grow_with_the_number_of_trials(tmp_path: Path) -> None:
    few, many = 200, 600
    _, small, large = (peak(partial(ingest, tmp_path, n)) for n in (20, few, many))
    assert (large - small) / (many - few) < GROWTH, (small, large)
