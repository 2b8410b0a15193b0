"""Events of the recovered driver against the true ones of simulated recordings.

Run it as ``.venv/bin/python benchmarks/driver_events.py``. Listeners, responses and tonic levels
are those of `rtcan_cli.datasets.simulate.physiology`, whose truth is known; sensor noise is added
in several strengths (the simulator's own is 0.01 uS). An event counts if its response reaches 0.05
uS; it is right if a true one lies within 0.5 s, one to one. `tests/eda/events.py` has the details.

The simulated responses have the shape that cvxEDA assumes (2 s and 0.7 s), so this says how well it
does where its model holds, and not how it compares with the others on real skin. CDA and DDA are
there twice: with their own published time constants, and with the simulated ones.

The ``cvxeda`` package, if it is installed, is what the structured solver must not be worse than.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# This folder has a cvxeda.py of its own, and must not be searched for the package.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from rtcan_cli.eda import cvxeda, deconvolution  # noqa: E402
from rtcan_cli.eda.preprocess import zscore  # noqa: E402
from tests.eda.events import Score, events, score, simulate  # noqa: E402

NOISE = (0.0, 0.01, 0.03, 0.1)
RATE, SECONDS = 50.0, 60.0

Driver = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def methods() -> dict[str, tuple[Driver, float, float]]:
    """A function from z-scored recording to driver, and the time constants of its response."""
    own = deconvolution.PUBLISHED
    same = deconvolution.DeconvolutionParameters(tau0=2.0, tau1=0.7)
    found: dict[str, tuple[Driver, float, float]] = {
        "structured": (lambda y: cvxeda.decompose(y, RATE, solver="structured").driver, 2.0, 0.7),
        "cvxopt": (lambda y: cvxeda.decompose(y, RATE, solver="cvxopt").driver, 2.0, 0.7),
    }
    try:
        import cvxeda as package

        def published(y: NDArray[np.float64]) -> NDArray[np.float64]:
            _, driver, *_ = package.cvxEDA(y, 1 / RATE, options={"show_progress": False})
            return np.ravel(driver)

        found["cvxeda package"] = published, 2.0, 0.7
    except ImportError:
        print("skipped: the cvxeda package is not installed")
    for name, split in (("cda", deconvolution.continuous), ("dda", deconvolution.discrete)):
        for title, parameters in ((name, own), (f"{name}, 2 s and 0.7 s", same)):
            found[title] = (
                lambda y, split=split, parameters=parameters: split(y, RATE, parameters).driver,
                parameters.tau0,
                parameters.tau1,
            )
    return found


def judge(driver: Driver, tau0: float, tau1: float, noise: float, count: int) -> Score:
    """Score of one method at one level of noise."""
    recordings = simulate(count, RATE, SECONDS, noise, seed=0)
    found = [
        events(driver(zscore(each.eda)) * each.eda.std(), RATE, tau0, tau1) for each in recordings
    ]
    return score(found, [each.times for each in recordings], SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=40, help="recordings at each level of noise")
    count = parser.parse_args().count
    print(f"{count} simulated recordings of {SECONDS:g} s at {RATE:g} Hz at each level of noise")
    print(f"{'noise [uS]':>10s}  {'method':20s} precision  recall     F1  timing error [s]")
    for noise in NOISE:
        for name, (driver, tau0, tau1) in methods().items():
            result = judge(driver, tau0, tau1, noise, count)
            print(
                f"{noise:10g}  {name:20s} {result.precision:9.3f} {result.recall:7.3f} "
                f"{result.f1:6.3f} {result.timing_error:17.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
