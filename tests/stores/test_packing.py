from __future__ import annotations

import io

import h5py
import numpy as np
import pytest

from rtcan_cli.stores import packing


def dataset(file, shape, dtype, shuffle):
    return h5py.File(file, "w", libver=("v110", "v110")).create_dataset(
        "x", shape=shape, dtype=dtype, chunks=shape, compression="gzip", compression_opts=1,
        shuffle=shuffle, fletcher32=True,
    )  # fmt: skip


def values(kind, shape):
    rng = np.random.default_rng(0)
    if kind == "zeros":
        return np.zeros(shape)
    if kind == "bytes":
        return rng.integers(0, 255, shape, dtype=np.uint8)
    if kind == "numbers":
        return np.round(np.cumsum(rng.standard_normal(shape), axis=0), 2)
    return rng.standard_normal(shape).astype(np.float32)  # which hardly shrinks


@pytest.mark.parametrize("deflater", ["isal", "zlib"])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("kind", ["zeros", "bytes", "numbers", "noise"])
@pytest.mark.parametrize("shape", [(1,), (7,), (4096,), (1 << 16,), (300, 5)])
def test_hdf5_reads_what_was_packed_and_finds_its_checksum(
    deflater, shuffle, kind, shape, monkeypatch
):
    if deflater == "isal":
        monkeypatch.setattr(packing, "_deflater", pytest.importorskip("isal.isal_zlib"))
    else:
        monkeypatch.setattr(packing, "_deflater", packing.zlib)
    array, file = values(kind, shape), io.BytesIO()
    written = dataset(file, shape, array.dtype, shuffle)
    chunk = packing.packed_chunk(array, shuffle)
    written.id.write_direct_chunk((0,) * array.ndim, chunk)
    written.file.close()
    with h5py.File(file) as h5:
        assert np.array_equal(h5["x"][()], array)
    # The checksum is one: with any bit turned round, HDF5 refuses the chunk.
    spoilt = bytearray(chunk)
    spoilt[len(chunk) // 2] ^= 1
    written = dataset(io.BytesIO(), shape, array.dtype, shuffle)
    written.id.write_direct_chunk((0,) * array.ndim, bytes(spoilt))
    with pytest.raises(OSError, match="read"):
        written[()]


@pytest.mark.parametrize("size", [(1 << 20) - 2, 1 << 20, (1 << 22) + 3])
def test_a_row_of_any_size_is_a_chunk_that_hdf5_reads(size):
    # What hardly shrinks: as many bytes are packed, and go into the checksum.
    row = np.random.default_rng(2).integers(0, 256, (1, size), dtype=np.uint8)
    file = io.BytesIO()
    written = dataset(file, row.shape, row.dtype, shuffle=False)
    chunk = packing.packed_chunk(row, shuffle=False)
    assert len(chunk) > size
    written.id.write_direct_chunk((0, 0), chunk)
    written.file.close()
    with h5py.File(file) as h5:
        assert np.array_equal(h5["x"][()], row)


def test_checksum_is_that_of_hdf5():
    rng = np.random.default_rng(1)
    for array in (rng.integers(0, 256, n, dtype=np.uint8) for n in (1, 2, 255, 65535, 1 << 22)):
        written = h5py.File(io.BytesIO(), "w").create_dataset(
            "x", data=array, chunks=array.shape, fletcher32=True
        )
        written.file.flush()
        _, stored = written.id.read_direct_chunk((0,))
        assert stored[:-4] == array.tobytes()
        assert packing.fletcher32(stored[:-4]).to_bytes(4, "little") == stored[-4:]
    assert packing.fletcher32(b"\xff" * 8) == 0xFFFFFFFF
    assert packing.fletcher32(b"\0" * 8) == 0
