from __future__ import annotations

import pytest
import torch

from rtcan_cli.errors import RtcanError
from rtcan_cli.training.device import pick_device


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
