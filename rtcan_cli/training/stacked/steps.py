"""Epochs of several networks at once: what `rtcan_cli.training.stacked.fit` repeats."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial as bind
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn import functional as F

from rtcan_cli.training.data import place
from rtcan_cli.training.device import tensor_float
from rtcan_cli.training.fit import autocast, batch_sizes, class_weight, derive
from rtcan_cli.training.given_dropout import GivenDropout
from rtcan_cli.training.predict import BATCH
from rtcan_cli.training.recipes import Recipe
from rtcan_cli.training.replay import Replay
from rtcan_cli.training.stacked.members import Network, TrialsOnDevice
from rtcan_cli.training.stacked.weights import Rows, WeightLayout, update


class Stack:
    """Networks of one shape at the same epoch, with what their steps need on the device.

    All tensors that steps read and write stay where they are, so that steps can be recorded.

    Parameters
    ----------
    networks : sequence of Network
        Networks to train; their rows become views of those of the stack.
    trials : TrialsOnDevice
        The trials of all of them.
    model : Module
        A network of their shape on the device; its weights do not matter. Its dropout is that of
        `give_dropout`.
    dropouts : sequence of GivenDropout
        Its dropout, in the order in which it is used.
    layout : WeightLayout
        Of the model.
    recipe : Recipe
        How to train.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        trials: TrialsOnDevice,
        model: nn.Module,
        dropouts: Sequence[GivenDropout],
        layout: WeightLayout,
        recipe: Recipe,
    ) -> None:
        self.networks = list(networks)
        self._trials, self._model, self._dropouts = trials, model, dropouts
        self._layout, self._recipe = layout, recipe
        device, n = trials.device, len(networks)
        self._rows = {
            name: torch.cat([network.rows[name] for network in networks])
            for name in networks[0].rows
        }
        for i, network in enumerate(networks):
            network.rows = {name: rows[i : i + 1] for name, rows in self._rows.items()}
        members = [network.member for network in networks]
        first = [trials.first(member.data) for member in members]
        self._train = [m.parts.train + start for m, start in zip(members, first, strict=True)]
        self._sizes = [batch_sizes(len(rows), recipe.batch_size) for rows in self._train]
        self._weight = torch.stack(
            [
                torch.ones(2, device=device) if weight is None else weight
                for m in members
                for weight in [class_weight(m.data.label[m.parts.train], recipe, device)]
            ]
        )
        songs = [network.music for network in networks if network.music is not None]
        self._music = torch.cat(songs) if songs else None
        self._first_song = torch.tensor(
            np.cumsum([0, *map(len, songs)])[:n] if songs else [0] * n, device=device
        ).unsqueeze(1)

        validation = [m.parts.validation + start for m, start in zip(members, first, strict=True)]
        self._n_train = torch.tensor([len(rows) for rows in self._train], device=device)
        self._n_validation = torch.tensor([len(rows) for rows in validation], device=device)
        self._look = min(BATCH, max(len(rows) for rows in validation))
        self._validation, self._counts = (
            place(array, device) for array in _padded(validation, self._look)
        )

        widest = max(max(sizes) for sizes in self._sizes)
        self._index = torch.zeros(n, widest, dtype=torch.int64, device=device)
        self._looked = torch.zeros(n, self._look, dtype=torch.int64, device=device)
        self._counted = torch.zeros(n, self._look, device=device)
        self._rate = torch.zeros(n, 1, device=device)
        self._kept = [torch.zeros(n, widest, *layer.shape, device=device) for layer in dropouts]
        self._sums = torch.zeros(3, n, device=device)  # of the three entries of a history
        self._replay = Replay(device)

    def run_epoch(self, epoch: int) -> list[dict[str, float]]:
        """Train for an epoch, and validate; return what goes into the history of each network."""
        start, cpu_start = time.perf_counter(), time.process_time()
        self._sums.zero_()
        with _chosen_kernels():
            self._train_epoch(epoch)
            self._validate()
        totals = torch.stack([self._n_train, self._n_validation, self._n_validation])
        # The only place where the processor waits for the device.
        values = (self._sums / totals).cpu().tolist()
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
        for network in self.networks:
            network.progress.seconds += seconds / len(self.networks)
            network.progress.cpu_seconds += cpu_seconds / len(self.networks)
        return [
            {"train_loss": a, "validation_loss": b, "validation_accuracy": c}
            for a, b, c in zip(*values, strict=True)
        ]

    def first_step(self) -> None:
        """Make the first step of the first epoch, to see how much memory that takes."""
        self._shuffle(0)
        self._make_step(0, len(self.networks), 0, min(sizes[0] for sizes in self._sizes))

    def _train_epoch(self, epoch: int) -> None:
        draws = self._shuffle(epoch)
        rates = np.zeros((max(map(len, self._sizes)), len(self.networks), 1), dtype=np.float32)
        for k, sizes in enumerate(self._sizes):
            for i in range(len(sizes)):
                rates[i, k] = self._recipe.learning_rate(epoch + i / len(sizes))
        rate = place(rates, self._trials.device)
        for i, (begin, end, size) in self._steps():
            self._rate[begin:end].copy_(rate[i, begin:end])
            for kept, layer in zip(self._kept, self._dropouts, strict=True):
                for k in range(begin, end):
                    kept[k, :size].bernoulli_(1 - layer.p, generator=draws[k]).div_(1 - layer.p)
            self._make_step(begin, end, i * self._recipe.batch_size, size)

    def _steps(self) -> Iterator[tuple[int, tuple[int, int, int]]]:
        """Number of each step, and its networks (from, to) and the size of their batches."""
        for i in range(max(map(len, self._sizes))):
            sizes = [own[i] if i < len(own) else 0 for own in self._sizes]
            begin = 0
            for size, group in groupby(sizes):
                end = begin + len(list(group))
                if size:
                    yield i, (begin, end, size)
                begin = end

    def _shuffle(self, epoch: int) -> list[torch.Generator]:
        """Shuffle the training trials; return generators to go on drawing from."""
        draws, orders = [], []
        for network, rows in zip(self.networks, self._train, strict=True):
            seed = derive(network.member.seed, network.member.fold, 1 + epoch)
            draw = torch.Generator().manual_seed(seed)
            orders.append(rows[torch.randperm(len(rows), generator=draw).numpy()])
            on_cpu = self._trials.device.type == "cpu"
            draws.append(draw if on_cpu else torch.Generator(self._trials.device).manual_seed(seed))
        self._order = place(_padded(orders, 1)[0], self._trials.device)
        return draws

    def _make_step(self, begin: int, end: int, start: int, size: int) -> None:
        self._index[begin:end, :size].copy_(self._order[begin:end, start : start + size])
        key = ("step", begin, end, size)
        self._replay(key, bind(self._step, slice(begin, end), size))

    def _step(self, which: slice, size: int) -> None:
        """One step of some networks, on the batches in `_index`."""
        recipe, index = self._recipe, self._index[which, :size]
        rows = {name: tensor[which] for name, tensor in self._rows.items()}
        weights = {
            name: tensor.detach().requires_grad_()
            for name, tensor in self._layout.views(rows["weights"]).items()
        }
        self._model.train()
        kept = [each[which, :size] for each in self._kept]
        with tensor_float(recipe.precision == "tf32"):
            with autocast(recipe, index.device):
                scores = self._scores(weights, rows, index, self._first_song[which], kept)
            losses = batch_losses(
                scores.float(), self._labels(index), self._weight[which], recipe.label_smoothing
            )
            gradients = torch.autograd.grad(losses.sum(), list(weights.values()))
        with torch.no_grad():
            self._sums[0, which] += losses * size
            update(recipe, rows, self._layout.join(gradients), self._rate[which])

    def _validate(self) -> None:
        for start in range(0, self._validation.shape[1], self._look):
            self._looked.copy_(self._validation[:, start : start + self._look])
            self._counted.copy_(self._counts[:, start : start + self._look])
            self._replay("validate", self._look_at_some)

    @torch.no_grad()
    def _look_at_some(self) -> None:
        """Add up losses and correct answers over the trials in `_looked`."""
        self._model.eval()
        weights = self._layout.views(self._rows["weights"])
        with tensor_float(False):
            scores = self._scores(weights, self._rows, self._looked, self._first_song, [])
        truth = self._labels(self._looked)
        losses = F.cross_entropy(scores.flatten(0, 1), truth.flatten(), reduction="none")
        self._sums[1] += (losses.view_as(truth) * self._counted).sum(dim=1)
        self._sums[2] += ((scores.argmax(dim=2) == truth) * self._counted).sum(dim=1)

    def _labels(self, index: Tensor) -> Tensor:
        return self._trials.label.index_select(0, index.flatten()).view_as(index)

    def _scores(
        self,
        weights: dict[str, Tensor],
        rows: Rows,
        index: Tensor,
        first_song: Tensor,
        kept: list[Tensor],
    ) -> Tensor:
        """Logits (networks, batch, 2) of the trials in `index` (networks, batch)."""
        # Networks beside channels, where grouped convolutions look for them, and both last in
        # memory, where matrix units want them.
        eda = self._trials.eda.index_select(0, index.mT.flatten()).unflatten(0, index.mT.shape)
        eda = eda.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
        music = None
        if self._music is not None and self._trials.song is not None:
            song = self._trials.song.index_select(0, index.flatten()).view_as(index) + first_song
            music = self._music.index_select(0, song.flatten()).unflatten(0, index.shape)
        in_dims = (0, 0, 1, None if music is None else 0, 0)
        with warnings.catch_warnings():
            # Attention on CPUs runs network by network, which is not slower there.
            warnings.filterwarnings("ignore", message=".*batching rule for aten::_scaled_dot")
            scores: Tensor = vmap(self._call, in_dims)(
                weights, self._layout.buffers(rows), eda, music, kept
            )
        return scores

    def _call(
        self,
        weights: dict[str, Tensor],
        buffers: dict[str, Tensor],
        eda: Tensor,
        music: Tensor | None,
        kept: list[Tensor],
    ) -> Tensor:
        """Logits (batch, 2) of one network."""
        for layer, own in zip(self._dropouts, kept, strict=False):
            layer.kept = own
        try:
            scores: Tensor = functional_call(self._model, (weights, buffers), (eda, music))
            return scores
        finally:
            for layer in self._dropouts:
                layer.kept = None


def batch_losses(scores: Tensor, label: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy of each network's batch, as `torch.nn.functional.cross_entropy` weighs it.

    Parameters
    ----------
    scores : Tensor (networks, batch, classes)
        Logits.
    label : Tensor (networks, batch)
        Class of each trial.
    weight : Tensor (networks, classes)
        Weight of each class.
    smoothing : float
        Share of each label that is spread over all classes.

    Returns
    -------
    Tensor (networks,)
    """
    logarithm = scores.log_softmax(dim=2)
    own = weight.gather(1, label)
    true = -(own * logarithm.gather(2, label.unsqueeze(2)).squeeze(2)).sum(dim=1)
    spread = -(weight.unsqueeze(1) * logarithm).sum(dim=(1, 2)) / scores.shape[2]
    return ((1 - smoothing) * true + smoothing * spread) / own.sum(dim=1)


def _padded(
    rows: Sequence[NDArray[np.integer]], multiple: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of different lengths as one matrix, filled up with their own first entries.

    Returns
    -------
    values : NDArray of int64 (len(rows), n)
        `n` is a multiple of `multiple`.
    counts : NDArray of float32 (len(rows), n)
        1 where there is an entry, 0 where it was filled up.
    """
    n = -(-max(map(len, rows)) // multiple) * multiple
    values = np.stack([np.concatenate([row, np.repeat(row[:1], n - len(row))]) for row in rows])
    counts = np.arange(n) < np.array([[len(row)] for row in rows])
    return values.astype(np.int64), counts.astype(np.float32)


@contextmanager
def _chosen_kernels() -> Iterator[None]:
    """Let cuDNN try its kernels on the first batch of each shape, and keep the fastest."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
