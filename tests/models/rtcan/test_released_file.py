from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.rtcan.released_file import LIMIT, WRAPPERS, read_state_dict
from tests.child import Child


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(3, 4, 7), nn.BatchNorm1d(4))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("wrapper", [None, *WRAPPERS])
def test_weights_are_found_in_what_training_programs_save(
    tmp_path: Path, wrapper: str | None, zipped: bool
) -> None:
    model = small()
    state = model.state_dict()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    whole: Any = state
    if wrapper is not None:
        whole = {"epoch": 3, "optimizer": optimizer.state_dict(), wrapper: state}
    path = tmp_path / "best.pt"
    # Without zip it is the format of PyTorch before 1.6.
    torch.save(whole, path, _use_new_zipfile_serialization=zipped)
    found = read_state_dict(path)
    assert list(found) == list(state)
    assert all(torch.equal(found[name], state[name]) for name in state)


def test_safetensors_hold_a_state_dict(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    path, state = tmp_path / "best.safetensors", small().state_dict()
    safetensors.save_file(state, path)
    found = read_state_dict(path)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    for content in (b"", b"{}" * 9, path.read_bytes()[:-4]):
        path.write_bytes(content)
        with pytest.raises(RtcanError, match="not a readable safetensors file"):
            read_state_dict(path)
    safetensors.save_file(state, path, metadata={"rtcan_weights": "1"})
    with pytest.raises(RtcanError, match="was written by rtcan's export"):
        read_state_dict(path)
    path.write_bytes(b"")
    os.truncate(path, LIMIT + 1)
    with pytest.raises(RtcanError, match="more than the 256 MiB"):
        read_state_dict(path)


def test_parameters_are_tensors_too(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    torch.save(dict(small().named_parameters()), path)
    assert set(read_state_dict(path)) == {"0.weight", "0.bias", "1.weight", "1.bias"}


class Malicious:
    """What a pickle can be: a call of any function when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("kind", ["zip", "old", "bare pickle", "in a state dict"])
def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, kind: str) -> None:
    path, trace = tmp_path / "evil.pt", tmp_path / "was here"
    content: Any = Malicious(trace)
    if kind == "in a state dict":
        content = {"0.weight": torch.zeros(3), "0.bias": content}
    if kind == "bare pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind != "old")
    message = "not a readable" if kind == "bare pickle" else "refers to code, which is not run"
    with pytest.raises(RtcanError, match=f"evil.pt: {message}"):
        read_state_dict(path)
    assert not trace.exists()
    # The file is no dud: a reader that trusts it does run it.
    trusting = f"import torch; torch.load({str(path)!r}, weights_only=False)"
    if kind == "bare pickle":
        trusting = f"import pickle; pickle.load(open({str(path)!r}, 'rb'))"
    Child(trusting).ended()
    assert trace.exists()


def test_a_whole_model_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(small(), path)
    with pytest.raises(RtcanError, match="refers to code") as caught:
        read_state_dict(path)
    assert "model.state_dict()" in str(caught.value.hint)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_files_cut_short_are_refused(tmp_path: Path, zipped: bool, share: float) -> None:
    path = tmp_path / "cut.pt"
    torch.save(small().state_dict(), path, _use_new_zipfile_serialization=zipped)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(RtcanError, match=r"cut.pt: (not a readable PyTorch checkpoint|is empty)"):
        read_state_dict(path)


def test_damaged_bytes_are_an_error_or_other_numbers(tmp_path: Path) -> None:
    path = tmp_path / "damaged.pt"
    torch.save(small().state_dict(), path)
    data = path.read_bytes()
    for place in range(0, len(data), max(1, len(data) // 150)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        # Any other exception than the one for users fails the test.
        with suppress(RtcanError):
            read_state_dict(path)


@pytest.mark.parametrize(
    "content",
    [
        b"subject,song\n1,2\n",
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        bytes(1000),
        b"PK\x03\x04" + b"x" * 99,
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(RtcanError, match=r"other.pt: (not a readable|is|contains)"):
        read_state_dict(path)


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("read.me", "not a checkpoint")
    with pytest.raises(RtcanError, match=r"other.pt: not a readable"):
        read_state_dict(path)


def test_a_script_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "script.pt"
    torch.jit.save(torch.jit.trace(small().eval(), torch.randn(1, 3, 20)), path)
    with pytest.raises(RtcanError, match=r"script.pt: not a readable"):
        read_state_dict(path)


def test_huge_files_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "huge.pt"
    with path.open("wb") as file:
        file.truncate(LIMIT + 1)  # takes no space on disk
    with pytest.raises(RtcanError, match=r"huge.pt: has 256 MiB, more than"):
        read_state_dict(path)


def test_a_small_zip_with_huge_content_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for i in range(2):
            with archive.open(f"archive/data/{i}", "w") as entry:
                for _ in range(LIMIT // 2**21 + 1):
                    entry.write(bytes(2**20))
    assert path.stat().st_size < 2**22
    with pytest.raises(RtcanError, match=r"bomb.pt: has 25\d MiB, more than"):
        read_state_dict(path)


def test_a_shape_without_its_values_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thin.pt"
    torch.save({"regression.0.weight": torch.zeros(1).expand(10**6, 10**6)}, path)
    assert path.stat().st_size < 10_000
    with pytest.raises(RtcanError, match=r"'regression.0.weight' is not a plain tensor"):
        read_state_dict(path)


def test_an_old_file_that_claims_a_huge_storage_is_refused(tmp_path: Path) -> None:
    # In the old format the size of each storage stands in front of its values.
    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(5)}, buffer, _use_new_zipfile_serialization=False)
    data = buffer.getvalue()
    at = data.rindex(struct.pack("<q", 5))
    path = tmp_path / "old.pt"
    path.write_bytes(data[:at] + struct.pack("<q", 2**50) + data[at + 8 :])
    with pytest.raises(RtcanError, match=r"old.pt: not a readable"):
        read_state_dict(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (torch.zeros(3), "contains no state dict, but Tensor"),
        ({}, "contains no state dict"),
        ({"state_dict": {}}, "contains no state dict"),
        ([1, 2], "contains no state dict, but list"),
        ({"epoch": 3}, "entry 'epoch' is not a plain tensor"),
        ({1: torch.zeros(3)}, "entry 1 is not a plain tensor"),
        ({"w": torch.zeros(3, 3).to_sparse()}, "entry 'w' is not a plain tensor"),
        ({"w": torch.zeros(3, device="meta")}, "entry 'w' is not a plain tensor"),
    ],
)
def test_files_without_a_state_dict_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "other.pt"
    torch.save(content, path)
    with pytest.raises(RtcanError, match=message):
        read_state_dict(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match=r"none.pt: this file does not exist"):
        read_state_dict(tmp_path / "none.pt")
    with pytest.raises(RtcanError, match="is a folder, not a checkpoint"):
        read_state_dict(tmp_path)
