"""CDA and DDA on simulated recordings whose phasic part is known.

Run it as ``.venv/bin/python benchmarks/deconvolution.py``. Listeners, responses and tonic levels
are those of `rtcan_cli.simulate.physiology`, at 4, 50 and 128 Hz, with 0, 0.01 and 0.1 uS
of sensor noise. The response is the simulator's (2 s and 0.7 s) or, with ``--slow``, the one that
the papers assume (20 s and 0.75 s). For each length it prints in how many recordings components
cancel each other, with more than 10 times the variance of the recording (what `rtcan decompose`
warns of), the largest variance, and how the phasic part compares with the true one: median
correlation, and median root mean square of the difference without its mean, over the true part's
standard deviation.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# This folder has a cvxeda.py of its own, and must not be searched for the package.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from rtcan_cli.eda.methods import Method, deconvolution_method  # noqa: E402
from rtcan_cli.eda.preprocess import zscore  # noqa: E402
from rtcan_cli.simulate import physiology  # noqa: E402

SECONDS = (12.0, 25.0, 38.0, 60.0, 300.0)
RATES, NOISE = (4.0, 50.0, 128.0), (0.0, 0.01, 0.1)
CANCELLED = 10


def measure(method: Method, seconds: float, count: int) -> str:
    """A line about one method and length."""
    largest, agreement, error, taken = [], [], [], 0.0
    for rate in RATES:
        for noise in NOISE:
            rng = np.random.default_rng(3)
            listeners = physiology.draw_listeners(count, rng)
            body = rng.standard_normal((count, 2))
            signals = physiology.record(body, listeners, seconds, rate, rng)
            clean = signals.phasic + signals.tonic
            recordings = clean + noise * rng.standard_normal(clean.shape)
            for y, true in zip(recordings, signals.phasic, strict=True):
                start = time.process_time()
                parts = method.split(zscore(y), rate)
                taken += time.process_time() - start
                largest.append(max(parts.phasic.var(), parts.tonic.var()))
                if parts.phasic.std() > 0 and true.std() > 0:
                    found = parts.phasic * y.std()
                    agreement.append(np.corrcoef(found, true)[0, 1])
                    error.append((found - true).std() / true.std())
    cancelled = int((np.array(largest) > CANCELLED).sum())
    return (
        f"{cancelled:9d} of {len(largest):3d} {max(largest):17.1f} {np.median(agreement):12.3f} "
        f"{np.median(error):6.2f} {1e3 * taken / len(largest):8.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=10, help="recordings a rate and noise")
    parser.add_argument("--slow", action="store_true", help="simulate responses of 20 s")
    options = parser.parse_args()
    if options.slow:
        physiology.TAU = (20.0, 0.75)
    title = "cancelling  largest variance  correlation  error  ms each"
    print(f"simulated recordings\n{'seconds':>7s}  {'method':14s} {'':3s}{title}")
    for seconds in SECONDS:
        for name in ("cda", "dda"):
            for constants in ("fitted", "published"):
                method = deconvolution_method(name, constants)
                line = measure(method, seconds, options.count)
                print(f"{seconds:7g}  {name}, {constants:9s} {line}", flush=True)


if __name__ == "__main__":
    main()
