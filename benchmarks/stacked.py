"""Folds trained together as one program beside folds trained one after the other.

Run it as ``.venv/bin/python benchmarks/stacked.py [--precision bf16|tf32|fp32] [--epochs N]``.

On a CUDA device: ten folds of random numbers in the sizes of PMEmo (7690 trials, 2500 samples, 6373
music features), variant Rf, the paper's recipe, one target. Without `--epochs 100` the time of 100
epochs is extrapolated from the last of a few. Operations are those of convolutions and matrix
products, counted by PyTorch; the ceiling is a large matrix product in the same precision, in the
same run. Without a CUDA device: a small copy of the same, and only the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build
from rtcan_cli.training.checkpoint import Arrays
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.device import tensor_float
from rtcan_cli.training.environment import hardware
from rtcan_cli.training.fit import fit_fold
from rtcan_cli.training.folds.splits import Roles, group_folds, rotated
from rtcan_cli.training.recipes import RECIPES, Recipe
from rtcan_cli.training.stacked.fit import fit_stacked
from rtcan_cli.training.stacked.members import Member

EPOCHS = 100  # of the paper's recipe
PMEMO = {"trials": 7690, "subjects": 457, "songs": 794, "features": 6373, "length": 2500}
SMALL = {"trials": 480, "subjects": 48, "songs": 40, "features": 500, "length": 500}


class Stopwatch:
    """A sink that notes when each epoch of a fold is over, and keeps nothing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.start = clock()
        self.ends: list[float] = []

    def load(self, fold: int) -> Arrays | None:
        """There is no checkpoint."""
        return None

    def save(self, fold: int, checkpoint: Arrays) -> None:
        """Keep nothing."""

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        """Note the time."""
        self.ends.append(self._clock())

    def epoch(self) -> float:
        """Seconds of an epoch: the median of the second half, when all is warm."""
        lasted = np.diff([self.start, *self.ends])
        return statistics.median(lasted[len(lasted) // 2 :])


def random_trials(
    trials: int, subjects: int, songs: int, features: int, length: int
) -> TrainingData:
    rng = np.random.default_rng(0)
    song = rng.integers(0, songs, trials)
    return TrainingData(
        rng.standard_normal((trials, 3, length), dtype=np.float32),
        rng.integers(0, 2, trials),
        np.array([f"s{i % subjects:03d}" for i in range(trials)]),
        np.array([f"m{i:03d}" for i in song]),
        rng.standard_normal((songs, features), dtype=np.float32),
        song,
    )


def operations(spec: ModelSpec) -> tuple[float, float]:
    """Floating-point operations for a trial: of training, and of a prediction."""
    model, batch = build(spec, "default", 0), 2
    eda, music = torch.zeros(batch, 3, spec.length), torch.zeros(batch, spec.n_music)
    counts = []
    # Attention as matrix products, which are what is counted.
    for train in (True, False):
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            scores = model.train(train)(eda, music)
            if train:
                F.cross_entropy(scores, torch.zeros(batch, dtype=torch.int64)).backward()
        counts.append(counter.get_total_flops() / batch)
    return counts[0], counts[1]


def ceiling(device: torch.device, precision: str, n: int = 8192) -> float:
    """Operations a second in the product of two large matrices."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    seconds = []
    with tensor_float(precision == "tf32"):
        for _ in range(20):
            torch.cuda.synchronize(device)
            start = time.perf_counter()
            a @ b
            torch.cuda.synchronize(device)
            seconds.append(time.perf_counter() - start)
    return 2 * n**3 / statistics.median(seconds)


def stacked(
    data: TrainingData,
    folds: dict[int, Roles],
    spec: ModelSpec,
    recipe: Recipe,
    device: torch.device,
    clock: Callable[[], float],
) -> tuple[float, float]:
    """Seconds of an epoch of all folds, and of the whole."""
    watch = Stopwatch(clock)
    first = min(folds)
    # The clock of one fold is that of its stack, as long as all of them fit into one.
    members = [Member(data, own, k, 0, watch if k == first else None) for k, own in folds.items()]
    for _ in fit_stacked(members, spec, recipe, device=device):
        pass
    return watch.epoch(), clock() - watch.start


def one_by_one(
    data: TrainingData,
    folds: dict[int, Roles],
    spec: ModelSpec,
    recipe: Recipe,
    device: torch.device,
    clock: Callable[[], float],
    tried: int,
) -> float:
    """Seconds of an epoch of all folds, from the first few of them."""
    seconds = []
    for k in list(folds)[:tried]:
        watch = Stopwatch(clock)
        fit_fold(data, folds[k], spec, recipe, fold=k, seed=0, device=device, sink=watch)
        seconds.append(watch.epoch())
    return statistics.mean(seconds) * len(folds)


def on_gpu(device: torch.device, precision: str, epochs: int) -> None:
    data, n_folds = random_trials(**PMEMO), 10
    splits = rotated(group_folds(data.subject, data.label, n_folds, seed=0), n_folds)
    folds = {k: splits.roles(k) for k in range(n_folds)}
    spec = ModelSpec("Rf", n_music=data.n_music, length=PMEMO["length"])
    recipe = replace(RECIPES["paper"], precision=precision, epochs=epochs)
    training, prediction = operations(spec)
    trained = sum(len(own.train) for own in folds.values())
    looked_at = sum(len(own.validation) for own in folds.values())
    work = trained * training + looked_at * prediction
    print(f"{hardware(device)}, torch {torch.__version__}, {precision}, random numbers")
    print(f"{training / 1e9:.3f} GFLOP a trial in training, {prediction / 1e9:.3f} to predict")

    epoch, whole = stacked(data, folds, spec, recipe, device, time.perf_counter)
    limit = ceiling(device, precision)
    alone = one_by_one(
        data, folds, spec, replace(recipe, epochs=3), device, time.perf_counter, tried=2
    )
    seconds, how = (whole, "measured") if epochs == EPOCHS else (epoch * EPOCHS, "extrapolated")
    print(f"stacked: {seconds:.1f} s for {n_folds} folds of {EPOCHS} epochs ({how})")
    print(f"stacked: {work / epoch / 1e12:.2f} TFLOP/s, {work / epoch / limit:.1%} of the ceiling")
    print(f"ceiling: {limit / 1e12:.1f} TFLOP/s in a matrix product")
    print(
        f"one after the other: {alone * EPOCHS:.1f} s (extrapolated from 2 folds); "
        f"stacked is {alone / epoch:.2f} times as fast"
    )
    print(f"most memory: {torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB")


def on_cpu(precision: str, epochs: int) -> None:
    torch.set_num_threads(1)
    device, data, n_folds = torch.device("cpu"), random_trials(**SMALL), 4
    splits = rotated(group_folds(data.subject, data.label, n_folds, seed=0), n_folds)
    folds = {k: splits.roles(k) for k in range(n_folds)}
    print(f"{hardware(device)}, torch {torch.__version__}, {precision}, one thread, random numbers")
    print(f"{n_folds} folds of {SMALL}, processor seconds of an epoch of all folds")
    for batch, variant in ((64, "Rf"), (8, "Rf"), (64, "base")):
        spec = ModelSpec(variant, n_music=data.n_music, length=SMALL["length"])
        recipe = replace(RECIPES["paper"], precision=precision, epochs=epochs, batch_size=batch)
        rest = (data, folds, spec, recipe, device, time.process_time)
        together, alone = stacked(*rest)[0], one_by_one(*rest, tried=n_folds)
        print(
            f"{variant:4s} batch {batch:2d}: stacked {together:.2f}, one after the other "
            f"{alone:.2f}, ratio {alone / together:.2f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--precision", choices=("fp32", "tf32", "bf16"))
    parser.add_argument("--epochs", type=int, default=6)
    chosen = parser.parse_args()
    if torch.cuda.is_available():
        on_gpu(torch.device("cuda"), chosen.precision or "bf16", chosen.epochs)
    else:
        on_cpu(chosen.precision or "fp32", chosen.epochs)
