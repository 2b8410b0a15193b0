"""Where to train."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from rtcan_cli.errors import RtcanError

# Of <malloc.h>.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def named_device(gpu: int | None, device: str | None) -> torch.device:
    """The device that a user names, available or not: see `pick_device`."""
    if gpu is not None and device is not None:
        raise RtcanError("a GPU number and a device are both given", "give one of the two")
    name = device or "cpu"
    if gpu is not None:
        name = f"cuda:{gpu}"
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise RtcanError(
            f"there is no device called {name!r}", "examples: cpu, cuda:0, mps"
        ) from error


def pick_device(gpu: int | None, device: str | None) -> tuple[torch.device, str | None]:
    """Choose the device a user asked for, or the CPU if this machine does not have it.

    Parameters
    ----------
    gpu : int, optional
        Number of a CUDA GPU.
    device : str, optional
        A device as PyTorch names it: "cpu", "cuda:1", "mps". Not together with `gpu`.

    Returns
    -------
    device : torch.device
        With neither given, the CPU: that is where runs repeat bit for bit.
    message : str or None
        One line for the user if it is not the device that was asked for.

    Raises
    ------
    RtcanError
        If both are given, or PyTorch knows no device of that name.
    """
    wanted = named_device(gpu, device)
    try:
        torch.zeros(1, device=wanted).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        # Without the backend, or with too few devices, or with a device that others have filled:
        # PyTorch has no single exception for it, but says which of them it is.
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        return torch.device("cpu"), f"{wanted} cannot be used ({reason}): training on the CPU"
    return wanted, None


@contextmanager
def memory_of(device: torch.device) -> Iterator[None]:
    """Say in one line if a network, its batch and all trials do not fit on a device.

    Raises
    ------
    RtcanError
        If the body fails because the memory of a CUDA or MPS device is too small.
    """
    try:
        yield
    except RuntimeError as error:
        # CUDA has an exception of its own for it, MPS only this text.
        if "out of memory" not in str(error):
            raise
        raise RtcanError(
            f"the free memory of {device} is too small for one network",
            "fewer --jobs, a smaller --batch-size, --precision bf16, or the CPU (neither --gpu nor "
            "--device)",
        ) from None


def keep_memory() -> None:
    """Let this process keep memory that it frees, where the C library is that of GNU.

    By default it hands blocks above 32 MiB back to the system at once. The feature maps of a batch
    of 256 are of that size, and each step of training would wait for the system to clear every
    page of them again.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


@contextmanager
def tensor_float(allowed: bool) -> Iterator[None]:
    """Let NVIDIA GPUs multiply single-precision numbers rounded to ten bits (TF32), or forbid it.

    By default PyTorch allows it in convolutions and forbids it in matrix products.
    """
    # PyTorch 2.9 brought finer switches, but refuses to tell the state of these when they are used.
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    products.allow_tf32 = convolutions.allow_tf32 = allowed
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before
