"""Settings of runs -> what is to be trained, from which stores, and what is not possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.inputs import Sources, sources_for
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.runs.splits import borrow
from rtcan_cli.steps.training.plan import RunRequest
from rtcan_cli.stores import Workspace


def requests_for(
    runs: Sequence[RunSettings],
    workspace: Workspace,
    dataset: str,
    stores: Mapping[str, Path | None],
    output: Path | None = None,
    splits_from: Path | None = None,
    *,
    own_seed: bool = False,
    own_thresholds: bool = False,
) -> tuple[list[RunRequest], list[RtcanError]]:
    """Find the stores of each run, and leave out models that are not possible.

    Parameters
    ----------
    runs : sequence of RunSettings
        What is wanted.
    workspace, dataset
        Where stores are, and runs will be.
    stores : mapping of str to Path, optional
        Stores by their kind, instead of those of the workspace.
    output : Path, optional
        Run store to write; by default, each has its own name in the workspace.
    splits_from, own_seed, own_thresholds
        Run store to take the folds from, and what not to take, see `rtcan_cli.runs.splits.borrow`.

    Returns
    -------
    requests : list of RunRequest
    refused : list of RtcanError
        Why the others are not possible.

    Raises
    ------
    RtcanError
        If none is possible, or runs are of one model and one of them is not.
    """
    requests, refused = list[RunRequest](), list[RtcanError]()
    one_model = len({settings.spec.model for settings in runs}) == 1
    for settings in runs:
        if splits_from is not None:
            settings = borrow(
                splits_from, settings, dataset, own_seed=own_seed, own_thresholds=own_thresholds
            )
        try:
            settings.model.check(settings.fusion, settings.protocol)
        except RtcanError as error:
            if one_model:
                raise
            refused.append(error)
            continue
        sources = sources_for(settings, workspace, dataset, stores)
        path = output or workspace.run(dataset, settings.name(_music_of(sources)))
        requests.append(RunRequest(sources, path, settings, splits_from))
    if refused and not requests:
        raise refused[0]
    return requests, refused


def _music_of(sources: Sources) -> str:
    """What songs are described by; empty where that cannot be read, which planning refuses."""
    try:
        return sources.music_set()
    except RtcanError:
        return ""
