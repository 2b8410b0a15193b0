"""Each kind of file, given to each reader, is named, with advice that destroys nothing."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import soundfile

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.files.listing import list_files
from rtcan_cli.datasets.files.matlab import load_variables
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.single import read_single
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import HEAD, kind_of
from rtcan_cli.label_table import read_label_table
from rtcan_cli.models.rtcan.released_file import read_state_dict
from rtcan_cli.music import extract, read_feature_table
from rtcan_cli.stores import Store
from tests.unprivileged import folder_of_somebody_else, unprivileged


def matlab(version: str) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"labels": np.eye(3)}, format=version)
    return stream.getvalue()


def matlab_73() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=512) as h5:
        h5["data"] = np.zeros(4)
    return (
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124)
        + b"\0\x02IM"
        + bytes(384)
        + (stream.getvalue()[512:])
    )


def hdf5() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as h5:
        h5["data"] = np.zeros(4)
    return stream.getvalue()


def zipped(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "text")
    return stream.getvalue()


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(8))
    return stream.getvalue()


def sound(kind: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, np.random.default_rng(0).normal(0, 0.1, 16000), 16000, format=kind)
    return stream.getvalue()


# What is there, how it begins, and its name. Those that no library here writes are given by the
# beginning that their specification demands.
KINDS: dict[str, tuple[bytes, str]] = {
    "html": (b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title>", "is an HTML page"),
    "html without a doctype": (b"<HTML><BODY>Quota exceeded</BODY></HTML>", "is an HTML page"),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "is a Git LFS pointer",
    ),
    "annex": (b"../../.git/annex/objects/0x/k3/MD5E-s123--d41d8c.mp3", "is a git-annex pointer"),
    "zeros": (bytes(700), "contains only zero bytes"),
    "many zeros": (bytes(9000), "begins with thousands of zero bytes"),
    "matlab 4": (matlab("4"), "is a MATLAB file of version 4"),
    "matlab 5": (matlab("5"), "is a MATLAB file of version 5 to 7"),
    "matlab 7.3": (matlab_73(), r"is a MATLAB file of version 7\.3"),
    "hdf5": (hdf5(), "is an HDF5 file"),
    "octave text": (
        b"# Created by Octave 8.4.0, Mon Jan 01 2024\n# name: data\n# type: matrix\n",
        "is an Octave text file",
    ),
    "octave binary": (b"Octave-1-L\0" + bytes(30), "is an Octave binary file"),
    "npy": (npy(), "is a NumPy file"),
    "zip": (zipped("a.txt"), "is a zip file"),
    "xlsx": (zipped("[Content_Types].xml"), "is an Office document"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is an old Office document"),
    "gzip": (gzip.compress(b"1,2\n"), "is a gzip file"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF document"),
    "edf": (
        b"0       " + b"X X X X".ljust(80) + b"Startdate X X X X".ljust(80) + b"01.01.2401.01.01",
        "is an EDF recording",
    ),
    "parquet": (b"PAR1\x15\x04\x15", "is a Parquet file"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a PNG picture"),
    "m4a": (b"\0\0\0\x1cftypM4A \0\0\2\0M4A isomiso2", r"is MP4 audio \(M4A, AAC\)"),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "is MP4 audio or video"),
    "webm": (
        b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm",
        "is WebM audio",
    ),
    "wma": (
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c",
        "is Windows Media audio",
    ),
    "aac": (b"\xff\xf1\x50\x80\x2e\x7f\xfc\x21" + bytes(50), "is AAC audio"),
    "caf": (b"caff\0\1\0\0desc" + struct.pack(">q", 32) + bytes(32), "is Core Audio"),
    "avi": (b"RIFF\0\x10\0\0AVI LIST", "is an AVI video"),
    "midi": (b"MThd\0\0\0\6\0\1\0\2\1\xe0MTrk", "is a MIDI file"),
    "mp3": (sound("MP3"), "is MP3 audio"),
    "wav": (sound("WAV"), "is WAV audio"),
    "flac": (sound("FLAC"), "is FLAC audio"),
    "ogg": (sound("OGG"), "is OGG audio"),
}


def raw(path: Path) -> RawFile:
    return RawFile(path, PurePosixPath(path.name))


def read_deap(path: Path) -> None:
    dataset = open_raw("deap", path.parent)
    for part in dataset.parts:
        part()


def read_pmemo(path: Path) -> None:
    dataset = open_raw("pmemo", path.parent.parent)
    for error in dataset.damaged:
        raise error
    for part in dataset.parts:
        part()


# The name a file has there, the reader, and the kinds that are right, or read as something else.
READERS: dict[str, tuple[str, Callable[[Path], object], tuple[str, ...]]] = {
    "song": ("1.mp3", extract, ("mp3", "wav", "flac", "ogg")),
    "music features": ("static_features.csv", read_feature_table, ()),
    "labels": ("labels.csv", read_label_table, ()),
    "store": ("music.h5", lambda path: Store(path, "music"), ("matlab 7.3", "hdf5")),
    "checkpoint": ("net.pt", read_state_dict, ("zip",)),
    "matlab": ("a.mat", lambda path: load_variables(raw(path), {"a": "all"}), ("matlab 5",)),
    "deap for python": ("s01.dat", read_deap, ()),
    "deap for matlab": ("s01.mat", read_deap, ("matlab 5",)),
    "amigos": ("Data_Preprocessed_P01.mat", lambda p: open_raw("amigos", p.parent), ("matlab 5",)),
    "pmemo": ("EDA/1_EDA.csv", read_pmemo, ()),
    "own table": ("trials.csv", lambda path: open_raw("table", path.parent), ()),
    "own signal": ("eda.csv", read_single, ()),
    "own array": ("eda.npy", read_single, ("npy",)),
    "zip": ("DEAP.zip", list_files, ("zip", "xlsx")),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind_is_named(tmp_path: Path, reader: str, kind: str) -> None:
    name, read, fitting = READERS[reader]
    if kind in fitting:
        pytest.skip("this is what it reads")
    content, words = KINDS[kind]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(RtcanError, match=words) as caught:
        read(path)
    message, hint = str(caught.value), caught.value.hint or ""
    assert path.name in message
    assert "\n" not in message
    assert "damaged" not in message
    assert "cut" not in message
    for wrong in ("--force", "again", "damaged"):
        assert wrong not in hint
    if reader == "song" and kind in ("m4a", "mp4", "webm", "wma", "aac", "caf", "avi"):
        assert "ffmpeg -i" in hint


@pytest.mark.parametrize("reader", READERS)
def test_an_empty_file_is_called_empty(tmp_path: Path, reader: str) -> None:
    name, read, _ = READERS[reader]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    if reader in ("pmemo", "own signal", "own table"):
        # Tables say what they lack.
        with pytest.raises(
            RtcanError, match=r"has no|is empty|does not say|lacks|(holds|contains) no"
        ):
            read(path)
        return
    with pytest.raises(RtcanError, match=f"{path.name}:? is empty"):
        read(path)


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_may_not_be_read_is_not_damaged(reader: str) -> None:
    name, read, _ = READERS[reader]
    with folder_of_somebody_else() as folder:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"anything")
        path.chmod(0)
        with unprivileged(), pytest.raises(RtcanError, match="Permission denied") as caught:
            read(path)
        assert path.name in str(caught.value)
        assert "damaged" not in f"{caught.value}{caught.value.hint}"
        assert "--force" not in f"{caught.value.hint}"


@pytest.mark.parametrize(
    "reader", ["song", "music features", "labels", "store", "checkpoint", "own signal"]
)
def test_a_folder_in_place_of_a_file(tmp_path: Path, reader: str) -> None:
    with pytest.raises(RtcanError, match="is a folder, not a"):
        READERS[reader][1](tmp_path)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("deap", "s01.dat"),
        ("deap", "s01.mat"),
        ("amigos", "Data_Preprocessed_P01.mat"),
        ("pmemo", "1_EDA.csv"),
        ("table", "trials.csv"),
    ],
)
def test_a_file_in_place_of_a_folder(tmp_path: Path, dataset: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"anything")
    with pytest.raises(RtcanError, match=r"is a (single )?file, not a") as caught:
        open_raw(dataset, path)
    assert str(tmp_path) in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        "ID3,EDA\n1,2\n",
        "MAC address,eda\n1,2\n",
        "PAR1,PAR2\n1,2\n",
        "0       1.25\n0.1     1.26\n",
        "BZh,eda\n1,2\n",
        "OggS,eda\n1,2\n",
        "# name: EDA of a subject\n1\n2\n",
        "caff,eda\n1,2\n",
        "time,eda\n0,1\n",
        "1,2\n3,4\n",
        "versions,eda\n1,2\n",
    ],
)
def test_tables_are_not_mistaken_for_something_else(text: str) -> None:
    assert kind_of(text.encode()) is None
    assert kind_of(text.encode("utf-16")) is None


def test_tables_that_pandas_writes_are_not_mistaken_for_something_else() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        table = pd.DataFrame(rng.normal(0, 10.0 ** rng.integers(-3, 6), (50, 3)))
        for separator in (",", ";", "\t"):
            assert kind_of(table.to_csv(sep=separator).encode()[:HEAD]) is None


def test_random_bytes_are_seldom_known() -> None:
    rng = np.random.default_rng(0)
    known = [kind_of(rng.bytes(1000)) for _ in range(20_000)]
    assert sum(kind is not None for kind in known) < 40
