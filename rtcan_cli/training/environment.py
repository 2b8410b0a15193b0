"""What trains: names of the processor and of the versions that decide the last bits."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rtcan_cli import __version__

if TYPE_CHECKING:
    import torch


@cache
def software(is_network: bool) -> str:
    """Versions of rtcan and of what it computes with, such as "rtcan 1.0, Python 3.12.3, ..."."""
    if is_network:
        import torch

        library = f"PyTorch {torch.__version__}"
    else:
        library = f"scikit-learn {version('scikit-learn')}"
    python = f"Python {platform.python_version()}"
    return f"rtcan {__version__}, {python}, {library}, NumPy {np.__version__}"


def hardware(device: torch.device | None) -> str:
    """Model of the GPU or of the processor, as its maker calls it; None is the processor."""
    if device is None:
        return _processor()
    import torch

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
