"""Whether stores, and runs, were made from what is there now, or from what it replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from rtcan_cli.errors import RtcanError, some
from rtcan_cli.results.base import Note
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store, Workspace, music_set
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.stores.workspace import STEP_KINDS, content_id


def refuse_outdated(sources: Sources) -> None:
    """Refuse stores that were made from another store than the one that lies beside them.

    After `ingest` without a subject, say, labels and components still have this subject until they
    are made again. They belong together, but not to the recordings any more.

    Parameters
    ----------
    sources : Sources
        What is to be read. Stores under other names than those of a workspace are not looked at:
        they were named by the user.

    Raises
    ------
    RtcanError
        For the first such store. The hint is the line that makes it again.
    """
    paths = {each.name: getattr(sources, each.name) for each in fields(sources)}
    for kind, path in paths.items():
        if not isinstance(path, Path) or path.name != f"{kind}.h5":
            continue
        with Store(path, kind) as store:
            inputs = store.provenance.inputs
        for source in STEP_KINDS:
            beside = path.with_name(f"{source}.h5")
            if source in inputs and content_id(beside) not in (None, inputs[source]):
                raise RtcanError(
                    f"{path}: was not made from {beside}, which has changed since",
                    line_that_makes(path, kind),
                )


def refuse_changed(sources: Sources, inputs: Mapping[str, str]) -> None:
    """Refuse what was loaded if another process has replaced a store since its id was taken.

    Parameters
    ----------
    sources : Sources
        What was loaded.
    inputs : mapping of str to str
        Content ids from `Sources.check`, before.

    Raises
    ------
    RtcanError
        Naming the first store that is another one now.
    """
    now, _ = sources.check()
    for kind, content in inputs.items():
        if now.get(kind) != content:
            raise RtcanError(
                f"{getattr(sources, kind)}: was changed by another process while it was read",
                "the same command again",
            )


class _Now(NamedTuple):
    """A store of a dataset as it is now."""

    content_id: str
    inputs: Mapping[str, str]
    music: str


def outdated(runs: Sequence[Run]) -> list[tuple[Run, tuple[str, ...]]]:
    """Runs whose inputs have changed since, each with the kinds of stores that did.

    A store counts as changed as well if one that it was made from did. Runs outside of a workspace,
    and stores that cannot be read, tell nothing. A run on other music features is another run, and
    not an older one.
    """
    stores: dict[tuple[Path, str], dict[str, _Now]] = {}
    found = []
    for run in runs:
        if run.workspace is None:
            continue
        place = (run.workspace, run.dataset.name)
        if place not in stores:
            stores[place] = _stores(*place)
        now = stores[place]
        inputs = dict(run.provenance.inputs)
        if "music" in now and now["music"].music != run.provenance.music:
            inputs.pop("music", None)
        if changed := tuple(dict.fromkeys(_changed(inputs, now))):
            found.append((run, changed))
    return found


def _stores(root: Path, dataset: str) -> dict[str, _Now]:
    found = {}
    for kind in STEP_KINDS:
        try:
            with Store(Workspace(root).store(dataset, kind), kind) as store:
                made = store.provenance
                music = music_set(made.parameters) if kind == "music" else ""
                found[kind] = _Now(store.content_id, made.inputs, music)
        except RtcanError:
            continue
    return found


def _changed(inputs: Mapping[str, str], now: Mapping[str, _Now]) -> list[str]:
    changed = []
    for kind, used in inputs.items():
        if kind not in now:
            continue
        if now[kind].content_id != used:
            changed.append(kind)
        else:
            changed += _changed(now[kind].inputs, now)
    return changed


def outdated_notes(runs: Sequence[Run]) -> list[Note]:
    """Say of which runs the inputs have changed since; alone, with the line that trains it again.

    Parameters
    ----------
    runs : sequence of Run
        Whose scores are shown.
    """
    by_kinds: dict[tuple[str, ...], list[Run]] = {}
    for run, changed in outdated(runs):
        by_kinds.setdefault(changed, []).append(run)
    notes = []
    for changed, those in by_kinds.items():
        names = some([run.name for run in those])
        were = "was" if len(those) == 1 else "were"
        text = f"{names} {were} trained before {' and '.join(changed)} changed"
        own = len(those) == 1 and not those[0].is_imported
        notes.append(Note("stale_run", text, those[0].line() if own else None))
    return notes
