"""How time, memory and disk grow with the number of recordings.

Run it as ``.venv/bin/python benchmarks/scale.py 1536 15360 153600``. For each number a recordings
store with that many short simulated signals is written, relabelled, decomposed, verified (the store
of components) and described by features, each in a process of its own with ``--jobs 1``;
``--steps`` chooses among these. PMEmo has 15,360 recordings. What grows is what belongs
to a recording, not to its samples: `benchmarks/ingest.py` and `benchmarks/decompose.py` measure
signals of full length.

Seconds are those of the processor, memory the peak resident set of the process; of ``train``, the
peak of its own memory (``RssAnon``), without the inputs that it maps from a file. That step is only
done if ``--steps`` names it, after ``relabel`` and ``decompose``: one fold, one epoch, a small
network that sees 2,500 samples per channel.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from rtcan_cli.datasets.trials import Item, RawDataset, Recording, Trial
from rtcan_cli.eda.methods import method
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.data.ingest import ingest_dataset
from rtcan_cli.steps.overview.info import verify_stores
from rtcan_cli.steps.signals.decompose import decompose_recordings
from rtcan_cli.steps.signals.eda_features import describe_recordings
from rtcan_cli.steps.training.train import train_run
from rtcan_cli.training.recipes import RECIPES

RATE, SECONDS = 8.0, 16.0
PART = 512  # trials that are read together
STEPS = ("ingest", "relabel", "decompose", "verify", "eda-features")
SETTINGS = RunSettings(
    ModelSpec("Rf", (8, 8, 8, 8), length=2500),
    replace(RECIPES["tuned"], epochs=1, batch_size=32),
    *("none", ("arousal",), 0.0, 3, 0),
    test_subject="0",
)


def read_part(first: int, n: int) -> list[Item]:
    """Some trials of simulated listeners: a slow level and a few responses."""
    rng = np.random.default_rng(first)
    samples = int(RATE * SECONDS)
    items: list[Item] = []
    for i in range(first, first + n):
        steps = rng.normal(size=samples) * (rng.random(samples) < 0.1)
        eda = (5 + np.cumsum(0.02 * rng.normal(size=samples) + 0.1 * steps)).round(4)
        recording = Recording("both", eda, RATE, "signals.csv", str(i))
        subject, stimulus = str(i // 40), str(i % 40)
        items.append(Trial(subject, stimulus, rng.random(), rng.random(), (recording,)))
    return items


@contextmanager
def own_memory() -> Iterator[list[float]]:
    """Memory of this process without mapped files, in MB, looked at every 30 ms."""
    found, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.03):
            (line,) = re.findall(
                r"RssAnon:\s*(\d+)", Path("/proc/self/status").read_text(encoding="utf-8")
            )
            found.append(int(line) / 1e3)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def do(step: str, n: int, folder: Path) -> dict[str, float]:
    """One step, in this process, and what it took."""
    recordings, components = folder / "recordings.h5", folder / "components.h5"
    start, own = time.process_time(), 0.0
    if step == "ingest":
        file = folder / "signals.csv"
        file.touch()
        parts = tuple(
            partial(read_part, first, min(PART, n - first)) for first in range(0, n, PART)
        )
        source = RawDataset(
            "pmemo", "simulated", (file,), (), parts, True, (), simulated=True, notes=()
        )
        output = recordings
        ingest_dataset(source, folder, output, jobs=1)
    elif step == "relabel":
        # scikit-learn, which no other step needs, would be in their memory.
        from rtcan_cli.steps.data.relabel import relabel_ratings

        output = folder / "labels.h5"
        relabel_ratings(recordings, output)
    elif step == "decompose":
        output = components
        decompose_recordings(recordings, output, method("cvxeda"), jobs=1)
    elif step == "verify":
        output = components
        verify_stores([components])
    elif step == "train":
        output = folder / "run.h5"
        with own_memory() as peak:
            train_run(Sources(components, folder / "labels.h5"), output, SETTINGS)
        own = max(peak)
    else:
        output = folder / "features.h5"
        describe_recordings(recordings, components, output, 0.0, jobs=1)
    return {
        "seconds": time.process_time() - start,
        "memory": own or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "disk": output.stat().st_size / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", type=int, nargs="+", help="of recordings")
    parser.add_argument(
        "--steps",
        default=",".join(STEPS),
        help="with commas: each after ingest, verify and eda-features after decompose; also train",
    )
    parser.add_argument("--step", choices=(*STEPS, "train"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(do(options.step, options.numbers[0], options.folder)))
        return
    print("| Recordings | Step | Seconds | ms each | Peak memory [MB] | Store [MB] |")
    print("|---:|---|---:|---:|---:|---:|")
    for n in options.numbers:
        with tempfile.TemporaryDirectory() as folder:
            for step in options.steps.split(","):
                command = [sys.executable, __file__, str(n), "--step", step, "--folder", folder]
                result = subprocess.run(command, capture_output=True, text=True, check=True)
                found = json.loads(result.stdout.splitlines()[-1])
                print(
                    f"| {n:,} | {step} | {found['seconds']:.1f} | "
                    f"{1e3 * found['seconds'] / n:.2f} | {found['memory']:.0f} | "
                    f"{found['disk']:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
