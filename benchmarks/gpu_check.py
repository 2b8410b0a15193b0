"""The GPU beside the CPU: whether its numbers are right, and how fast they are.

Run it from a checkout, where PyTorch is a CUDA build, as ``python -m benchmarks.gpu_check``. Its
parts may take 12 minutes in all. ``--device mps`` checks another device, ``--device cpu --small``
the script itself, in a minute of processor time. ``--part NAME`` does one part alone.

Each part runs in a process of its own with a limit of time, so that one that hangs or spoils its
device leaves the others alone. It prints one line, and all numbers go to ``gpu_check.json``
(``--output``). The exit code is 1 if a part fails. What is compared is the same code on the same
trials:

``step``
    Gradients of one step, by their distance from double precision. In single precision the device
    may be ten times as far from it as the CPU is; TF32 would be about a hundred times as far.
``losses``
    Losses of some epochs with both recipes, and predictions afterwards. Labels can be learnt.
``answers``
    Predictions and each kind of map with the same weights.
``resume``
    Training that goes on from a checkpoint ends as training that was never interrupted. The
    checkpoint may be one of the CPU.
``deterministic``
    The same with PyTorch's deterministic algorithms: bit for bit.
``precision``
    Training in TF32 and bfloat16 ends near that in single precision, and is not the same.
``memory``
    Too little memory ends in one clear line; on CUDA devices only.
``command``
    ``rtcan train --gpu 0`` beside ``rtcan train`` on simulated listeners.
``speed``
    Folds of the size of PMEmo, one after the other, in each precision: the share of the limit,
    which is a large matrix product on the device in the same precision, and the peak of its memory.
``kernels``
    A step with either layout of the feature maps, and how much of it the processor takes.
``tried``
    The same where cuDNN first tries its kernels on each shape (``torch.backends.cudnn.benchmark``).
``together``
    Several folds at the same time in processes that share the device, as with ``--jobs``.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial as bind
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.train import operations
from rtcan_cli.choices import MapName
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build
from rtcan_cli.parallel import map_unordered
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Partial
from rtcan_cli.training import run as training_run
from rtcan_cli.training.checkpoint import Arrays
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.device import tensor_float
from rtcan_cli.training.environment import hardware, software
from rtcan_cli.training.fit import FoldResult, autocast, check_precision
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import Roles
from rtcan_cli.training.predict import predict
from rtcan_cli.training.recipes import PRECISIONS, RECIPES, Recipe

CPU = torch.device("cpu")
#: Of losses, relative, and of probabilities, in single precision: ten times what followed where
#: initial weights were changed by a millionth of themselves, or (tuned) twice that.
LIMITS = {"paper": (2e-4, 1e-3), "tuned": (3e-3, 2e-2)}
TARGETS, EPOCHS = 2, 100  # of a run of PMEmo with the paper's recipe
#: Seconds after which folds that are to be trained together must all have begun.
BEGUN = 60.0


@dataclass(frozen=True)
class Size:
    """Sizes of trials and of networks."""

    trials: int
    subjects: int
    songs: int
    features: int
    length: int
    batch: int
    folds: int = 10
    channels: tuple[int, ...] = (64, 64, 64, 64)

    @property
    def spec(self) -> ModelSpec:
        """The network."""
        return ModelSpec("Rf", self.channels, n_music=self.features, length=self.length)


@dataclass(frozen=True)
class Plan:
    """What is compared, what is timed, and how many folds are trained together."""

    checked: Size
    timed: Size
    timed_folds: int  # of those of `timed`
    shared: Size  # trained in several processes
    together: tuple[int, ...]
    product: int  # rows of the matrices whose product is the limit


_PMEMO = Size(trials=7680, subjects=400, songs=794, features=6373, length=2500, batch=256)
FULL = Plan(
    Size(trials=640, subjects=40, songs=64, features=6373, length=2500, batch=64),
    _PMEMO,
    2,
    replace(_PMEMO, trials=1600),
    (1, 2, 4),
    8192,
)
_TINY = Size(45, 9, 6, 10, 96, 8, 3, (8, 8, 8, 8))
SMALL = Plan(_TINY, _TINY, 2, _TINY, (1, 2), 256)


@dataclass
class Found:
    """Numbers of a part, and what is wrong with them."""

    numbers: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def note(self, name: str, value: float) -> None:
        """Keep a number."""
        self.numbers[name] = float(value)

    def within(self, name: str, value: float, limit: float) -> None:
        """Keep a number that may not be above a limit, nor be none."""
        self.note(name, value)
        if not value <= limit:
            self.wrong.append(f"{name} is {value:.2g}, above {limit:.2g}")

    def need(self, holds: bool, what: str) -> None:
        """Note what is wrong unless it holds."""
        if not holds:
            self.wrong.append(what)


class Stop(Exception):
    """Training was interrupted on purpose."""


class Watch:
    """Keeps the checkpoint of the last epoch, and notes when epochs end."""

    def __init__(self, start_from: Arrays | None = None, stop_after: int | None = None) -> None:
        self.kept, self._stop_after = start_from, stop_after
        self.ends = [time.monotonic()]

    def load(self, fold: int) -> Arrays | None:
        """The checkpoint to go on from."""
        return self.kept

    def save(self, fold: int, checkpoint: Arrays) -> None:
        """Keep a checkpoint."""
        self.kept = checkpoint

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        """Note the time; stop after the epoch that is the last."""
        self.ends.append(time.monotonic())
        if epoch + 1 == self._stop_after:
            raise Stop


def simulated(size: Size) -> TrainingData:
    """Trials whose labels depend on the phasic part of the EDA and on the song."""
    rng = np.random.default_rng(0)
    song = rng.integers(0, size.songs, size.trials)
    music = rng.standard_normal((size.songs, size.features), dtype=np.float32)
    felt = rng.standard_normal(size.trials, dtype=np.float32)
    eda = rng.standard_normal((size.trials, 3, size.length), dtype=np.float32)
    eda[:, 1, : size.length // 2] += felt[:, None]
    label = (2 * felt + music[song, 0] + rng.logistic(size=size.trials) > 0).astype(np.int64)
    subject = np.array([f"s{i % size.subjects:03d}" for i in range(size.trials)])
    stimulus = np.array([f"m{i:03d}" for i in song])
    return TrainingData(
        eda=eda, label=label, subject=subject, stimulus=stimulus, music=music, song=song
    )


def roles(data: TrainingData, size: Size, fold: int) -> Roles:
    """Trials of a fold of a cross-validation over subjects."""
    # Who hears a song again plays no role here, as it would in `cross_validate`.
    split = PROTOCOLS["subject"].split
    return split(data.subject, data.stimulus, data.label, size.folds, seed=0).roles(fold)


def train(
    data: TrainingData,
    size: Size,
    recipe: Recipe,
    device: torch.device,
    sink: Any = None,
    fold: int = 0,
) -> FoldResult:
    """Train a fold as `rtcan train` does."""
    own = roles(data, size, fold)
    return training_run.fit(
        data, own, size.spec, recipe, fold=fold, seed=0, device=device, sink=sink
    )


def recipe(name: str, size: Size, **changes: Any) -> Recipe:
    """A recipe that learns something within three epochs of a small batch."""
    usual = {"epochs": 3, "batch_size": size.batch, "dropout": 0.0, "initialisation": "default"}
    return replace(RECIPES[name], **(usual | changes))


def network(size: Size) -> RTCAN:
    """A network whose attention matters: at its start its scale is 0."""
    model = build(size.spec, "default", seed=0)
    assert isinstance(model, RTCAN)
    assert model.rnta is not None
    nn.init.constant_(model.rnta.W[1].weight, 0.5)
    return model


def moved(model: nn.Module, device: torch.device) -> nn.Module:
    """A copy of a network on the device."""
    return copy.deepcopy(model).to(device)


def precisions(device: torch.device) -> list[str]:
    """Those that the device trains in."""
    possible = []
    for name in PRECISIONS:
        try:
            check_precision(replace(RECIPES["paper"], precision=name), device)
        except RtcanError:
            continue
        possible.append(name)
    return possible


def gradient(
    model: nn.Module,
    data: TrainingData,
    n: int,
    device: torch.device,
    precision: str = "fp32",
    dtype: torch.dtype = torch.float32,
) -> NDArray[np.float64]:
    """Gradient of all weights after the first `n` trials, one after the other."""
    assert data.music is not None
    assert data.song is not None
    eda, music = torch.tensor(data.eda[:n]), torch.tensor(data.music[data.song[:n]])
    own = moved(model.to(dtype), device).train()
    how = replace(RECIPES["paper"], precision=precision)
    with tensor_float(precision == "tf32"):
        with autocast(how, device):
            scores = own(eda.to(device, dtype), music.to(device, dtype))
        loss = F.cross_entropy(
            scores if dtype == torch.float64 else scores.float(),
            torch.tensor(data.label[:n]).to(device),
        )
        loss.backward()
    every = [p.grad for p in own.parameters()]
    return np.concatenate([g.cpu().double().numpy().ravel() for g in every if g is not None])


def step(plan: Plan, device: torch.device) -> Found:
    """Gradients, by their distance from double precision."""
    found, size = Found(), plan.checked
    data, n = simulated(size), min(size.batch, 16)
    exact = gradient(network(size), data, n, CPU, dtype=torch.float64)

    def distance(where: torch.device, precision: str) -> float:
        own = gradient(network(size), data, n, where, precision)
        return float(np.linalg.norm(own - exact) / np.linalg.norm(exact))

    here, coarse = distance(CPU, "fp32"), distance(CPU, "bf16")
    found.note("CPU fp32", here)
    found.note("CPU bf16", coarse)
    apart = {name: distance(device, name) for name in precisions(device)}
    # TF32 keeps three bits more than bfloat16, and thirteen less than single precision.
    limits = {"fp32": 10 * here, "tf32": coarse, "bf16": 2 * coarse}
    for name, value in apart.items():
        found.within(name, value, limits[name])
        found.need(
            name == "fp32" or value > 5 * apart["fp32"], f"{name} is as exact as single precision"
        )
    return found


def worst(a: FoldResult, b: FoldResult) -> dict[str, float]:
    """Largest differences of losses, relative, and of probabilities."""
    same = {name: (a.history[name], b.history[name]) for name in ("train_loss", "validation_loss")}
    apart = {name: float(np.max(np.abs(x / y - 1))) for name, (x, y) in same.items()}
    return apart | {"probability": float(np.max(np.abs(a.test_probability - b.test_probability)))}


def near(
    found: Found, name: str, a: FoldResult, b: FoldResult, limits: tuple[float, float]
) -> None:
    """Compare losses, and probabilities, of two trained folds."""
    for what, value in worst(a, b).items():
        found.within(f"{name} {what}", value, limits[what == "probability"])


def losses(plan: Plan, device: torch.device) -> Found:
    """Losses of epochs and predictions of both recipes."""
    found, size = Found(), plan.checked
    data = simulated(size)
    for name in RECIPES:
        # AdamW divides gradients by their size, and so enlarges what rounding makes of small ones.
        how = recipe(name, size, epochs=1 if name == "tuned" else 3)
        expected = train(data, size, how, CPU)
        near(found, name, train(data, size, how, device), expected, LIMITS[name])
    return found


def answers(plan: Plan, device: torch.device) -> Found:
    """Predictions and maps with the same weights."""
    from rtcan_cli.explain.maps import attribute_trials

    found, size = Found(), plan.checked
    data, model, n = simulated(size), network(size), min(size.batch, 32)
    assert data.music is not None
    assert data.song is not None
    inputs = data.eda[:n], data.music[data.song[:n]]
    there = moved(model, device)
    apart = np.abs(predict(there, *inputs) - predict(model, *inputs)).max()
    found.within("probability", float(apart), 1e-5)
    for method in get_args(MapName):
        expected = attribute_trials(model, *inputs, [1] * n, method).channels
        own = attribute_trials(there, *inputs, [1] * n, method).channels
        # A ReLU near 0 may be open on one side only, so few values may differ.
        distance = float(np.linalg.norm(own - expected) / np.linalg.norm(expected))
        found.within(method, distance, 1e-3)
    return found


def interrupted(data: TrainingData, size: Size, how: Recipe, device: torch.device) -> Arrays:
    """The checkpoint of training that was interrupted after its second epoch."""
    sink = Watch(stop_after=2)
    try:
        train(data, size, how, device, sink)
    except Stop:
        assert sink.kept is not None
        return sink.kept
    raise AssertionError("it was not interrupted")


def resume(plan: Plan, device: torch.device) -> Found:
    """Training that goes on, beside training that was never interrupted."""
    found, size = Found(), plan.checked
    data, how = simulated(size), recipe("paper", size, dropout=0.5)
    whole, again = (train(data, size, how, device) for _ in range(2))
    kept = interrupted(data, size, how, device)
    near(found, "two runs", again, whole, LIMITS["paper"])
    near(found, "resumed", train(data, size, how, device, Watch(kept)), whole, LIMITS["paper"])
    how = recipe("paper", size)
    expected, kept = train(data, size, how, CPU), interrupted(data, size, how, CPU)
    resumed = train(data, size, how, device, Watch(kept))
    near(found, "from the CPU", resumed, expected, LIMITS["paper"])
    return found


def deterministic(plan: Plan, device: torch.device) -> Found:
    """The same bits with PyTorch's deterministic algorithms."""
    found, size = Found(), plan.checked
    data, how = simulated(size), recipe("tuned", size, dropout=0.5)
    torch.use_deterministic_algorithms(True)
    try:
        whole, again = (train(data, size, how, device) for _ in range(2))
        kept = interrupted(data, size, how, device)
        resumed = train(data, size, how, device, Watch(kept))
    finally:
        torch.use_deterministic_algorithms(False)
    for name, other in (("two runs", again), ("resumed", resumed)):
        near(found, name, other, whole, (0.0, 0.0))
        equal = all(np.array_equal(other.weights[key], own) for key, own in whole.weights.items())
        found.need(equal, f"{name}: weights differ")
    return found


def precision(plan: Plan, device: torch.device) -> Found:
    """Training in TF32 and bfloat16 beside training in single precision, on the device."""
    found, size = Found(), plan.checked
    data, possible = simulated(size), precisions(device)
    plain = train(data, size, recipe("paper", size), device)
    for name in PRECISIONS:
        how = recipe("paper", size, precision=name)
        if name not in possible:
            try:
                train(data, size, how, device)
                found.need(False, f"{name} is not refused")
            except RtcanError as error:
                found.need(name in str(error), f"{name} is refused for another reason: {error}")
        elif name != "fp32":
            rounded = train(data, size, how, device)
            near(found, name, rounded, plain, (1e-2, 3e-2))
            same = np.array_equal(rounded.test_probability, plain.test_probability)
            found.need(not same, f"{name} changes nothing")
    return found


def memory(plan: Plan, device: torch.device) -> Found:
    """Too little memory is told in one line."""
    found = Found()
    if device.type != "cuda":
        return found
    size = plan.timed
    _, total = torch.cuda.mem_get_info(device)
    allowed = 2**29
    found.note("allowed [GB]", allowed / 1e9)
    torch.cuda.set_per_process_memory_fraction(allowed / total, device)
    try:
        train(simulated(size), size, recipe("paper", size, epochs=1), device)
        found.need(False, "half a gigabyte is enough")
    except RtcanError as error:
        found.need("memory" in str(error), f"another error: {error}")
    return found


def command(plan: Plan, device: torch.device, workspace: Path | None = None) -> Found:
    """`rtcan train` on the device beside the same on the CPU, from simulated recordings."""
    found, size = Found(), plan.checked
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if workspace is None:
            workspace = root / "stores"
            raw = root / "raw"
            rtcan("simulate", "pmemo", raw, "--subjects", "12", "--stimuli", "12")
            for line in (("ingest", "pmemo", raw), ("relabel",), ("decompose",)):
                rtcan(*line, "-w", workspace)
        # A recipe without dropout, which draws otherwise on another device.
        options = ("--target", "arousal", "--fusion", "none", "--folds", "3", "--epochs", "2")
        options = (*options, "--recipe", "paper", "--batch-size", "16", "--lr", "0.02")
        widths = ",".join(map(str, size.channels))
        options = (*options, "--length", str(size.length), "--channels", widths, "-w", workspace)
        runs = {name: root / f"{name}.h5" for name in ("here", "there")}
        rtcan("train", *options, "--output", runs["here"], "--jobs", "1")
        where = ("--gpu", str(device.index or 0)) if device.type == "cuda" else ()
        where = where or ("--device", str(device))
        rtcan("train", *options, "--output", runs["there"], *where)
        here, there = (Run.load(path) for path in runs.values())
        found.need(set(there.models["device"]) == {str(device)}, "it was trained elsewhere")
        apart = here.predictions["probability"] - there.predictions["probability"]
        found.within("probability", float(np.nanmax(np.abs(apart))), 5e-3)
    return found


def rtcan(*words: str | Path) -> None:
    """Run a command; an error is its last line."""
    line = [sys.executable, "-m", "rtcan_cli", *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"rtcan {words[0]}: {(done.stderr.strip() or '?').splitlines()[-1]}")


def wait(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def limit(device: torch.device, precision: str, n: int) -> float:
    """Operations a second in the product of two large matrices."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    seconds = []
    with tensor_float(precision == "tf32"):
        for _ in range(12):
            wait(device)
            start = time.perf_counter()
            a @ b
            wait(device)
            seconds.append(time.perf_counter() - start)
    return 2 * n**3 / statistics.median(seconds)


def launching(size: Size, device: torch.device, precision: str, channels_last: bool) -> Found:
    """Milliseconds of a step, and of handing it to the device without waiting for it."""
    found, steps = Found(), 8
    model = network(size).to(device).train()
    how = replace(RECIPES["paper"], precision=precision)
    optimizer = how.new_optimizer(model.parameters())
    eda = torch.randn(size.batch, 3, size.length, device=device)
    if channels_last:
        eda = eda.mT.contiguous().mT
    music = torch.randn(size.batch, size.features, device=device)
    label = torch.zeros(size.batch, dtype=torch.int64, device=device)

    def once() -> Tensor:
        optimizer.zero_grad()
        with autocast(how, device):
            scores = model(eda, music)
        loss = F.cross_entropy(scores.float(), label)
        loss.backward()
        optimizer.step()
        return loss

    with tensor_float(precision == "tf32"):
        for _ in range(3):
            once()
        wait(device)
        start = time.perf_counter()
        for _ in range(steps):
            once()
        handed = time.perf_counter() - start
        wait(device)
        found.note("step [ms]", 1e3 * (time.perf_counter() - start) / steps)
        found.note("handing over [ms]", 1e3 * handed / steps)
    return found


class Kept(Watch):
    """A watch that writes checkpoints to the disk, as a run does."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._partial = Partial(folder / "run.h5", "check")

    def save(self, fold: int, checkpoint: Arrays) -> None:
        """Write a checkpoint."""
        self._partial.put(f"fold-{fold}", checkpoint)


def kernels(plan: Plan, device: torch.device, tried: bool = False) -> Found:
    """A step with both layouts, at the batch of `speed` and at a quarter of it."""
    found = Found()
    # Once cuDNN has chosen kernels for a shape it keeps them, so `tried` needs its own process.
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = tried
    try:
        for batch in (plan.timed.batch, max(2, plan.timed.batch // 4)):
            for name in precisions(device):
                for last in (False, True):
                    size = replace(plan.timed, batch=batch)
                    layout = "channels last" if last else "time last"
                    for what, value in launching(size, device, name, last).numbers.items():
                        found.note(f"batch {batch}, {name}, {layout}: {what}", value)
    finally:
        torch.backends.cudnn.benchmark = before
    return found


def speed(plan: Plan, device: torch.device) -> Found:
    """Some folds, one after the other, in each precision; numbers are for all folds."""
    found, size = Found(), plan.timed
    data, work = simulated(size), operations(size.spec)
    found.note("operations a trial [GFLOP]", work / 1e9)
    for name in precisions(device):
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        how = recipe("paper", size, epochs=3, precision=name)
        epochs, busy = [], []
        with tempfile.TemporaryDirectory() as folder:
            for fold in range(plan.timed_folds):
                watch = Kept(Path(folder))
                result = train(data, size, how, device, watch, fold)
                epochs.append(statistics.median(np.diff(watch.ends)[1:]))
                busy.append(result.seconds / (watch.ends[-1] - watch.ends[0]))
        own = roles(data, size, 0)
        # A prediction is a third of the work of training.
        trials = len(own.train) + len(own.validation) / 3
        epoch = statistics.mean(epochs)
        reached = work * trials / epoch
        most = limit(device, name, plan.product)
        found.note(f"{name}: epoch of all folds [s]", size.folds * epoch)
        found.note(f"{name}: run of PMEmo [h]", TARGETS * EPOCHS * size.folds * epoch / 3600)
        found.note(f"{name}: TFLOP/s", reached / 1e12)
        found.note(f"{name}: limit [TFLOP/s]", most / 1e12)
        found.within(f"{name}: share of the limit", reached / most, 1.0)
        found.note(f"{name}: share of time in epochs", statistics.mean(busy))
        if device.type == "cuda":
            found.note(f"{name}: peak [GB]", torch.cuda.max_memory_allocated(device) / 1e9)
            found.note(f"{name}: reserved [GB]", torch.cuda.max_memory_reserved(device) / 1e9)
    return found


class Starting(Watch):
    """A watch that waits after the first epoch until all others are as far."""

    def __init__(self, folder: Path, n: int) -> None:
        super().__init__()
        self._folder, self._n = folder, n

    def on_epoch(self, fold: int, epoch: int, row: Mapping[str, float]) -> None:
        """Wait once, and note the time."""
        if epoch == 0:
            (self._folder / f"{fold}").touch()
            until = time.monotonic() + BEGUN
            while (begun := len(list(self._folder.iterdir()))) < self._n:
                if time.monotonic() > until:
                    raise RuntimeError(f"only {begun} of {self._n} folds began within {BEGUN:g} s")
                time.sleep(0.005)
            self.ends.clear()
        super().on_epoch(fold, epoch, row)


def timed_fold(
    fold: int, n: int, folder: Path, data: TrainingData, size: Size, how: Recipe, device: str
) -> tuple[float, float]:
    """Begin and end of the epochs of a fold after its first one."""
    watch = Starting(folder, n)
    train(data, size, how, torch.device(device), watch, fold)
    return watch.ends[0], watch.ends[-1]


def together(plan: Plan, device: torch.device) -> Found:
    """Several folds at the same time, each in a process of its own."""
    found, size, epochs = Found(), plan.shared, 4
    data, possible = simulated(size), precisions(device)
    for name in [name for name in ("fp32", "bf16") if name in possible]:
        how = recipe("paper", size, epochs=1 + epochs, precision=name)
        alone = math.nan
        for n in plan.together:
            with tempfile.TemporaryDirectory() as folder:
                work = bind(
                    timed_fold,
                    n=n,
                    folder=Path(folder),
                    data=data,
                    size=size,
                    how=how,
                    device=str(device),
                )
                times = [each for _, each in map_unordered(work, range(n), n)]
            start, end = min(first for first, _ in times), max(last for _, last in times)
            rate = n * epochs / (end - start)
            alone = rate if n == 1 else alone
            found.note(f"{name}: epochs/s, {n} at a time", rate)
            found.note(f"{name}: speed-up, {n} at a time", rate / alone)
    return found


#: What each part does, and how many seconds it may take.
PARTS: dict[str, tuple[Callable[[Plan, torch.device], Found], float]] = {
    "step": (step, 45),
    "losses": (losses, 60),
    "answers": (answers, 40),
    "resume": (resume, 50),
    "deterministic": (deterministic, 40),
    "precision": (precision, 30),
    "memory": (memory, 25),
    "command": (command, 90),
    "speed": (speed, 90),
    "kernels": (kernels, 40),
    "tried": (bind(kernels, tried=True), 60),
    "together": (together, 120),
}


def described(name: str, outcome: Mapping[str, Any]) -> str:
    """A part in one line."""
    numbers = "; ".join(f"{key} {value:.3g}" for key, value in outcome["numbers"].items())
    wrong = "; ".join(outcome["wrong"])
    passed = "ok" if numbers else "nothing to check on this device"
    verdict = f"FAILED ({wrong})" if wrong else passed
    return f"{name}: {verdict}, {outcome['seconds']:.0f} s; {numbers}"


def in_process(name: str, device: str, small: bool, seconds: float) -> dict[str, Any]:
    """Run a part in a process of its own, and return what it found or why it did not."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result, said = Path(folder) / "result.json", Path(folder) / "stderr"
        line = [sys.executable, "-m", "benchmarks.gpu_check", "--device", device, "--part", name]
        line += ["--output", str(result), *(["--small"] if small else [])]
        # What cuBLAS needs to be deterministic; it takes memory, and perhaps time.
        own = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if name == "deterministic" else {}
        why = None
        with said.open("w") as errors:
            try:
                subprocess.run(
                    line, stdout=errors, stderr=errors, env=os.environ | own, timeout=seconds
                )
            except subprocess.TimeoutExpired:
                why = f"it took over {seconds:g} s"
        if result.exists():
            found: dict[str, Any] = json.loads(result.read_text())["parts"][name]
            return found
        last = (said.read_text(errors="replace").strip() or "?").splitlines()[-1]
    return {"numbers": {}, "wrong": [why or last], "seconds": time.monotonic() - start}


def here(name: str, plan: Plan, device: torch.device) -> dict[str, Any]:
    """Run a part in this process."""
    start = time.monotonic()
    try:
        found = PARTS[name][0](plan, device)
    except Exception as error:
        found = Found(wrong=[f"{type(error).__name__}: {error}".splitlines()[0]])
    seconds = time.monotonic() - start
    return {"numbers": found.numbers, "wrong": found.wrong, "seconds": seconds}


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--small", action="store_true", help="small sizes, to try this script")
    parser.add_argument("--part", choices=PARTS, help="one part alone, in this process")
    parser.add_argument("--output", type=Path, default=Path("gpu_check.json"))
    options = parser.parse_args(words)
    device, plan = torch.device(options.device), SMALL if options.small else FULL
    machine = {
        "device": options.device,
        "software": software(is_network=True),
        "small": options.small,
    }
    parts: dict[str, dict[str, Any]] = {}
    for name in [options.part] if options.part else PARTS:
        if options.part:
            parts[name] = here(name, plan, device)
        else:
            parts[name] = in_process(name, options.device, options.small, PARTS[name][1])
        print(described(name, parts[name]), flush=True)
        options.output.write_text(json.dumps({**machine, "parts": parts}, indent=1))
    try:
        machine["hardware"] = hardware(device)
    except (RuntimeError, AssertionError) as error:  # there is no such device
        machine["hardware"] = str(error).partition("\n")[0]
    options.output.write_text(json.dumps({**machine, "parts": parts}, indent=1))
    print(f"{machine['hardware']}; {software(is_network=True)}; all numbers: {options.output}")
    return int(any(part["wrong"] for part in parts.values()))


if __name__ == "__main__":
    sys.exit(main())
