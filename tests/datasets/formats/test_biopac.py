"""AcqKnowledge files: markers, and headers that would keep bioread busy for hours."""

from __future__ import annotations

import struct
from pathlib import Path, PurePosixPath

import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import biopac
from rtcan_cli.datasets.formats.contents import Contents, Marker
from rtcan_cli.errors import RtcanError
from tests.datasets.formats.made_files import acq_file


def read(path: Path, content: bytes) -> Contents:
    (path / "s.acq").write_bytes(content)
    return biopac.read(RawFile(path / "s.acq", PurePosixPath("s.acq")))


def test_channels_have_their_own_rates(tmp_path: Path) -> None:
    contents = read(tmp_path, acq_file())
    assert [(c.name, c.unit, c.sampling_rate, len(c.values)) for c in contents.channels] == [
        ("EDA", "microsiemens", 8.0, 80),
        ("Temp", "degC", 2.0, 20),
    ]
    assert contents.channels[1].values.tolist() == list(range(20))
    assert contents.markers == (Marker(2.5, "song"),)


def test_markers_outside_of_the_recording_are_not_believed(tmp_path: Path) -> None:
    """As in a file of AcqKnowledge 5.0 in bioread's own test data."""
    contents = read(tmp_path, acq_file(marker=100_000))
    assert contents.markers == ()
    assert contents.notes == ("its 1 event markers are left out: some lie outside of it",)


def test_endless_counts_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two billion event markers, each of which leads back to itself."""
    monkeypatch.setattr(biopac._Watched, "left", 1000)
    content = bytearray(acq_file())
    item = content.rindex(struct.pack("<i", 20))
    struct.pack_into("<i", content, item - 4, 0x7FFFFFFF)
    # Its header has 12 bytes, its text one more than it says.
    struct.pack_into("<h", content, item + 10, -13)
    contents = read(tmp_path, bytes(content))
    assert contents.notes == ("its event markers cannot be read",)
    assert len(contents.channels[0].values) == 80


@pytest.mark.parametrize("channels", [0, 65, 32767])
def test_impossible_numbers_of_channels_are_refused_at_once(channels: int, tmp_path: Path) -> None:
    content = bytearray(acq_file())
    struct.pack_into("<h", content, 10, channels)
    with pytest.raises(RtcanError, match="does not begin as an AcqKnowledge recording"):
        read(tmp_path, bytes(content))
