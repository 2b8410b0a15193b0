"""What a step has in memory does not grow with the number of recordings."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.datasets.trials import Item, RawDataset, Recording, Trial
from rtcan_cli.eda.blocks import SIGNALS
from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.eda.methods import method
from rtcan_cli.explain.responses import WINDOWS, cumulative, lock
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build, to_arrays
from rtcan_cli.runs.inputs import Sources, new_trials
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.attention import all_trials
from rtcan_cli.steps.attention.all_trials import TrialMaps
from rtcan_cli.steps.attention.trials import Chunk
from rtcan_cli.steps.data.ingest import ingest_dataset
from rtcan_cli.steps.signals.decompose import decompose_recordings
from rtcan_cli.steps.signals.eda_features import describe_recordings
from rtcan_cli.steps.training.plan import Planner, RunRequest
from rtcan_cli.stores import Partial, Provenance, Store, create
from rtcan_cli.stores.schema import SCHEMAS
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.trained import TrainedModel

SAMPLES = 4000
RATE = 50.0
#: Bytes that a recording may add to the peak: a few numbers, of which a summary takes the median,
#: and its share of what is known of its block, which has two recordings here and dozens in life.
#: Its samples have 32,000, its four components 64,000, its features 1,000, and its rows in the
#: tables, as Python objects, 1,700. Up to some 300 recordings, caches of libraries are filled, with
#: 430 bytes each in `eda-features`; from there on it is 60.
GROWTH = 450
#: Samples of each channel that a network sees, bytes of its input, and what share of these a trial
#: may add: names, labels and roles of folds, and of a map its means in a hundred parts.
LENGTH = 2500
INPUT, OF_INPUTS = 3 * 4 * LENGTH, 0.25


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


@pytest.mark.long
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


@pytest.mark.long
def test_the_peak_of_ingest_does_not_grow_with_the_number_of_trials(tmp_path: Path) -> None:
    few, many = 200, 600
    _, small, large = (peak(partial(ingest, tmp_path, n)) for n in (20, few, many))
    assert (large - small) / (many - few) < GROWTH, (small, large)


def studied(folder: Path, n: int) -> tuple[Sources, Path]:
    """Stores of n decomposed and labelled trials, and a place for a run."""
    folder = folder / f"study-{n}"
    folder.mkdir()
    rng = np.random.default_rng(0)
    parts, made = rng.normal(size=(4, 500)).astype(np.float32), {"recordings": "same"}
    names = {
        "subject": [f"s{i // 5}" for i in range(n)],
        "stimulus": [f"v{i % 5}" for i in range(n)],
        "song": [f"v{i % 5}" for i in range(n)],
        "repetition": 1,
    }
    tables = {
        "recordings": {**names, "target": "both", "sampling_rate": RATE},
        "labels": {**names, "valence": np.arange(n) % 2, "arousal": np.arange(n) % 2},
        "thresholds": {},
    }
    stores = {"components": ("recordings",), "labels": ("labels", "thresholds")}
    for kind, wanted in stores.items():
        path = folder / f"{kind}.h5"
        with create(path, kind, Provenance("decompose", "pmemo", {}, made, True)) as store:
            for i in range(n if kind == "components" else 0):
                store.append_signals(dict(zip(SIGNALS, np.roll(parts, i, axis=1), strict=True)))
            for name in wanted:
                columns = [f for f in SCHEMAS[kind].fields if f.path.startswith(f"{name}/")]
                rows = n if tables[name] else 0
                empty = {f.path.split("/")[1]: [""] * rows for f in columns if f.dtype == "str"}
                zeros = {f.path.split("/")[1]: [0] * rows for f in columns if f.dtype != "str"}
                store.write_table(name, pd.DataFrame(empty | zeros).assign(**tables[name]))
    return Sources(folder / "components.h5", folder / "labels.h5"), folder / "run.h5"


def maps_of(chunk: Chunk, **_: object) -> TrialMaps:
    """Maps of some trials, drawn at random, with a response each."""
    n, rng = len(chunk.trials), np.random.default_rng(0)
    return TrialMaps(
        trials=chunk.trials.assign(
            predicted=1, begin=0.0, duration=10.0, moved_by_eda=1.0, moved_by_music=np.nan
        ),
        parts=np.ones((n, 3, 100), np.float32),
        total=cumulative(rng.random((n, LENGTH))),
        row=np.arange(n),
        events={name: [np.array([5.0])] * n for name in WINDOWS},
    )


@pytest.mark.long
def test_peaks_do_not_grow_with_the_inputs_of_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.files.mapped.SMALL", 1 << 14)
    monkeypatch.setattr("rtcan_cli.training.data._BLOCK", 4)
    monkeypatch.setattr(all_trials, "explain_chunk", maps_of)
    monkeypatch.setattr(all_trials, "lock", partial(lock, n_permutations=2))
    spec = ModelSpec("base", (8, 8, 8, 8), length=LENGTH)
    network = build(spec, "default", 0, 0.0)
    model = TrainedModel(spec, to_arrays(network), {}, np.nan)
    recipe = replace(RECIPES["tuned"], epochs=1)
    settings = RunSettings(spec, recipe, "none", ("valence", "arousal"), 0.0, 3, 0)

    def plan(sources: Sources, run: Path) -> object:
        made = Provenance("train", "pmemo", {}, {})
        return Planner().plan(RunRequest(sources, run, settings), made).units()

    def predict(sources: Sources) -> object:
        return model.probability(new_trials(sources, "arousal", 0.0, LENGTH)[0])

    def explain(sources: Sources, run: Path, n: int) -> object:
        table = pd.DataFrame({"subject": [f"s{i // 5}" for i in range(n)], "label": 1, "fold": 1})
        work = [Chunk(run, sources, "arousal", 1, table.iloc[i : i + 4]) for i in range(0, n, 4)]
        maps = all_trials._explain(work, "gradcam", "predicted", None, 1)
        return all_trials.average_curves(maps), all_trials.lock_to_responses(maps, 0)

    few, many = 60, 260
    peaks: dict[str, list[int]] = {step: [] for step in ("train", "predict", "gradcam")}
    for n in (30, few, many):  # the first time, libraries and caches are loaded
        sources, run = studied(tmp_path, n)
        work = {
            "train": partial(plan, sources, run),
            "predict": partial(predict, sources),
            "gradcam": partial(explain, sources, run, n),
        }
        for name, step in work.items():
            peaks[name].append(peak(step))
    for name, (_, small, large) in peaks.items():
        assert (large - small) / (many - few) < OF_INPUTS * INPUT, (name, small, large)
