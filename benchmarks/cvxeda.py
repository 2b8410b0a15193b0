"""cvxEDA: rtcan beside the `cvxeda` package and NeuroKit2, speed and accuracy in one run.

Run it as ``.venv/bin/python benchmarks/cvxeda.py --peers /tmp/bench-venv/bin/python``, where that
environment holds what rtcan is compared with (``pip install cvxeda neurokit2 cvxopt``). A peer that
is not installed there is skipped, and the benchmark says so. ``--long`` adds recordings of 25
minutes, which take the peers about a minute each. All recordings are simulated.

Each solver works in a process of its own, first on one core, then on all; a first recording, which
compiles or imports what is needed, is not timed. On one core it is processor time that counts, so
that other work on the machine does not; on all it is the time that passes. From a batch a solver
does what it manages within about ``--budget`` seconds; its time a recording is of those.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
# This file is called as one of the packages it measures: its folder must not be searched.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from tests.eda.recordings import ALPHA, GAMMA, simulated  # noqa: E402

OURS = ("structured", "cvxopt")
PEERS = ("cvxeda", "neurokit2")
CASES = ((50.0, 38.0), (128.0, 60.0))
LONG = ((128.0, 1500.0),)
BATCHES = (1, 64, 1000)
GROWTH = (60, 120, 240, 480, 960, 1920)


def solver(name: str, rate: float) -> Callable[[np.ndarray], dict[str, Any]]:
    """A function that decomposes a recording and returns phasic, tonic and objective."""
    if name in OURS:
        from rtcan_cli.eda.cvxeda.parameters import PUBLISHED
        from rtcan_cli.eda.cvxeda.solve import decompose

        def ours(y: np.ndarray) -> dict[str, Any]:
            result = decompose(y, rate, PUBLISHED, solver=name)
            return {key: getattr(result, key) for key in ("phasic", "tonic", "objective", "gap")}

        return ours
    if name == "cvxeda":
        import cvxeda

        def package(y: np.ndarray) -> dict[str, Any]:
            found = cvxeda.cvxEDA(y, 1 / rate, options={"show_progress": False})
            phasic, driver, tonic, spline, _, residual, _ = map(np.ravel, found)
            objective = residual @ residual / 2 + ALPHA * driver.sum() + GAMMA / 2 * spline @ spline
            return {"phasic": phasic, "tonic": tonic, "objective": float(objective)}

        return package
    import neurokit2

    def toolbox(y: np.ndarray) -> dict[str, Any]:
        frame = neurokit2.eda_phasic(y, sampling_rate=rate, method="cvxeda")
        return {"phasic": frame["EDA_Phasic"].to_numpy(), "tonic": frame["EDA_Tonic"].to_numpy()}

    return toolbox


_solve: Callable[[np.ndarray], dict[str, Any]]


def _start(name: str, rate: float) -> None:
    global _solve
    _solve = solver(name, rate)


def _once(y: np.ndarray) -> None:
    _solve(y)


def work(arguments: argparse.Namespace) -> None:
    """In a process of its own: decompose a batch and print what it took, as JSON."""
    name, rate, count = arguments.worker, arguments.rate, arguments.count
    solve = solver(name, rate)
    solve(simulated(rate, 20, 0))
    recordings = [simulated(rate, arguments.seconds, seed) for seed in range(count)]
    if arguments.cores == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        start, done = time.process_time(), 0
        first: dict[str, Any] = {}
        while done == 0 or (done < count and time.process_time() - start < arguments.budget):
            result = solve(recordings[done])
            first = first or result
            done += 1
        taken = time.process_time() - start
        np.savez(arguments.out, **first)
    elif name == "structured":
        from rtcan_cli.eda.cvxeda.parameters import PUBLISHED
        from rtcan_cli.eda.cvxeda.solve import decompose

        done = min(count, arguments.fitting)
        start = time.perf_counter()
        # It lets go of the interpreter lock, so threads are enough.
        with ThreadPool(arguments.cores) as pool:
            pool.map(
                partial(decompose, sampling_rate=rate, parameters=PUBLISHED, solver=name),
                recordings[:done],
            )
        taken = time.perf_counter() - start
    else:  # the others hold the interpreter lock, so several processes
        done = min(count, arguments.fitting)
        with multiprocessing.Pool(arguments.cores, _start, (name, rate)) as pool:
            pool.map(_once, [simulated(rate, 20, 0)] * 4 * arguments.cores, chunksize=1)
            start = time.perf_counter()
            pool.map(_once, recordings[:done], chunksize=1)
            taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": taken / done, "done": done, "peak": peak}))


def measure(
    name: str, rate: float, seconds: float, count: int, cores: int, **more: Any
) -> dict[str, Any]:
    """Time of one solver, from a process of its own."""
    options = {"rate": rate, "seconds": seconds, "count": count, "cores": cores, **more}
    python = more.pop("python", sys.executable) if name in PEERS else sys.executable
    options.pop("python", None)
    command = [python, __file__, "--worker", name]
    for key, value in options.items():
        command += [f"--{key}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def available(python: str) -> list[str]:
    """The solvers that can be measured; says which cannot."""
    names = list(OURS)
    for name in PEERS:
        command = [python, "-c", f"import {name}, cvxopt"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            names.append(name)
        else:
            print(f"skipped: {name} is not installed in the environment of {python}")
    return names


def compare(
    names: list[str], rate: float, seconds: float, python: str, budget: float, folder: Path
) -> None:
    """One table: a sampling rate and a length."""
    batches = BATCHES if seconds < 600 else (1,)
    print(f"\n{rate:g} Hz, {seconds:g} s ({int(rate * seconds)} samples)")
    print(f"  {'solver':12s} {'batch':>5s} {'cores':>5s} {'ms each':>9s} {'ratio':>7s}  notes")
    ours: dict[tuple[int, int], float] = {}
    for name in names:
        each = budget
        for count in batches:
            for cores in (1,) if count == 1 else sorted({1, os.cpu_count() or 1}):
                # How many a batch on all cores manages within the budget: known from one core.
                fitting = max(cores, int(budget * cores / each))
                found = measure(
                    name, rate, seconds, count, cores, python=python, budget=budget,
                    out=folder / f"{name}.npz", fitting=fitting,
                )  # fmt: skip
                if cores == 1:
                    each = found["seconds"]
                ratio = found["seconds"] / ours.setdefault((count, cores), found["seconds"])
                notes = [] if found["done"] == count else [f"{found['done']} of {count} measured"]
                if count == 1:
                    notes += [f"peak memory {found['peak']:.0f} MB", *accuracy(name, folder)]
                print(
                    f"  {name:12s} {count:5d} {cores:5d} {1000 * found['seconds']:9.2f} "
                    f"{ratio:7.1f}  {', '.join(notes)}",
                    flush=True,
                )


def accuracy(name: str, folder: Path) -> list[str]:
    """How the result of a solver compares with that of the structured one."""
    ours, theirs = np.load(folder / "structured.npz"), np.load(folder / f"{name}.npz")
    notes = []
    if "objective" in theirs:
        notes.append(f"objective {theirs['objective'] / ours['objective'] - 1:+.1e}")
    if name == "structured":
        notes.append(f"proven within {ours['gap'] / ours['objective']:.0e}")
    else:
        difference = np.abs(theirs["phasic"] - ours["phasic"])
        notes.append(f"phasic differs by {difference.max():.1e} at most")
        later = difference[difference.size // 4 :].max()
        if difference.max() > 1e-3:
            notes.append(f"by {later:.1e} after the first quarter")
    return notes


def growth() -> None:
    """How time and memory of the structured solver grow with the length."""
    print("\nGrowth with the length at 128 Hz, one core")
    print(f"  {'seconds':>8s} {'samples':>8s} {'ms':>9s} {'us a sample':>12s} {'peak MB':>8s}")
    with tempfile.TemporaryDirectory() as folder:
        for seconds in GROWTH:
            found = measure(
                "structured", 128.0, seconds, 1, 1, budget=60.0, out=Path(folder) / "x.npz"
            )
            print(
                f"  {seconds:8d} {128 * seconds:8d} {1000 * found['seconds']:9.1f} "
                f"{1e6 * found['seconds'] / (128 * seconds):12.2f} {found['peak']:8.0f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peers", default=sys.executable, help="Python that has the peers")
    parser.add_argument("--long", action="store_true", help="recordings of 25 minutes, too")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds a solver and batch")
    for name, kind in (("rate", float), ("seconds", float), ("count", int), ("cores", int)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--fitting", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments)
        return
    names = available(arguments.peers)
    with tempfile.TemporaryDirectory() as folder:
        for rate, seconds in CASES + (LONG if arguments.long else ()):
            compare(names, rate, seconds, arguments.peers, arguments.budget, Path(folder))
    growth()


if __name__ == "__main__":
    main()
