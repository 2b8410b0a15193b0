"""Reading one HDF5 store."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.errors import RtcanError
from rtcan_cli.stores.provenance import Provenance
from rtcan_cli.stores.schema import OFFSETS, SCHEMA_VERSION, SCHEMAS, Schema


class Store:
    """A finished store, open for reading.

    Parameters
    ----------
    path : Path
        The file.
    kind : str, optional
        The kind that is needed; any kind if not given.

    Raises
    ------
    RtcanError
        If the file is missing, damaged, no rtcan store, of another kind or of another schema
        version. The hint names the command that makes it.
    """

    def __init__(self, path: Path, kind: str | None = None) -> None:
        self.path = path
        self._open: dict[str, h5py.Dataset] = {}
        command = _command(path, kind) if kind else None
        if not path.exists():
            raise RtcanError(f"{path}: there is no such store", command)
        if not path.is_file():
            raise RtcanError(f"{path}: is no file, and so no store", command)
        try:
            self._h5 = h5py.File(path, "r")
        except OSError as error:
            raise RtcanError(
                f"{path}: not a readable HDF5 store (damaged or cut short?)",
                f"{command or 'the command that made it'}, with --force, to make it again",
            ) from error
        try:
            attributes = dict(self._h5.attrs)
            found = attributes.get("kind")
            if not isinstance(found, str) or found not in SCHEMAS:
                raise RtcanError(f"{path}: an HDF5 file, but not an rtcan store")
            self.schema: Schema = SCHEMAS[found]
            if kind and self.schema.kind != kind:
                raise RtcanError(
                    f"{path}: holds {self.schema.kind}, where a {kind} store is needed", command
                )
            version = str(attributes.get("schema_version"))
            if version != str(SCHEMA_VERSION):
                raise RtcanError(
                    f"{path}: has schema version {version[:20]}, this rtcan reads {SCHEMA_VERSION}",
                    f"rtcan {self.schema.command}, with --force, to make it again",
                )
            try:
                self.provenance = Provenance.from_attributes(attributes)
                self.content_id = str(attributes["content_id"])
                self.created = str(attributes["created"])
                self.package_version = str(attributes["package_version"])
            except (KeyError, TypeError, ValueError) as error:
                raise RtcanError(f"{path}: its provenance is missing or unreadable") from error
        except BaseException:
            self._h5.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._h5.close()

    def array(self, path: str) -> NDArray[Any]:
        """One dataset, whole, as a NumPy array; text as Python strings."""
        return self._read(self._dataset(path), ())

    def table(self, name: str) -> pd.DataFrame:
        """One table of the schema as a data frame."""
        columns = [f.path for f in self.schema.fields if f.path.split("/")[0] == name]
        return pd.DataFrame({path.split("/")[1]: self.array(path) for path in columns})

    def signal(self, channel: str, index: int) -> NDArray[Any]:
        """Samples of one recording in one channel."""
        offsets = self._dataset(OFFSETS)
        start, stop = self._read(offsets, np.s_[index : index + 2])
        return self._read(self._dataset(f"signals/{channel}"), np.s_[start:stop])

    def slices(self, path: str, index: int) -> dict[str, NDArray[Any]]:
        """Entry ``index`` of every dataset right under a group: the weights of one model."""
        return {
            name: self._read(self._dataset(f"{path}/{name}"), index) for name in self._names(path)
        }

    def datasets(self) -> dict[str, tuple[tuple[int, ...], str, str]]:
        """Path to (shape, dtype, unit) of every dataset, for display."""
        found = {}
        for path in dataset_paths(self._h5):
            dataset = self._h5[path]
            text = h5py.check_string_dtype(dataset.dtype) is not None
            dtype = "str" if text else str(dataset.dtype)
            found[path] = (dataset.shape, dtype, str(dataset.attrs.get("unit", "")))
        return found

    def _names(self, path: str) -> list[str]:
        prefix = path + "/"
        return [p[len(prefix) :] for p in dataset_paths(self._h5) if p.startswith(prefix)]

    def _dataset(self, path: str) -> h5py.Dataset:
        # Kept open: HDF5 forgets the chunk that it has just unpacked when a dataset is closed.
        if path in self._open:
            return self._open[path]
        link = self._h5.get(path, getlink=True) if path in self._h5 else None
        dataset = self._h5[path] if isinstance(link, h5py.HardLink) else None
        # A store from someone else must not make us read other files: neither by a link nor by
        # a dataset whose samples lie elsewhere.
        if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
            raise RtcanError(
                f"{self.path}: '{path}' is missing",
                f"rtcan {self.schema.command}, with --force, to make it again",
            )
        self._open[path] = dataset
        return dataset

    def _read(self, dataset: h5py.Dataset, where: Any) -> NDArray[Any]:
        try:
            if h5py.check_string_dtype(dataset.dtype) is not None:
                return np.asarray(dataset.asstr()[where], dtype=object)
            return np.asarray(dataset[where])
        except OSError as error:
            raise RtcanError(
                f"{self.path}: '{dataset.name[1:]}' is damaged",
                f"rtcan {self.schema.command}, with --force, to make it again",
            ) from error


def _command(path: Path, kind: str) -> str:
    """What makes the store of this kind, as a user types it; in a workspace, with its dataset."""
    dataset = path.parent.name
    if dataset not in PROFILES:
        return f"rtcan {SCHEMAS[kind].command}"
    if kind == "recordings" or not (path.parent / "recordings.h5").exists():
        return f"rtcan ingest {dataset} RAW"
    return f"rtcan {SCHEMAS[kind].command} --dataset {dataset}"


def dataset_paths(h5: h5py.File) -> list[str]:
    """Paths of all datasets behind hard links, sorted."""
    found: list[str] = []

    def visit(name: str, node: object) -> None:
        if isinstance(node, h5py.Dataset):
            found.append(name)

    h5.visititems(visit)  # visits hard links only
    return sorted(found)
