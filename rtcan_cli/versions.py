"""Versions of rtcan, of Python and of other packages, found without loading any of these."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from rtcan_cli import __version__

#: Packages that compute, by their names on PyPI.
COMPUTING = (
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "cvxopt",
    "torch",
    "opensmile",
    "soundfile",
)
#: Packages that read, keep and carry what is computed, or explain it.
OTHERS = ("h5py", "pandas", "captum", "matplotlib", "joblib", "distributed")


def installed(names: Iterable[str]) -> dict[str, str | None]:
    """Versions of rtcan, of Python and of some packages; None for one that is not installed."""
    found: dict[str, str | None] = {"rtcan": __version__, "Python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def described() -> str:
    """What ``rtcan --version`` prints: rtcan's own version in the first line, then the others."""
    found = installed((*COMPUTING, *OTHERS))
    found["Python"] = f"{found['Python']} ({sys.platform} {platform.machine()})"
    return "\n".join(f"{name} {said or '(not installed)'}" for name, said in found.items())
