"""Zip files that are built to do harm."""

from __future__ import annotations

import io
import os
import stat
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.files.listing import inside, list_files
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.files.zips import open_archive
from rtcan_cli.errors import RtcanError


def write(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def failure(path: Path) -> str:
    """What is said of a zip file whose first member is read."""
    with pytest.raises(RtcanError) as caught:
        list_files(path)[0].content()
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "name",
    [
        "../a.dat",
        "x/../../a.dat",
        "/etc/a.dat",
        "..\\a.dat",
        "x\\..\\..\\a.dat",
        "C:\\a.dat",
        "C:a",
    ],
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "a.zip", {"fine": b"", "name": b"text"})
    content = path.read_bytes()
    info = zipfile.ZipInfo(name)
    info.filename = name  # as it is: ZipInfo tidies what it is given
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"text")
    assert path.read_bytes() != content
    assert f"holds a member with a name that leads out of it: {name!r}" in failure(path)


def test_names_that_windows_wrote_are_read(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("x")
    info.filename = "folder\\s01.dat"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, b"text")
    (file,) = list_files(tmp_path / "a.zip")
    assert (str(file.name), file.content()) == ("folder/s01.dat", b"text")


def test_a_member_without_a_name_is_a_member(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"b": b"text", "c": b"text"})
    path.write_bytes(path.read_bytes().replace(b"c", b"\0"))
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["b", ""]
    assert [each.members for each in list_files(path)] == [("",), ("b",)]


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    assert "holds the member 'a' 2 times" in failure(tmp_path / "a.zip")


def test_messages_stay_short(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a" * 60_000: b"text"})
    assert "holds a member whose name has 60000 characters" in failure(path)
    path = write(tmp_path / "a.zip", {"a": b"text" * 20_000})
    patched(path, 26, b"\xff\xff", b"PK\x03\x04")
    message = failure(path)
    assert "File name in directory 'a' and header" in message
    assert len(message) < 500


def test_links_are_not_followed(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, b"/etc/passwd")
    assert "a.zip:a is a symbolic link in a zip file" in failure(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("method", "named"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")]
)
def test_other_methods_are_named(tmp_path: Path, method: int, named: str) -> None:
    """A few bytes of LZMA may ask for 4 GB."""
    path = write(tmp_path / "a.zip", {"a": b"text"}, method)
    assert f"a.zip:a is packed with the method {named}, which is not read" in failure(path)


def patched(path: Path, offset: int, value: bytes, signature: bytes) -> None:
    content = bytearray(path.read_bytes())
    begin = content.index(signature)
    content[begin + offset : begin + offset + len(value)] = value
    path.write_bytes(content)


def test_deflate64_is_named(tmp_path: Path) -> None:
    """The Windows Explorer packs large files with it."""
    path = write(tmp_path / "a.zip", {"a": b"text"}, zipfile.ZIP_DEFLATED)
    patched(path, 10, b"\x09\x00", b"PK\x01\x02")
    assert "the method deflate64" in failure(path)


def test_encrypted_members_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a": b"text"})
    patched(path, 8, b"\x01\x00", b"PK\x01\x02")
    patched(path, 6, b"\x01\x00", b"PK\x03\x04")
    assert "a.zip:a is encrypted" in failure(path)


@pytest.mark.parametrize("size", [60_000_000, 2_100_000_000])
def test_what_grows_too_much_is_refused(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "a.zip", {"a": b"text" * 100}, zipfile.ZIP_DEFLATED)
    patched(path, 24, struct.pack("<I", size), b"PK\x01\x02")
    assert "a.zip:a would unpack from 0.0 MB to " in failure(path)


def test_what_grows_beyond_its_word_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a": bytes(100_000_000)}, zipfile.ZIP_DEFLATED)
    patched(path, 24, struct.pack("<I", 1000), b"PK\x01\x02")
    tracemalloc.start()
    assert "a.zip:a cannot be read" in failure(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6


def test_a_bomb_within_bounds_is_never_in_memory(tmp_path: Path) -> None:
    """49 MB of zeros are less than the ratio is looked at for."""
    path = tmp_path / "s01.zip"
    write(path, {"s01.dat": bytes(49_000_000)}, zipfile.ZIP_DEFLATED)
    (part,) = open_raw("deap", path).parts
    tracemalloc.start()
    with pytest.raises(RtcanError, match=r"s01\.zip:s01\.dat begins with thousands of zero bytes"):
        part()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """Thousands of them can point to one bomb: D. Fifield, A better zip bomb, WOOT 2019."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(bytes(1_000_000)) + kernel.flush()
    checksum = zlib.crc32(bytes(1_000_000))
    fields = (20, 0, 8, 0, 33, checksum, len(packed), 1_000_000, 1, 0)
    content = b"PK\x03\x04" + struct.pack("<5H3I2H", *fields) + b"a" + packed
    begin = len(content)
    for name in (b"a", b"b"):
        content += b"PK\x01\x02" + struct.pack("<6H3I5H2I", 20, *fields, 0, 0, 0, 0, 0) + name
    size = len(content) - begin
    content += b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 2, 2, size, begin, 0)
    (tmp_path / "a.zip").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["a", "b"]
    assert "is a zip bomb: its members 'a' and 'b' share bytes" in failure(tmp_path / "a.zip")


def test_a_long_list_of_members_is_not_read(tmp_path: Path) -> None:
    entry = b"PK\x01\x02" + struct.pack("<6H3I5H2I", *[0] * 16)
    entries = entry * (11_000_000 // len(entry))
    end = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 9, 9, len(entries), 0, 0)
    (tmp_path / "a.zip").write_bytes(entries + end)
    tracemalloc.start()
    message = failure(tmp_path / "a.zip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "its list of members has 11 MB" in message
    assert peak < 5e6


def test_damage_in_the_middle_is_noticed_even_if_that_part_is_not_needed(tmp_path: Path) -> None:
    """Of DEAP's 40 channels only one is kept, but any damaged byte makes the file suspect."""
    from tests.datasets.deap.test_reader import write_subject

    write_subject(tmp_path, np.random.default_rng(0).normal(size=(2, 40, 300)))
    path = write(tmp_path / "a.zip", {"s01.dat": (tmp_path / "s01.dat").read_bytes()})
    (part,) = open_raw("deap", path).parts
    assert len(part()) == 40
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(RtcanError, match=r"a\.zip:s01\.dat cannot be read: Bad CRC-32"):
        part()


def test_a_zip_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a": b"old"})
    (file,) = list_files(path)
    assert file.content() == b"old"
    write(tmp_path / "b.zip", {"more": b"1", "a": b"new"}).replace(path)
    assert file.content() == b"new"
    assert len(inside(RawFile(path, file.name))) == 2


@pytest.mark.parametrize("inner", [{"x": b""}, {"deep.zip": b"PK"}])
def test_a_zip_file_in_a_zip_file(tmp_path: Path, inner: dict[str, bytes]) -> None:
    write(tmp_path / "inner.zip", inner, zipfile.ZIP_DEFLATED)
    path = write(tmp_path / "a.zip", {"inner.zip": (tmp_path / "inner.zip").read_bytes()})
    (file,) = list_files(path)
    (member,) = inside(file)
    assert member.members == ("inner.zip", *inner)
    assert str(member) == f"{path}:inner.zip:{next(iter(inner))}"
    assert member.content() == next(iter(inner.values()))


def quine(path: Path, name: str) -> None:
    """As zip quines go: a zip file that holds, again and again, what looks like itself."""
    content = b""
    for _ in range(30):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        content = stream.getvalue()
    path.write_bytes(content)


@pytest.mark.parametrize("dataset", ["deap", "amigos", "pmemo"])
def test_zip_files_in_zip_files_in_zip_files_end(tmp_path: Path, dataset: str) -> None:
    quine(tmp_path / "Data_Preprocessed_P01.zip", "Data_Preprocessed_P01.zip")
    for raw in (tmp_path, tmp_path / "Data_Preprocessed_P01.zip"):
        with pytest.raises(RtcanError, match=r"holds (no|0) "):
            open_raw(dataset, raw)


def test_names_that_are_no_utf_8_are_an_error_or_shown(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"ä": b"text"})
    content = path.read_bytes()
    path.write_bytes(content.replace("ä".encode(), b"\xff\xfe"))
    assert "cannot be read: 'utf-8' codec" in failure(path)
    folder = os.fsencode(tmp_path / "raw")
    os.mkdir(folder)
    with open(folder + b"/bad\xff\nname.zip", "wb") as stream:
        stream.write(content)
    outer = list_files(tmp_path / "raw")[0]
    (file,) = inside(outer)
    assert file.content() == b"text"
    assert str(file) == f"{tmp_path}/raw/bad\ufffd\ufffdname.zip:ä"
    assert file.source.encode() == f"{tmp_path}/raw/bad\ufffd\ufffdname.zip".encode()


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


@pytest.mark.parametrize("more", [0, 1, 20])
def test_the_end_of_a_zip_file_within_one_is_not_taken_for_the_end_of_it(more: int) -> None:
    """As a download of several zip files in one may be cut: the others would not be missed."""
    first = zipped({"a.csv": b"1"})
    whole = zipped({"one.zip": first, "two.zip": zipped({"b.csv": b"2"})})
    assert open_archive(io.BytesIO(whole)).namelist() == ["one.zip", "two.zip"]
    cut = whole[: whole.index(first) + len(first) + more]
    assert zipfile.ZipFile(io.BytesIO(cut)).namelist() == ["a.csv"]
    with pytest.raises(zipfile.BadZipFile, match="cut short"):
        open_archive(stream := io.BytesIO(cut))
    assert stream.closed
