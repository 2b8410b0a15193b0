"""What trains: names of the processor and of the versions that decide the last bits."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import numpy as np
import torch

from rtcan_cli import __version__


@cache
def software() -> str:
    """Versions of rtcan and of what it computes with, such as "rtcan 1.0, Python 3.12.3, ..."."""
    return (
        f"rtcan {__version__}, Python {platform.python_version()}, "
        f"PyTorch {torch.__version__}, NumPy {np.__version__}"
    )


def hardware(device: torch.device) -> str:
    """Model of the GPU or of the processor, as its maker calls it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return _processor() if device.type == "cpu" else f"{device.type} of {_processor()}"


@cache
def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
