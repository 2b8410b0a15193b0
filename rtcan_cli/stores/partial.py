"""Work in progress of a long step, kept beside its store so that it can go on after a stop."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores.lock import held_store


class Partial:
    """Finished items of an unfinished step, one file each, in ``<store>.partial/``.

    An item is written beside its place and renamed, so it is there whole or not at all; a file
    that cannot be read (the machine lost power) counts as not there. Each exact step has a
    subfolder of its own, so work for other parameters or inputs is never mixed up with it, nor
    lost before the store is finished.

    Parameters
    ----------
    store : Path
        The store being made.
    digest : str
        Fingerprint of the step, :meth:`rtcan_cli.stores.Provenance.digest`.
    """

    def __init__(self, store: Path, digest: str) -> None:
        self.store = store
        # Absolute: workers keep the working directory that they were started in.
        self.folder = store.absolute().with_name(store.name + ".partial") / digest

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from the same work while the body runs.

        All work on one store shares a lock, also with other parameters: it ends in the same file.

        Raises
        ------
        RtcanError
            If another process has the lock; it is named.
        """
        with held_store(self.store):
            for leftover in self.folder.glob("*.tmp-*"):  # of a process that was killed
                leftover.unlink(missing_ok=True)
            try:
                yield
            finally:
                with suppress(OSError):  # not there, or finished items are kept
                    self.folder.rmdir()

    def make(self) -> None:
        """Make the folder, for workers that are not to.

        Raises
        ------
        RtcanError
            If it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._cannot_write(self.folder, error) from error

    def put(
        self, name: str, arrays: Mapping[str, NDArray[Any]], *, in_worker: bool = False
    ) -> None:
        """Keep one item, in place of what was kept under that name.

        Parameters
        ----------
        name : str
            Of the item.
        arrays : mapping of str to ndarray
            The item.
        in_worker : bool
            Leave it to the caller, who has the lock, to make the folder: a worker whose caller was
            killed must not bring back what the next process has finished and removed.

        Raises
        ------
        RtcanError
            If it cannot be written, for instance because the disk is full. What was kept stays.
        """
        place = self.folder / f"{name}.npz"
        beside = place.with_suffix(f".tmp-{os.getpid()}")
        try:
            if not in_worker:
                self.folder.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            os.replace(beside, place)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise self._cannot_write(place, error) from error

    @staticmethod
    def _cannot_write(place: Path, error: OSError) -> RtcanError:
        return RtcanError(
            f"{place}: cannot be written: {error.strerror or error}",
            "make room there, then the same command again; finished work is kept",
        )

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:
        """One item, or None if it is not there or not whole."""
        try:
            # Read at once: the checksums of the zip's members are checked on the way.
            content = io.BytesIO((self.folder / f"{name}.npz").read_bytes())
            with np.load(content, allow_pickle=False) as item:
                return {key: item[key] for key in item.files}
        except (FileNotFoundError, zipfile.BadZipFile, ValueError, EOFError, KeyError):
            return None

    def peek(self, name: str, key: str) -> NDArray[Any] | None:
        """One array of an item, without reading the others; None if it is not there."""
        try:
            with np.load(self.folder / f"{name}.npz", allow_pickle=False) as item:
                return item[key]
        except (FileNotFoundError, zipfile.BadZipFile, ValueError, EOFError, KeyError):
            return None

    def names(self) -> set[str]:
        """Names of the items that are there."""
        return {path.stem for path in self.folder.glob("*.npz")}

    def remove(self, name: str) -> None:
        """Forget one item."""
        (self.folder / f"{name}.npz").unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what a process left that was killed after it had put the finished store in place.

        Nothing is done if somebody works on the store; what is kept for other parameters stays.
        """
        if not self.folder.parent.exists():
            return
        # A workspace that cannot be written to is no reason to fail: the store is there.
        with suppress(RtcanError, OSError), held_store(self.store):
            shutil.rmtree(self.folder, ignore_errors=True)

    def discard(self) -> None:
        """Remove what is kept, that of other parameters included: the store is finished.

        The lock stays: whoever holds it removes it.
        """
        for entry in self.folder.parent.glob("*/"):
            shutil.rmtree(entry, ignore_errors=True)
        with suppress(OSError):  # somebody holds it
            self.folder.parent.rmdir()
