"""What can do harm in an HDF5 file from someone else, before it is read.

HDF5 loads program libraries for filters, reads other files, makes up values that were never
written, and unpacks a thousand bytes from one.
"""

from __future__ import annotations

from typing import Any

import h5py

#: Filters that come with HDF5: deflate, shuffle and Fletcher's checksum.
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
#: Deflate cannot pack 1033 bytes into one. Chunks may also reach beyond the end of the data.
_MOST_PACKED, _SMALL = 1100, 1 << 20
#: Letters of an attribute: the settings of a run have some thousands.
_LONGEST = 1 << 20


def attribute(node: h5py.HLObject, name: str) -> Any:
    """One attribute, None if it is not there.

    Raises
    ------
    ValueError
        If it is far too long, or may be.
    """
    if name not in node.attrs:
        return None
    stored = node.attrs.get_id(name)
    # Text of any length lies elsewhere in the file: its length shows only afterwards, and many
    # texts may be one and the same.
    if (stored.shape and stored.dtype.hasobject) or stored.get_storage_size() > _LONGEST:
        raise ValueError(f"attribute {name} has an unusual length")
    value = node.attrs[name]
    if isinstance(value, str | bytes) and len(value) > _LONGEST:
        raise ValueError(f"attribute {name} has {len(value)} letters")
    return value


def reason_to_refuse(dataset: h5py.Dataset) -> str | None:
    """What a dataset has that none of ours has, and that could do harm when it is read."""
    created = dataset.id.get_create_plist()
    if _lies_elsewhere(created):
        return "is missing"  # its samples are those of other files, of which none is opened
    filters = {created.get_filter(i)[0] for i in range(created.get_nfilters())}
    if unknown := sorted(filters - _FILTERS):
        # HDF5 would look for a program library that knows it, and run that.
        return f"is compressed with a filter that rtcan does not use (number {unknown[0]})"
    if dataset.shape is None:
        return "has no shape"
    dtype = dataset.dtype  # h5py asks HDF5 each time
    # Text of any length, too: many values may be one and the same long text.
    if dtype.hasobject:
        return f"contains neither numbers nor text of a fixed length ({dtype})"
    held = dataset.id.get_storage_size()
    if dtype.itemsize * dataset.size > _MOST_PACKED * held + _SMALL:
        return f"claims {dataset.size} values, which cannot be stored in its {held} bytes"
    return None


def lies_elsewhere(dataset: h5py.Dataset) -> bool:
    """Whether the samples of a dataset are those of other files; no file is opened to find out."""
    return _lies_elsewhere(dataset.id.get_create_plist())


def _lies_elsewhere(created: h5py.h5p.PropDCID) -> bool:
    return bool(created.get_layout() == h5py.h5d.VIRTUAL or created.get_external_count())
