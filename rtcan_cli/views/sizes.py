"""Sizes of files, for a person."""

from __future__ import annotations


def size_in_words(n_bytes: float) -> str:
    """Three digits and a unit."""
    for unit in ("B", "kB", "MB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} GB"
