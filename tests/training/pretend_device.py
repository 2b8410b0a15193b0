"""A second device for machines that have none: it computes on the CPU, but keeps its tensors apart.

Its tensors say that they are on the device ``meta``, which no real computation uses. As on a GPU,
an operation that is given a tensor of the CPU beside one of the device fails, unless it is a copy
or a single number, and ``numpy()`` fails on a tensor of the device.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

DEVICE = torch.device("meta")


class OnDevice(Tensor):
    """A tensor of the device; `held` is where its numbers are."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> OnDevice:
        return Tensor._make_wrapper_subclass(  # type: ignore[attr-defined,no-any-return]
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
        )

    def __init__(self, held: Tensor) -> None:
        self.held = held

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return compute(func, args, kwargs or {})


class Mixed(AssertionError):
    """Tensors of both devices met."""


def compute(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Do an operation on the CPU; what it makes is where its arguments were."""
    tensors: list[Tensor] = []
    tree_map(lambda x: tensors.append(x) if isinstance(x, Tensor) else None, (args, kwargs))
    asked = kwargs.get("device")
    copies = func in (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
    there = any(isinstance(x, OnDevice) for x in tensors)
    if there and not copies:
        strangers = [x for x in tensors if not isinstance(x, OnDevice) and x.dim() > 0]
        if strangers:
            raise Mixed(f"{func} was given a tensor of the CPU of shape {strangers[0].shape}")
    to_device = there if asked is None else torch.device(asked) == DEVICE
    if copies and func is torch.ops.aten.copy_.default:
        to_device = isinstance(args[0], OnDevice)
    if asked is not None:
        kwargs = kwargs | {"device": torch.device("cpu")}
    held_args, held_kwargs = tree_map(
        lambda x: x.held if isinstance(x, OnDevice) else x, (args, kwargs)
    )
    result = func(*held_args, **held_kwargs)
    own = {id(x.held): x for x in tensors if isinstance(x, OnDevice)}

    def back(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        if id(x) in own:  # written in place
            return own[id(x)]
        return OnDevice(x) if to_device else x

    return tree_map(back, result)


class _Factories(TorchDispatchMode):
    """Makes tensors on the device where no tensor of it is among the arguments."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return compute(func, args, kwargs or {})


@contextmanager
def pretend_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """Let this process have the device."""
    supported: Callable[[], list[str]] = lambda: ["cpu", DEVICE.type]  # noqa: E731
    for name in ("torch.optim.adam", "torch.optim.adamw", "torch.optim.optimizer"):
        known = "_get_fused_kernels_supported_devices"
        monkeypatch.setattr(sys.modules[name], known, supported, raising=False)
    with _Factories():
        yield DEVICE
