"""What artefacts do to the decomposition, before and after implausible samples are repaired.

Run it as ``.venv/bin/python benchmarks/artefacts.py``; it prints the table of
`docs/howto/quality.md`. Listeners, responses and tonic levels are those of
`rtcan_cli.simulate.physiology`, whose truth is known. The sensor's noise is
that of wristbands (in HKU956 0.0015 uS, median). Each recording gets one artefact. r is the
correlation of the phasic part that cvxEDA finds with the true one: of the recording as it is, and
as `rtcan ingest` would store it; a recording that breaks its rules is left out.

``--edge 0.1`` gives artefacts slow edges, as sensors with a filter do (time constant in seconds),
and ``--grow 0.25`` makes seconds on both sides of each artefact missing as well.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# This folder has a cvxeda.py of its own, and must not be searched for the package.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from tests.eda.damage import KINDS, LENGTHS, Case, cases, clean, outcome  # noqa: E402

RATES = (4.0, 16.0, 50.0)


def row(kind: str, length: float, arguments: argparse.Namespace) -> list[str]:
    """One row of the table: r before and after, and how many are left out, by rate."""
    cells = [KINDS.get(kind, "none"), f"{length:g}"]
    for rate in RATES:
        found = [
            outcome(Case(each, kind, length, arguments.edge), arguments.grow)
            for each in clean(arguments.count, rate, arguments.seconds, arguments.noise)
        ]
        before = np.median([each.before for each in found])
        after = [each.after for each in found if each.after is not None]
        left_out = len(found) - len(after)
        said = f"{np.median(after):.3f}" if after else "-"
        cells += [f"{before:.3f}", said, f"{left_out}/{len(found)}"]
    return cells


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="recordings in a cell")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each")
    parser.add_argument("--noise", type=float, default=0.0015, help="of the sensor, in uS")
    parser.add_argument("--edge", type=float, default=0.0)
    parser.add_argument("--grow", type=float, default=0.0)
    arguments = parser.parse_args()
    heads = ["artefact", "seconds"]
    for rate in RATES:
        heads += [f"{rate:g} Hz: before", "after", "left out"]
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for kind, length in [("none", 0.0), *cases()]:
        print("| " + " | ".join(row(kind, length, arguments)) + " |", flush=True)
    untouched = [
        outcome(Case(each, "none", 0.0, 0.0), 0.0)
        for rate in RATES
        for each in clean(arguments.count, rate, arguments.seconds, arguments.noise)
    ]
    touched = sum(each.touched for each in untouched)
    print(f"\nClean recordings that were touched: {touched} of {len(untouched)}")


if __name__ == "__main__":
    assert set(LENGTHS) == set(KINDS)
    main()
