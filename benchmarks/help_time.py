"""How long `rtcan --help` takes, as a ratio to importing typer; both measured in one run.

Run it as ``.venv/bin/python benchmarks/help_time.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 15
COMMANDS = {
    "import typer": [sys.executable, "-c", "import typer"],
    "rtcan --help": [sys.executable, "-m", "rtcan_cli", "--help"],
}


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):  # in turns, so that both see the same machine
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        print(f"{name:14s} {1000 * value:6.0f} ms (median of {ROUNDS})")
    print(f"ratio          {medians['rtcan --help'] / medians['import typer']:6.2f}")


if __name__ == "__main__":
    main()
