"""Where stores are, which steps are done, which are stale, and what to run next."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from difflib import get_close_matches
from glob import escape
from pathlib import Path

from rtcan_cli.command_line import WORKSPACE_VARIABLE, CommandLine, command_line, quoted
from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.errors import BlockedError, RtcanError, some
from rtcan_cli.files.links import is_link, name_problem, refuse_links
from rtcan_cli.stores.choice import FOLDS, preferred, take
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.stores.provenance import music_set
from rtcan_cli.stores.store import Store
from rtcan_cli.stores.work.lock import holder

#: Kinds with one store for each dataset, in the order of the steps that make them.
STEP_KINDS = ("recordings", "labels", "components", "features", "music")


@dataclass(frozen=True)
class Step:
    """State of one step of one dataset.

    Parameters
    ----------
    kind : str
        Kind of the store.
    path : Path
        The store.
    state : str
        ``done``, ``stale``, ``missing``, ``partial``, ``running``, ``damaged``, or ``unreadable``
        where it may be whole, but is in use or not permitted.
    created : str, optional
        When it was made, if it can be read.
    unfinished : bool
        Whether unfinished work is kept: on this one, or on another one in its place.
    detail : str, optional
        Why it is stale, damaged or unreadable; or what a run has heard in place of the music
        features of the workspace.
    process : str, optional
        Who makes it now, such as ``process 71 on alice``; also where an older one is in place.
    n_trained, n_folds : int, optional
        Folds of a finished run that were trained, and all of its folds.
    """

    kind: str
    path: Path
    state: str
    created: str | None = None
    unfinished: bool = False
    detail: str | None = None
    process: str | None = None
    n_trained: int | None = None
    n_folds: int | None = None

    def line(self, **options: object) -> CommandLine:
        """The line that makes it, see `line_that_makes`."""
        return line_that_makes(self.path, self.kind, **options)


@dataclass(frozen=True)
class Workspace:
    """A folder with one subfolder for each dataset.

    It may have come from a stranger. So nothing below it may be a symbolic link: all methods that
    give a path raise RtcanError where one of its parts is. The folder itself may be one.
    """

    root: Path

    def __post_init__(self) -> None:
        if os.path.isfile(self.root):
            raise RtcanError(
                f"{self.root}: is a file, not a folder with stores",
                "name the folder that contains the datasets' folders",
            )

    def line(self, command: str, *arguments: object, **options: object) -> CommandLine:
        """The line that runs a command on this workspace, see `command_line`."""
        return command_line(command, *arguments, workspace=self.root, **options)

    def store(self, dataset: str, kind: str) -> Path:
        """Where a dataset's store of this kind is, or will be."""
        return refuse_links(self.root / dataset / f"{kind}.h5", self.root)

    def run(self, dataset: str, name: str) -> Path:
        """Where the run of this name is, or will be.

        Raises
        ------
        RtcanError
            If there is none and no file can have that name on Windows: a workspace may be copied
            there.
        """
        runs = self.root / dataset / "runs"
        path = runs / f"{name}.h5"
        if (reason := name_problem(name)) and path not in runs.glob("*.h5"):
            raise RtcanError(f"a run cannot be called {name!r}: {reason}", "another --name")
        return refuse_links(path, self.root)

    def datasets(self) -> list[str]:
        """Names of the datasets that have been ingested."""
        found = {path.parent.name for path in self.root.glob("*/recordings.h5")} & PROFILES.keys()
        for name in found:
            self.store(name, "recordings")  # refuses links
        return sorted(found)

    def files(self, *patterns: str) -> list[Path]:
        """What is there with such names, sorted."""
        found = {path for pattern in patterns for path in self.root.glob(pattern)}
        return [refuse_links(path, self.root) for path in sorted(found)]

    def _run_files(self, dataset: str | None, name: str = "*.h5") -> list[Path]:
        return self.files(f"{dataset or '*'}/runs/{name}")

    def dataset(self, name: str | None) -> str:
        """The dataset meant: the given one, or the only one there is.

        Raises
        ------
        RtcanError
            If there is none, or more than one and none was named.
        """
        if name:
            return name
        found = self.datasets()
        if len(found) == 1:
            return found[0]
        if not found:
            raise RtcanError(
                f"{self.root}: no dataset has been ingested here",
                f"{self.line('ingest', 'pmemo', 'RAW')}; or name the folder of the stores: "
                f"--workspace, or the environment variable {WORKSPACE_VARIABLE}",
            )
        raise RtcanError(
            f"{self.root}: contains several datasets ({', '.join(found)})",
            f"the same command with --dataset {found[0]}",
        )

    def runs(self, dataset: str | None = None) -> list[Path]:
        """Finished runs of one dataset (or of all), newest first.

        Unreadable ones are left out; `damaged_runs` names them.
        """
        found = []
        for path in self._run_files(dataset):
            try:
                with Store(path, "run") as run:
                    found.append((run.created, path))
            except RtcanError:
                continue
        return [path for _, path in sorted(found, reverse=True)]

    def preferred_runs(self, dataset: str | None = None) -> list[Path]:
        """Finished runs in the order in which they are taken where none is named.

        See `rtcan_cli.stores.choice.preferred`.
        """
        return preferred(self.runs(dataset))

    def damaged_runs(self, dataset: str | None = None) -> list[RtcanError]:
        """What is wrong with run stores that cannot be read."""
        found = []
        for path in self._run_files(dataset):
            try:
                Store(path, "run").close()
            except RtcanError as error:
                found.append(error)
        return found

    def find_run(self, name: str | None, dataset: str | None) -> Path:
        """A run by name or path; if not named, the first of `preferred_runs`.

        If there are several then, it is said which one is taken, and why.

        Raises
        ------
        RtcanError
            If there is no such run.
        """
        if name is None:
            runs = self.runs(dataset)
            if not runs:
                there = [dataset] if dataset else self.datasets()
                raise RtcanError(
                    f"{self.root}: no finished run"
                    + (f" of {dataset}" if dataset else "")
                    + " is there",
                    # With several datasets, it is not known which is meant.
                    self.line("train", dataset=there[0]) if len(there) == 1 else self.line("info"),
                )
            return take(runs)
        if Path(name).suffix == ".h5":
            return Path(name)
        matches = self._run_files(dataset, f"{escape(name)}.h5")
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise RtcanError(
                f"run '{name}' exists more than once in {self.root}",
                # Not every command has the option --dataset for this.
                "its file instead of its name: "
                + " or ".join(quoted(str(path)) for path in matches),
            )
        known = [path.stem for path in self.runs(dataset)]
        like = get_close_matches(name, known, 1, cutoff=0.0)
        raise RtcanError(
            f"run '{name}' does not exist in {self.root} (finished runs: {some(known) or 'none'})",
            f"{like[0]}, for example" if like else self.line("info"),
        )

    def steps(self, dataset: str) -> list[Step]:
        """State of every step of one dataset, its runs last, oldest first."""
        paths = [(kind, self.store(dataset, kind)) for kind in STEP_KINDS]
        finished = self._run_files(dataset)
        unfinished = self._run_files(dataset, "*.h5.partial")
        paths += [("run", path) for path in finished]
        begun = [path.with_suffix("") for path in unfinished]
        paths += [("run", path) for path in begun if path not in finished]
        ids = {kind: content_id(path) for kind, path in paths if kind != "run"}
        heard = _music_set(self.store(dataset, "music"))
        stale: set[str] = set()
        steps = []
        for kind, path in paths:
            step = _state(kind, path, ids, stale, heard)
            if step.state != "done" and kind != "run":
                stale.add(kind)
            steps.append(step)
        return steps


def content_id(path: Path) -> str | None:
    """Content id of a store, or None if it is missing or unreadable."""
    try:
        with Store(path) as store:
            return store.content_id
    except RtcanError:
        return None


def _music_set(path: Path) -> str | None:
    """What a store of music features describes songs by, or None if that cannot be read."""
    try:
        with Store(path, "music") as store:
            return music_set(store.provenance.parameters)
    except RtcanError:
        return None


def _is_begun(kept: Path) -> bool:
    """Whether finished work is kept; a lock alone, which a killed process leaves, is none."""
    try:
        return not is_link(kept) and any(each.is_dir() for each in kept.iterdir())
    except OSError:  # there is none, or it was finished meanwhile
        return False


def _state(
    kind: str, path: Path, ids: dict[str, str | None], stale: set[str], heard: str | None
) -> Step:
    begun = _is_begun(path.with_name(path.name + ".partial"))
    process = holder(path)
    if not path.exists():
        state = "running" if process else "partial" if begun else "missing"
        return Step(kind, path, state, unfinished=begun, process=process)
    try:
        with Store(path, kind, FOLDS if kind == "run" else ()) as store:
            made = store.provenance
            # A run on other features is another one, which making it again would not bring.
            is_other = kind == "run" and heard is not None and made.music not in ("", heard)
            changed = [
                source
                for source, made_from in made.inputs.items()
                if source in ids
                and (ids[source] != made_from or source in stale)
                and not (is_other and source == "music")
            ]
            state, detail = "done", None
            if is_other:
                detail = f"on music features of {made.music}, in place of {heard}"
            if changed:
                state, detail = "stale", f"{' and '.join(changed)} changed since"
            step = Step(kind, path, state, store.created, begun, detail, process)
            if kind != "run":
                return step
            try:
                n_trained = len(set(store.array("models/fold").tolist()))
                n_folds = store.shape("membership/role")[1]
            except RtcanError as error:
                return replace(step, detail=str(error))
            return replace(step, n_trained=n_trained, n_folds=n_folds)
    except BlockedError as error:
        return Step(kind, path, "unreadable", unfinished=begun, detail=f"{error} ({error.hint})")
    except RtcanError as error:
        return Step(kind, path, "damaged", None, begun, str(error), process)
