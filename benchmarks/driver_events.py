"""Events of the recovered driver against the true ones of simulated recordings.

Run it as ``.venv/bin/python benchmarks/driver_events.py``. Listeners, responses and tonic levels
are those of `rtcan_cli.simulate.physiology`, whose truth is known; sensor noise is added
in several strengths (the simulator's own is 0.01 uS). An event counts if its response reaches 0.05
uS; it is right if a true one lies within 0.5 s, one to one. `tests/eda/events.py` has the details.

The simulated responses have the shape that cvxEDA assumes (2 s and 0.7 s), so this says how well it
does where its model holds, and not how it compares with the others on real skin. CDA and DDA are
there three times: with time constants fitted to each recording, as `rtcan decompose` does it, with
their own published ones, and with the simulated ones.

The ``cvxeda`` package, if it is installed, is what the structured solver must not be worse than.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# This folder has a cvxeda.py of its own, and must not be searched for the package.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from rtcan_cli.eda import deconvolution  # noqa: E402
from rtcan_cli.eda.components import Components  # noqa: E402
from rtcan_cli.eda.cvxeda import solve as cvxeda  # noqa: E402
from rtcan_cli.eda.cvxeda.parameters import PUBLISHED  # noqa: E402
from rtcan_cli.eda.methods import deconvolution_method  # noqa: E402
from rtcan_cli.eda.preprocess import zscore  # noqa: E402
from tests.eda.events import Score, events, score, simulate  # noqa: E402

NOISE = (0.0, 0.01, 0.03, 0.1)
RATE, SECONDS = 50.0, 60.0

#: From a z-scored recording to its driver, and the time constants of the driver's response.
Driver = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], tuple[float, float]]]


def parts(split: Callable[[NDArray[np.float64]], Components]) -> Driver:
    """A decomposition as a `Driver`."""

    def driver(y: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
        found = split(y)
        assert found.response is not None, "all methods here have a response"
        return found.driver, found.response

    return driver


def methods() -> dict[str, Driver]:
    """What is compared."""
    found = {
        name: parts(
            partial(cvxeda.decompose, sampling_rate=RATE, parameters=PUBLISHED, solver=name)
        )
        for name in ("structured", "cvxopt")
    }
    found["alpha auto"] = parts(partial(cvxeda.decompose, sampling_rate=RATE))
    try:
        import cvxeda as package

        def published(y: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
            _, driver, *_ = package.cvxEDA(y, 1 / RATE, options={"show_progress": False})
            return np.ravel(driver), (2.0, 0.7)

        found["cvxeda package"] = published
    except ImportError:
        print("skipped: the cvxeda package is not installed")
    same = deconvolution.DeconvolutionParameters(tau0=2.0, tau1=0.7)
    for name, split in (("cda", deconvolution.continuous), ("dda", deconvolution.discrete)):
        for constants in ("fitted", "published"):
            chosen = deconvolution_method(name, constants)
            found[f"{name}, {constants}"] = parts(partial(chosen.split, sampling_rate=RATE))
        found[f"{name}, 2 s and 0.7 s"] = parts(partial(split, sampling_rate=RATE, parameters=same))
    return found


def judge(driver: Driver, noise: float, count: int) -> Score:
    """Score of one method at one level of noise."""
    recordings = simulate(count, RATE, SECONDS, noise, seed=0)
    found = []
    for each in recordings:
        recovered, (tau0, tau1) = driver(zscore(each.eda))
        found.append(events(recovered * each.eda.std(), RATE, tau0, tau1))
    return score(found, [each.times for each in recordings], SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=40, help="recordings at each level of noise")
    count = parser.parse_args().count
    print(f"{count} simulated recordings of {SECONDS:g} s at {RATE:g} Hz at each level of noise")
    print(f"{'noise [uS]':>10s}  {'method':20s} precision  recall     F1  timing error [s]")
    for noise in NOISE:
        for name, driver in methods().items():
            result = judge(driver, noise, count)
            print(
                f"{noise:10g}  {name:20s} {result.precision:9.3f} {result.recall:7.3f} "
                f"{result.f1:6.3f} {result.timing_error:17.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
