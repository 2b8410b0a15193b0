"""Whether each kind of map finds a planted cause, over networks trained with different seeds.

Run it as ``.venv/bin/python benchmarks/planted_cause.py``. Simulated trials are high because of one
skin conductance response in a known interval, and nothing else (`tests/explain/planted.py`). A
small network is trained for each seed and variant, and the mean map of new high trials is
measured: what share of its mass lies in the interval, beside the interval's share of the
time. The same of networks without training says how much of it is learnt.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import get_args

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np

from rtcan_cli.choices import MapName
from rtcan_cli.explain.architecture import relative, untrained_average
from rtcan_cli.explain.randomise import untrained
from tests.explain import planted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--variants", nargs="+", default=["Rb", "Rd", "Rf"])
    options = parser.parse_args()
    print(f"simulated; the interval is {100 * planted.CHANCE:.0f} % of the time")
    head = f"{'mean':>7s}{'least':>7s}{'relative':>10s}{'untrained':>11s}"
    print(f"{'':6s}{'map':22s}{head}  [% of mass]")
    for variant in options.variants:
        trained = [planted.train(variant, seed) for seed in range(options.seeds)]
        new = [planted.draw(96, seed) for seed in range(options.seeds)]
        right = [planted.accuracy(*pair) for pair in zip(trained, new, strict=True)]
        print(f"{variant}: accuracy {100 * np.mean(right):.1f} %, least {100 * min(right):.1f} %")
        for method in get_args(MapName):
            rows = []
            for seed, (model, trials) in enumerate(zip(trained, new, strict=True)):
                share = planted.shares(model, trials, method)
                average = untrained_average(model, trials.eda[:32], method=method, seed=seed)
                nothing = planted.shares(untrained(model, trials.eda, None, seed), trials, method)
                rows.append(
                    [
                        planted.mass_in_cause(share),
                        planted.mass_in_cause(relative(share, average)),
                        planted.mass_in_cause(nothing),
                    ]
                )
            found, divided, nothing = 100 * np.array(rows).T
            print(
                f"{'':6s}{method:22s}{found.mean():7.1f}{found.min():7.1f}{divided.mean():10.1f}"
                f"{nothing.mean():11.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
