"""Dropout whose draws come from outside, so that each network of a stack has its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rtcan_cli.models.spec import ModelSpec


class GivenDropout(nn.Module):
    """Dropout whose kept elements are given.

    Parameters
    ----------
    p : float
        Probability of dropping an input.
    shape : tuple of int
        Shape of an input, without the batch.
    """

    def __init__(self, p: float, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.p = p
        self.shape = shape
        self.kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Multiply `x` by what was kept of it, in training."""
        return x * self.kept if self.training and self.kept is not None else x


def give_dropout(model: nn.Module, spec: ModelSpec) -> list[GivenDropout]:
    """Replace the dropout of a network, on the CPU; return it in the order in which it is used."""
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def look(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        shapes[module] = tuple(inputs[0].shape[1:])

    dropouts = [m for m in model.modules() if isinstance(m, nn.Dropout) and m.p > 0]
    hooks = [module.register_forward_pre_hook(look) for module in dropouts]
    if dropouts:
        with torch.no_grad():
            music = torch.zeros(2, spec.n_music) if spec.n_music else None
            model.eval()(torch.zeros(2, 3, spec.length), music)
    for hook in hooks:
        hook.remove()
    given = {
        m: GivenDropout(m.p, shape) for m, shape in shapes.items() if isinstance(m, nn.Dropout)
    }
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if child in given:
                setattr(parent, name, given[child])
    return list(given.values())
