"""Weights of several networks of one shape: a row a network, and one optimiser for all rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rtcan_cli.training.checkpoint import Arrays
from rtcan_cli.training.recipes import Recipe

#: What is known of some networks on the device: tensors whose first axis counts the networks.
Rows = dict[str, Tensor]

_ALIGNED = 64  # values: rows begin where matrix units like to read
_MOMENTS = {"sgd": ("momentum_buffer",), "adamw": ("exp_avg", "exp_avg_sq")}
_BETAS, _EPS = (0.9, 0.999), 1e-8  # PyTorch's defaults for AdamW


class WeightLayout:
    """Where each weight of a network stands in its row.

    A row contains all weights of a network one after the other, so that an update, a norm or a copy
    of all weights of all networks is one operation. Statistics of BatchNorm keep their own
    tensors, because of their types.

    Parameters
    ----------
    model : Module
        Any network of the shape.
    """

    def __init__(self, model: nn.Module) -> None:
        self._names = list(model.state_dict())
        self._shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
        self._sizes = [int(np.prod(shape)) for shape in self._shapes.values()]
        self._buffers = [name for name, _ in model.named_buffers()]
        self._padding = -sum(self._sizes) % _ALIGNED

    def read(self, model: nn.Module, device: torch.device) -> Rows:
        """Copy a network to the device, as one row."""
        state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
        weights = self.join([state[name].unsqueeze(0) for name in self._shapes])
        buffers = {f"buffer.{name}": state[name].clone().unsqueeze(0) for name in self._buffers}
        return {name: rows.to(device) for name, rows in ({"weights": weights} | buffers).items()}

    def join(self, tensors: Sequence[Tensor]) -> Tensor:
        """Join one tensor (networks, *shape) for each weight to rows (networks, n)."""
        rows = torch.cat([tensor.flatten(1) for tensor in tensors], dim=1)
        return F.pad(rows, (0, self._padding))

    def views(self, rows: Tensor) -> dict[str, Tensor]:
        """Each weight (networks, *shape) in rows (networks, n); nothing is copied."""
        parts = rows[:, : rows.shape[1] - self._padding].split(self._sizes, dim=1)
        return {
            name: part.unflatten(1, shape)
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }

    def buffers(self, rows: Rows) -> dict[str, Tensor]:
        """Each statistic (networks, *shape) among what is known of some networks."""
        return {name: rows[f"buffer.{name}"] for name in self._buffers}

    def to_arrays(self, rows: Rows, i: int) -> Arrays:
        """Copy the weights and statistics of network `i`, which must be on the CPU, to arrays."""
        tensors = self.views(rows["weights"]) | self.buffers(rows)
        return {name: tensors[name][i].numpy().copy() for name in self._names}

    def moments_to_arrays(self, rows: Rows, i: int) -> dict[int, Arrays]:
        """Copy what the optimiser remembers of network `i`, as PyTorch's optimiser has it."""
        moments: dict[int, Arrays] = {n: {} for n in range(len(self._shapes))}
        for name, values in rows.items():
            if name in {*_MOMENTS["sgd"], *_MOMENTS["adamw"]}:
                for n, part in enumerate(self.views(values).values()):
                    moments[n][name] = part[i].numpy().copy()
            elif name == "step":
                for n in moments:
                    moments[n][name] = values[i].numpy().astype(np.float32)
        return {n: entries for n, entries in moments.items() if entries}

    def moments_from_arrays(self, moments: Mapping[int, Arrays], device: torch.device) -> Rows:
        """Put what `moments_to_arrays` returned on the device, as one row."""
        if not moments:
            return {}
        rows = {}
        for name in moments[0]:
            parts = [torch.tensor(moments[n][name]).unsqueeze(0) for n in range(len(moments))]
            rows[name] = parts[0] if name == "step" else self.join(parts)
        return {name: row.to(device) for name, row in rows.items()}


def new_moments(recipe: Recipe, weights: Tensor) -> Rows:
    """What the recipe's optimiser remembers before its first step, for weights (networks, n)."""
    if recipe.optimizer == "sgd" and not recipe.momentum:
        return {}
    moments = {name: torch.zeros_like(weights) for name in _MOMENTS[recipe.optimizer]}
    if recipe.optimizer == "adamw":
        moments["step"] = weights.new_zeros(len(weights))
    return moments


def update(recipe: Recipe, rows: Rows, gradient: Tensor, rate: Tensor) -> None:
    """Make one step of the recipe's optimiser, in place.

    Parameters
    ----------
    recipe : Recipe
        Its optimiser, and the largest norm of a network's gradient.
    rows : dict of str to Tensor
        Weights (networks, n) and what the optimiser remembers of them.
    gradient : Tensor (networks, n)
        Of the loss of each network; it is overwritten.
    rate : Tensor (networks, 1)
        Learning rate of each network.

    Notes
    -----
    The same formulas, in the same order, as ``torch.optim.SGD`` and ``torch.optim.AdamW``, and
    ``torch.nn.utils.clip_grad_norm_``. PyTorch's take one learning rate for all weights, but
    networks with other numbers of trials are at other places of the schedule.
    """
    weights = rows["weights"]
    if recipe.clip_norm is not None:
        norm = gradient.norm(dim=1, keepdim=True)
        gradient *= (recipe.clip_norm / (norm + 1e-6)).clamp(max=1)
    if recipe.optimizer == "sgd":
        if recipe.weight_decay:
            gradient.add_(weights, alpha=recipe.weight_decay)
        if recipe.momentum:
            gradient = rows["momentum_buffer"].mul_(recipe.momentum).add_(gradient)
        weights.sub_(rate * gradient)
        return
    mean, square, step = rows["exp_avg"], rows["exp_avg_sq"], rows["step"]
    weights.mul_(1 - rate * recipe.weight_decay)
    step.add_(1)
    mean.lerp_(gradient, 1 - _BETAS[0])
    square.mul_(_BETAS[1]).addcmul_(gradient, gradient, value=1 - _BETAS[1])
    # 1 - beta ** step, to the last digit even for the first steps.
    first, second = (-torch.expm1(step.unsqueeze(1) * math.log(beta)) for beta in _BETAS)
    scale = square.sqrt().div_(second.sqrt()).add_(_EPS)
    weights.addcdiv_(mean * (-rate / first), scale)
