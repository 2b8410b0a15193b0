"""What holds for the readers of all binary formats: the values, and damage of every kind."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from importlib import import_module
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Contents
from rtcan_cli.datasets.single import read_single
from rtcan_cli.errors import RtcanError
from tests.datasets.formats.made_files import EDA, FILES, RATE, UNIX

LIBRARIES = {
    "EDF": ("edfio", "edf"),
    "XDF": ("pyxdf", "xdf"),
    "AcqKnowledge": ("bioread", "biopac"),
    "WFDB": ("wfdb", "wfdb"),
    "Avro": ("fastavro", "avro"),
}


def read(path: Path, module: str) -> Contents:
    found: Contents = import_module(f"rtcan_cli.datasets.formats.{module}").read(
        RawFile(path, PurePosixPath(path.name))
    )
    return found


@pytest.mark.parametrize("kind", FILES)
def test_the_values_are_those_that_were_written(kind: str, tmp_path: Path) -> None:
    module, name, write = FILES[kind]
    contents = read(write(tmp_path / name), module)
    eda = contents.channels[0]
    assert eda.name.casefold() == "eda"
    assert eda.unit in ("uS", "microsiemens")
    # EDF has 16 bits for 0 to 5 uS, AcqKnowledge's file steps of 0.001 uS.
    np.testing.assert_allclose(eda.values, EDA, atol=6e-4)
    if eda.time is None:
        assert eda.sampling_rate == RATE
    else:
        np.testing.assert_allclose(np.diff(eda.time), 1 / RATE, atol=1e-6)
    assert [marker.label for marker in contents.markers if marker.label == "song"] == (
        ["song"] if kind not in ("BIDS", "Avro", "MATLAB") else []
    )


@pytest.mark.parametrize("kind", FILES)
def test_a_trial_is_cut_out_of_it(kind: str, tmp_path: Path) -> None:
    """As `predict` does; XDF's clock, of the computer that recorded, is at 100 s."""
    _, name, write = FILES[kind]
    path = write(tmp_path / name)
    starts = [102.5] if kind == "XDF" else [2.5]
    if kind == "Avro":
        starts.append(UNIX + 2.5)
    elif kind in ("EDF", "BDF", "WFDB"):
        with pytest.raises(RtcanError, match="dates without a time zone"):
            read_single(path, start=UNIX + 2.5, duration=5.0)
    for start in starts:
        found = read_single(path, start=start, duration=5.0)
        assert found.sampling_rate == pytest.approx(RATE)
        np.testing.assert_allclose(found.eda, EDA[20:60], atol=6e-4)


@pytest.mark.parametrize("kind", LIBRARIES)
def test_a_missing_library_is_named_with_how_to_install_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name, write = FILES[kind]
    path = write(tmp_path / name)
    library, extra = LIBRARIES[kind]
    for loaded in [each for each in sys.modules if each.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(
        RtcanError, match=f"{name} needs {library}, which is not installed"
    ) as raised:
        read(path, module)
    assert f"pip install 'rtcan-cli[{extra}]'" in str(raised.value.hint)


def test_no_library_is_loaded_before_a_file_needs_it() -> None:
    code = "import sys, rtcan_cli.datasets.table.reader; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "rtcan_cli.datasets.formats.edf" in run.stdout.split()
    libraries = {library for library, _ in LIBRARIES.values()} | {"openpyxl"}
    assert not libraries & set(run.stdout.split())


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_one_error_that_names_them(kind: str, tmp_path: Path) -> None:
    """Cut at each twentieth, with bytes turned round, empty, and of another kind."""
    module, name, write = FILES[kind]
    path = write(tmp_path / name)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[: len(whole) * part // 20] for part in range(20)]
    damaged += [b"<!DOCTYPE html><html></html>", b"time,eda\n0,1\n", bytes(5000)]
    for _ in range(25):
        bytes_ = bytearray(whole)
        # Headers are where it hurts most.
        for at in rng.integers(0, rng.choice([300, len(whole)]), size=rng.integers(1, 4)) % len(
            whole
        ):
            bytes_[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, bytes_[at] ^ 1 << rng.integers(8)])
        damaged.append(bytes(bytes_))
    errors: list[str] = []
    tracemalloc.start()
    try:
        for content in damaged:
            path.write_bytes(content)
            try:
                read(path, module)
            except RtcanError as error:
                errors.append(str(error))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert len(errors) >= 20  # of the cut ones at least nearly all
    assert all(name in error and "\n" not in error for error in errors)


@pytest.mark.parametrize("kind", FILES)
def test_a_cut_file_is_never_taken_for_a_whole_one(kind: str, tmp_path: Path) -> None:
    module, name, write = FILES[kind]
    path = write(tmp_path / name)
    whole = path.read_bytes()
    expected = read(path, module)
    for part in range(20):
        path.write_bytes(whole[: len(whole) * part // 20])
        try:
            contents = read(path, module)
        except RtcanError:
            continue
        # What is left may lack only what comes after the samples, and says so.
        np.testing.assert_array_equal(contents.channels[0].values, expected.channels[0].values)
        assert contents.markers == expected.markers or contents.notes
