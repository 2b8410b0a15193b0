from __future__ import annotations

import platform
import subprocess
import sys

import pytest
import torch

from rtcan_cli.errors import RtcanError
from rtcan_cli.training.device import memory_of, pick_device, tensor_float


def test_the_cpu_is_the_default() -> None:
    assert pick_device(None, None) == (torch.device("cpu"), None)
    assert pick_device(None, "cpu") == (torch.device("cpu"), None)


@pytest.mark.parametrize(("gpu", "device"), [(63, None), (None, "cuda:63")])
def test_a_missing_gpu_falls_back_to_the_cpu(gpu: int | None, device: str | None) -> None:
    chosen, message = pick_device(gpu, device)
    assert chosen == torch.device("cpu")
    assert message is not None
    assert "cuda:63" in message
    assert "\n" not in message


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(RtcanError, match="abacus"):
        pick_device(None, "abacus")


def test_gpu_and_device_exclude_each_other() -> None:
    with pytest.raises(RtcanError, match="both"):
        pick_device(0, "cpu")


@pytest.mark.parametrize("allowed", [True, False])
def test_rounding_in_products_is_as_asked_for_and_put_back(allowed: bool) -> None:
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn

    def now() -> tuple[bool, bool]:
        return products.allow_tf32, convolutions.allow_tf32

    before = now()
    with pytest.raises(KeyError), tensor_float(allowed):
        assert now() == (allowed, allowed)
        raise KeyError
    assert now() == before


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\n..."),
        RuntimeError("MPS backend out of memory (MPS allocated: 5.00 GB, ...)"),
    ],
)
def test_too_little_memory_is_said_in_one_line(error: RuntimeError) -> None:
    cuda, said = torch.device("cuda:0"), r"^the free memory of cuda:0 is too small"
    with pytest.raises(RtcanError, match=said) as raised, memory_of(cuda):
        raise error
    assert raised.value.hint is not None
    assert "--batch-size" in raised.value.hint
    assert "--jobs" in raised.value.hint


def test_other_errors_of_a_device_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="illegal memory"), memory_of(torch.device("cuda:0")):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


_RESIDENT = """
import numpy as np
from rtcan_cli.training.device import keep_memory
if {keep}:
    keep_memory()
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20
before = resident()
array = np.ones(2**24)  # 128 MiB
print(resident() - before)
del array
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not GNU's")
@pytest.mark.long  # a process of its own, whose memory is measured
@pytest.mark.parametrize("keep", [True, False])
def test_freed_memory_is_kept_if_wanted(keep: bool) -> None:
    command = [sys.executable, "-c", _RESIDENT.format(keep=keep)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used, afterwards = map(float, out.split())
    assert used > 120
    assert (afterwards > 120) is keep
