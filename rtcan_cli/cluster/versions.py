"""What has to be the same on a worker, so that its results are those of this machine."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import rtcan_cli

#: Packages that compute, or that carry work and results.
PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "numba", "cvxopt", "torch", "opensmile", "soundfile"),
    "distributed",
)


@cache
def versions() -> dict[str, str]:
    """Versions of this process, by name.

    What follows a ``+``, as in ``2.13.0+cpu``, is left out: it says what PyTorch was built for.
    """
    found = {"rtcan": rtcan_cli.__version__, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            found[name] = "none"
    return found


def difference(there: dict[str, str]) -> str:
    """What differs in versions from another process, in words; empty if nothing does."""
    return ", ".join(
        f"{name} {there.get(name, 'none')} (here {own})"
        for name, own in versions().items()
        if there.get(name, "none") != own
    )
