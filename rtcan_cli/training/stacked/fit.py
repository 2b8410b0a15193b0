"""Train several networks of one shape together, as one program on one device.

A batch of one fold is far too little work for a GPU. So the weights of many folds, also those of
other targets, seeds or subsets of subjects, are stacked, and each operation works on all of them:
PyTorch's `vmap` turns the network's convolutions into grouped ones and its matrix products into
batched ones. Each network sees its own trials in its own order, has its own statistics, clipped
gradient, learning rate and best epoch, and comes out as `fit_fold` would have made it, but for
rounding. None can disturb another: no operation mixes networks.

Folds differ in their numbers of trials, so the last batches of an epoch differ in size. Networks
whose batches have the same size make a step together; in the last step of an epoch most are on
their own. To fill their batches up would change what BatchNorm sees.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import torch

from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import from_arrays
from rtcan_cli.training.checkpoint import (
    FoldProgress,
    moments_of,
    pack_arrays,
    progress_of,
    under,
)
from rtcan_cli.training.data import Inputs, place, standardised
from rtcan_cli.training.device import keep_memory, too_large
from rtcan_cli.training.fit import (
    FoldResult,
    NotFinite,
    check_classes,
    check_precision,
    check_sizes,
    finish,
    finished,
    take,
    untrained,
)
from rtcan_cli.training.given_dropout import give_dropout
from rtcan_cli.training.recipes import Recipe
from rtcan_cli.training.stacked.members import Member, Network, TrialsOnDevice
from rtcan_cli.training.stacked.steps import Stack
from rtcan_cli.training.stacked.weights import WeightLayout, new_moments

T = TypeVar("T")

_SAVING = 0.05  # largest share of the time that goes into checkpoints
_FREE = 0.8  # share of the free memory that is planned with


def fit_stacked(
    members: Sequence[Member],
    spec: ModelSpec,
    recipe: Recipe,
    *,
    device: torch.device | None = None,
    stack: int | None = None,
) -> Iterator[tuple[int, FoldResult | NotFinite]]:
    """Train networks of one shape together.

    Parameters
    ----------
    members : sequence of Member
        Networks to train. Their EDA must be signals of the same length, and their music must have
        the same features.
    spec : ModelSpec
        The network. With `n_music` 0 the music in their data is not used.
    recipe : Recipe
        How to train them.
    device : torch.device, optional
        Where to train; the CPU by default.
    stack : int, optional
        Networks trained together at most. By default as many as fit into the free memory of a
        CUDA device, and all of them on other devices.

    Yields
    ------
    index : int
        Position of a network in `members`.
    outcome : FoldResult or NotFinite
        What `fit_fold` would have returned or raised. A network whose loss is not finite any more
        leaves the stack, and the others go on. Seconds are a network's share of those of its
        stack.

    Raises
    ------
    RtcanError
        If training or validation trials are missing or all of one class, the device knows no such
        precision, or not even one network fits into its memory.

    Notes
    -----
    Weights start and trials are shuffled as in `fit_fold`. So are inputs dropped on the CPU; on a
    GPU it is others that are dropped. The draws of a network never depend on the others.
    """
    if not members:
        return
    device = device or torch.device("cpu")
    for member in members:
        check_classes(member.data, member.parts, member.fold)
        check_sizes(member.data, spec)
    check_precision(recipe, device)
    if device.type == "cpu":
        keep_memory()
    trainer = _Trainer(TrialsOnDevice(members, spec.n_music > 0, device), spec, recipe)
    most = stack or len(members)
    if stack is None and device.type == "cuda":
        most = trainer.fitting(max(members, key=lambda member: len(member.parts.train)))
    waiting = list(range(len(members)))
    while waiting:
        now = even_parts(waiting, most)[0]
        full = False
        try:
            for position, outcome in trainer.fit([members[i] for i in now]):
                waiting.remove(now[position])
                yield now[position], outcome
        except torch.cuda.OutOfMemoryError:
            full = True  # looked at below, where the error keeps no tensors alive any more
        if full:
            if len(now) == 1:
                raise too_large(device)
            torch.cuda.empty_cache()
            most = len(now) // 2


def even_parts(items: Sequence[T], most: int) -> list[list[T]]:
    """Cut a sequence into the fewest parts, all about equal, that have `most` items at most."""
    n_parts = math.ceil(len(items) / most)
    ends = [i * len(items) // n_parts for i in range(n_parts + 1)] if n_parts else []
    return [list(items[begin:end]) for begin, end in pairwise(ends)]


class _Trainer:
    """Trains stacks of networks of one shape."""

    def __init__(self, trials: TrialsOnDevice, spec: ModelSpec, recipe: Recipe) -> None:
        self._trials, self._spec, self._recipe = trials, spec, recipe
        self._device = trials.device
        model = untrained(spec, recipe, 0, 0)
        self._dropouts = give_dropout(model, spec)
        self._layout = WeightLayout(model)
        self._model = model.to(self._device)

    def fit(self, members: Sequence[Member]) -> Iterator[tuple[int, FoldResult | NotFinite]]:
        """Train some networks, all in one stack as soon as those behind have caught up."""
        networks = [self._begin(member) for member in members]
        position = {network: i for i, network in enumerate(networks)}
        stack: Stack | None = None
        saving = _Saving()
        while networks:
            for network in [n for n in networks if finished(n.progress, self._recipe)]:
                networks.remove(network)
                yield position[network], self._result(network)
            if not networks:
                return
            # Those that an interruption left behind go first.
            epoch = min(network.progress.epochs for network in networks)
            now = [network for network in networks if network.progress.epochs == epoch]
            now.sort(key=lambda network: len(network.member.parts.train))
            if stack is None or stack.networks != now:
                stack = None  # frees its memory first
                stack = self._stack(now)
            rows = dict(zip(now, stack.run_epoch(epoch), strict=True))
            for network, row in rows.items():
                try:
                    if take(row, network.progress, network.member.fold):
                        network.keep_best()
                except NotFinite as error:
                    networks.remove(network)
                    yield position[network], error
            on = [network for network in now if network in networks]
            with saving.due() as due:
                for network in on:
                    if due or finished(network.progress, self._recipe):
                        self._save(network)
            for network in on:
                if network.member.sink is not None:
                    network.member.sink.on_epoch(network.member.fold, epoch, rows[network])

    def fitting(self, member: Member) -> int:
        """How many networks like this one fit into the free memory of a CUDA device."""
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self._device)
        before = torch.cuda.memory_allocated(self._device)
        try:
            self._stack([self._begin(replace(member, sink=None))]).first_step()
        except torch.cuda.OutOfMemoryError:
            raise too_large(self._device) from None
        taken = torch.cuda.max_memory_allocated(self._device) - before
        torch.cuda.empty_cache()
        free, _ = torch.cuda.mem_get_info(self._device)
        return max(1, int(_FREE * free / taken))

    def _begin(self, member: Member) -> Network:
        model = untrained(self._spec, self._recipe, member.fold, member.seed)
        checkpoint = None if member.sink is None else member.sink.load(member.fold)
        progress = FoldProgress() if checkpoint is None else progress_of(checkpoint)
        if checkpoint is not None:
            from_arrays(model, under("model.", checkpoint))
        rows = self._layout.read(model, self._device)
        moments = new_moments(self._recipe, rows["weights"])
        if checkpoint is not None:
            moments = self._layout.moments_from_arrays(moments_of(checkpoint), self._device)
            from_arrays(model, progress.best)
        best = self._layout.read(model, self._device)
        rows |= moments | {f"best.{name}": tensor for name, tensor in best.items()}
        _, music, scales = standardised(member.data, member.parts.train, self._spec)
        on_device = None if music is None else place(music, self._device)
        return Network(member, progress, rows, scales, on_device)

    def _stack(self, networks: Sequence[Network]) -> Stack:
        return Stack(
            networks, self._trials, self._model, self._dropouts, self._layout, self._recipe
        )

    def _fetch_best(self, network: Network) -> None:
        """Bring the best weights into the progress."""
        best = {
            name.removeprefix("best."): row.cpu()
            for name, row in network.rows.items()
            if name.startswith("best.")
        }
        network.progress.best = self._layout.to_arrays(best, 0)

    def _save(self, network: Network) -> None:
        member = network.member
        if member.sink is None:
            return
        self._fetch_best(network)
        rows = {
            name: row.cpu() for name, row in network.rows.items() if not name.startswith("best.")
        }
        weights = self._layout.to_arrays(rows, 0)
        moments = self._layout.moments_to_arrays(rows, 0)
        member.sink.save(member.fold, pack_arrays(weights, moments, network.progress))

    def _result(self, network: Network) -> FoldResult:
        member, inputs = network.member, Inputs(self._trials.eda)
        first = self._trials.first(member.data)
        eda = inputs.eda[first : first + len(member.data.label)]
        inputs = Inputs(eda)
        if network.music is not None and member.data.song is not None:
            inputs = Inputs(eda, network.music, place(member.data.song, self._device))
        self._fetch_best(network)
        return finish(
            self._model,
            inputs,
            member.data,
            member.parts,
            network.progress,
            member.fold,
            network.scales,
        )


class _Saving:
    """Says when checkpoints are due: rarely enough to take little of the time."""

    def __init__(self) -> None:
        self._next = -math.inf

    @contextmanager
    def due(self) -> Iterator[bool]:
        """Whether to save now; the block is the saving."""
        start = time.perf_counter()
        due = start >= self._next
        yield due
        if due:
            self._next = start + (time.perf_counter() - start) / _SAVING
