"""How long a person waits for each command, against a budget.

Run it as ``.venv/bin/python benchmarks/budget.py [--demo FOLDER]``. It takes some minutes, prints a
table in Markdown, and ends with exit code 1 if a target is missed. Times are processor time of a
command and all its processes, the median of some rounds, in units that are measured beside each
command in the same run:

- start: ``python -c "import numpy, h5py, pandas"``, without which no command can read a store;
- typer: ``python -c "import typer"``, without which no command line can be read;
- product: 10^11 operations of a product of matrices in single precision, on one core.

``--demo`` names a folder in which the demo (`examples/quickstart.sh`) was run, and adds what it
takes to run it again.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON, RTCAN = [sys.executable], [sys.executable, "-m", "rtcan_cli"]
PRODUCT = """
import numpy as np
x = np.ones((1000, 1000), np.float32)
for _ in range(50):
    x @ x
"""
UNITS = {
    "start": [*PYTHON, "-c", "import numpy, h5py, pandas"],
    "typer": [*PYTHON, "-c", "import typer"],
    "product": [*PYTHON, "-c", PRODUCT],
}
NETWORK = ("--recipe", "tuned", "--epochs", "1", "--folds", "5", "--length", "500")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # a user does not translate the package each time


@dataclass(frozen=True)
class Row:
    """One command, what it works on, and how long it may take in one of the units."""

    command: str
    size: str
    words: Sequence[object]
    target: float
    unit: str = "start"
    rounds: int = 3


def seconds(command: Sequence[object]) -> float:
    """Processor time of a command and all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [str(word) for word in command],
        check=True,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measured(row: Row) -> float:
    """The row's time in its unit; both are measured in turns."""
    times: dict[str, list[float]] = {"unit": [], "command": []}
    for _ in range(row.rounds):
        times["unit"].append(seconds(UNITS[row.unit]))
        times["command"].append(seconds(row.words))
    return statistics.median(times["command"]) / statistics.median(times["unit"])


def rtcan(*words: object) -> list[object]:
    """A command of this rtcan."""
    return [*RTCAN, *words]


def rows(folder: Path, demo: Path | None) -> list[Row]:
    """Make what the commands need, and list them in the order in which they can be run."""
    raw, stores, figures = folder / "raw", folder / "stores", folder / "figures"
    small = "12 listeners, 240 trials"
    here, drawn = ("-w", stores), ("-o", figures)
    listeners = ("--subjects", "12")
    for words in (
        rtcan("simulate", "pmemo", raw, *listeners),
        rtcan("ingest", "pmemo", raw, *here),
        rtcan("relabel", *here),
        rtcan("decompose", *here),  # also translates the solver, which is done once
        rtcan("music-features", *here),
        rtcan("eda-features", *here),
        rtcan("train", "--model", "majority,song-prior,svm-eda", "--folds", "5", *here),
        rtcan("train", *NETWORK, *here),
        rtcan("train", *NETWORK, "--fusion", "music", *here),
    ):
        seconds(words)
    runs = stores / "pmemo" / "runs"
    network = min(runs.glob("Rf-eda-both*.h5"))
    many = folder / "many"
    shutil.copytree(stores / "pmemo", many / "pmemo")
    for number in range(295):
        original = next((stores / "pmemo" / "runs").glob("svm-eda*.h5"))
        shutil.copy(original, many / "pmemo" / "runs" / f"{original.stem}-{number}.h5")
    hku, shown = folder / "hku", "24 listeners of HKU956"
    sample = ROOT / "examples" / "data" / "hku956.zip"
    recording = folder / "eda.csv"
    values = (2 + math.sin(k / 400) / 4 + math.sin(k / 60) / 40 for k in range(3000))
    minute = [f"{k / 50},{value:.4f}" for k, value in enumerate(values)]
    recording.write_text("\n".join(["time,EDA", *minute]), encoding="utf-8")
    one = ("--jobs", "1", "--force")
    found = [
        Row("--help", "", rtcan("--help"), 3, "typer", 9),
        Row("models", "", rtcan("models"), 1.5, rounds=5),
        Row("info", "5 runs", rtcan("info", *here), 2, rounds=5),
        Row("info", "300 runs", rtcan("info", "-w", many), 4),
        Row("ingest", shown, rtcan("ingest", "hku956", sample, "-w", hku, *one), 12),
        Row("relabel", shown, rtcan("relabel", "-w", hku, "--force"), 6),
        Row("decompose", shown, rtcan("decompose", "-w", hku, *one), 10),
        Row("decompose", f"{shown}, done already", rtcan("decompose", "-w", hku), 3),
        Row("music-features", "20 songs", rtcan("music-features", *here, *one), 40, rounds=1),
        Row("eda-features", small, rtcan("eda-features", *here, *one), 10),
        Row(
            "train",
            f"{small}, logistic, 5 folds, both targets",
            rtcan("train", "--model", "logistic", "--folds", "5", *here, *one),
            15,
        ),
        Row(
            "train",
            f"{small}, Rf, 1 epoch, 5 folds, both targets",
            rtcan("train", *NETWORK, *here, *one),
            40,
            "product",
            1,
        ),
        Row(
            "evaluate",
            "Rf, 5 folds, both targets, 30 files",
            rtcan("evaluate", network, *drawn),
            15,
        ),
        Row("compare", "5 runs", rtcan("compare", *here, *drawn), 15),
        Row(
            "report",
            "5 runs",
            rtcan("report", *here, "-o", folder / "report.html", "--figures-dir", figures),
            100,
            rounds=1,
        ),
        Row("gradcam --all", small, rtcan("gradcam", network, "--all", *here, *drawn), 30),
        Row(
            "predict",
            "one recording of a minute, Rf, 5 folds, both targets",
            rtcan("predict", network, "--eda", recording, "--unit", "uS"),
            8,
        ),
    ]
    if demo is not None:
        command = ["env", f"PATH={Path(sys.executable).parent}:{os.environ['PATH']}"]
        command += ["bash", ROOT / "examples" / "quickstart.sh", demo]
        found.append(Row("the demo", "a second time", command, 120, rounds=1))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, metavar="FOLDER", help="a demo that is there")
    demo = parser.parse_args().demo
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        found = rows(Path(folder), demo)
        print("| Command | Size | Unit | Target | Measured | Held |\n|---|---|---|---:|---:|---|")
        for row in found:
            ratio = measured(row)
            missed += ratio > row.target
            held = "yes" if ratio <= row.target else "no"
            cells = (
                f"`{row.command}`",
                row.size,
                row.unit,
                f"{row.target:g}",
                f"{ratio:.1f}",
                held,
            )
            print(f"| {' | '.join(cells)} |", flush=True)
    for name, command in UNITS.items():
        print(f"{name}: {seconds(command):.2f} s", file=sys.stderr)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
