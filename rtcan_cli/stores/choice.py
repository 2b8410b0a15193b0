"""Which run is meant where none is named: never by its score, and it is said which one is taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtcan_cli import console
from rtcan_cli.choices import MODEL
from rtcan_cli.command_line import quoted
from rtcan_cli.errors import RtcanError, some
from rtcan_cli.stores.store import Store

#: What tells which folds of a run were trained.
FOLDS = ("models/fold", "membership/role")


@dataclass(frozen=True)
class Candidate:
    """What is known of a finished run before any of its answers are read.

    Parameters
    ----------
    path : Path
        Its store.
    created : str
        When it was made.
    is_complete : bool
        Whether every fold of every target was trained.
    is_part : bool
        Whether it has only a part of the subjects (``--subjects``).
    is_baseline : bool
        Whether its model is another one than RTCAN-1D.
    """

    path: Path
    created: str
    is_complete: bool
    is_part: bool
    is_baseline: bool

    @classmethod
    def read(cls, path: Path) -> Candidate:
        """Read what is needed of a run store.

        Raises
        ------
        RtcanError
            If it cannot be read, or is not a run store.
        """
        with Store(path, "run", FOLDS) as store:
            settings = store.provenance.parameters
            return cls(
                path=path,
                created=store.created,
                is_complete=_has_all_folds(store),
                is_part=settings.get("subjects") is not None,
                is_baseline=settings.get("model", MODEL) != MODEL,
            )

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """What comes first is smaller: the whole study, then RTCAN-1D."""
        return not self.is_complete, self.is_part, self.is_baseline

    def kind(self, n: int) -> str:
        """What so many runs of its rank are called."""
        runs = "run" if n == 1 else "runs"
        of_subjects = " on a part of the subjects" if self.is_part else ""
        of_model = " of other models" if self.is_baseline else " of RTCAN-1D"
        if self.is_complete:
            return f"complete {runs}{of_model}{of_subjects}"
        return f"{runs}{of_model}{of_subjects} with a part of the folds"


def preferred(paths: Sequence[Path]) -> list[Path]:
    """Finished runs in the order in which they are taken where none is named.

    Runs with all folds come before those of which only some were trained, runs of all subjects
    before those of a part of them, RTCAN-1D before what it is compared with, and each newest first.
    """
    return [each.path for each in _in_order(paths)]


def take(paths: Sequence[Path], of: str = "") -> Path:
    """The first of some runs (see `preferred`); if there are others, it is said why this one.

    Parameters
    ----------
    paths : sequence of Path
        The finished runs that could be meant, one at least.
    of : str
        What they have in common, to be put behind "runs".
    """
    first, *others = _in_order(paths)
    if others:
        n = 1 + sum(each.rank == first.rank for each in others)
        reason = f"the newest of {n}" if n > 1 else "the only"
        than = "" if first.is_complete else "; no run is complete"
        called = _names([each.path for each in (first, *others)])
        names = some([called[each.path] for each in others])
        console.say(
            f"note: no run was named, so {called[first.path]} is taken, {reason} "
            f"{first.kind(n)}{of}{than}. Name a run to take another one: {names}"
        )
    return first.path


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """What each run is called on the command line: by its file if two have one name."""
    known = Counter(path.stem for path in paths)
    return {path: path.stem if known[path.stem] == 1 else quoted(str(path)) for path in paths}


def _in_order(paths: Sequence[Path]) -> list[Candidate]:
    found = sorted(map(Candidate.read, paths), key=lambda each: each.created, reverse=True)
    return sorted(found, key=lambda each: each.rank)


def _has_all_folds(store: Store) -> bool:
    """Whether every fold of every target was trained; not if the tables cannot be read."""
    try:
        n_targets = len(store.provenance.parameters.get("targets", ()))
        n_folds = store.shape("membership/role")[1]
        return bool(len(store.array("models/fold")) == n_targets * n_folds)
    except RtcanError:
        return False
