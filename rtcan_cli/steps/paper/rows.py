"""Which runs stand in which row of the paper's Tables 3 to 6, and what trains those that do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rtcan_cli import choices
from rtcan_cli.command_line import CommandLine
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.evaluation import published
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.training.recipes import RECIPES


def is_eligible(run: Run) -> bool:
    """Whether a run was evaluated as the paper does: all folds, and no subject on both sides."""
    return (
        not run.is_imported
        and run.is_complete
        and run.settings.protocol == choices.PROTOCOL
        and run.settings.test_subject is None
        and run.settings.spec.layout == choices.LAYOUT
    )


def has_paper_network(run: Run) -> bool:
    """Whether a run's network is RTCAN-1D with the depth and widths that the paper chose."""
    spec = run.settings.spec
    return (
        run.model_name == choices.MODEL
        and spec.layout == choices.LAYOUT
        and spec.depth == choices.DEPTH
        and spec.channels == choices.CHANNELS
    )


def fits(run: Run, row: pd.Series) -> bool:
    """Whether an eligible run is what a row of `published.conditions` is about."""
    spec = run.settings.spec
    same = (
        run.provenance.dataset == row["dataset"]
        and run.model_name == row["model"]
        and run.settings.fusion == row["fusion"]
        # The paper's songs are described by this set; a run that does not say is of its time.
        and run.provenance.music in ("", choices.FEATURE_SET)
        and row["n_classes"] == published.N_CLASSES
        and row["target"] in run.settings.targets
        and _has_share(run, row)
    )
    if not same or run.model_name != choices.MODEL:
        return same
    return (
        spec.variant == row["variant"]
        and spec.depth == row["depth"]
        and "-".join(map(str, spec.channels)) == row["channels"]
    )


def _has_share(run: Run, row: pd.Series) -> bool:
    """Whether a run has the percentage of the subjects, or the number that the paper prints."""
    share = run.settings.subjects
    if share is None or share.endswith("%"):
        return float(share[:-1] if share else 100) == row["percent"]
    return float(share) == row["n_subjects"]


def training_lines(
    missing: pd.DataFrame, runs: Sequence[Run], workspace: Path | None = None
) -> Iterator[CommandLine]:
    """Yield the lines that train what rows lack, as a user types them.

    A line asks for the rows it is for and for no others. Rows that rtcan has no model for are left
    out.

    Parameters
    ----------
    missing : DataFrame
        Rows of `published.conditions`.
    runs : sequence of Run
        Runs of the same table or workspace, newest first; see `settings_like`.
    workspace : Path, optional
        Folder of the stores.
    """
    rows = missing[missing["model"].ne("") & missing["n_classes"].eq(published.N_CLASSES)]
    if rows.empty:
        return
    # Rows that differ in their target alone are one run.
    run = ["dataset", "model", "fusion", "variant", "depth", "channels", "percent"]
    wanted = rows.groupby(run, sort=False)["target"].agg(_targets).rename("targets").reset_index()
    shared = ["dataset", "model", "fusion", "targets"]
    for (dataset, model, fusion, targets), some in wanted.groupby(shared, sort=False):
        settings = settings_like(runs, dataset, model, fusion=fusion, targets=targets)
        for part in _products(some[["variant", "depth", "channels", "percent"]]):
            changed = _changed(part, model)
            # The subjects come with the folds of another run, so they cannot be asked for then.
            own = replace(settings, splits_from=None) if "subjects" in changed else settings
            yield own.line(dataset, workspace, **changed)


def _targets(found: pd.Series) -> tuple[str, ...]:
    return tuple(target for target in TARGETS if target in set(found))


def _products(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Cut rows into parts that are each all combinations of what stands in their columns."""
    if len(rows) == rows.nunique().prod():
        yield rows
    else:
        by = max(rows, key=lambda name: rows[name].nunique())
        for _, part in rows.groupby(by, sort=False):
            yield from _products(part)


def _changed(rows: pd.DataFrame, model: str) -> dict[str, object]:
    """Options of `train` that ask for all of a product of rows."""
    share = [f"{percent:g}%" for percent in rows["percent"].unique()]
    changed: dict[str, object] = {"subjects": ",".join(share)} if share != ["100%"] else {}
    if model == choices.MODEL:
        widths = [each.replace("-", ",") for each in rows["channels"].unique()]
        changed |= {
            "variant": ",".join(rows["variant"].unique()),
            "depth": ",".join(map(str, rows["depth"].unique())),
            "channels": widths if len(widths) > 1 else widths[0],
        }
    return changed


def too_few_subjects(runs: Sequence[Run], dataset: str, percent: float) -> tuple[int, int] | None:
    """Number of subjects and of folds, if a share of the subjects is too small to be dealt.

    Parameters
    ----------
    runs : sequence of Run
        See `settings_like`. Without one of all subjects, their number is not known.
    dataset : str
        Name of the dataset.
    percent : float
        The share.
    """
    whole = [run for run in runs if run.dataset.name == dataset and run.settings.subjects is None]
    if not whole:
        return None
    n_subjects = max(run.predictions["subject"].nunique() for run in whole)
    n_folds = settings_like(runs, dataset).n_folds
    return (n_subjects, n_folds) if round(percent * n_subjects / 100) < n_folds else None


def settings_like(
    runs: Sequence[Run],
    dataset: str,
    model: str = choices.MODEL,
    fusion: str = "none",
    targets: tuple[str, ...] = TARGETS,
) -> RunSettings:
    """Settings of a run that is to stand beside others, trained as they were.

    Folds and seed are those of another run of the dataset that dealt its own; where all runs took
    theirs from another one (``--splits-from``), they come from there as well, if that run had all
    subjects. The recipe is that of a run that has a recipe, length, onset and window of one that
    sees signals: a baseline does not tell what it does not have. A run of the same model counts
    before one of RTCAN-1D, and this before all others; of several the first. What none tells is as
    usual.

    Parameters
    ----------
    runs : sequence of Run
        Runs to be like, newest first. Those of other datasets and protocols do not count.
    dataset : str
        Name of the dataset.
    model, fusion, targets
        What is wanted; of RTCAN-1D the network that the paper chose for the dataset.
    """
    known, found = profile(dataset), find(model)
    alike = [
        run.settings
        for run in runs
        if run.dataset.name == dataset and run.settings.protocol == choices.PROTOCOL
    ]
    alike.sort(key=lambda each: (each.spec.model != model, each.spec.model != choices.MODEL))
    dealt = next((each for each in alike if each.splits_from is None), None)
    borrowed = next((each for each in alike if each.subjects is None), None)
    like = dealt or borrowed or next(iter(alike), None)
    seeing = next((each for each in alike if each.model.sees(each.fusion) == "signals"), None)
    trained = next((each.recipe for each in alike if each.recipe is not None), RECIPES["paper"])
    length = seeing.spec.length if seeing else choices.LENGTH
    return RunSettings(
        spec=ModelSpec(known.variant, choices.CHANNELS, choices.DEPTH, 0, length)
        if model == choices.MODEL
        else ModelSpec(model=model, length=length),
        recipe=trained if found.is_network else None,
        fusion=fusion,
        targets=targets,
        onset=seeing.onset if seeing else known.onset,
        window=seeing.window if seeing else None,
        n_folds=like.n_folds if like else choices.FOLDS,
        seed=like.seed if like else choices.SEED,
        splits_from=borrowed.splits_from if borrowed and not dealt else None,
    )
