"""cvxEDA's penalty: the published number against one that follows the noise of each recording.

Run it as ``.venv/bin/python benchmarks/alpha.py``; it prints Markdown, some minutes of it. Names of
parts as arguments print these only. With ``RTCAN_REAL_DATA`` set to a folder that holds HKU956
(``hku956/HKU956``) and PMEmo's sample (``pmemo_site_sample``), it also counts real recordings whose
parts cancel each other. With ``--figure FILE.png`` it draws one recording of ``examples/data``.
Peers that are not installed (``cvxeda``, ``neurokit2``) are left out.

Events are those of `tests/eda/events.py`: right if a true one lies within 0.5 s, one to one.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# This folder has a cvxeda.py of its own, and must not be searched for the package.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from rtcan_cli.eda.cvxeda.parameters import (  # noqa: E402
    PUBLISHED,
    USUAL,
    CvxedaComponents,
    CvxedaParameters,
)
from rtcan_cli.eda.cvxeda.penalty import NOISE_FACTOR, universal_alpha  # noqa: E402
from rtcan_cli.eda.cvxeda.solve import decompose  # noqa: E402
from rtcan_cli.eda.preprocess import find_problem, zscore  # noqa: E402
from rtcan_cli.simulate import physiology  # noqa: E402
from tests.eda.events import Simulated, events, score, simulate  # noqa: E402
from tests.eda.other_skin import SENSORS, SHAPES, record  # noqa: E402

SECONDS = 60.0
RATES, NOISES = (4.0, 16.0, 50.0, 128.0), (0.0, 0.01, 0.03, 0.1)
FACTORS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 1.0)
HKU = Path("hku956") / "HKU956" / "1. physiological_signals"
#: A recording of HKU956 that is quiet at first, and ends with two responses.
SHOWN = "hku1910/EDA/26_42205.csv"
CREDIT = "Data: HKU956, (c) X. Hu, F. Li, R. Liu, CC BY-NC 4.0"

Array = NDArray[np.float64]


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for row in rows:
        cells = [f"{each:.3f}" if isinstance(each, float) else str(each) for each in row]
        print(f"| {' | '.join(cells)} |")
    print(flush=True)


def f1(recordings: list[Simulated], rate: float, parameters: CvxedaParameters) -> float:
    """How well events are found."""
    found = []
    for each in recordings:
        driver = decompose(zscore(each.eda), rate, parameters).driver
        found.append(events(driver * each.eda.std(), rate, 2.0, 0.7))
    return score(found, [each.times for each in recordings], SECONDS).f1


def own_skin(count: int) -> None:
    """Events of rtcan's simulator."""
    print(f"### Events of rtcan's simulator, {count} recordings a cell: published, noise-aware\n")
    rows = []
    for rate in RATES:
        row: list[object] = [f"{rate:g} Hz"]
        for noise in NOISES:
            recordings = simulate(count, rate, SECONDS, noise, seed=1)
            pair = (f1(recordings, rate, each) for each in (PUBLISHED, USUAL))
            row.append(" -> ".join(f"{each:.3f}" for each in pair))
        rows.append(row)
    table(["rate", *(f"{noise:g} uS" for noise in NOISES)], rows)


def other_skin(count: int) -> None:
    """Events of the independent generator."""
    print(f"### Events of another generator, {count} recordings a cell: published, noise-aware\n")
    rows = []
    for rate in (4.0, 50.0):
        for shape in SHAPES:
            row: list[object] = [f"{rate:g} Hz", f"{shape[0]:g} s, {shape[1]:g} s"]
            for sensor in SENSORS:
                recordings = record(count, rate, SECONDS, sensor, shape)
                pair = (f1(recordings, rate, each) for each in (PUBLISHED, USUAL))
                row.append(" -> ".join(f"{each:.3f}" for each in pair))
            rows.append(row)
    sensors = [f"{each.noise:g} uS" if not each.step else f"steps of {each.step:g} uS"
               for each in SENSORS]  # fmt: skip
    table(["rate", "response", *sensors], rows)


def factors(count: int) -> None:
    """What the share of the universal penalty does: to noise alone, and to events."""
    print("### The share of the universal penalty\n")
    cells = [(4.0, simulate(count, 4.0, SECONDS, noise, seed=1)) for noise in (0.01, 0.03, 0.1)]
    cells += [(50.0, simulate(count, 50.0, SECONDS, 0.1, seed=1))]
    own = len(cells)
    cells += [(4.0, record(count, 4.0, SECONDS, each)) for each in SENSORS]
    cells += [(4.0, record(count, 4.0, SECONDS, each, SHAPES[3])) for each in SENSORS]
    found, rows = [], []
    for factor in FACTORS:
        chosen = replace(USUAL, noise_factor=factor)
        found.append([f1(recordings, rate, chosen) for rate, recordings in cells])
    scores = np.array(found)
    regret = (scores.max(axis=0) - scores).max(axis=1)
    for factor, each, worst in zip(FACTORS, scores, regret, strict=True):
        alone = share_of_noise(factor, 4.0, SECONDS, 200)
        means = float(each[:own].mean()), float(each[own:].mean())
        rows.append([factor, *alone, *means, float(worst)])
    table(
        ["factor", "noise alone: phasic variance, median", "95 %", "F1, rtcan's simulator",
         "F1, other generator", "largest loss against the best factor of a cell"],
        [[f"{row[0]:g}", *row[1:]] for row in rows],
    )  # fmt: skip


def share_of_noise(factor: float, rate: float, seconds: float, count: int) -> tuple[float, float]:
    """Variance of the phasic part of white noise, in its own: median and 95 % quantile."""
    chosen = replace(USUAL, noise_factor=factor, most_phasic=1e9)
    rng = np.random.default_rng(0)
    found = [
        decompose(zscore(rng.standard_normal(int(rate * seconds))), rate, chosen).phasic.var()
        for _ in range(count)
    ]
    return float(np.median(found)), float(np.quantile(found, 0.95))


def noise(count: int) -> None:
    """White noise alone, by rate and length, at the chosen factor."""
    print(f"### White noise alone, factor {NOISE_FACTOR:g}: 95 % of phasic variances are below\n")
    lengths = (30.0, 60.0, 300.0)
    rows = [
        [f"{rate:g} Hz", *(share_of_noise(NOISE_FACTOR, rate, each, 2 * count)[1]
                           for each in lengths)]
        for rate in (4.0, 8.0, 16.0, 50.0)
    ]  # fmt: skip
    table(["rate", *(f"{each:g} s" for each in lengths)], rows)


def shares(count: int) -> None:
    """How much true phasic parts vary."""
    print(
        f"### True phasic variance of rtcan's simulator, {50 * count} recordings of each length\n"
    )
    rows = []
    for seconds in (15.0, 30.0, 60.0, 240.0):
        rng = np.random.default_rng(0)
        listeners = physiology.draw_listeners(50 * count, rng)
        body = rng.standard_normal((50 * count, 2))
        signals = physiology.record(body, listeners, seconds, 4.0, rng)
        found = signals.phasic.var(axis=1) / (signals.phasic + signals.tonic).var(axis=1)
        rows.append([f"{seconds:g} s", *np.quantile(found, [0.5, 0.99, 0.999, 1.0]).tolist()])
    table(["length", "median", "99 %", "99.9 %", "largest"], rows)


def neurokit(count: int) -> None:
    """The simulator of NeuroKit2, whose responses have yet another shape."""
    try:
        import neurokit2 as nk
    except ImportError:
        print("skipped: neurokit2 is not installed\n")
        return
    print(
        f"### NeuroKit2's simulator, {count} recordings a cell: median r with the true responses\n"
    )
    rows = []
    for rate in (4, 50):
        for strength in (0.01, 0.05, 0.2):
            published, usual = [], []
            for seed in range(count):
                drift = 0.02 * (seed % 5 - 2)
                make = {"duration": 60, "sampling_rate": rate, "scr_number": 3 + seed % 8}
                true = nk.eda_simulate(**make, noise=0, drift=0, random_state=seed)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of frequencies that the rate cannot show
                    seen = nk.eda_simulate(**make, noise=0, drift=drift, random_state=seed)
                seen = seen + np.random.default_rng(seed).laplace(0, strength, seen.size)
                for found, how in ((published, PUBLISHED), (usual, USUAL)):
                    phasic = decompose(zscore(seen), float(rate), how).phasic
                    found.append((np.corrcoef(phasic, true)[0, 1], phasic.var()))
            row: list[object] = [f"{rate} Hz", f"{strength:g} uS"]
            for found in (published, usual):
                r, variance = np.array(found).T
                row += [float(np.nanmedian(r)), int((variance > 10).sum())]
            rows.append(row)
    table(["rate", "noise", "published: r", "cancelling", "noise-aware: r", "cancelling"], rows)


def real_recordings(folder: Path) -> Iterator[tuple[str, str, Array, float]]:
    """Dataset, name, EDA and sampling rate of every real recording there."""
    for path in sorted((folder / HKU).glob("*/EDA/*.csv")):
        eda = np.array([float(line) for line in path.read_text().split()])
        # The first value that a wristband writes may be 0, which is no measurement.
        eda = eda[1:]
        if find_problem(eda, 4.0) is None:
            yield "HKU956", path.relative_to(folder / HKU).as_posix(), eda, 4.0
    for path in sorted((folder / "pmemo_site_sample" / "EDA").glob("*.csv")):
        with path.open(newline="") as file:
            header, *lines = csv.reader(file)
        values = np.array(lines, dtype=float)
        seconds = values[:, 0]
        even = np.linspace(seconds[0], seconds[-1], seconds.size)
        rate = (seconds.size - 1) / (seconds[-1] - seconds[0])
        for column, subject in enumerate(header[1:], start=1):
            name = f"{path.stem}:{subject}"
            yield "PMEmo sample", name, np.interp(even, seconds, values[:, column]), rate


def peers() -> dict[str, Callable[[Array, float], Array]]:
    """Phasic part as other packages compute it from a z-scored recording."""
    found: dict[str, Callable[[Array, float], Array]] = {}
    try:
        import cvxeda

        def package(y: Array, rate: float) -> Array:
            phasic, *_ = cvxeda.cvxEDA(y, 1 / rate, options={"show_progress": False})
            return np.ravel(phasic)

        found["`cvxeda` package"] = package
    except ImportError:
        print("skipped: cvxeda is not installed\n")
    try:
        import neurokit2 as nk

        found['`nk.eda_phasic(method="cvxeda")`'] = lambda y, rate: nk.eda_phasic(
            y, sampling_rate=rate, method="cvxeda"
        )["EDA_Phasic"].to_numpy()
    except ImportError:
        print("skipped: neurokit2 is not installed\n")
    return found


def real(every: int) -> None:
    """How many real recordings cancel, with rtcan and with other packages."""
    folder = os.environ.get("RTCAN_REAL_DATA")
    if not folder:
        print("skipped: RTCAN_REAL_DATA is not set\n")
        return
    recordings = list(real_recordings(Path(folder)))
    print(f"### Real recordings ({len(recordings)}; other packages: every {every}th of HKU956)\n")
    ways: dict[str, Callable[[Array, float], Array]] = {
        "rtcan, `--alpha 8e-4`": lambda y, rate: decompose(y, rate, PUBLISHED).phasic,
        **{
            f"rtcan, factor {factor:g} alone": lambda y, rate, factor=factor: (
                decompose(y, rate, replace(USUAL, noise_factor=factor, most_phasic=1e9)).phasic
            )
            for factor in (0.1, 0.25, 0.5)
        },
        "rtcan, `--alpha auto`": lambda y, rate: decompose(y, rate).phasic,
    }
    others = peers()
    rows = []
    for dataset in ("HKU956", "PMEmo sample"):
        there = [each for each in recordings if each[0] == dataset]
        for name, phasic_of in {**ways, **others}.items():
            some = there[::every] if name in others and dataset == "HKU956" else there
            start = time.process_time()
            variances = [float(np.var(phasic_of(zscore(eda), rate))) for *_, eda, rate in some]
            taken = 1e3 * (time.process_time() - start) / max(len(some), 1)
            v = np.array(variances)
            counts = [int((v > 10).sum()), int((v > 3).sum()), int((v < 1e-6).sum())]
            median = float(np.median(v))
            rows.append([dataset, name, len(some), *counts, median, f"{taken:.1f}"])
    table(
        ["dataset", "decomposition", "recordings", "phasic variance > 10", "> 3", "no phasic part",
         "median phasic variance", "ms each"],
        rows,
    )  # fmt: skip


def speed(count: int) -> None:
    """Processor time of both penalties and of the package, in one run."""
    print("### Processor time, ms a recording (ratio to the published penalty in rtcan)\n")
    from tests.eda.recordings import simulated

    rows = []
    for rate, seconds in ((4.0, 60.0), (50.0, 38.0), (128.0, 60.0)):
        recordings = [simulated(rate, seconds, seed) for seed in range(count)]
        ways: dict[str, Callable[[Array, float], object]] = {
            "published": lambda y, rate: decompose(y, rate, PUBLISHED),
            "noise-aware": decompose,
            **{name: way for name, way in peers().items() if "cvxeda` package" in name},
        }
        taken = {}
        for name, way in ways.items():
            some = recordings if name in ("published", "noise-aware") else recordings[:4]
            way(some[0], rate)
            start = time.process_time()
            for y in some:
                way(y, rate)
            taken[name] = 1e3 * (time.process_time() - start) / len(some)
        base = taken["published"]
        cells = [f"{each:.2f} ({each / base:.2f})" for each in taken.values()]
        rows.append([f"{rate:g} Hz, {seconds:g} s", *cells])
    table(["recording", *ways], rows)


def figure(path: Path) -> None:
    """Published against noise-aware on one real recording of ``examples/data``."""
    from rtcan_cli.plots import style
    from rtcan_cli.plots.save import save
    from tests.real_listeners import recordings

    ((eda, rate),) = [(e, 4.0) for name, e in recordings().items() if name.endswith(SHOWN)]
    y, seconds = zscore(eda), np.arange(eda.size) / rate
    with style.rc():
        drawn = style.new_figure(5.0, "HKU956, one recording with two penalties", False)
        axes = drawn.subplots(3, 1, sharex=True, height_ratios=[1, 1.4, 1.4])
        axes[2].sharey(axes[1])
        axes[0].plot(seconds, eda, **style.SIGNALS[0])
        axes[0].set_ylabel("EDA [uS]")
        for ax, how, name in zip(axes[1:], (PUBLISHED, USUAL), ("published", "auto"), strict=True):
            parts: CvxedaComponents = decompose(y, rate, how)
            lines = style.draw_signals(ax, seconds, np.stack([y, parts.phasic, parts.tonic]))
            ax.set_title(
                f"alpha {name}: {parts.alpha:.2g}, phasic variance {parts.phasic.var():.3g}"
            )
        for ax in axes:
            style.dress(ax)
        axes[2].set_xlabel("time [s]")
        style.add_legend(drawn, lines)
        drawn.text(0.99, 0.005, CREDIT, ha="right", fontsize=6)
    save(drawn, path.with_suffix(""), style.Look(formats=("png",)))


def main() -> None:
    parts: dict[str, Callable[[int], None]] = {
        "noise": noise,
        "factors": factors,
        "shares": shares,
        "own": own_skin,
        "other": other_skin,
        "neurokit": neurokit,
        "real": lambda count: real(8),
        "speed": lambda count: speed(min(count, 20)),
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(parts)}; by default all")
    parser.add_argument("--count", type=int, default=40, help="recordings in each cell")
    parser.add_argument("--figure", type=Path, help="draw a real recording into this PNG instead")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - parts.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    if arguments.figure is not None:
        figure(arguments.figure)
        return
    print(f"Universal penalty of a noise of 0.1, 60 s at 4 Hz: "
          f"{universal_alpha(0.1, 240, 4.0, 2.0, 0.7):.3g}\n")  # fmt: skip
    for name in arguments.parts or parts:
        parts[name](arguments.count)


if __name__ == "__main__":
    main()
