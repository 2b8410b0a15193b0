"""Whether a step has anything to do: the same for every step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rtcan_cli import console
from rtcan_cli.errors import BlockedError, RtcanError
from rtcan_cli.stores import Partial, Provenance, Store, check_replaceable


def is_current(output: Path, kind: str, provenance: Provenance, force: bool) -> bool:
    """Tell the user whether the store is already what this step would make.

    Returns
    -------
    bool
        True if there is nothing to do. Otherwise the step has to run; if an older store is in
        place, what changed has been said.

    Raises
    ------
    RtcanError
        If something else than a store of this kind is in place, or one that cannot be read now:
        it is not replaced.
    """
    check_replaceable(output, kind)
    if force or not output.exists():
        return False
    try:
        with Store(output, kind) as store:
            changes = provenance.changes(store.provenance)
    except BlockedError:
        raise  # it may be whole
    except RtcanError as error:
        console.say(f"{error}; making it again")
        return False
    if changes:
        console.say(f"{output}: making it again, because {'; '.join(changes)}")
        return False
    Partial(output, provenance.digest()).tidy()
    console.say(f"{output}: already done, nothing changed (--force does it again)")
    return True


def fingerprint(files: Iterable[Path]) -> str:
    """Names, sizes and times of files: cheap to take, and any edit shows."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(files):
        state = path.stat()
        digest.update(f"{path.name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
