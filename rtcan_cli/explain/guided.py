"""Guided backpropagation: gradients that only tell what speaks for a class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class GuidedReLU(TorchFunctionMode):
    """Context in which every ReLU lets back only positive gradients.

    It catches ReLU as a function and as a module alike. Hooks on modules, as captum's
    GuidedBackprop sets them, would miss the functional ones of the residual blocks
    (Springenberg et al., Striving for Simplicity, 2015).
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call `func`, or the guided ReLU in its place."""
        if func in (F.relu, torch.relu, Tensor.relu):
            return _Guided.apply(args[0])
        return func(*args, **(kwargs or {}))


class _Guided(torch.autograd.Function):
    """ReLU whose gradient passes where both the input and the gradient are positive."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient.clamp(min=0) * (x > 0)
