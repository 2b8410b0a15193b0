"""Reading one HDF5 store."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import DamagedError, RtcanError
from rtcan_cli.files.hdf5 import attribute
from rtcan_cli.stores.claims import (
    check_fits,
    check_tables_fit,
    in_memory,
    is_text,
    layout_problem,
    size_problem,
    values_problem,
)
from rtcan_cli.stores.content import content_id, find_datasets
from rtcan_cli.stores.datasets import CHUNK_CACHE
from rtcan_cli.stores.lines import how_to_make_again, line_that_makes
from rtcan_cli.stores.opening import check_is_file, open_h5
from rtcan_cli.stores.provenance import Provenance
from rtcan_cli.stores.schema import OFFSETS, READABLE, SCHEMAS, Schema

if TYPE_CHECKING:
    import pandas as pd

_ATTRIBUTES = (
    *("kind", "schema_version", "package_version", "created", "command", "dataset"),
    *("parameters", "inputs", "simulated", "content_id"),
)
#: Of runs that see EDA, and of runs that hear music.
_OPTIONAL = ("eda", "music")
#: What HDF5 and h5py raise on damaged files.
_HDF5_ERRORS = (
    *(OSError, RuntimeError, LookupError, ValueError, TypeError, OverflowError, MemoryError),
)
#: What users name by mistake: rtcan's own other files, and raw ones.
_OTHER_KINDS = {".json", ".csv", ".html", ".mp3", ".zip", ".png", ".pt"}
_TEXTS = 1 << 14  # texts read at a time: as Python objects they are large
_ROWS = 1 << 12  # rows read at a time


class Store:
    """A finished store, open for reading.

    Parameters
    ----------
    path : Path
        The file.
    kind : str, optional
        The kind that is needed; any kind if not given.
    only : collection of str, optional
        Datasets of the schema that will be read. The others are neither looked for nor compared
        with the schema, which in a store with many weights takes longer than to read a table. To
        ask for one of them is a `ValueError`. With the offsets goes a channel, whose length they
        are compared with.

    Raises
    ------
    RtcanError
        If the file is missing, damaged, not an rtcan store, of another kind or of another schema
        version. The hint names the command that makes it. A `BlockedError` if it may be whole,
        but is in use or may not be read.
    """

    def __init__(
        self, path: Path, kind: str | None = None, only: Collection[str] | None = None
    ) -> None:
        self.path = path
        self._only = only
        self._found: dict[str, h5py.Dataset] | None = None
        command = line_that_makes(path, kind) if kind else None
        check_is_file(path, command, kind)
        if path.suffix.lower() in _OTHER_KINDS:
            # The command would name this very file as its output.
            raise RtcanError(
                f"{path}: is not a store, but a file of another kind",
                f"the path of a {kind} store" if kind else None,
            )
        self._h5 = open_h5(path, command, how_to_make_again(path, kind), rdcc_nbytes=CHUNK_CACHE)
        try:
            self._read_attributes(command, kind)
        except BaseException:
            self._h5.close()
            raise

    def _one_of(self, kind: str, command: str | None) -> str | None:
        """What to name instead: the command would have this very file as its output."""
        beside = self.path.with_name(f"{kind}.h5")
        if beside == self.path:
            return command
        return str(beside) if beside.exists() else f"the path of a {kind} store"

    def _read_attributes(self, command: str | None, kind: str | None) -> None:
        path = self.path
        try:
            attributes = {name: attribute(self._h5, name) for name in (*_ATTRIBUTES, *_OPTIONAL)}
        except _HDF5_ERRORS as error:
            raise RtcanError(
                f"{path}: its provenance is damaged",
                how_to_make_again(path, kind),
            ) from error
        found = attributes["kind"]
        if not isinstance(found, str) or found not in SCHEMAS:
            raise RtcanError(f"{path}: an HDF5 file, but not an rtcan store")
        self.schema: Schema = SCHEMAS[found]
        if kind and self.schema.kind != kind:
            raise RtcanError(
                f"{path}: is a {self.schema.kind} store, but a {kind} store is needed",
                self._one_of(kind, command),
            )
        version = str(attributes["schema_version"])
        if version not in map(str, READABLE):
            raise RtcanError(
                f"{path}: has schema version {version[:20]}, this rtcan reads "
                f"{' and '.join(map(str, READABLE))}",
                how_to_make_again(path, self.schema.kind),
            )
        self.schema = self.schema.of_version(int(version))
        if self._only is not None:
            if OFFSETS in self._only:
                self._only = {*self._only, *_channels(self.schema)[:1]}
            self.schema = self.schema.part(self._only)
        try:
            missing = [name for name in _ATTRIBUTES if attributes[name] is None]
            if missing:
                raise KeyError(missing[0])
            self.provenance = Provenance.from_attributes(attributes)
            self.content_id = str(attributes["content_id"])
            self.created = str(attributes["created"])
            self.package_version = str(attributes["package_version"])
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise RtcanError(f"{path}: its provenance is missing or unreadable") from error

    def close(self) -> None:
        """Close the file."""
        self._h5.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def array(self, path: str) -> NDArray[Any]:
        """One dataset, whole, as a NumPy array; text as Python strings."""
        dataset = self._dataset(path)
        if dataset.ndim == 1 and is_text(dataset):
            known: dict[str, str] = {}
            texts = [self._texts(dataset, np.s_[:0], known)]
            for part in _parts(dataset.shape[0], _TEXTS):
                texts.append(self._texts(dataset, np.s_[part.start : part.stop], known))
            return np.concatenate(texts)
        return self._read(dataset, ())

    def rows(self, path: str, rows: range) -> NDArray[Any]:
        """Neighbouring rows of one dataset."""
        return self._read(self._dataset(path), np.s_[rows.start : rows.stop])

    def blocks(self, path: str, rows: int = _ROWS) -> Iterator[NDArray[Any]]:
        """One dataset, this many rows at a time."""
        for part in _parts(self.length(path), rows):
            yield self.rows(path, part)

    def length(self, path: str) -> int:
        """How many rows a dataset has."""
        return self.shape(path)[0]

    def shape(self, path: str) -> tuple[int, ...]:
        """Lengths of a dataset along its axes."""
        return tuple(map(int, self._dataset(path).shape))

    def table(self, name: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """One table of the schema, or some of its columns, as a data frame.

        Columns that a store of an earlier version does not have are not there either.
        """
        import pandas as pd  # slow to load, and workers read samples only

        if columns is None:
            columns = [each.path.split("/")[1] for each in self.schema.columns(name)]
        columns = list(columns)
        self._rows_of(name, columns)
        # One column after the other: as pandas has it, text takes less memory than as objects.
        return pd.DataFrame({each: pd.Series(self.array(f"{name}/{each}")) for each in columns})

    def table_blocks(self, name: str, *columns: str) -> Iterator[tuple[NDArray[Any], ...]]:
        """Some columns of a table, a few thousand rows at a time."""
        for part in _parts(self._rows_of(name, columns), _ROWS):
            yield tuple(self.rows(f"{name}/{column}", part) for column in columns)

    def _rows_of(self, table: str, columns: Sequence[str]) -> int:
        lengths = {self.length(f"{table}/{column}") for column in columns}
        if len(lengths) != 1:
            raise self._damaged(f"the columns of '{table}' differ in length")
        return lengths.pop()

    def holds(self, path: str) -> bool:
        """Whether stores of the version that made this one have a dataset."""
        self._check_seen(path)
        return any(field.path == path for field in self.schema.fields)

    def signal(self, channel: str, index: int) -> NDArray[Any]:
        """Samples of one recording in one channel."""
        start, stop = self.rows(OFFSETS, range(index, index + 2))
        return self.rows(f"signals/{channel}", range(start, stop))

    def signals(self, channel: str, rows: range) -> list[NDArray[Any]]:
        """Samples of neighbouring recordings in one channel, read together."""
        offsets = self.rows(OFFSETS, range(rows.start, rows.stop + 1))
        samples = self.rows(f"signals/{channel}", range(offsets[0], offsets[-1]))
        return np.split(samples, offsets[1:-1] - offsets[0])

    def seconds(self, rows: range) -> NDArray[np.float64]:
        """How long neighbouring recordings last, in seconds."""
        offsets = self.rows(OFFSETS, range(rows.start, rows.stop + 1))
        return np.diff(offsets) / self.rows("recordings/sampling_rate", rows)

    def slices(self, path: str, index: int) -> dict[str, NDArray[Any]]:
        """Entry ``index`` of every dataset right under a group: the weights of one model."""
        self._check_seen(f"{path}/")
        return {
            name: self._read(self._dataset(f"{path}/{name}"), index) for name in self._names(path)
        }

    def datasets(self) -> dict[str, tuple[tuple[int, ...], str, str]]:
        """Path to (shape, dtype, unit) of every dataset, for display."""
        found = {}
        for path, dataset in self._datasets().items():
            dtype = "str" if is_text(dataset) else str(dataset.dtype)
            try:
                unit = str(attribute(dataset, "unit") or "")
            except _HDF5_ERRORS as error:
                raise self._damaged(f"'{path}' is damaged") from error
            found[path] = (dataset.shape, dtype, unit)
        return found

    def computed_content_id(self) -> str:
        """Content id of what is in the store now: reads all of it, a piece at a time.

        Raises
        ------
        RtcanError
            If something cannot be read.
        ValueError
            If the store was opened for some of its datasets only.
        """
        if self._only is not None:
            raise ValueError(f"{self.path} was opened for some of its datasets only")
        found = self._datasets()
        try:
            return content_id(found)
        except _HDF5_ERRORS as error:
            raise self._damaged("its data are damaged") from error

    def verify(self) -> None:
        """Read all of the store, and compare it with its content id.

        Raises
        ------
        RtcanError
            If it is damaged.
        """
        if self.computed_content_id() != self.content_id:
            raise self._damaged("its data do not match its content id")

    def _datasets(self) -> dict[str, h5py.Dataset]:
        """All datasets; what describes them is compared with the schema before any is read.

        They stay open: HDF5 forgets the chunk that it has just unpacked when a dataset is closed.
        """
        if self._found is not None:
            return self._found
        try:
            # A store from someone else must not make us read other files: neither by a link, which
            # is not followed, nor by a dataset whose samples lie elsewhere.
            found = find_datasets(self._h5, self._only)
            size = self.path.stat().st_size
            problem = size_problem(found, size) or layout_problem(found, self.schema)
            if problem:
                raise self._damaged(problem)
            check_tables_fit(found, self.schema, self.path)
        except _HDF5_ERRORS as error:
            raise self._damaged("its metadata are damaged") from error
        self._found = found
        return found

    def _names(self, path: str) -> list[str]:
        prefix = path + "/"
        return [p[len(prefix) :] for p in self._datasets() if p.startswith(prefix)]

    def _check_seen(self, path: str) -> None:
        """A dataset that is not looked for would seem to be missing."""
        if self._only is not None and path not in self._only:
            raise ValueError(f"{self.path} was opened without '{path}'")

    def _dataset(self, path: str) -> h5py.Dataset:
        self._check_seen(path)
        dataset = self._datasets().get(path)
        if dataset is None:
            raise self._damaged(f"'{path}' is missing")
        return dataset

    def _read(self, dataset: h5py.Dataset, where: Any) -> NDArray[Any]:
        if is_text(dataset):
            return self._texts(dataset, where, {})
        path = dataset.name[1:]
        check_fits(in_memory(dataset, _n_values(dataset, where)), f"{self.path}: '{path}'")
        try:
            values = np.asarray(dataset[where])
        except _HDF5_ERRORS as error:
            raise self._damaged(f"'{path}' is damaged") from error
        samples = self._samples() if path == OFFSETS else None
        if problem := values_problem(path, values, samples):
            raise self._damaged(problem)
        return values

    def _samples(self) -> int | None:
        """How many samples each channel has; None for a store without signals."""
        return next(map(self.length, _channels(self.schema)), None)

    def _texts(self, dataset: h5py.Dataset, where: Any, known: dict[str, str]) -> NDArray[Any]:
        """Text as Python strings; one that is known, as names are, is not in memory again."""
        try:
            texts = np.asarray(dataset.asstr()[where], dtype=object)
        except _HDF5_ERRORS as error:
            raise self._damaged(f"'{dataset.name[1:]}' is damaged") from error
        flat = texts.reshape(-1)
        flat[:] = [known.setdefault(text, text) for text in flat]
        return flat.reshape(texts.shape)

    def _damaged(self, what: str) -> DamagedError:
        return DamagedError(
            f"{self.path}: {what}",
            how_to_make_again(self.path, self.schema.kind),
        )


def _channels(schema: Schema) -> list[str]:
    """Datasets with a value for each sample."""
    return [field.path for field in schema.fields if field.shape == ("samples",)]


def _n_values(dataset: h5py.Dataset, where: tuple[()] | slice | int) -> int:
    """How many values reading all of a dataset gives, some of its rows, or one of them."""
    if where == ():
        return int(dataset.size)
    rows = len(range(dataset.shape[0])[where]) if isinstance(where, slice) else 1
    return rows * math.prod(dataset.shape[1:])


def _parts(length: int, rows: int) -> Iterator[range]:
    """Cut this many rows into parts."""
    for start in range(0, length, rows):
        yield range(start, min(start + rows, length))
