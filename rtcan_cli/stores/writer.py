"""Writing one HDF5 store: whole or not at all, checked against its schema."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import BlockedError, RtcanError, writing_hint
from rtcan_cli.files.atomic import remove_leftovers, replace
from rtcan_cli.files.links import unique_name
from rtcan_cli.platforms import flush
from rtcan_cli.stores.claims import check_tables_fit, layout_problem, size_problem
from rtcan_cli.stores.content import content_id, find_datasets
from rtcan_cli.stores.datasets import CHUNK_CACHE, FILTERS, Growing, describe, stored
from rtcan_cli.stores.opening import blocked, mode_of, open_h5
from rtcan_cli.stores.outlet import Outlet
from rtcan_cli.stores.provenance import Provenance
from rtcan_cli.stores.schema import OFFSETS, SCHEMAS, Field, Schema
from rtcan_cli.stores.table_writer import TableWriter
from rtcan_cli.stores.work.lock import sole_writer

if TYPE_CHECKING:
    import pandas as pd

#: The format of HDF5 1.10, whose checksums cover what describes the data, too.
_FORMAT = ("v110", "v110")
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SIGNAL_CHUNK = 1 << 16  # samples in one HDF5 chunk
_OFFSETS_CHUNK = 1 << 12
_SIGNAL_BUFFER = 1 << 20  # samples collected before they are written


class StoreWriter:
    """A store being written; see :func:`create`."""

    def __init__(self, h5: h5py.File, schema: Schema, outlet: Outlet, path: Path) -> None:
        self._h5 = h5
        self._path = path
        self._outlet = outlet
        self._schema = schema
        self._buffers: dict[str, list[NDArray[Any]]] = {}
        self._buffered = 0
        self._end, self._offsets = 0, [0]
        self._growing: dict[str, Growing] = {}
        self._stacks: dict[str, h5py.Dataset] = {}
        self._tables: list[TableWriter] = []
        # Of what grew, so that it need not be read again for the content id.
        self._digests: dict[str, str] = {}

    def write(self, path: str, values: Any) -> None:
        """Write one whole dataset."""
        field = self._field(path)
        array = stored(values, field)
        filters = FILTERS if array.ndim and array.size else {}
        dataset = self._h5.create_dataset(path, data=array, **filters)
        describe(dataset, field)
        self._outlet.check()

    def write_table(self, name: str, frame: pd.DataFrame) -> None:
        """Write one whole table of the schema, a dataset for each column."""
        for field in self._schema.columns(name):
            self.write(field.path, frame[field.path.partition("/")[2]].to_numpy())

    def table(self, name: str) -> TableWriter:
        """Begin a table of the schema that is written a few rows at a time."""
        self._tables.append(TableWriter(self._h5, self._schema.columns(name), self._outlet.check))
        return self._tables[-1]

    def write_slice(self, path: str, index: int, count: int, values: NDArray[Any]) -> None:
        """Write entry ``index`` of a dataset that stacks ``count`` equally shaped arrays."""
        if path not in self._stacks:
            field = self._field(path)
            self._stacks[path] = self._h5.create_dataset(
                path,
                shape=(count, *values.shape),
                dtype=values.dtype,
                chunks=(1, *values.shape),
                **FILTERS,
            )
            describe(self._stacks[path], field)
        self._stacks[path][index] = values
        self._outlet.check()

    def append_rows(self, path: str, rows: NDArray[Any]) -> None:
        """Append to a dataset along its first axis, so that it never is in memory as a whole."""
        self._append(path, rows, chunk=max(1, _SIGNAL_CHUNK // max(1, rows[0].size)))
        self._outlet.check()

    def _append(self, path: str, rows: Any, chunk: int) -> None:
        if path not in self._growing:
            self._growing[path] = Growing(self._h5, self._field(path), chunk)
        self._growing[path].append(rows)

    def content_id(self) -> str:
        """Fingerprint of what was written."""
        return content_id(find_datasets(self._h5), self._digests)

    def append_signals(self, channels: Mapping[str, NDArray[Any]]) -> None:
        """Append one recording: equally long arrays, one for each channel of the schema."""
        lengths = {len(samples) for samples in channels.values()}
        if len(lengths) != 1:
            raise ValueError(f"channels of one recording differ in length: {sorted(lengths)}")
        for channel, samples in channels.items():
            self._buffers.setdefault(channel, []).append(samples)
        length = lengths.pop()
        self._end += length
        self._offsets.append(self._end)
        self._buffered += length
        if self._buffered >= _SIGNAL_BUFFER:
            self._flush_signals()

    def _flush_signals(self) -> None:
        for channel, pieces in self._buffers.items():
            if pieces:  # not at the end, after a last recording that filled the buffer
                self._append(f"signals/{channel}", np.concatenate(pieces), _SIGNAL_CHUNK)
                pieces.clear()
        if self._offsets:
            self._append(OFFSETS, self._offsets, _OFFSETS_CHUNK)
            self._offsets.clear()
        self._buffered = 0
        self._outlet.check()

    def finish(self) -> None:
        """Write what is buffered, and check the whole as it is checked when it is read.

        Raises
        ------
        RtcanError
            If it could not be read on this machine.
        """
        if self._buffers:
            self._flush_signals()
        for path, dataset in self._growing.items():
            self._digests[path] = dataset.finish()
        for table in self._tables:
            self._digests |= table.finish()
        self._h5.flush()  # now HDF5 knows what each dataset takes in the file
        self._outlet.check()
        written = find_datasets(self._h5)
        if problem := layout_problem(written, self._schema):
            raise ValueError(f"{self._schema.kind} store: {problem}")
        # As when it is read: what is refused there must not take the place of what is there now.
        if problem := size_problem(written, os.fstat(self._outlet.fileno()).st_size):
            raise RtcanError(f"{self._path}: {problem}")
        check_tables_fit(written, self._schema, self._path)

    def _field(self, path: str) -> Field:
        for field in self._schema.fields:
            if field.path == path or _matches(field.path, path):
                return field
        raise ValueError(f"{self._schema.kind} stores have no '{path}'")


@contextmanager
def create(path: Path, kind: str, provenance: Provenance) -> Iterator[StoreWriter]:
    """Write a store that appears whole or not at all.

    It is written beside its place, checked, flushed to disk and renamed. If the body raises, what
    was there before stays as it was.

    Parameters
    ----------
    path : Path
        Where the store shall be.
    kind : str
        A key of :data:`rtcan_cli.stores.schema.SCHEMAS`.
    provenance : Provenance
        What makes it; kept in the root attributes with the content id.

    Raises
    ------
    RtcanError
        If another process makes it just now, which is named, or the file cannot be written, for
        instance because the disk is full.
    """
    new_folders = [folder for folder in path.parents if not folder.exists()]
    try:
        with sole_writer(path) as alone:
            remove_leftovers(path.parent, f"{path.name}.tmp-", alone)
            yield from _write_and_rename(path, kind, provenance)
    finally:
        if not path.exists():
            for folder in new_folders:
                with suppress(OSError):  # something else was put there meanwhile
                    folder.rmdir()


def _write_and_rename(path: Path, kind: str, provenance: Provenance) -> Iterator[StoreWriter]:
    beside = path.with_name(unique_name(f"{path.name}.tmp-"))
    outlet = None
    try:
        with Outlet(beside) as outlet, outlet.undisturbed():
            with h5py.File(
                outlet, "w", track_order=False, libver=_FORMAT, rdcc_nbytes=CHUNK_CACHE
            ) as h5:
                writer = StoreWriter(h5, SCHEMAS[kind], outlet, path)
                yield writer
                writer.finish()
                h5.attrs["kind"] = kind
                h5.attrs["content_id"] = writer.content_id()
                h5.attrs.update(provenance.attributes())
            outlet.check()
            flush(outlet.fileno())
        _put_in_place(beside, path)
    except Exception as error:
        # What was not written cannot be read back either, so anything may have been raised.
        if outlet is None or outlet.error is None:
            raise
        raise RtcanError(
            f"{path}: cannot be written: {outlet.error.strerror}",
            "free some space there, then the same command again; what was there before is "
            "unchanged",
        ) from error
    finally:
        if outlet is not None:  # else it is not ours
            with suppress(OSError):
                beside.unlink(missing_ok=True)


def _put_in_place(beside: Path, path: Path) -> None:
    try:
        replace(beside, path)
    except PermissionError as error:
        raise RtcanError(
            f"{path}: cannot be put in place: {error.strerror or error}",
            f"{writing_hint(error)}, then the same command again; what was there before is "
            "unchanged",
        ) from error


def check_replaceable(path: Path, kind: str) -> None:
    """Refuse to put a store where something else is.

    A store of the same kind may be replaced, also a damaged one or one of another schema version;
    not one that may be whole, but is in use or may not be read.

    Raises
    ------
    RtcanError
        If the file is not an HDF5 file, or a store of another kind, or this cannot be determined.
    """
    try:
        if mode_of(path) is None or (path.is_file() and not path.stat().st_size):
            return
        other = RtcanError(
            f"{path}: is not a {kind} store, and is not replaced", "another --output"
        )
        if not path.is_file() or not _is_hdf5(path):
            raise other
    except OSError as error:
        raise blocked(path, error) from error
    try:
        with open_h5(path, None, "") as h5:
            found = h5.attrs.get("kind")
    except BlockedError:
        raise
    except (OSError, RuntimeError, RtcanError):
        return  # damaged
    if found != kind:
        raise other


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE


def _matches(pattern: str, path: str) -> bool:
    parts, given = pattern.split("/"), path.split("/")
    if "{" not in pattern or len(parts) != len(given):
        return False
    return all(p == g or p == "*" or p.startswith("{") for p, g in zip(parts, given, strict=True))
