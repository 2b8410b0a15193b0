"""What has to be the same on a worker, so that its results are those of this machine."""

from __future__ import annotations

from functools import cache

from rtcan_cli.versions import COMPUTING, installed

#: Packages that compute, or that carry work and results.
PACKAGES = (*COMPUTING, "distributed")


@cache
def versions() -> dict[str, str]:
    """Versions of this process, by name.

    What follows a ``+``, as in ``2.13.0+cpu``, is left out: it says what PyTorch was built for.
    """
    found = installed(PACKAGES)
    return {name: (said or "none").partition("+")[0] for name, said in found.items()}


def difference(there: dict[str, str]) -> str:
    """What differs in versions from another process, in words; empty if nothing does."""
    return ", ".join(
        f"{name} {there.get(name, 'none')} (here {own})"
        for name, own in versions().items()
        if there.get(name, "none") != own
    )
