"""What is in a store, as one number."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rtcan_cli.stores.schema import SCHEMAS, TIMINGS

_HASH_BLOCK = 1 << 22  # numbers hashed at a time
_HASH_TEXTS = 1 << 16  # texts likewise
_DEPTH = max(field.path.count("/") + 1 for schema in SCHEMAS.values() for field in schema.fields)


def content_id(datasets: Mapping[str, h5py.Dataset], known: Mapping[str, str] | None = None) -> str:
    """Fingerprint of all data, in whatever order and with whatever filters it was written.

    Parameters
    ----------
    datasets : mapping of str to h5py.Dataset
        All of a store, as `find_datasets` finds them.
    known : mapping of str to str, optional
        Fingerprints of the elements of some datasets, of `running_digest`, which then need not be
        read again.
    """
    known = known or {}
    digest = hashlib.blake2b(digest_size=8)
    for path, dataset in datasets.items():
        if path in TIMINGS:
            continue
        text = h5py.check_string_dtype(dataset.dtype) is not None
        dtype = "str" if text else dataset.dtype.str
        elements = known[path] if path in known else _digest_of_elements(dataset, text)
        digest.update(f"{path} {dataset.shape} {dtype} {elements}\n".encode())
    return digest.hexdigest()


def running_digest() -> hashlib.blake2b:
    """Takes the elements of a dataset as they are written, in their order; see `update_digest`."""
    return hashlib.blake2b(digest_size=16)


def update_digest(digest: hashlib.blake2b, elements: NDArray[Any]) -> None:
    """Go on with further elements of a dataset, text as UTF-8."""
    if elements.dtype.kind in "SO":
        # Without the bytes that fill each up to the length that all have in the file.
        digest.update(b"".join(text + b"\0" for text in elements.ravel().tolist()))
    else:
        digest.update(np.ascontiguousarray(elements).data)


def _digest_of_elements(dataset: h5py.Dataset, text: bool) -> str:
    digest = running_digest()
    at_a_time = _HASH_TEXTS if text else _HASH_BLOCK
    if dataset.ndim == 0 or dataset.size <= at_a_time:
        update_digest(digest, np.asarray(dataset[()]))
    else:
        rows = max(1, at_a_time // max(1, dataset.size // dataset.shape[0]))
        for start in range(0, dataset.shape[0], rows):
            update_digest(digest, dataset[start : start + rows])
    return digest.hexdigest()


def find_datasets(h5: h5py.File, only: Collection[str] | None = None) -> dict[str, h5py.Dataset]:
    """All datasets behind hard links by their paths, sorted; not deeper than a store ever goes.

    HDF5's own visit calls itself for each level, which a file with many levels turns into a crash.

    Parameters
    ----------
    h5 : h5py.File
    only : collection of str, optional
        Paths of those to find; the others are not opened.
    """
    if only is not None:
        opened = ((path, _behind_hard_links(h5, path)) for path in sorted(only))
        return {path: h5py.Dataset(node) for path, node in opened if node is not None}
    found: dict[str, h5py.Dataset] = {}
    # Names and identifiers of HDF5: each look through a group of h5py takes ten times as long.
    waiting: list[tuple[str, h5py.h5g.GroupID]] = [("", h5["/"].id)]
    while waiting:
        prefix, group = waiting.pop()
        for name in group:
            if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
                continue
            path, node = prefix + name.decode(), h5py.h5o.open(group, name)
            if isinstance(node, h5py.h5d.DatasetID):
                found[path] = h5py.Dataset(node, readonly=h5.mode == "r")
            elif isinstance(node, h5py.h5g.GroupID) and path.count("/") < _DEPTH - 1:
                waiting.append((path + "/", node))
    return dict(sorted(found.items()))


def _behind_hard_links(h5: h5py.File, path: str) -> h5py.h5d.DatasetID | None:
    node = h5["/"].id
    for name in path.encode().split(b"/"):
        if not isinstance(node, h5py.h5g.GroupID) or name not in node:
            return None
        if node.links.get_info(name).type != h5py.h5l.TYPE_HARD:
            return None
        node = h5py.h5o.open(node, name)
    return node if isinstance(node, h5py.h5d.DatasetID) else None
