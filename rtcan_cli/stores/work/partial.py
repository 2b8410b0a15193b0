"""Work in progress of a long step, kept beside its store so that it can go on after a stop."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError, writing_hint
from rtcan_cli.files.links import (
    Folder,
    Unexpected,
    new_beside,
    open_folder,
    open_regular,
    opened_folder,
)
from rtcan_cli.stores.work.items import read_item
from rtcan_cli.stores.work.lock import held_store


class Partial:
    """Finished items of an unfinished step, one file each, in ``<store>.partial/``.

    An item is written beside its place and renamed, so it is there whole or not at all; a file
    that cannot be read (the machine lost power) counts as not there. Each exact step has a
    subfolder of its own, so work for other parameters or inputs is never mixed up with it, nor
    lost before the store is finished.

    The folder may have come from a stranger: neither it, nor the subfolder, nor an item may be a
    symbolic link. An item that is one, or a named pipe, counts as not there.

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
            with suppress(FileNotFoundError), self._opened() as folder:
                for name in folder.names():
                    if ".tmp-" in name:  # of a process that was killed
                        with suppress(OSError):  # a folder, which is not ours
                            folder.unlink(name)
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
        with self._opened(make=True):
            pass

    @contextmanager
    def _opened(self, *, make: bool = False) -> Iterator[Folder]:
        """The folder of the items.

        Raises
        ------
        FileNotFoundError
            If it is not there, and not to be made.
        RtcanError
            If it cannot be made, or something else is in its place.
        """
        above = self.folder.parent
        try:
            if make:
                above.parent.mkdir(parents=True, exist_ok=True)
            with opened_folder(above, make=make) as outer:
                folder = open_folder(self.folder.name, at=outer, make=make)
        except Unexpected as error:
            place = self.folder if error.filename == self.folder.name else above
            raise RtcanError(
                f"{place}: is {error.strerror}", f"look at {above}, and remove it"
            ) from error
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._cannot_write(self.folder, error) from error
        try:
            yield folder
        finally:
            folder.close()

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
        try:
            with self._opened(make=not in_worker) as folder:
                beside, descriptor = new_beside(f"{name}.tmp-", at=folder)
                try:
                    with open(descriptor, "wb") as file:
                        np.savez(file, allow_pickle=False, **arrays)
                    folder.replace(place.name, beside)
                finally:
                    with suppress(OSError):  # it is in place
                        folder.unlink(beside)
        except OSError as error:
            raise self._cannot_write(place, error) from error

    @staticmethod
    def _cannot_write(place: Path, error: OSError) -> RtcanError:
        return RtcanError(
            f"{place}: cannot be written: {error.strerror or error}",
            f"{writing_hint(error)}, then the same command again; finished work is kept",
        )

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:
        """One item, or None if it is not there or not whole."""
        return self._read(name, None)

    def peek(self, name: str, key: str) -> NDArray[Any] | None:
        """One array of an item, without reading the others; None if it is not there."""
        found = self.part(name, [key])
        return None if found is None else found.get(key)

    def part(self, name: str, keys: Collection[str]) -> dict[str, NDArray[Any]] | None:
        """As `get`, but read no arrays but these, as far as the item has them."""
        return self._read(name, keys)

    def _read(self, name: str, only: Collection[str] | None) -> dict[str, NDArray[Any]] | None:
        try:
            with self._opened() as folder:
                descriptor = open_regular(f"{name}.npz", at=folder)
        except (FileNotFoundError, Unexpected):
            return None
        with open(descriptor, "rb") as file:
            return read_item(file, only)

    def names(self) -> set[str]:
        """Names of the items that are there."""
        try:
            with self._opened() as folder:
                return {Path(name).stem for name in folder.names() if name.endswith(".npz")}
        except FileNotFoundError:
            return set()

    def remove(self, name: str) -> None:
        """Forget one item."""
        with suppress(FileNotFoundError), self._opened() as folder:
            folder.unlink(f"{name}.npz")

    def tidy(self) -> None:
        """Remove what a process left that was killed after it had put the finished store in place.

        Nothing is done if another process works on the store. Items for other parameters stay.
        """
        if not self.folder.parent.exists():
            return
        # A workspace that cannot be written to is not a reason to fail: the store is there.
        with suppress(RtcanError, OSError), held_store(self.store):
            self._remove(self.folder.name)

    def discard(self) -> None:
        """Remove what is kept, that of other parameters included: the store is finished.

        The lock stays: its holder removes it. What is not ours stays too.
        """
        above = self.folder.parent
        with suppress(OSError):  # it is gone
            for name in os.listdir(above):
                self._remove(name)
        with suppress(OSError):  # someone has locked it
            above.rmdir()

    def _remove(self, digest: str) -> None:
        """Remove the items of one step, and their folder."""
        with suppress(OSError), opened_folder(self.folder.parent) as above:
            with opened_folder(digest, at=above) as folder:
                folder.remove_files()
            above.rmdir(digest)
