"""Reading a PyTorch checkpoint that may come from anyone."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from rtcan_cli.errors import RtcanError, permission_hint
from rtcan_cli.extras import require
from rtcan_cli.files.kinds import HEAD, PICKLE, ZIP, another_kind

#: Largest file, and largest content of one, in bytes. Published networks take 8 MB, and training
#: states with an optimiser a few times as much.
LIMIT = 256 * 2**20
#: How names of files end that hold nothing but tensors.
SAFETENSORS = ".safetensors"
#: Names under which training programs keep the weights among other things.
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the weights in a checkpoint, on the CPU.

    Nothing in the file is run. PyTorch's restricted reader makes tensors, numbers, text and plain
    containers, and refuses every other name that a pickle refers to.

    Parameters
    ----------
    path : Path
        What `torch.save` wrote: a state dict, or a dictionary that contains one under a name of
        `WRAPPERS`. Or a state dict in a file whose name ends in ``.safetensors``.

    Returns
    -------
    dict of str to Tensor
        In the file's types and order.

    Raises
    ------
    RtcanError
        If the file is missing, too large, damaged, or contains anything but such a dictionary; or
        the library that reads it is missing.
    """
    if path.is_dir():
        raise RtcanError(f"{path}: is a folder, not a checkpoint", "name the file itself")
    if not path.is_file():
        raise RtcanError(f"{path}: this file does not exist")
    if path.suffix.lower() == SAFETENSORS:
        return _safetensors(path)
    try:
        size = _content_size(path)
        if size <= LIMIT:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about formats that are old, but can be read
                found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # A file made up by someone can make the readers stumble in any way.
        why = _why(path)
        if why is not None:
            raise why from error
        if isinstance(error, pickle.UnpicklingError) and "GLOBAL" in str(error):
            raise RtcanError(
                f"{path}: refers to code, which is not run: only weights are read",
                "save the state dict alone: torch.save(model.state_dict(), FILE)",
            ) from error
        raise RtcanError(
            f"{path}: not a readable PyTorch checkpoint (damaged or cut short?)"
        ) from error
    if size > LIMIT:
        raise _too_large(path, size)
    return _weights(found, path)


def _too_large(path: Path, size: int) -> RtcanError:
    return RtcanError(
        f"{path}: has {size / 2**20:.0f} MiB, more than the {LIMIT // 2**20} MiB that a "
        "checkpoint may have; a published network has 8",
        "save the state dict alone: torch.save(model.state_dict(), FILE)",
    )


def _safetensors(path: Path) -> dict[str, Tensor]:
    """A state dict of plain tensors; the format has nothing else."""
    require(str(path), "safetensors")
    from safetensors import SafetensorError, safe_open

    if (size := path.stat().st_size) > LIMIT:
        raise _too_large(path, size)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise RtcanError(f"{path}: cannot be read: {error}", permission_hint(error)) from error
    except (SafetensorError, TypeError, ValueError, KeyError) as error:
        reason = "not a readable safetensors file (damaged or cut short?)"
        raise RtcanError(f"{path}: {reason}") from error
    if "rtcan_weights" in metadata:
        raise RtcanError(
            f"{path}: was written by rtcan's export, and is not a checkpoint of the published code",
            "rtcan_cli.api.read_weights reads it",
        )
    return _weights(found, path)


def _why(path: Path) -> RtcanError | None:
    """Why a file cannot be a checkpoint, or cannot be read at all; None if it may be one."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as reason:
        return RtcanError(f"{path}: cannot be read: {reason.strerror}", permission_hint(reason))
    return another_kind(head, f"{path}:", "a PyTorch checkpoint", ZIP.name, PICKLE.name)


def _content_size(path: Path) -> int:
    """Bytes that reading a file can take: of a zip, those of its entries when unpacked."""
    size = path.stat().st_size
    if size <= LIMIT and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = max(size, sum(entry.file_size for entry in archive.infolist()))
    return size


def _weights(found: object, path: Path) -> dict[str, Tensor]:
    if isinstance(found, Mapping):
        for name in WRAPPERS:
            if isinstance(found.get(name), Mapping):
                found = found[name]
                break
    if not isinstance(found, Mapping) or not found:
        raise RtcanError(f"{path}: contains no state dict, but {type(found).__name__}")
    for name, value in found.items():
        if not isinstance(name, str) or not _is_plain(value):
            raise RtcanError(
                f"{path}: is not a state dict: its entry {name!r:.60} is not a plain tensor"
            )
    return dict(found)


def _is_plain(value: object) -> bool:
    """Whether it is a tensor with a value in the file for each of its entries.

    A file of a few bytes can claim any shape if all entries share one value.
    """
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
    )
